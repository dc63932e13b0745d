"""Bookings, account events and closed months, alike on both back ends."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from router.ledger.answers import Done, NotBooked
from router.ledger.commands import Adjust, Close, Record
from router.ledger.ledger import Ledger
from router.ledger.period_rows import AccountEventRow, PeriodRow
from router.ledger.store import StoreUnavailable
from router.ledger.views import BookingRow
from router.model.ids import AttemptId
from router.model.money import Money
from tests.fakes import EPOCH
from tests.ledger_kit import DAY, usd
from tests.ledger_running import tell

EVENT = AccountEventRow(
    id="e1",
    provider="shortapi",
    kind="topup",
    amount=usd("3.01"),
    at=EPOCH,
    reference="r1",
    created_at=EPOCH,
    who="ada",
    reason="the card",
)
PERIOD = PeriodRow(
    provider="shortapi",
    month="2026-11",
    closed_at=EPOCH + 20 * DAY,
    who="ada",
    reason=None,
    account='{"name": "n"}',
    posted=usd("1.02"),
    billed=usd("3.01"),
    topped_up=usd("3.01"),
    credited=Money.ZERO,
    left_open=usd("0.04"),
    left_open_attempts=1,
    charge_rows=2,
    sha256_focus_1_2="ab",
    sha256_focus_1_4="cd",
)
LATER = EPOCH + timedelta(days=9)


async def booked(
    ledger: Ledger, since: datetime = EPOCH, until: datetime = LATER, **options: object
) -> list[BookingRow]:
    """All that was booked in a time."""
    pages = ledger.bookings(since, until, **options)  # type: ignore[arg-type]
    return [row async for page in pages for row in page]


async def test_what_is_booked_is_read_with_its_overage(ledger: Ledger) -> None:
    """With what stood before, in the journal's order; holds, doubts and voids are not in it."""
    await tell(
        ledger,
        """
        place    a    $0.041    -> placed held at shortapi
        place    b    $0.042    -> placed held at shortapi
        place    c    $0.043    -> placed held at shortapi
        dispatch a.1            -> dispatching
        dispatch b.1            -> dispatching
        post     a.1  $0.0533   -> posted
        doubt    b.1            -> in_doubt
        void     c.1            -> voided
        """,
    )
    difference = {"difference": usd("-0.0033"), "who": "ada", "reason": "her letter"}
    await ledger.submit(Adjust(at=EPOCH + DAY, attempt_id=AttemptId("a.1"), **difference))  # type: ignore[arg-type]

    first, second = await booked(ledger)

    assert (first.attempt_id, first.amount, first.so_far) == ("a.1", usd("0.0533"), Money.ZERO)
    assert (first.first_at, first.stands, first.who) == (None, usd("0.0533"), "farebox")
    assert (second.amount, second.so_far, second.stands) == (
        *(usd("-0.0033"), usd("0.0533"), usd("0.05")),
    )
    assert (second.first_at, second.at, second.who) == (first.at, EPOCH + DAY, "ada")
    assert await booked(ledger, page=1) == [first, second]
    assert await booked(ledger, until=EPOCH + DAY) == [first]
    assert await booked(ledger, EPOCH + DAY) == [second]
    assert await booked(ledger, tenant="beta") == await booked(ledger, provider="runpod") == []
    assert await booked(ledger, tenant="acme", provider="shortapi") == [first, second]
    assert await ledger.unsettled("shortapi", EPOCH, LATER) == (1, usd("0.042"))
    assert await ledger.unsettled("shortapi", EPOCH - DAY, EPOCH) == (0, Money.ZERO)
    assert await ledger.unsettled("runpod", EPOCH, LATER) == (0, Money.ZERO)


async def test_account_events_are_read_as_they_were_noted(ledger: Ledger) -> None:
    """Of a time, and of one provider or all of them."""
    other = replace(
        EVENT, id="e2", provider="runpod", kind="credit", at=EPOCH + DAY, amount=usd("0.07")
    )
    for row in (other, EVENT):
        assert await ledger.submit(Record(at=EPOCH, row=row)) == Done()

    assert await ledger.account_events("", EPOCH, LATER) == [EVENT, other]
    assert await ledger.account_events("runpod", EPOCH, LATER) == [other]
    assert await ledger.account_events("", EPOCH, EPOCH + DAY) == [EVENT]
    assert await ledger.topped_up("shortapi", EPOCH) == usd("3.01")
    assert await ledger.topped_up("runpod", EPOCH + 2 * DAY) == Money.ZERO


async def test_a_month_is_closed_once_even_by_two_at_the_same_time(ledger: Ledger) -> None:
    """And what is dated in it afterwards is refused."""
    await ledger.submit(Record(at=EPOCH, row=EVENT))
    mine, theirs = (Close(at=LATER, row=replace(PERIOD, who=who)) for who in ("ada", "bob"))

    answers = await asyncio.gather(ledger.submit(mine), ledger.submit(theirs))
    late = await ledger.submit(Record(at=LATER, row=replace(EVENT, id="e9", reference="r9")))

    assert [type(answer) for answer in answers] == [Done, NotBooked]
    assert isinstance(late, NotBooked)
    assert await ledger.periods() == [PERIOD]


@pytest.mark.parametrize("table", ["account_events", "periods"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET who = 'mallory'"])
async def test_both_are_facts(ledger: Ledger, table: str, statement: str) -> None:
    """No statement changes or removes one."""
    await ledger.submit(Record(at=EPOCH, row=EVENT))
    await ledger.submit(Close(at=LATER, row=PERIOD))
    store = ledger._kept
    store._queries = {**store._queries, "tamper": statement.format(table)}  # type: ignore[attr-defined]

    with pytest.raises((StoreUnavailable, Exception), match="a fact"):
        await store.execute("tamper")

    assert await ledger.account_events("", EPOCH, LATER) == [EVENT]
    assert await ledger.periods() == [PERIOD]
