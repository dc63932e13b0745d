import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from router.dispatch.alerting import Alerts
from router.finance.foresight import foreseen
from router.ledger.answers import Alerted, Refused
from router.ledger.commands import Adjust, Post, Raise, Refuse
from router.ledger.ledger import Ledger
from router.ledger.limit_rows import RaiseRow
from router.model.budget import Usage
from router.model.errors import LedgerUnavailable
from router.model.ids import AttemptId
from router.model.tasks import TaskRegistry
from router.observe.alert_events import ThresholdReached
from router.observe.events import Alarm, Event
from router.policy.policy import Policy
from tests.fakes import EPOCH, FakeClock
from tests.finance_kit import Shop
from tests.ledger_kit import DAY, a_sqlite_store, usd
from tests.ledger_running import a_ledger
from tests.policy_files import a_policy


def watched(per: str = "month", who: Any = "everyone", **keys: Any) -> Policy:
    """A policy with one budget of forty cents, told at half of it and at all of it."""
    budget = {"name": "tight", "who": who, "limit": "$0.40", "per": per, "alerts": ["50%", "100%"]}
    return a_policy(budgets=[{**budget, **keys}])


class Ear:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.told: list[Event] = []

    def tell(self, event: Event) -> None:
        """Remember."""
        self.told.append(event)


class Watch:
    """A ledger at work with alerts that listen to it."""

    def __init__(self, policy: Policy, shop: Shop, ledger: Ledger, tasks: TaskRegistry) -> None:
        self.policy, self.shop, self.ledger = policy, shop, ledger
        self.clock, self.ear, self.tasks = FakeClock(), Ear(), tasks
        self.alerts = Alerts(self.clock, ledger, self.ear, tasks, lambda: self.policy, foreseen)

    async def post(self, job: str, amount: str, at: datetime = EPOCH) -> list[int]:
        """Hold and post a job's attempt through the ledger; the percentages told of since."""
        self.shop.buy(job, amount, at=at)
        name = AttemptId(f"{job}.1")
        post = Post(at=at, attempt_id=name, amount=usd(amount), outcome="delivered")
        await self.ledger.submit(post)
        return await self.told()

    async def told(self) -> list[int]:
        """Wait for what is being looked at; the percentages told of, each once."""
        await self.tasks.stop(grace_s=10)
        told, self.ear.told = self.ear.told, []
        return [event.percent for event in told if isinstance(event, ThresholdReached)]


@asynccontextmanager
async def a_watch(folder: Path, policy: Policy, *, listening: bool = True) -> AsyncGenerator[Watch]:
    """Open a ledger under a policy."""
    store = a_sqlite_store(folder / "farebox.db")
    crashes: list[str] = []
    async with a_ledger(store) as ledger:
        tasks = TaskRegistry(lambda name, _: crashes.append(name))
        watch = Watch(policy, Shop(policy, store), ledger, tasks)
        if listening:
            ledger.listen(watch.alerts.booked)
        yield watch
    store.close()
    assert crashes == []


@pytest.mark.parametrize("per", ["month", "rolling 7 days"])
async def test_a_charge_that_reaches_a_threshold_is_told_once(tmp_path: Path, per: str) -> None:
    """With its figures; a later correction of a bill may reach the next one."""
    async with a_watch(tmp_path, watched(per)) as watch:
        assert await watch.post("j1", "0.19") == []
        watch.shop.buy("j2", "0.01")
        post = Post(at=EPOCH, attempt_id=AttemptId("j2.1"), amount=usd("0.01"), outcome="delivered")
        await watch.ledger.submit(post)
        await watch.tasks.stop(grace_s=10)
        (event,) = watch.ear.told
        assert await watch.told() == [50]
        assert await watch.post("j3", "0.02") == []
        difference = usd("0.18")
        name = AttemptId("j3.1")
        await watch.ledger.submit(
            Adjust(at=EPOCH, attempt_id=name, difference=difference, who="ada", reason="bill")
        )
        assert await watch.told() == [100]

    assert isinstance(event, ThresholdReached)
    assert (event.budget, event.scope, event.charged, event.limit) == (
        "tight",
        "everyone",
        usd("0.20"),
        usd("0.40"),
    )
    assert (event.window_end is None) == (per == "rolling 7 days")


async def test_a_charge_after_the_windows_end_alerts_in_its_holds_window(tmp_path: Path) -> None:
    """Where it counts; the new window has not reached anything."""
    async with a_watch(tmp_path, watched("day")) as watch:
        watch.shop.buy("j1", "0.30")
        watch.clock.advance(DAY.total_seconds())
        tomorrow = EPOCH + DAY
        post = Post(
            at=tomorrow, attempt_id=AttemptId("j1.1"), amount=usd("0.30"), outcome="delivered"
        )
        await watch.ledger.submit(post)
        assert await watch.told() == [50]
        assert [row.percent for row in await watch.ledger.alerts_at(EPOCH)] == [50]
        assert await watch.ledger.alerts_at(tomorrow) == []


async def test_a_policy_without_thresholds_looks_at_nothing(tmp_path: Path) -> None:
    """Nor does one whose budget with thresholds does not bind the attempt."""
    async with a_watch(tmp_path, a_policy()) as watch:
        assert await watch.post("j1", "0.50") == []
        watch.policy = watched(who={"tenant": "zeta"})
        assert await watch.post("j2", "0.60") == []
        assert await watch.ledger.alerts_at(EPOCH) == []


@pytest.mark.parametrize("per", ["month", "lifetime", "rolling 7 days"])
async def test_what_a_crash_came_before_is_caught_up(tmp_path: Path, per: str) -> None:
    """At the next start, for every account; and what was told before it is not told again."""
    bound = watched(per, "each_tenant")
    async with a_watch(tmp_path, bound, listening=False) as watch:
        await watch.post("j1", "0.25", EPOCH - timedelta(hours=5))
        await watch.alerts.catch_up()
        assert await watch.told() == [50]
        await watch.alerts.catch_up()
        assert await watch.told() == []
        # The same name under another window is another budget.
        watch.policy = watched("week", "each_tenant")
        await watch.alerts.catch_up()
        assert await watch.told() == []


@pytest.mark.parametrize("per", ["month", "rolling 7 days"])
async def test_a_limit_that_falls_to_a_threshold_is_told_without_a_charge(
    tmp_path: Path, per: str
) -> None:
    """When the file lowers it or names a new threshold, and when a raise ends; each once."""
    async with a_watch(tmp_path, watched(per)) as watch:
        await watch.ledger.submit(
            Raise(
                at=EPOCH,
                row=RaiseRow(
                    id="r1",
                    budget="tight",
                    amount=usd("0.60"),
                    created_at=EPOCH,
                    until=EPOCH + timedelta(minutes=10),
                    who="ada",
                    reason="sale",
                ),
            )
        )
        assert await watch.post("j1", "0.21") == []
        await watch.alerts.catch_up()
        assert await watch.told() == []
        watch.clock.advance(600)
        await watch.alerts.catch_up()
        assert await watch.told() == [50]
        watch.policy = watched(per, alerts=["30%", "50%"])
        await watch.alerts.catch_up()
        assert await watch.told() == [30]
        watch.policy = watched(per, limit="$0.20")
        await watch.alerts.catch_up()
        await watch.alerts.catch_up()
        assert await watch.told() == [100]
        watch.policy = a_policy()
        await watch.alerts.catch_up()
        assert await watch.told() == []


async def test_a_raise_that_a_person_ends_is_as_one_that_is_over(tmp_path: Path) -> None:
    """What was charged is more of the limit that is left."""
    async with a_watch(tmp_path, watched()) as watch:
        row = RaiseRow(
            id="r1",
            budget="tight",
            amount=usd("0.60"),
            created_at=EPOCH,
            until=EPOCH + DAY,
            who="ada",
            reason="sale",
        )
        await watch.ledger.submit(Raise(at=EPOCH, row=row))
        assert await watch.post("j1", "0.41") == []
        await watch.alerts.catch_up()
        assert await watch.told() == []
        watch.clock.advance(60)
        now = watch.clock.now()
        await watch.ledger.submit(Raise(at=now, row=row.ended(at=now, who="bob", reason="over")))
        await watch.alerts.catch_up()
        assert await watch.told() == [50, 100]


@pytest.mark.parametrize("per", ["month", "lifetime", "rolling 7 days"])
async def test_the_ledger_is_not_asked_to_record_what_it_has_recorded(
    tmp_path: Path, per: str
) -> None:
    """A sweep every half minute keeps no hold waiting, also hours later in a window that rolls."""
    async with a_watch(tmp_path, watched(per)) as watch:
        await watch.post("j1", "0.25")
        watch.clock.advance(6 * DAY.total_seconds())
        asked: list[object] = []

        async def submit(command: object) -> object:
            asked.append(command)
            return Alerted(alerts=())

        watch.ledger.submit = submit  # type: ignore[assignment]
        await watch.alerts.catch_up()

    assert asked == []


async def test_what_is_expected_is_told_once_for_each_window(tmp_path: Path) -> None:
    """A pace at once, a forecast when enough is known; and both again the next day."""
    policy = watched("day", limit="$0.80", alerts=["90%", "forecast 100%"], burn=["30% in 1h"])
    told: list[tuple[str, int, int | None, str]] = []
    async with a_watch(tmp_path, policy) as watch:
        for day in range(2):
            await watch.post(f"j{day}", "0.30", EPOCH + day * DAY)
            for seconds in (0, 60, 3 * 3600, 60):
                watch.clock.advance(seconds)
                await watch.alerts.catch_up()
            events = [one for one in watch.ear.told if isinstance(one, ThresholdReached)]
            told += [(one.basis, one.percent, one.over_s, str(one.amount)) for one in events]
            watch.ear.told = []
            watch.clock.advance(DAY.total_seconds() - 3 * 3600 - 120)

    assert told == [
        ("burn", 720, 3_600, "0.30"),
        ("forecast", 100, None, "1.491712707"),
        ("forecast", 100, None, "0.80"),
        ("burn", 720, 3_600, "0.30"),
    ]


async def test_what_is_expected_is_looked_at_in_the_account_of_each(tmp_path: Path) -> None:
    """Of many accounts, those that burn too fast; nobody else has to wait for all of them."""
    policy = watched("day", "each_tenant", alerts=["100%"], burn=["50% in 1h"])
    async with a_watch(tmp_path, policy) as watch:
        for number in range(25):
            price = "0.21" if number == 3 else "0.05"
            watch.shop.buy(f"j{number}", price, tenant=f"t{number}")
            name = AttemptId(f"j{number}.1")
            post = Post(at=EPOCH, attempt_id=name, amount=usd(price), outcome="delivered")
            await watch.ledger.submit(post)
        await watch.told()
        await watch.alerts.catch_up()
        (event,) = [one for one in watch.ear.told if isinstance(one, ThresholdReached)]

    assert (event.scope, event.basis, event.amount) == ("tenant:t3", "burn", usd("0.21"))


async def refuse(watch: Watch, asked: str, scope: str = "everyone") -> None:
    """Have the ledger count an edit that found no room."""
    limit = watch.policy.budgets[0].limit_of(scope, watch.clock.now())
    refused = Refused(limit=limit, usage=Usage(), asked=usd(asked))
    await watch.ledger.submit(Refuse(at=watch.clock.now(), refused=refused))


@pytest.mark.parametrize("per", ["day", "month", "lifetime", "rolling 7 days"])
async def test_an_edit_that_finds_no_room_uses_all_of_a_limit_up(tmp_path: Path, per: str) -> None:
    """Once for a window, with what was refused; though a few cents of it are never charged."""
    async with a_watch(tmp_path, watched(per)) as watch:
        assert await watch.post("j1", "0.37") == [50]
        await watch.alerts.catch_up()
        assert await watch.told() == []
        await refuse(watch, "0.06")
        await asyncio.gather(watch.alerts.catch_up(), watch.alerts.catch_up())
        (event,) = [one for one in watch.ear.told if isinstance(one, ThresholdReached)]
        assert await watch.told() == [100]
        await refuse(watch, "0.09")
        await watch.alerts.catch_up()
        assert await watch.told() == []
        rows = await watch.ledger.alerts_at(watch.clock.now())

    assert (event.charged, event.limit, event.amount) == (usd("0.37"), usd("0.40"), usd("0.06"))
    assert [(row.percent, row.is_used_up) for row in rows] == [(50, False), (100, True)]


async def test_an_edit_that_would_find_room_again_uses_nothing_up(tmp_path: Path) -> None:
    """A hold was freed, or it was a stage that refused it; nor where nobody asked to be told."""
    async with a_watch(tmp_path, watched()) as watch:
        await watch.post("j1", "0.21")
        await watch.told()
        await refuse(watch, "0.19")
        await watch.alerts.catch_up()
        assert await watch.told() == []
        watch.policy = watched(alerts=["50%"])
        await refuse(watch, "0.50")
        await watch.alerts.catch_up()
        assert await watch.told() == []


@pytest.mark.parametrize("per", ["month", "rolling 7 days"])
async def test_a_limit_that_is_below_every_price_is_used_up_at_once(
    tmp_path: Path, per: str
) -> None:
    """Though nothing was ever held in it: each account of it for itself."""
    async with a_watch(tmp_path, watched(per, "each_tenant", limit="$0.05")) as watch:
        await refuse(watch, "0.07", "tenant:acme")
        await watch.alerts.catch_up()
        (event,) = [one for one in watch.ear.told if isinstance(one, ThresholdReached)]

    assert (event.scope, event.percent, event.charged) == ("tenant:acme", 100, usd("0"))


async def test_what_is_charged_whole_is_told_as_that(tmp_path: Path) -> None:
    """Its refusals are no second alert."""
    async with a_watch(tmp_path, watched(), listening=False) as watch:
        await watch.post("j1", "0.40")
        await refuse(watch, "0.08")
        await watch.alerts.catch_up()
        (_, event) = [one for one in watch.ear.told if isinstance(one, ThresholdReached)]

        assert (event.percent, event.amount) == (100, None)
        await watch.alerts.catch_up()
        assert await watch.told() == [50, 100]


async def test_books_that_cannot_be_read_are_an_alarm(tmp_path: Path) -> None:
    """What was not looked at is looked at with the next charge."""
    async with a_watch(tmp_path, watched()) as watch:
        await watch.post("j1", "0.25")
        attempt = await watch.ledger.attempt(AttemptId("j1.1"))
        assert attempt is not None

        async def broken(*_: Any) -> Any:
            raise LedgerUnavailable("gone")

        alerts = Alerts(
            watch.clock,
            _Broken(watch.ledger, broken),
            watch.ear,
            watch.tasks,
            lambda: watch.policy,
            foreseen,
        )
        await alerts.after(attempt)
        await alerts.catch_up()
        watch.policy = watched(limit="$0.30", alerts=["80%"])
        half = _Broken(watch.ledger, broken, only="submit")
        alerts = Alerts(watch.clock, half, watch.ear, watch.tasks, lambda: watch.policy, foreseen)
        await alerts.catch_up()

    alarm = Alarm(what="threshold_unread", detail="gone")
    assert [event for event in watch.ear.told if isinstance(event, Alarm)] == [alarm] * 3


class _Broken:
    """A ledger of which some or all cannot be reached."""

    def __init__(self, ledger: Ledger, broken: Any, only: str = "") -> None:
        self.submit = broken
        self.job = broken if not only else ledger.job
        self.balances_at = broken if not only else ledger.balances_at
        self.rolling_of = broken if not only else ledger.rolling_of
        self.raises_at, self.alerts_at = ledger.raises_at, ledger.alerts_at
        self.hours_of_late, self.refused = ledger.hours_of_late, ledger.refused
