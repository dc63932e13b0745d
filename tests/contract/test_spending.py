"""What was spent, as both back ends add it up: when it was booked, in anybody's days, for ever."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.ledger.ledger import Ledger
from router.ledger.postgres import PostgresStore
from router.ledger.rows import BEGINNING, END
from router.ledger.sql import migrations
from router.ledger.sqlite import SqliteStore
from router.ledger.views import SpendingRow
from router.model.ids import JobId
from router.model.money import Money, total
from tests.fakes import EPOCH
from tests.ledger_kit import usd
from tests.ledger_postgres import run
from tests.ledger_running import tell

# From nine in the morning on: two days, a refund on the third, and what is open all the while.
STORY = """
place    j1    $0.04  ready=shortapi               -> placed dispatching at shortapi
post     j1.1  $0.05  end=succeeded                -> posted
place    j2    $0.06  ready=shortapi               -> placed dispatching at shortapi
doubt    j2.1                                      -> in_doubt
end      j2    failed                              -> failed
place    j3    $0.07  ready=shortapi               -> placed dispatching at shortapi
doubt    j3.1                                      -> in_doubt
place    j4    $0.09@runpod ready=runpod           -> placed dispatching at runpod
wait     14h
presume  j2.1                                      -> posted_presumed
post     j4.1  $0.083 end=succeeded                -> posted
place    j5    $0.011 ready=shortapi               -> placed dispatching at shortapi
void     j5.1  end=failed                          -> voided
wait     24h
post     j2.1  $0.061 end=succeeded                -> posted
adjust   j1.1  $-0.02                              -> posted
adjust   j5.1  $0.013                              -> posted
wait     1h
adjust   j4.1  $-0.083                             -> posted
"""
DAY = timedelta(days=1)
SINCE, UNTIL = datetime(2026, 11, 19, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)


async def change(ledger: Ledger, statement: str) -> None:
    """Change the tables behind the ledger's back."""
    store = ledger._store
    if isinstance(store, SqliteStore):
        store._database.execute(statement)
    else:
        assert isinstance(store, PostgresStore)
        await run(store._url, statement)


async def by_day(ledger: Ledger, name: str, **asked: Any) -> dict[str, str]:
    """One amount of each day, without what is nothing."""
    found: dict[str, Money] = {}
    for row in await ledger.spending(SINCE, UNTIL, **asked):
        found[row.day] = found.get(row.day, Money.ZERO) + getattr(row, name)
    return {day: str(amount) for day, amount in found.items() if amount}


async def test_money_counts_when_it_was_booked(ledger: Ledger) -> None:
    """A later refund, bill or evidence changes nothing about the days before it."""
    await tell(ledger, STORY)

    assert await by_day(ledger, "posted") == {
        "2026-11-20": "0.133",
        "2026-11-21": "0.054",
        "2026-11-22": "-0.083",
    }
    assert await by_day(ledger, "presumed") == {"2026-11-20": "0.06", "2026-11-21": "-0.06"}
    assert await by_day(ledger, "refunded") == {"2026-11-21": "0.02", "2026-11-22": "0.083"}
    assert await by_day(ledger, "in_doubt") == {"2026-11-20": "0.07"}
    assert await by_day(ledger, "list_cost") == {
        "2026-11-20": "0.136",
        "2026-11-21": "0.077",
        "2026-11-22": "-0.093",
    }


async def test_a_ledger_began_with_its_first_hold(ledger: Ledger) -> None:
    """Not before, and later holds and entries do not change it."""
    assert await ledger.began() is None
    await tell(ledger, STORY)

    assert await ledger.began() == EPOCH


async def test_days_are_of_any_zone(ledger: Ledger) -> None:
    """At eleven in the evening it is the next day in Berlin, and still morning in Honolulu."""
    await tell(ledger, STORY)

    assert await by_day(ledger, "posted", zone="Europe/Berlin") == {
        "2026-11-20": "0.05",
        "2026-11-21": "0.083",
        "2026-11-22": "-0.029",
    }
    assert await by_day(ledger, "posted", zone="Pacific/Honolulu") == {
        "2026-11-19": "0.05",
        "2026-11-20": "0.083",
        "2026-11-21": "-0.029",
    }
    assert await by_day(ledger, "posted", cut="week") == {
        "2026-11-16": "0.104",
    }
    assert await by_day(ledger, "posted", cut="month", zone="Asia/Kathmandu") == {
        "2026-11-01": "0.104",
    }


async def test_a_time_may_begin_and_end_at_any_instant(ledger: Ledger) -> None:
    """Within a quarter of an hour the journal itself is asked."""
    await tell(ledger, STORY)
    instant = timedelta(microseconds=1)

    async def posted(since: datetime, until: datetime) -> str:
        rows = await ledger.spending(since, until, cut=None)
        return str(total([row.posted for row in rows]))

    assert await posted(EPOCH, EPOCH + instant) == "0.05"
    assert await posted(EPOCH + instant, EPOCH + 14 * timedelta(hours=1)) == "0.00"
    assert await posted(EPOCH + instant, EPOCH + 14 * timedelta(hours=1) + instant) == "0.083"
    assert await posted(EPOCH - instant, EPOCH + 3 * DAY) == "0.104"
    assert await posted(EPOCH + 9 * DAY, END) == "0.00"


async def test_all_of_it_is_one_sum(ledger: Ledger) -> None:
    """For ever, and what is open; told apart by what was asked for only."""
    await tell(ledger, STORY)

    rows = await ledger.spending(BEGINNING, END, cut=None, tags=False)

    assert [(row.day, row.provider, row.key_id) for row in rows] == [
        ("", "runpod", ""),
        ("", "shortapi", ""),
    ]
    runpod, shortapi = rows
    assert (runpod.attempts, runpod.delivered, runpod.posted) == (1, 1, Money.ZERO)
    assert (runpod.under, runpod.drifted, runpod.refunded) == (usd("0.007"), 1, usd("0.083"))
    assert (shortapi.attempts, shortapi.delivered, shortapi.in_doubt_attempts) == (4, 2, 1)
    assert (shortapi.posted, shortapi.presumed) == (usd("0.104"), Money.ZERO)
    # What was charged after all for what had been voided is beside its price, too.
    assert (shortapi.over, shortapi.under, shortapi.drifted) == (usd("0.013"), Money.ZERO, 3)
    assert (shortapi.avoided, shortapi.missed) == (usd("0.109"), usd("-0.007"))


async def test_it_is_told_apart_by_tenant_and_key(ledger: Ledger) -> None:
    """One tenant's only, where one is asked for."""
    await tell(ledger, STORY)

    mine = await ledger.spending(BEGINNING, END, keys=True, tenant="acme", cut="month")
    others = await ledger.spending(BEGINNING, END, tenant="zeta")

    assert {(row.tenant, row.key_id) for row in mine} == {("acme", "key-1")}
    assert others == []


# A bill that names other charges, a refund, and an image that was paid for twice.
BILLED = """
place    j1    $0.04  ready=shortapi               -> placed dispatching at shortapi
post     j1.1  $0.04  end=succeeded                -> posted
place    j2    $0.06  ready=shortapi               -> placed dispatching at shortapi
post     j2.1  $0.06  end=succeeded                -> posted
place    j3    $0.07  ready=shortapi               -> placed dispatching at shortapi
doubt    j3.1                                      -> in_doubt
hold     j3.2  $0.13@runpod ready=runpod           -> placed dispatching at runpod
post     j3.2  $0.13  end=succeeded                -> posted
wait     24h
post     j3.1  $0.069                              -> posted
adjust   j1.1  $0.015 statement="5eed5eed (b.csv)" -> posted
adjust   j2.1  $-0.02                              -> posted
wait     24h
adjust   j1.1  $-0.017 statement="5eed5eee (c.csv)" -> posted
adjust   j3.1  $0.003 statement="5eed5eee (c.csv)" -> posted
"""


async def test_a_bill_is_drift_when_it_comes_and_a_refund_is_none(ledger: Ledger) -> None:
    """What each day adds stays as it is; the sums over all days are how charges stand now."""
    await tell(ledger, BILLED)

    assert await by_day(ledger, "over") == {
        "2026-11-21": "0.015",
        "2026-11-22": "-0.013",
    }
    assert await by_day(ledger, "under") == {"2026-11-21": "0.001", "2026-11-22": "0.001"}
    assert await by_day(ledger, "refunded") == {"2026-11-21": "0.02", "2026-11-22": "0.017"}
    drifted = await ledger.browse(money="drifted")
    assert [row.id for row in drifted] == ["j3", "j1"]
    assert await ledger.imbalance() == Money.ZERO


async def test_an_edit_that_was_delivered_twice_is_one_edit(ledger: Ledger) -> None:
    """It counts where it came first; what the other cost is loss, whoever delivered it."""
    await tell(ledger, BILLED)

    rows = await ledger.spending(BEGINNING, END, cut=None)
    edits = {row.provider: row.delivered for row in rows}
    avoided = {row.provider: str(row.avoided) for row in rows}
    assert edits == {"runpod": 1, "shortapi": 2}
    # ShortAPI's: 0.052 and 0.07, less the 0.072 of the image that came again.
    assert avoided == {"runpod": "0.05", "shortapi": "0.05"}
    job = await ledger.job(JobId("j3"))
    assert job is not None
    assert job.delivered_by == "j3.2"


async def test_what_was_paid_twice_is_known_of_any_time(ledger: Ledger) -> None:
    """It counts by the entry that it came about by; all times together are the whole."""
    await tell(ledger, BILLED)

    async def paid(since: datetime, until: datetime, **asked: str) -> list[tuple[str, str]]:
        rows = await ledger.paid_twice(since, until, **asked)
        return [(row.attempt_id, str(row.amount)) for row in rows]

    assert await paid(EPOCH, EPOCH + DAY) == []
    assert await paid(EPOCH + DAY, EPOCH + 2 * DAY) == [("j3.1", "0.069")]
    assert await paid(EPOCH + 2 * DAY, END) == [("j3.1", "0.003")]
    assert await paid(BEGINNING, END, tenant="zeta") == []
    assert await ledger.double_spent() == usd("0.072")
    assert [row.id for row in await ledger.browse(money="paid_twice")] == ["j3"]


async def test_an_empty_ledger_has_spent_nothing(ledger: Ledger) -> None:
    """Whatever time is asked for."""
    assert await ledger.spending(BEGINNING, END) == []
    assert await ledger.spending(EPOCH, EPOCH - DAY, cut=None) == []


@pytest.mark.parametrize(
    ("tampering", "nanos"),
    [
        ("UPDATE spending SET posted = posted + 3 WHERE span = 'day' AND posted > 0", 9),
        ("UPDATE spending SET delivered = 4 WHERE span = 'ever' AND delivered = 2", 2),
        ("UPDATE spending SET refunded = refunded - 5 WHERE span = 'quarter' AND refunded > 0", 10),
        (
            "UPDATE spending SET missed = missed + 13 WHERE span = 'tagged_day' AND key_id <> ''",
            52,
        ),
        ("UPDATE spending SET over = over + 17 WHERE span = 'tagged_quarter' AND over > 0", 34),
        ("UPDATE attempts SET list_price = list_price + 7 WHERE id = 'j1.1'", 42),
        ("UPDATE endings SET jobs = jobs + 11 WHERE outcome = 'succeeded'", 11),
        ("DELETE FROM endings", 4),
    ],
)
async def test_sums_that_were_tampered_with_are_out_of_balance(
    ledger: Ledger, tampering: str, nanos: int
) -> None:
    """The check tells what the journal does not say, to the nano-dollar."""
    await tell(ledger, STORY)

    await change(ledger, tampering)

    assert await ledger.imbalance() == Money(nanos)


@pytest.mark.parametrize("story", [STORY, BILLED])
async def test_a_ledger_from_before_has_the_same_sums(ledger: Ledger, story: str) -> None:
    """They are filled from the journal; only the cheapest offers are not known any more."""
    await tell(ledger, story)
    grown = await ledger.spending(BEGINNING, END, keys=True)
    back_end = "sqlite" if isinstance(ledger._store, SqliteStore) else "postgres"
    scripts = dict(migrations(back_end))
    for statement in (
        "DROP VIEW flows",
        "DROP VIEW steps",
        "DROP VIEW standings",
        "ALTER TABLE attempts DROP COLUMN charged",
        "ALTER TABLE entries DROP COLUMN source",
        "DROP TABLE spending",
        "DROP TABLE endings",
        "DROP TABLE tag_keys",
        "DROP INDEX entries_by_instant",
        "DROP INDEX attempts_paid_again",
        "ALTER TABLE attempts DROP COLUMN cheapest",
        "ALTER TABLE attempts DROP COLUMN key_id",
        scripts[10],
        scripts[16],
        scripts[17],
    ):
        await change(ledger, statement)

    filled = await ledger.spending(BEGINNING, END, keys=True)

    names = [field.name for field in fields(SpendingRow) if field.name != "missed"]
    assert [[getattr(row, name) for name in names] for row in filled] == [
        [getattr(row, name) for name in names] for row in grown
    ]
    assert {row.missed for row in filled} == {Money.ZERO}
    assert await ledger.imbalance() == Money.ZERO
