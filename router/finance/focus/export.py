"""The export of a time, piece by piece, and what a month comes to when it is closed."""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from router.finance.focus.accounts import Accounts
from router.finance.focus.columns import VERSIONS, Version
from router.finance.focus.forms import CsvForm, FileFormat, Form, form_of
from router.finance.focus.rows import FocusRow, of_booking, of_event
from router.finance.overview import EVERYTHING, Filter
from router.ledger.executor import Executor
from router.ledger.period_rows import month_bounds
from router.ledger.reading import Booking, Readings, as_booking
from router.model.money import Money

AT_ONCE = 20
"""Bookings that are written without a pause: while a thread does, no edit gets on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which rows, in which form."""

    version: Version = "1.2"
    file_format: FileFormat = "csv"
    since: datetime
    until: datetime
    tenant: str = ""
    """Only this one's charges, and nothing of the provider's account; empty for all."""
    provider: str = ""
    """Only this one's; empty for all."""
    only: Filter = EVERYTHING
    """Only such edits' charges: of what is no edit's, a model is not known, nor a tag."""


async def export(
    ledger: Readings, executor: Executor, accounts: Accounts, asked: Asked
) -> AsyncIterator[bytes]:
    """
    Write a file of everything booked within `[since, until)`, piece by piece.

    First what passed on the providers' accounts, then the journal in its order. Memory does not
    grow with the file. Of a tenant, a model, a resolution or a tag there are edits alone: top-ups
    and credits are of none.

    Args:
        ledger: Whose books.
        executor: Runs what takes a while.
        accounts: The terms of each month.
        asked: Which rows, in which form.

    Raises:
        Malformed: The extra that the form needs is not installed. Nothing was written.
        LedgerUnavailable: The books cannot be read; the file is not whole.
    """
    form = form_of(asked.file_format, asked.version)
    yield form.head()
    async for make in _rows(ledger, accounts, asked):
        if piece := await executor.run(partial(_written, form, make)):
            yield piece
    yield await executor.run(form.end)


def _written(form: Form, make: Callable[[], list[FocusRow]]) -> bytes:
    return form.rows(make())


async def _rows(
    ledger: Readings, accounts: Accounts, asked: Asked
) -> AsyncIterator[Callable[[], list[FocusRow]]]:
    """A few rows at a time, to be made by whoever has the time: the loop is for edits."""
    if not asked.tenant and asked.only == EVERYTHING:
        events = await ledger.account_events(asked.provider, asked.since, asked.until)
        yield lambda: [of_event(event, accounts) for event in events]
    async for page in ledger.bookings(
        asked.since, asked.until, tenant=asked.tenant, provider=asked.provider
    ):
        for start in range(0, len(page), AT_ONCE):
            yield partial(_made, page[start : start + AT_ONCE], asked.only, accounts)


def _made(page: Sequence[Booking], only: Filter, accounts: Accounts) -> list[FocusRow]:
    meant = filter(only.takes, map(as_booking, page))
    return [made for row in meant for made in of_booking(row, accounts)]


@dataclass(slots=True)
class MonthSums:
    """What a provider's month comes to."""

    posted: Money = Money.ZERO
    billed: Money = Money.ZERO
    topped_up: Money = Money.ZERO
    credited: Money = Money.ZERO
    charge_rows: int = 0
    digests: dict[Version, str] = field(default_factory=dict[Version, str])
    """SHA-256 of its export as CSV, in each version."""

    def add(self, rows: Sequence[FocusRow]) -> None:
        """Count rows of the export in."""
        for row in rows:
            billed, effective = row["BilledCost"], row["EffectiveCost"]
            assert isinstance(billed, Money)
            assert isinstance(effective, Money)
            self.charge_rows += 1
            self.billed += billed
            match row["ChargeCategory"]:
                case "Purchase":
                    self.topped_up += billed
                case "Credit":
                    self.credited -= billed
                case _:
                    self.posted += effective


async def month_sums(
    ledger: Readings, executor: Executor, accounts: Accounts, provider: str, month: str
) -> MonthSums:
    """Add a provider's month up, and digest its exports, in one reading."""
    since, until = month_bounds(month)
    asked = Asked(since=since, until=until, provider=provider)
    forms: dict[Version, CsvForm] = {version: CsvForm(version) for version in VERSIONS}
    hashes = {version: hashlib.sha256(form.head()) for version, form in forms.items()}
    sums = MonthSums()

    def take(make: Callable[[], list[FocusRow]]) -> None:
        rows = make()
        sums.add(rows)
        for version, form in forms.items():
            hashes[version].update(form.rows(rows))

    async for make in _rows(ledger, accounts, asked):
        await executor.run(partial(take, make))
    sums.digests.update((version, hashes[version].hexdigest()) for version in VERSIONS)
    return sums
