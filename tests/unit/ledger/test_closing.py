"""Booking on a provider's account: once, in open months, and the close of a month."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from router.ledger.answers import Answer, Done, NotBooked
from router.ledger.closing import book, close, record
from router.ledger.commands import Close, Record
from router.ledger.page import Page
from router.ledger.period_rows import AccountEventRow, PeriodRow
from router.model.money import Money
from tests.fakes import EPOCH
from tests.ledger_kit import usd

AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
EVENT = AccountEventRow(
    id="e1",
    provider="shortapi",
    kind="topup",
    amount=usd("3.01"),
    at=EPOCH,
    reference="r1",
    created_at=EPOCH,
    who="ada",
)
PERIOD = PeriodRow(
    provider="shortapi",
    month="2026-11",
    closed_at=AT,
    who="ada",
    account="{}",
    posted=usd("1.02"),
    billed=usd("3.01"),
    topped_up=usd("3.01"),
    credited=Money.ZERO,
    left_open=Money.ZERO,
    left_open_attempts=0,
    charge_rows=2,
    sha256_focus_1_2="ab",
    sha256_focus_1_4="cd",
)


def recorded(event: AccountEventRow, *known: AccountEventRow | PeriodRow) -> Answer:
    """Decide an event on books that know some rows."""
    page = Page()
    page.load(known)
    decided = record(page, Record(at=AT, row=event))
    assert decided.changes == ((event,) if isinstance(decided.answer, Done) else ())
    return decided.answer


def closed(period: PeriodRow, *known: AccountEventRow | PeriodRow) -> Answer:
    """Decide a close likewise."""
    page = Page()
    page.load(known)
    decided = close(page, Close(at=AT, row=period))
    assert decided.changes == ((period,) if isinstance(decided.answer, Done) else ())
    return decided.answer


def test_an_event_is_booked_once() -> None:
    """By its kind and its reference, at each provider."""
    assert recorded(EVENT) == Done()
    assert recorded(replace(EVENT, id="e2"), EVENT) == NotBooked(
        why="r1 is booked already: $3.01, by ada."
    )
    assert recorded(replace(EVENT, id="e2", reference="r2"), EVENT) == Done()
    assert recorded(replace(EVENT, id="e2", kind="credit"), EVENT) == Done()
    assert recorded(replace(EVENT, id="e2", provider="runpod"), EVENT) == Done()


def test_nothing_is_dated_in_a_closed_month() -> None:
    """In another, or of another provider, it is."""
    december = replace(EVENT, at=AT, id="e2", reference="r2")

    assert recorded(EVENT, PERIOD) == NotBooked(
        why="2026-11 of shortapi is closed: date it in a month that is open."
    )
    assert recorded(december, PERIOD) == Done()
    assert recorded(EVENT, replace(PERIOD, provider="runpod")) == Done()


def test_a_month_is_closed_once_and_with_its_own_sums() -> None:
    """Whatever was booked on the account since they were read sends the close back."""
    credit = replace(EVENT, id="e2", kind="credit", amount=usd("0.07"))
    later = replace(EVENT, id="e3", at=AT, reference="r3")
    before = replace(EVENT, id="e4", at=EPOCH - timedelta(days=20), reference="r4")

    assert closed(PERIOD, EVENT, later, before) == Done()
    assert closed(PERIOD, EVENT, PERIOD) == NotBooked(why="2026-11 of shortapi is closed already.")
    assert closed(PERIOD, EVENT, replace(PERIOD, month="2026-10")) == Done()
    for books in ((), (EVENT, credit), (EVENT, replace(before, at=EPOCH))):
        answer = closed(PERIOD, *books)
        assert answer == NotBooked(why="Something was booked on the account meanwhile: try again.")


def test_the_two_verbs_are_told_apart() -> None:
    """On one page, one after the other."""
    page = Page()
    noted = book(page, Record(at=AT, row=EVENT))
    page.apply(noted.changes)
    done = book(page, Close(at=AT, row=PERIOD))
    page.apply(done.changes)
    again = book(page, Record(at=AT, row=replace(EVENT, id="e2", reference="r2")))

    assert (noted.answer, done.answer) == (Done(), Done())
    assert isinstance(again.answer, NotBooked)
