"""Readings about providers' accounts: what they billed, what is compared with it, and credit."""

from collections.abc import AsyncIterator
from datetime import datetime

from router.ledger.limit_rows import HOUR
from router.ledger.mapping import decode, decode_view
from router.ledger.reading import Readings
from router.ledger.rows import END
from router.ledger.statement_rows import (
    BalanceReadingRow,
    StatementLineRow,
    StatementRow,
    StatementWithdrawalRow,
)
from router.ledger.store import Reader
from router.ledger.views import BilledRow, ChargeRow, NamedRow
from router.model.clock import hour_of
from router.model.ids import ProviderRef
from router.model.money import Money

PAGE = 200
"""Rows that are read at a time, so that others get their turn between."""
READ_AGAIN = 2 * HOUR
"""Of what was booked late: another replica's clock may be behind, and its commit late."""


class StatementReadings(Readings):
    """What stands in the books of providers' accounts."""

    def __init__(self, store: Reader) -> None:
        super().__init__(store)
        self._late: dict[tuple[str, datetime, datetime], tuple[datetime, Money]] = {}

    async def statements(self) -> list[StatementRow]:
        """All statements that were recorded, the latest first."""
        return [decode(StatementRow, row) for row in await self._read("statements")]

    async def withdrawals(self) -> list[StatementWithdrawalRow]:
        """Which statements were taken back, the first first."""
        rows = await self._read("statement_withdrawals")
        return [decode(StatementWithdrawalRow, row) for row in rows]

    async def sent_between(
        self, provider: str, since: datetime, until: datetime
    ) -> AsyncIterator[BilledRow]:
        """A provider's attempts whose first byte left within `[since, until)`, by their ids."""
        after = ""
        while True:
            rows = await self._read(
                "sent_between", provider=provider, since=since, until=until, after=after, most=PAGE
            )
            for row in rows:
                yield decode_view(BilledRow, row)
            if len(rows) < PAGE:
                return
            after = rows[-1]["id"]

    async def sent_as(self, provider: str, ref: ProviderRef) -> BilledRow | None:
        """The attempt that a provider knows by an id; None when it is not ours."""
        rows = await self._read("sent_as", provider=provider, ref=ref)
        return decode_view(BilledRow, rows[0]) if rows else None

    async def lines_between(
        self, provider: str, since: datetime, until: datetime
    ) -> AsyncIterator[StatementLineRow]:
        """
        What a provider billed within `[since, until)`, by the lines' ids, without what was taken
        back. A line that stands on two statements may come twice.
        """
        after = ""
        while True:
            rows = await self._read(
                "lines_between", provider=provider, since=since, until=until, after=after, most=PAGE
            )
            for row in rows:
                yield decode(StatementLineRow, row)
            if len(rows) < PAGE:
                return
            after = rows[-1]["id"]

    async def lines_of(self, provider: str, ref: ProviderRef) -> list[StatementLineRow]:
        """What a provider billed by one of its ids, likewise."""
        rows = await self._read("lines_of", provider=provider, ref=ref)
        return [decode(StatementLineRow, row) for row in rows]

    async def balance_readings(self, provider: str = "") -> list[BalanceReadingRow]:
        """How much credit was read, by provider and instant; of one provider, or of all."""
        rows = await self._read("balance_readings", provider=provider)
        return [decode(BalanceReadingRow, row) for row in rows]

    async def posted_between(self, provider: str, since: datetime, until: datetime) -> Money:
        """What was posted at a provider by entries of `[since, until)`, corrections included."""
        rows = await self._read("posted_between", provider=provider, since=since, until=until)
        return Money(int(rows[0]["amount"]))

    async def booked_late(
        self, provider: str, after: datetime, *, sent_by: datetime, at: datetime
    ) -> Money:
        """
        What was booked after an instant for attempts that had been sent by another.

        Entries are never changed, so what is older than some hours is read once and kept in mind.

        Args:
            provider: Whose.
            after: The instant of a balance reading, exclusive.
            sent_by: Until when they had been sent, inclusive.
            at: Now.
        """
        key = provider, after, sent_by
        known_to, known = self._late.get(key, (after, Money.ZERO))
        settled_to = max(known_to, hour_of(at) - READ_AGAIN)
        if settled_to > known_to:
            known += await self._late_between(provider, known_to, settled_to, sent_by)
            self._late[key] = settled_to, known
        return known + await self._late_between(provider, settled_to, END, sent_by)

    async def _late_between(
        self, provider: str, after: datetime, until: datetime, sent_by: datetime
    ) -> Money:
        rows = await self._read(
            "booked_late", provider=provider, after=after, until=until, sent_by=sent_by
        )
        return Money(int(rows[0]["amount"]))

    async def open_since(self, provider: str, sent_after: datetime) -> Money:
        """What a provider may charge, or have charged, for attempts sent after an instant."""
        rows = await self._read("open_since", provider=provider, sent_after=sent_after)
        return Money(int(rows[0]["amount"]))

    async def charges(self, since: datetime, *, most: int) -> list[ChargeRow]:
        """Of each offer at each resolution the latest `most` charges known; the newest first."""
        rows = await self._read("charges", since=since, most=most)
        return [decode_view(ChargeRow, row) for row in rows]

    async def named_prices(self, since: datetime, *, most: int) -> list[NamedRow]:
        """Likewise what was named when attempts were taken of which no charge is known."""
        rows = await self._read("named_prices", since=since, most=most)
        return [decode_view(NamedRow, row) for row in rows]
