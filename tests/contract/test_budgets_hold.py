"""Exactly k: every scope, every window, across edges, raised and lowered, on both back ends."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.ledger.alert_commands import Alert
from router.ledger.answers import Alerted, Answer, Placed, Refused
from router.ledger.commands import Accept, Adjust, Doubt, Hold, Post, Presume, Raise, Tender, Void
from router.ledger.ledger import Ledger
from router.ledger.limit_rows import RaiseRow
from router.ledger.postgres import PostgresStore
from router.ledger.store import Contradiction
from router.model.budget import Limit
from router.model.clock import SystemClock
from router.model.ids import AttemptId
from router.model.money import Money
from router.policy.budgets import Budget, key_budget
from router.policy.scopes import JobFacts
from tests.ledger_kit import a_job_row, an_attempt_row, usd
from tests.ledger_postgres import a_schema
from tests.ledger_running import a_ledger
from tests.postgres_server import PostgresServer

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOUR, MOMENT = timedelta(hours=1), timedelta(microseconds=1)
FACTS = JobFacts(
    tenant="acme", key="shop", model="nano-banana-2-edit", tags=(("team", "ads"), ("who", "ann"))
)
PRICE, ROOM_FOR = "0.07", 7
READY = frozenset({"shortapi"})
WHO: list[Any] = [
    "everyone",
    {"tenant": "acme"},
    "each_tenant",
    {"tenant": "acme", "key": "shop"},
    "each_key",
    {"tag": {"team": "ads"}},
    {"tag": {"team": "each"}},
    {"provider": "shortapi"},
    {"provider": "each"},
    {"model": "nano-banana-2-edit"},
    {"model": "each"},
    {"tenant": "each", "provider": "shortapi"},
    {"tenant": "acme", "tag": {"team": "each"}, "model": "each", "provider": "each"},
]
WINDOWS = [
    *("day", "week", "month", "quarter", "year", "lifetime"),
    *("rolling 1 day", "rolling 30 days", "rolling 366 days"),
]

# Worked out from the calendar and the offsets, not by the code: windows in which clocks change.
# Berlin is at +01:00, from 29 March to 25 October at +02:00; New York at -05:00, from 8 March to
# 1 November at -04:00; Santiago at -03:00, from 5 April to 6 September at -04:00. In Santiago the
# clock skips the midnight of 6 September, and strikes eleven twice on 4 April.
EDGES = [
    ("Europe/Berlin", "day", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
    ("Europe/Berlin", "week", "2026-03-22T23:00Z", "2026-03-29T22:00Z"),
    ("Europe/Berlin", "month", "2026-02-28T23:00Z", "2026-03-31T22:00Z"),
    ("Europe/Berlin", "quarter", "2025-12-31T23:00Z", "2026-03-31T22:00Z"),
    ("Europe/Berlin", "day", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
    ("Europe/Berlin", "week", "2026-10-18T22:00Z", "2026-10-25T23:00Z"),
    ("Europe/Berlin", "month", "2026-09-30T22:00Z", "2026-10-31T23:00Z"),
    ("Europe/Berlin", "quarter", "2026-09-30T22:00Z", "2026-12-31T23:00Z"),
    ("Europe/Berlin", "year", "2025-12-31T23:00Z", "2026-12-31T23:00Z"),
    ("America/New_York", "day", "2026-03-08T05:00Z", "2026-03-09T04:00Z"),
    ("America/New_York", "week", "2026-03-02T05:00Z", "2026-03-09T04:00Z"),
    ("America/New_York", "month", "2026-03-01T05:00Z", "2026-04-01T04:00Z"),
    ("America/New_York", "quarter", "2026-01-01T05:00Z", "2026-04-01T04:00Z"),
    ("America/New_York", "day", "2026-11-01T04:00Z", "2026-11-02T05:00Z"),
    ("America/New_York", "week", "2026-10-26T04:00Z", "2026-11-02T05:00Z"),
    ("America/New_York", "month", "2026-11-01T04:00Z", "2026-12-01T05:00Z"),
    ("America/New_York", "quarter", "2026-10-01T04:00Z", "2027-01-01T05:00Z"),
    ("America/New_York", "year", "2026-01-01T05:00Z", "2027-01-01T05:00Z"),
    ("America/Santiago", "day", "2026-04-04T03:00Z", "2026-04-05T04:00Z"),
    ("America/Santiago", "week", "2026-03-30T03:00Z", "2026-04-06T04:00Z"),
    ("America/Santiago", "month", "2026-04-01T03:00Z", "2026-05-01T04:00Z"),
    ("America/Santiago", "quarter", "2026-04-01T03:00Z", "2026-07-01T04:00Z"),
    ("America/Santiago", "day", "2026-09-06T04:00Z", "2026-09-07T03:00Z"),
    ("America/Santiago", "week", "2026-08-31T04:00Z", "2026-09-07T03:00Z"),
    ("America/Santiago", "month", "2026-09-01T04:00Z", "2026-10-01T03:00Z"),
    ("America/Santiago", "quarter", "2026-07-01T04:00Z", "2026-10-01T03:00Z"),
    ("America/Santiago", "year", "2026-01-01T03:00Z", "2027-01-01T03:00Z"),
]


def a_budget(who: Any = "everyone", per: str = "day", limit: str = "$0.50", **keys: Any) -> Budget:
    """A budget with room for seven holds of seven cents, and a cent left over."""
    said = {"name": "tight", "who": who, "limit": limit, "per": per, **keys}
    return Budget.model_validate(said)


class Buyer:
    """Asks a ledger for holds under a budget, each for a job of its own."""

    def __init__(self, ledger: Ledger, *budgets: Budget) -> None:
        self.ledger, self.budgets = ledger, budgets
        self.asked = 0

    def limits(self, at: datetime, facts: JobFacts = FACTS) -> tuple[Limit, ...]:
        """What binds a hold."""
        found = (budget.limit_for(facts, "shortapi", at) for budget in self.budgets)
        return tuple(limit for limit in found if limit is not None)

    async def buy(self, at: datetime, *, facts: JobFacts = FACTS, price: str = PRICE) -> Answer:
        """Ask for one hold."""
        self.asked += 1
        name = f"j{self.asked:03}"
        attempt = an_attempt_row(f"{name}.1", price=usd(price), created_at=at)
        return await self.ledger.submit(
            Accept(
                at=at,
                job=a_job_row(name, created_at=at),
                tenders=(Tender(attempt=attempt, limits=self.limits(at, facts)),),
                ready=READY,
            )
        )

    async def buy_all(self, at: datetime, **how: Any) -> int:
        """Ask for ten at once, so that one batch decides most; how many were placed."""
        answers = await asyncio.gather(*(self.buy(at, **how) for _ in range(10)))
        assert {type(answer) for answer in answers} <= {Placed, Refused}
        assert await self.ledger.imbalance() == Money.ZERO
        return sum(isinstance(answer, Placed) for answer in answers)

    async def post(self, number: int, amount: str, at: datetime) -> None:
        """Book a charge."""
        name = AttemptId(f"j{number:03}.1")
        await self.ledger.submit(
            Post(at=at, attempt_id=name, amount=usd(amount), outcome="delivered")
        )

    async def void(self, number: int, at: datetime) -> None:
        """Free a hold."""
        name = AttemptId(f"j{number:03}.1")
        await self.ledger.submit(Void(at=at, attempt_id=name, outcome="provider_refused"))

    async def raise_by(
        self, by: str, *, at: datetime, until: datetime, scope: str = ""
    ) -> RaiseRow:
        """Raise the first budget's limit."""
        row = RaiseRow(
            id=f"raise-{by}-{self.asked}",
            budget=self.budgets[0].name,
            scope=scope,
            amount=usd(by),
            created_at=at,
            until=until,
            who="ada",
            reason="the sale",
        )
        await self.ledger.submit(Raise(at=at, row=row))
        return row


@pytest.mark.parametrize("per", WINDOWS)
async def test_exactly_what_fits_is_placed_in_every_window(ledger: Ledger, per: str) -> None:
    """Ten ask at once, seven fit; what was held, posted or in doubt is all the same to it."""
    buyer = Buyer(ledger, a_budget(per=per))

    assert await buyer.buy_all(AT) == ROOM_FOR
    await buyer.post(1, "0.07", AT)
    await ledger.submit(Doubt(at=AT, attempt_id=AttemptId("j002.1"), outcome="provider_in_doubt"))
    assert await buyer.buy_all(AT) == 0
    await buyer.void(3, AT)
    assert await buyer.buy_all(AT) == 1


@pytest.mark.parametrize("who", WHO, ids=str)
async def test_exactly_what_fits_is_placed_in_every_scope(ledger: Ledger, who: Any) -> None:
    """In every window; and whoever is in another account has room of their own there."""
    buyer = Buyer(ledger)
    other = JobFacts(tenant="zeta", key="till", model="other", tags=(("team", "web"),))
    placed: dict[str, list[int]] = {}
    expected: dict[str, list[int]] = {}
    for per in WINDOWS:
        buyer.budgets = (a_budget(who, per, name=per.replace(" ", "-")),)
        (limit,) = buyer.limits(AT)
        shared = limit.scope in {"everyone", "provider:shortapi"}
        bound = 0 if shared else ROOM_FOR
        expected[per] = [ROOM_FOR, 0, bound if buyer.limits(AT, other) else 10]
        placed[per] = [await buyer.buy_all(AT, facts=facts) for facts in (FACTS, FACTS, other)]

    assert placed == expected


async def test_all_budgets_must_pass(ledger: Ledger) -> None:
    """They stack: the tightest decides, and what it refuses takes no room in the others."""
    tight = a_budget({"tenant": "acme"}, "rolling 7 days")
    wide = a_budget("everyone", "month", "$0.56", name="wide")
    own = key_budget("$0.99 per week")
    buyer = Buyer(ledger, tight, wide, own)
    facts = replace(FACTS, tenant="zeta")

    assert await buyer.buy_all(AT) == ROOM_FOR
    assert await buyer.buy_all(AT, facts=facts) == 1


@pytest.mark.parametrize("edges", EDGES, ids=" ".join)
async def test_a_windows_edge_is_exact_where_clocks_change(
    ledger: Ledger, edges: tuple[str, str, str, str]
) -> None:
    """A microsecond before local midnight is the old window, the midnight itself the new one."""
    zone, per, *instants = edges
    start, end = (datetime.fromisoformat(instant) for instant in instants)
    buyer = Buyer(ledger, a_budget(per=per, time_zone=zone))

    for at in (start, end - MOMENT):
        (limit,) = buyer.limits(at)
        assert (limit.window_start, limit.window_end) == (start, end)
    assert await buyer.buy_all(start) == ROOM_FOR
    assert await buyer.buy_all(end - MOMENT) == 0
    assert await buyer.buy_all(start - MOMENT) == ROOM_FOR
    assert await buyer.buy_all(end) == ROOM_FOR


async def test_a_rolling_window_frees_an_hour_when_all_of_it_is_outside(ledger: Ledger) -> None:
    """Four in one hour, three in the next: they leave as they came, and not a moment before."""
    buyer = Buyer(ledger, a_budget(per="rolling 2 days"))
    for at in (*[AT] * 4, *[AT + HOUR] * 3):
        assert isinstance(await buyer.buy(at), Placed)
    hour = AT.replace(minute=0)
    gone = hour + HOUR + timedelta(days=2)

    assert await buyer.buy_all(gone - MOMENT) == 0
    assert await buyer.buy_all(gone) == 4
    assert await buyer.buy_all(gone + HOUR - MOMENT) == 0
    assert await buyer.buy_all(gone + HOUR) == 3


async def test_a_charge_counts_in_the_hour_of_its_hold(ledger: Ledger) -> None:
    """However late it comes; what it is above or below its hold changes the sum at once."""
    buyer = Buyer(ledger, a_budget(per="rolling 2 days"))
    assert await buyer.buy_all(AT) == ROOM_FOR
    later = AT + timedelta(days=1)
    await buyer.post(1, "0.01", later)
    await buyer.post(2, "0.07", later)
    await buyer.void(3, later)

    # One cent and six are left over of the first, and seven of the third: fourteen in all.
    assert await buyer.buy_all(later) == 2
    gone = AT.replace(minute=0) + HOUR + timedelta(days=2)
    assert await buyer.buy_all(gone) == ROOM_FOR - 2


async def test_within_one_batch_a_charge_is_seen_by_the_next_hold(ledger: Ledger) -> None:
    """A void, an overage and holds are decided together, each on what the one before has left."""
    buyer = Buyer(ledger, a_budget(per="rolling 3 days"))
    for _ in range(ROOM_FOR):
        await buyer.buy(AT)
    later = AT + 5 * HOUR
    await asyncio.gather(
        buyer.void(1, later), buyer.buy(later), buyer.post(2, "0.08", later), buyer.buy(later)
    )
    (row,) = await ledger.rolling_of("tight", AT - timedelta(days=1))

    assert row.usage.used == usd("0.50")
    assert row == replace(
        await ledger.rolling(buyer.limits(later)[0]), since=AT - timedelta(days=1)
    )
    assert await ledger.imbalance() == Money.ZERO


async def test_a_clock_ahead_grants_no_second_budget(ledger: Ledger) -> None:
    """What another writer has held in an hour that is not yet ours counts here too."""
    buyer = Buyer(ledger, a_budget(per="rolling 1 day"))

    assert await buyer.buy_all(AT + HOUR) == ROOM_FOR
    assert await buyer.buy_all(AT) == 0


async def test_a_raise_is_in_force_until_its_date(ledger: Ledger) -> None:
    """Exactly what it adds, from the next hold on; after it what is used stays used."""
    buyer = Buyer(ledger, a_budget(per="month"))
    assert await buyer.buy_all(AT) == ROOM_FOR
    row = await buyer.raise_by("0.21", at=AT, until=AT + HOUR)

    assert await ledger.raises_at(AT) == [row]
    assert await buyer.buy_all(AT) == 3
    refused = await buyer.buy(AT)
    assert isinstance(refused, Refused)
    assert refused.limit.limit == usd("0.71")
    assert await buyer.buy_all(AT + HOUR) == 0
    assert await ledger.raises_at(AT + HOUR) == []
    await buyer.void(1, AT + HOUR)
    await buyer.void(2, AT + HOUR)
    await buyer.void(3, AT + HOUR)
    assert await buyer.buy_all(AT + HOUR) == 0
    await buyer.void(4, AT + HOUR)
    assert await buyer.buy_all(AT + HOUR) == 1


async def test_raises_add_up_and_one_may_be_for_one_account(ledger: Ledger) -> None:
    """Another account of the same budget is not raised, nor another budget."""
    wide = a_budget("everyone", "month", "$5.00", name="wide")
    buyer = Buyer(ledger, a_budget("each_tenant", "rolling 5 days"), wide)
    until = AT + timedelta(days=1)
    await buyer.raise_by("0.07", at=AT, until=until, scope="tenant:acme")
    await buyer.raise_by("0.14", at=AT, until=until)

    assert await buyer.buy_all(AT, facts=replace(FACTS, tenant="zeta")) == ROOM_FOR + 2
    assert await buyer.buy_all(AT) == ROOM_FOR + 3


@pytest.mark.parametrize("per", ["day", "rolling 7 days"])
async def test_exactly_what_fits_while_the_limit_is_raised_and_lowered(
    ledger: Ledger, per: str
) -> None:
    """A limit comes with its hold: ten ask under the old one, ten under the new, all at once."""
    high, low = a_budget(per=per, limit="$0.99"), a_budget(per=per, limit="$0.28")
    buyer = Buyer(ledger, low)
    first = await buyer.buy_all(AT)

    async def under(budget: Budget, holds: int) -> list[Answer]:
        one = Buyer(ledger, budget)
        asked.append(one)
        one.asked = 100 * len(asked)
        return list(await asyncio.gather(*(one.buy(AT) for _ in range(holds))))

    asked: list[Buyer] = []
    before, raised, refused, after = await asyncio.gather(
        under(high, 5),
        buyer.raise_by("0.07", at=AT, until=AT + HOUR),
        under(low, 10),
        under(high, 15),
    )
    answers = [*before, *after]
    assert raised.amount == usd("0.07")

    # 0.99 and 0.07 more are room for fifteen, of which four were there.
    assert first == 4
    assert sum(isinstance(answer, Placed) for answer in answers) == 11
    assert all(isinstance(answer, Refused) for answer in refused)
    assert await ledger.imbalance() == Money.ZERO


async def test_a_limit_below_what_is_used_admits_nothing_and_voids_nothing(ledger: Ledger) -> None:
    """Until enough of it is free again."""
    buyer = Buyer(ledger, a_budget(per="week"))
    assert await buyer.buy_all(AT) == ROOM_FOR
    buyer.budgets = (a_budget(per="week", limit="$0.20"),)

    refused = await buyer.buy(AT)
    assert isinstance(refused, Refused)
    assert refused.usage.available(refused.limit.limit) == usd("-0.29")
    assert await buyer.buy_all(AT) == 0
    for number in range(1, 6):
        await buyer.void(number, AT)
    assert await buyer.buy_all(AT) == 0
    await buyer.void(6, AT)
    assert await buyer.buy_all(AT) == 1


async def test_another_kind_of_window_begins_at_nothing(ledger: Ledger) -> None:
    """Under the same name and from the same instant: the sums never mix, in either direction."""
    first = datetime(2026, 11, 1, tzinfo=UTC)
    for per in ("day", "month", "rolling 1 day", "lifetime"):
        buyer = Buyer(ledger, a_budget(per=per, name="once"))
        buyer.asked = 100 * (1 + ("day", "month", "rolling 1 day", "lifetime").index(per))
        assert await buyer.buy_all(first) == ROOM_FOR


async def test_a_further_attempt_counts_in_the_rolling_window(ledger: Ledger) -> None:
    """Its hold stands beside the first one's."""
    buyer = Buyer(ledger, a_budget(per="rolling 1 day", limit="$0.10"))
    placed = await buyer.buy(AT)
    assert isinstance(placed, Placed)
    again = an_attempt_row("j001.2", price=usd("0.04"), provider="runpod", created_at=AT)
    tender = Tender(attempt=again, limits=buyer.limits(AT))

    refused = await ledger.submit(Hold(at=AT, job_id=placed.job.id, tenders=(tender,)))
    assert isinstance(refused, Refused)
    assert refused.usage.held == usd("0.07")


def percents(answer: Answer) -> list[int]:
    """Which thresholds an answer says were reached."""
    assert isinstance(answer, Alerted)
    return [row.percent for row in answer.alerts]


async def test_a_threshold_is_recorded_once_for_a_window(ledger: Ledger) -> None:
    """When what was charged reaches it; what is held or in doubt is no charge yet."""
    buyer = Buyer(ledger, a_budget(per="month", limit="$0.40", alerts=["50%", "80%", "100%"]))
    for _ in range(5):
        await buyer.buy(AT)
    look = Alert(at=AT, limits=buyer.limits(AT))

    assert percents(await ledger.submit(look)) == []
    await buyer.post(1, "0.07", AT)
    await buyer.post(2, "0.12999999", AT)
    assert percents(await ledger.submit(look)) == []
    await ledger.submit(
        Adjust(
            at=AT,
            attempt_id=AttemptId("j002.1"),
            difference=usd("0.00000001"),
            who="ada",
            reason="the bill",
        )
    )
    assert percents(await ledger.submit(look)) == [50]
    assert percents(await ledger.submit(look)) == []
    await ledger.submit(Doubt(at=AT, attempt_id=AttemptId("j003.1"), outcome="provider_in_doubt"))
    past = AT + timedelta(hours=2)
    await ledger.submit(Presume(at=past, attempt_id=AttemptId("j003.1")))
    await buyer.post(4, "0.20", AT)
    races = await asyncio.gather(*(ledger.submit(look) for _ in range(5)))
    assert sorted(percent for answer in races for percent in percents(answer)) == [80, 100]
    rows = await ledger.alerts_at(AT)
    assert [(row.percent, row.charged, row.limit_amount) for row in rows] == [
        (50, usd("0.20"), usd("0.40")),
        (80, usd("0.47"), usd("0.40")),
        (100, usd("0.47"), usd("0.40")),
    ]
    december = AT + timedelta(days=11)
    assert percents(await ledger.submit(Alert(at=december, limits=buyer.limits(december)))) == []


async def test_a_rolling_windows_threshold_is_told_again_only_in_a_later_one(
    ledger: Ledger,
) -> None:
    """The next hour's window is another one, but most of it was told."""
    buyer = Buyer(ledger, a_budget(per="rolling 2 days", limit="$0.14", alerts=["50%"]))

    async def reached(at: datetime) -> list[int]:
        await buyer.buy(at)
        await buyer.post(buyer.asked, "0.07", at)
        return percents(await ledger.submit(Alert(at=at, limits=buyer.limits(at))))

    assert await reached(AT) == [50]
    assert await reached(AT + HOUR) == []
    assert await reached(AT + timedelta(days=2)) == []
    assert await reached(AT + timedelta(days=2, hours=2)) == [50]
    later = AT + timedelta(days=2, hours=3)
    assert await ledger.alerts_at(later) == []
    told = await ledger.alerts_at(later, AT + timedelta(hours=2))
    assert [row.at for row in told] == [AT + timedelta(days=2, hours=2)]
    both = await ledger.alerts_at(later, AT - HOUR)
    assert [row.at for row in both] == [AT, AT + timedelta(days=2, hours=2)]
    assert await ledger.alerts_at(AT - timedelta(days=3), AT - HOUR) == []


async def test_a_raise_moves_the_thresholds(ledger: Ledger) -> None:
    """They are percentages of what may be spent now; a limit of nothing reaches none of it."""
    buyer = Buyer(ledger, a_budget(per="lifetime", limit="$0.08", alerts=["80%"]))
    await buyer.buy(AT)
    await buyer.post(1, "0.07", AT)
    await buyer.raise_by("0.02", at=AT, until=AT + HOUR)

    assert percents(await ledger.submit(Alert(at=AT, limits=buyer.limits(AT)))) == []
    later = AT + HOUR
    assert percents(await ledger.submit(Alert(at=later, limits=buyer.limits(later)))) == [80]
    none = Buyer(ledger, a_budget(limit="$0", alerts=["80%"], name="none"))
    assert percents(await ledger.submit(Alert(at=AT, limits=none.limits(AT)))) == []


async def test_raises_and_alerts_are_facts(ledger: Ledger) -> None:
    """A second one of the same identity contradicts the books."""
    buyer = Buyer(ledger, a_budget())
    row = await buyer.raise_by("0.21", at=AT, until=AT + HOUR)

    with pytest.raises(Contradiction):
        await ledger.submit(Raise(at=AT, row=replace(row, amount=usd("0.22"))))
    assert await ledger.raises_at(AT) == [row]


async def test_two_processes_share_a_rolling_window(postgres: PostgresServer) -> None:
    """Even at an hour's edge, where their clocks say different hours: seven, and no eighth."""
    url = await a_schema(postgres)
    stores = [await PostgresStore.open(url, SystemClock()) for _ in range(2)]
    edge = AT.replace(minute=0)
    budget = a_budget(per="rolling 2 days", limit="$2.10", alerts=["1%"])
    async with a_ledger(stores[0]) as one, a_ledger(stores[1]) as two:
        buyers = [Buyer(one, budget), Buyer(two, budget)]
        buyers[1].asked = 500
        answers: list[Answer] = []
        for _ in range(4):
            answers += await asyncio.gather(
                *(buyers[0].buy(edge - MOMENT) for _ in range(6)),
                *(buyers[1].buy(edge) for _ in range(6)),
            )
        placed = sum(isinstance(answer, Placed) for answer in answers)
        first = next(answer for answer in answers if isinstance(answer, Placed))
        await one.submit(
            Post(at=edge, attempt_id=first.attempt.id, amount=usd("0.06"), outcome="delivered")
        )
        alerts = await asyncio.gather(
            one.submit(Alert(at=edge - MOMENT, limits=buyers[0].limits(edge - MOMENT))),
            two.submit(Alert(at=edge, limits=buyers[1].limits(edge))),
        )
        assert await one.imbalance() == Money.ZERO
    for store in stores:
        await store.close()

    assert placed == 30
    assert sorted(percent for answer in alerts for percent in percents(answer)) == [1]
