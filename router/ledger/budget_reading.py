"""Readings about budgets: what of them is used, who raised them, what was told, and their pace."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from router.ledger.alert_rows import AlertLetterRow, AlertRow
from router.ledger.hours_in_mind import Account, HoursInMind
from router.ledger.limit_rows import HOUR, BudgetHourRow, RaiseRow, RollingRow
from router.ledger.mapping import decode
from router.ledger.reading import Readings
from router.ledger.rows import BalanceRow
from router.ledger.store import Reader
from router.model.budget import Limit
from router.model.clock import from_rfc3339, hour_of
from router.model.yielding import Yielding

_AT_A_TIME = timedelta(hours=6)
_TAKING, _DECODING = 2, 8
"""About so many microseconds it takes to take a few columns, and to make a row of many."""


class BudgetReadings(Readings):
    """How budgets stand and stood. Each raises `LedgerUnavailable` if it cannot be read."""

    def __init__(self, store: Reader) -> None:
        super().__init__(store)
        self._hours = HoursInMind()
        self._reading = asyncio.Lock()

    async def balances_at(self, at: datetime) -> list[BalanceRow]:
        """The balances of the budgets' windows that an instant lies in."""
        yielding, found = Yielding(), list[BalanceRow]()
        for row in await self._read("balances_at", at=at):
            found.append(decode(BalanceRow, row))
            await yielding.did(_DECODING)
        return found

    async def rolling(self, limit: Limit) -> RollingRow:
        """What counts against a limit whose window rolls."""
        (row,) = await self._read(
            "rolling", budget=limit.budget, scope=limit.scope, since=limit.window_start
        )
        return decode(RollingRow, row)

    async def rolling_of(self, budget: str, since: datetime) -> list[RollingRow]:
        """What counts of a budget whose window rolls, for each of its accounts."""
        rows = await self._read("rolling_of", budget=budget, since=since)
        return [decode(RollingRow, row) for row in rows]

    async def budget_hours(
        self, budget: str, scope: str, since: datetime, until: datetime
    ) -> list[BudgetHourRow]:
        """
        What an account of a budget was charged, presumed charges included, by the hour.

        Args:
            budget: Its name.
            scope: The account.
            since: Inclusive, with the whole of the hour that it lies in.
            until: Exclusive; an hour that begins before it is told of whole.

        Returns:
            The oldest first, in UTC; hours in which nothing was charged are not there.
        """
        rows = await self._read(
            "budget_hours", budget=budget, scope=scope, since=hour_of(since), until=until
        )
        return [decode(BudgetHourRow, row) for row in rows]

    async def hours_of_late(self, at: datetime) -> Mapping[Account, Mapping[datetime, int]]:
        """What every account was charged by the hour in the last four weeks, in nano-dollars."""
        yielding, end = Yielding(), hour_of(at) + HOUR
        # Whoever comes while the first reading goes on needs but the end of it.
        async with self._reading:
            since = self._hours.wanted(at)
            while since < end:
                # Four weeks of a thousand accounts are too many rows for one answer.
                until = min(since + _AT_A_TIME, end)
                for row in await self._read("budget_hours_between", since=since, until=until):
                    hour = _hour(row["hour"])
                    self._hours.take((row["budget"], row["scope"]), hour, row["charged"])
                    await yielding.did(_TAKING)
                since = until
            return self._hours.taken(at)

    async def raises_at(self, at: datetime) -> list[RaiseRow]:
        """The raises that an instant lies in, and their ends if any; the first to end first."""
        return [decode(RaiseRow, row) for row in await self._read("raises_at", at=at)]

    async def raises_between(self, since: datetime, until: datetime) -> list[RaiseRow]:
        """The raises and the ends of raises that were made within `[since, until)`."""
        rows = await self._read("raises_between", since=since, until=until)
        return [decode(RaiseRow, row) for row in rows]

    async def alerts_between(self, since: datetime, until: datetime) -> list[AlertRow]:
        """The thresholds that were told of within `[since, until)`."""
        rows = await self._read("alerts_between", since=since, until=until)
        return [decode(AlertRow, row) for row in rows]

    async def alerts_at(self, at: datetime, since: datetime | None = None) -> list[AlertRow]:
        """
        The thresholds that were told of in the windows that an instant lies in.

        Args:
            at: The instant.
            since: Of windows that roll, also those told of in any that ended after this.
        """
        rows = await self._read("alerts_at", at=at, since=since or at)
        return [decode(AlertRow, row) for row in rows]

    async def alert(self, alert_id: str) -> AlertRow | None:
        """One alert; None when there is none by that id."""
        rows = await self._read("alert", id=alert_id)
        return decode(AlertRow, rows[0]) if rows else None

    async def alert_letter(self, alert_id: str) -> AlertLetterRow | None:
        """How far the telling of an alert is; None when nobody is to be told."""
        rows = await self._read("alert_letter", id=alert_id)
        return decode(AlertLetterRow, rows[0]) if rows else None

    async def alert_letters_due(self, before: datetime, *, most: int) -> list[AlertLetterRow]:
        """Alerts that are to be told before an instant, the first to be told first."""
        rows = await self._read("alert_letters_due", before=before, most=most)
        return [decode(AlertLetterRow, row) for row in rows]

    async def alert_letters_between(self, since: datetime, until: datetime) -> list[AlertLetterRow]:
        """How far the telling of the alerts of `[since, until)` is."""
        rows = await self._read("alert_letters_between", since=since, until=until)
        return [decode(AlertLetterRow, row) for row in rows]


@lru_cache(maxsize=1024)
def _hour(text: str) -> datetime:
    """The same value for all accounts: it is read for each of them."""
    return from_rfc3339(text)
