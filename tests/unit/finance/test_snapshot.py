"""The books at one scrape."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from router.finance.forecast import BURNS
from router.finance.report import report
from router.finance.snapshot import CHECK_SHARE, BooksCheck, money_snapshot
from router.ledger.alert_commands import Alert
from router.ledger.commands import Enter
from router.ledger.rows import BEGINNING, END
from router.model.errors import LedgerUnavailable
from router.model.job import Resolution
from router.model.money import Money, total
from router.model.tasks import TaskRegistry
from router.observe.metrics import Metrics
from router.observe.snapshot import CreditLeft, MoneySnapshot, OpenMoney, Reached
from router.policy.scopes import JobFacts
from tests.fakes import EPOCH, FakeClock
from tests.finance_kit import Shop, a_shop
from tests.ledger_kit import at_once, usd
from tests.observe_kit import PROVIDERS, series, value
from tests.policy_files import PRICES, a_policy
from tests.statement_kit import READING
from tests.virtual_time import VirtualClock, run

DAILY = {"name": "daily", "who": "each_tenant", "limit": "$0.50", "per": "day"}
LIFETIME = {"name": "ever", "who": "everyone", "limit": "$90.00", "per": "lifetime"}


@pytest.fixture(name="shop")
def _shop(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(a_policy(budgets=[DAILY, LIFETIME]), tmp_path) as shop:
        yield shop


def read(shop: Shop) -> MoneySnapshot:
    """Read the books as they stand."""
    return at_once(money_snapshot(shop.ledger, shop.policy, EPOCH))


def busy(shop: Shop) -> None:
    """Buy on two days: delivered, dearer, cheaper, held, in doubt, twice, refused, presumed."""
    yesterday = EPOCH - timedelta(days=1)
    shop.buy("j0", "0.041", at=yesterday)
    shop.post("j0.1", "0.041", at=yesterday)
    shop.buy("j1", "0.04", tags=(("team", "studio"),))
    shop.post("j1.1", "0.05")
    shop.buy("j2", "0.09", resolution=Resolution.FOUR_K)
    shop.post("j2.1", "0.08")
    shop.buy("j3", "0.06", tenant="zeta")
    shop.buy("j4", "0.07")
    shop.doubt("j4.1")
    shop.buy_again("j4.2", "0.0875")
    shop.post("j4.2", "0.0875")
    shop.post("j4.1", "0.07")
    shop.buy("j5", "0.03")
    shop.doubt("j5.1")
    shop.buy("j6", "0.49")
    shop.buy("j7", "0.02", tenant="zeta")
    shop.doubt("j7.1")
    shop.presume("j7.1")


def test_days_and_tags_are_added_up(shop: Shop) -> None:
    """A line for each provider, model, resolution and tenant."""
    busy(shop)
    spent = {(row.provider, row.resolution.value, row.tenant): row for row in read(shop).spent}

    assert list(spent) == sorted(spent)
    acme = spent["shortapi", "1k", "acme"]
    assert (acme.posted, acme.in_doubt, acme.in_doubt_attempts) == (usd("0.161"), usd("0.03"), 1)
    assert (acme.over, acme.under, acme.drifted) == (usd("0.01"), Money.ZERO, 1)
    assert spent["shortapi", "4k", "acme"].under == usd("0.01")
    zeta = spent["shortapi", "1k", "zeta"]
    assert (zeta.held, zeta.presumed, zeta.in_doubt) == (usd("0.06"), usd("0.02"), Money.ZERO)
    assert spent["runpod", "1k", "acme"].posted == usd("0.0875")


def test_the_rest_of_the_books_is_there(shop: Shop) -> None:
    """Budgets, refusals, jobs, what was paid twice, and the policy."""
    busy(shop)
    snapshot = read(shop)
    budgets = {(one.budget, one.scope): one for one in snapshot.budgets}

    assert snapshot.denied == (
        ("daily", usd("0.49")),
        ("ever", Money.ZERO),
        ("double-spend", Money.ZERO),
    )
    acme, zeta = budgets["daily", "tenant:acme"], budgets["daily", "tenant:zeta"]
    assert (acme.posted, acme.in_doubt) == (usd("0.2875"), usd("0.03"))
    assert (zeta.held, zeta.presumed, zeta.limit) == (usd("0.06"), usd("0.02"), usd("0.50"))
    assert budgets["ever", "everyone"].window_end is None
    assert (acme.forecast, zeta.forecast) == (usd("0.766666667"), None)
    assert [(row.outcome, row.resolution.value, row.jobs) for row in snapshot.jobs] == [
        ("succeeded", "1k", 3),
        ("succeeded", "4k", 1),
    ]
    assert (snapshot.double_spent, snapshot.imbalance) == (usd("0.07"), Money.ZERO)
    assert snapshot.began == EPOCH - timedelta(days=1)
    assert snapshot.policy == "thrift"


def test_a_window_that_rolls_has_no_end_to_show(tmp_path: Path) -> None:
    """The end of the hour under way frees nothing; what is used is shown as any budget's."""
    week = {"name": "week", "who": "everyone", "limit": "$2.00", "per": "rolling 7 days"}
    with a_shop(a_policy(budgets=[week, DAILY]), tmp_path) as shop:
        shop.buy("j1", "0.045")
        shop.post("j1.1", "0.045")
        week_line, day_line, *_ = read(shop).budgets

    assert (week_line.budget, week_line.window_end) == ("week", None)
    assert (week_line.posted, week_line.limit) == (usd("0.045"), usd("2.00"))
    assert day_line.window_end == datetime(2026, 11, 21, tzinfo=UTC)


def test_what_a_former_budget_denied_is_not_lost(shop: Shop) -> None:
    """It stands under no name of its own: only configured ones are labels."""
    busy(shop)
    later = a_policy(budgets=[LIFETIME])
    snapshot = at_once(money_snapshot(shop.ledger, later, EPOCH))

    assert snapshot.denied == (
        ("ever", Money.ZERO),
        ("double-spend", Money.ZERO),
        ("other", usd("0.49")),
    )


async def test_metrics_report_and_budget_agree(shop: Shop) -> None:
    """One number, one source: what is scraped, reported and counted against a budget is one sum."""
    busy(shop)
    clock = FakeClock()
    metrics = Metrics(clock, providers=PROVIDERS)
    metrics.read_with(lambda: money_snapshot(shop.ledger, shop.policy, clock.now()))
    found = series(await metrics.scrape())
    rows = at_once(shop.ledger.spending(BEGINNING, END))
    lines = {line.key[0]: line.amounts for line in report(rows, ["provider"]).lines}
    whole = report(rows, ["tag:team"]).total

    for provider, amounts in lines.items():
        posted = total(
            [
                Money.parse(f"{amount:.9f}")
                for (name, labels), amount in found.items()
                if name == "farebox_posted_usd_total" and ("provider", provider) in labels
            ]
        )
        held = value(found, "farebox_held_usd", provider=provider)
        doubt = value(found, "farebox_in_doubt_usd", provider=provider)
        saved = value(found, "farebox_avoided_usd", provider=provider)
        assert posted == amounts.posted
        assert [held, doubt, saved] == [
            float(str(amount)) for amount in (amounts.held, amounts.in_doubt, amounts.savings)
        ]
    ever = {"budget": "ever", "scope": "everyone"}
    for name, amount in (("posted", whole.posted), ("held", whole.held)):
        assert value(found, f"farebox_budget_{name}_usd", **ever) == float(str(amount))
    assert whole.posted == usd("0.3285")
    assert value(found, "farebox_ledger_check_usd") == 0


class CountedLedger:
    """A ledger whose books are out of balance by one more cent at each check."""

    def __init__(self) -> None:
        self.checks = 0

    async def imbalance(self) -> Money:
        """Count the check."""
        self.checks += 1
        return usd("0.01") * self.checks


class LongLedger(CountedLedger):
    """One that takes a minute to be looked at, and whose second look fails."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self.clock = clock

    async def imbalance(self) -> Money:
        """Take the minute."""
        await self.clock.sleep_s(60.0)
        found = await super().imbalance()
        if self.checks == 2:
            raise LedgerUnavailable
        return found


def test_the_books_are_checked_only_now_and_then() -> None:
    """It reads the whole journal; between two looks, and after a failed one, the last stands."""
    clock = VirtualClock()
    ledger = LongLedger(clock)
    check = BooksCheck(ledger, clock)

    async def look_on() -> list[tuple[int, Money | None]]:
        tasks = TaskRegistry(lambda *_: None)
        work = tasks.start("check", check.run())
        found: list[tuple[int, Money | None]] = []
        for seconds in (59.0, 2.0, CHECK_SHARE * 60.0 - 2.0, 62.0, CHECK_SHARE * 60.0 + 61.0):
            await clock.sleep_s(seconds)
            found.append((ledger.checks, check.last[1] if check.last else None))
        work.cancel()
        await asyncio.wait({work})
        return found

    first, third = usd("0.01"), usd("0.03")
    assert run(look_on(), seed=1) == [(0, None), (1, first), (1, first), (2, first), (3, third)]


def test_a_snapshot_shows_what_the_check_found(shop: Shop) -> None:
    """Books that are wrong are not hidden; what was not looked at yet is not called right."""
    check = BooksCheck(CountedLedger(), FakeClock())
    before = at_once(money_snapshot(shop.ledger, shop.policy, EPOCH, check=check))
    at_once(check.look())
    after = at_once(money_snapshot(shop.ledger, shop.policy, EPOCH, check=check))

    assert (before.imbalance, after.imbalance) == (None, usd("0.01"))


def test_credit_is_what_was_read_less_what_was_posted_since(shop: Shop) -> None:
    """By the same sums as the posted amounts beside it; of who was never read, nothing is said."""
    reading = replace(READING, amount=usd("41.20"), posted_before=usd("0.041"))
    assert read(shop).credits == ()
    busy(shop)
    shop.told(Enter(at=EPOCH, facts=(reading,)))

    snapshot = read(shop)

    posted = total([row.posted for row in snapshot.spent if row.provider == "shortapi"])
    assert posted == usd("0.241")
    assert snapshot.credits == (CreditLeft(provider="shortapi", left=usd("41.00"), is_low=False),)


def test_who_was_never_read_is_told_apart_from_who_has_nothing_to_read(tmp_path: Path) -> None:
    """Each prepaid provider of the price book, with its last reading; none that is invoiced."""
    later = EPOCH + timedelta(hours=3)
    readings = (
        replace(READING, amount=usd("41.20"), posted_before=Money.ZERO),
        replace(READING, at=later, amount=usd("40.90"), posted_before=Money.ZERO),
    )
    for billing, found in (
        ("prepaid", (("runpod", None), ("shortapi", later))),
        ("invoiced", (("shortapi", later),)),
    ):
        terms = f"provider: runpod, billing: {billing}"
        policy = a_policy(prices=PRICES.replace("provider: runpod", terms, 1))
        folder = tmp_path / billing
        folder.mkdir()
        with a_shop(policy, folder) as shop:
            shop.told(Enter(at=later, facts=readings))
            assert read(shop).balances_read == found


def test_a_threshold_is_shown_for_a_day(tmp_path: Path) -> None:
    """Whose it is and when it was reached, by the ledger; what was reached before is over."""
    daily = {**DAILY, "alerts": ["40%", "60%"]}
    with a_shop(a_policy(budgets=[daily]), tmp_path) as shop:
        before = EPOCH - timedelta(hours=25)
        for tenant, at, amount in (("zeta", before, "0.22"), ("acme", EPOCH, "0.31")):
            shop.buy(f"j-{tenant}", amount, tenant=tenant, at=at)
            shop.post(f"j-{tenant}.1", amount, at=at)
            limits = shop.policy.limits(JobFacts(tenant=tenant), "shortapi", at)
            shop.told(Alert(at=at, limits=limits))
        reached = read(shop).reached

    assert reached == tuple(
        Reached(budget="daily", scope="tenant:acme", basis="actual", percent=percent, at=EPOCH)
        for percent in (40, 60)
    )


def test_credit_that_is_used_up_is_low(shop: Shop) -> None:
    """As the alarm says it: by what the price book says of the provider."""
    shop.told(
        Enter(at=EPOCH, facts=(replace(READING, amount=usd("0.03"), posted_before=Money.ZERO),))
    )
    shop.buy("j1", "0.04")
    shop.post("j1.1", "0.04")

    assert read(shop).credits == (CreditLeft(provider="shortapi", left=usd("-0.01"), is_low=True),)


def test_what_is_open_is_shown_by_its_age(shop: Shop) -> None:
    """The oldest hold of each provider, and how many there are."""
    before = EPOCH - timedelta(minutes=7)
    shop.buy("j1", "0.04", at=before)
    shop.buy("j2", "0.06", tags=(("team", "studio"),))
    shop.buy("j3", "0.05")
    shop.doubt("j3.1")

    assert read(shop).open == (
        OpenMoney(provider="shortapi", money="held", attempts=2, oldest=before),
        OpenMoney(provider="shortapi", money="in_doubt", attempts=1, oldest=EPOCH),
    )


def test_what_was_missed_and_listed_is_shown(shop: Shop) -> None:
    """The same as the report says."""
    busy(shop)
    spent, rows = read(shop).spent, at_once(shop.ledger.spending(BEGINNING, END))

    assert total([row.missed for row in spent]) == total([row.missed for row in rows])
    listed = total([row.list_cost for row in spent])
    assert listed == total([row.list_cost for row in rows]) > Money.ZERO


def test_a_window_shows_when_it_began_and_its_pace(shop: Shop) -> None:
    """Fifteen cents within the last hour of a day that allows fifty; a lifetime has no pace."""
    shop.buy("j1", "0.15")
    shop.post("j1.1", "0.15")
    budgets = {one.budget: one for one in read(shop).budgets}

    assert budgets["daily"].window_start == datetime(2026, 11, 20, tzinfo=UTC)
    assert [over for over, _ in budgets["daily"].burns] == list(BURNS)
    rate = budgets["daily"].burns[0][1]
    assert 7.1 < rate < 14.5
    assert (budgets["ever"].window_start, budgets["ever"].burns) == (None, ())
