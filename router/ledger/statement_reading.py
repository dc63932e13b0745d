"""Readings about providers' accounts: what they billed, what is compared with it, and credit."""

from collections.abc import AsyncIterator
from datetime import datetime

from router.ledger.mapping import decode, decode_view
from router.ledger.reading import Readings
from router.ledger.statement_rows import (
    BalanceReadingRow,
    StatementLineRow,
    StatementRow,
    StatementWithdrawalRow,
)
from router.ledger.views import BilledRow, ChargeRow, NamedRow
from router.model.ids import ProviderRef
from router.model.money import Money

PAGE = 200
"""Rows that are read at a time, so that others get their turn between."""


class StatementReadings(Readings):
    """What stands in the books of providers' accounts."""

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

    async def charges(self, since: datetime, *, most: int) -> list[ChargeRow]:
        """Of each offer at each resolution the latest `most` charges known; the newest first."""
        rows = await self._read("charges", since=since, most=most)
        return [decode_view(ChargeRow, row) for row in rows]

    async def named_prices(self, since: datetime, *, most: int) -> list[NamedRow]:
        """Likewise what was named when attempts were taken of which no charge is known."""
        rows = await self._read("named_prices", since=since, most=most)
        return [decode_view(NamedRow, row) for row in rows]
