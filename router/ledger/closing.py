"""Booking on a provider's account: what is noted once, in months that are open, and their close."""

from router.ledger.answers import Done, NotBooked
from router.ledger.commands import Close, Record
from router.ledger.decided import Decided
from router.ledger.page import Page
from router.ledger.period_rows import AccountEventRow, PeriodRow, month_bounds, month_of
from router.model.money import Money, total


def book(page: Page, command: Record | Close) -> Decided:
    """Note an event, or close a month."""
    return record(page, command) if isinstance(command, Record) else close(page, command)


def record(page: Page, command: Record) -> Decided:
    """Note an event once, and in no month that is closed."""
    row = command.row
    month = month_of(row.at)
    if _closed(page, row.provider, month) is not None:
        return _no(f"{month} of {row.provider} is closed: date it in a month that is open.")
    for other in page.group(AccountEventRow, row.provider):
        if (other.kind, other.reference) == (row.kind, row.reference):
            return _no(f"{row.reference} is booked already: {other.amount.usd}, by {other.who}.")
    return Decided(Done(), (row,))


def close(page: Page, command: Close) -> Decided:
    """Close a month once, with the sums that are still its own."""
    row = command.row
    if _closed(page, row.provider, row.month) is not None:
        return _no(f"{row.month} of {row.provider} is closed already.")
    start, end = month_bounds(row.month)
    events = [
        event for event in page.group(AccountEventRow, row.provider) if start <= event.at < end
    ]
    found = _sum(events, "topup"), _sum(events, "credit")
    if found != (row.topped_up, row.credited):
        return _no("Something was booked on the account meanwhile: try again.")
    return Decided(Done(), (row,))


def _closed(page: Page, provider: str, month: str) -> PeriodRow | None:
    found = (row for row in page.group(PeriodRow, provider) if row.month == month)
    return next(found, None)


def _sum(events: list[AccountEventRow], kind: str) -> Money:
    return total([event.amount for event in events if event.kind == kind])


def _no(why: str) -> Decided:
    return Decided(NotBooked(why=why))
