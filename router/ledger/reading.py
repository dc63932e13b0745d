"""Readings beside the budgets': callbacks, former policies, what was booked when."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from router.ledger.mapping import decode, decode_view
from router.ledger.outbox_rows import OutboxRow
from router.ledger.period_rows import AccountEventRow, PeriodRow
from router.ledger.store import Reader, StoreUnavailable
from router.ledger.views import BookingRow
from router.model.errors import LedgerUnavailable
from router.model.ids import JobId
from router.model.money import Money

# Sorts after every job id.
NEWEST = "~"


Booking = Mapping[str, Any]
"""An entry that was booked, by its columns."""


def as_booking(row: Booking) -> BookingRow:
    """Read what `bookings` gives."""
    return decode_view(BookingRow, row)


class Readings:
    """What stands in the books beside the money. Each raises `LedgerUnavailable` if it cannot."""

    def __init__(self, store: Reader) -> None:
        self._store = store

    async def callback_of(self, job_id: JobId) -> OutboxRow | None:
        """How far a job's callback is; None when its client is not to be told."""
        rows = await self._read("callback_of_a_job", job_id=job_id)
        return decode(OutboxRow, rows[0]) if rows else None

    async def callbacks_due(self, before: datetime, *, most: int) -> list[OutboxRow]:
        """Callbacks that are due before an instant, the first to be told first."""
        rows = await self._read("callbacks_due", before=before, most=most)
        return [decode(OutboxRow, row) for row in rows]

    async def callbacks(
        self, *, state: str = "", after: str = NEWEST, most: int = 50
    ) -> list[OutboxRow]:
        """All callbacks, those of the newest jobs first, of jobs older than `after`."""
        rows = await self._read("callbacks", state=state, after=after, most=most)
        return [decode(OutboxRow, row) for row in rows]

    async def is_ended(self, session: str) -> bool:
        """Whether a browser's session was signed out of."""
        return bool(await self._read("ended_session", id=session))

    async def policy_bundle(self, policy_hash: str) -> str | None:
        """The files of a policy that was in force, as it was kept; None when it is not known."""
        rows = await self._read("policy", hash=policy_hash)
        return rows[0]["bundle"] if rows else None

    async def bundles_in_use(self) -> list[str]:
        """Of each policy that a job began under which is not settled; the earliest first."""
        return [row["bundle"] for row in await self._read("bundles_in_use")]

    # What was booked, month by month.

    async def bookings(
        self,
        since: datetime,
        until: datetime,
        *,
        tenant: str = "",
        provider: str = "",
        page: int = 100,
    ) -> AsyncIterator[list[Booking]]:
        """
        What was booked within `[since, until)`, in the journal's order, a page at a time.

        Each is as it stands in the books: `as_booking` reads it, where no edit waits for that.

        Args:
            since: Inclusive.
            until: Exclusive.
            tenant: Only what is this one's; empty for all.
            provider: Only what this one charged; empty for all.
            page: How many are read at a time: no more are held, however many there are.
        """
        after_at, after_seq = since, -1
        while True:
            rows = await self._read(
                "bookings",
                after_at=after_at,
                after_seq=after_seq,
                until=until,
                tenant=tenant,
                provider=provider,
                most=page,
            )
            if rows:
                yield rows
            if len(rows) < page:
                return
            last = as_booking(rows[-1])
            after_at, after_seq = last.at, last.seq

    async def account_events(
        self, provider: str, since: datetime, until: datetime
    ) -> list[AccountEventRow]:
        """What passed between us and a provider in `[since, until)`; of all if it is empty."""
        rows = await self._read("account_events", provider=provider, since=since, until=until)
        return [decode(AccountEventRow, row) for row in rows]

    async def topped_up(self, provider: str, since: datetime) -> Money:
        """What was paid into a provider's account since an instant."""
        return await self._came_in(provider, "topup", since)

    async def credited(self, provider: str, since: datetime) -> Money:
        """What a provider gave back since an instant that is no single attempt's."""
        return await self._came_in(provider, "credit", since)

    async def _came_in(self, provider: str, kind: str, since: datetime) -> Money:
        (row,) = await self._read("came_in", provider=provider, kind=kind, since=since)
        return Money(row["amount"])

    async def periods(self) -> list[PeriodRow]:
        """The months that are closed, the oldest first."""
        return [decode(PeriodRow, row) for row in await self._read("periods")]

    async def unsettled(self, provider: str, since: datetime, until: datetime) -> tuple[int, Money]:
        """How many of a provider's attempts of a time may still cost something, and how much."""
        (row,) = await self._read("unsettled", provider=provider, since=since, until=until)
        return row["attempts"], Money(row["amount"])

    async def _read(self, query: str, **parameters: Any) -> list[Mapping[str, Any]]:
        try:
            return await self._store.fetch(query, **parameters)
        except StoreUnavailable as error:
            raise LedgerUnavailable("The ledger cannot be read.") from error

    async def _scan(self, query: str, **parameters: Any) -> list[Mapping[str, Any]]:
        """Read what takes long, so that other readings need not wait for it."""
        try:
            return await self._store.scan(query, **parameters)
        except StoreUnavailable as error:
            raise LedgerUnavailable("The ledger cannot be read.") from error
