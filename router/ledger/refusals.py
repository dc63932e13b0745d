"""
Refusals: which windows of budgets are used up, because what is left is too little for an edit.

A limit is hard, so that charges hardly ever come to all of it: two cents are left, and an edit
costs six. What says that a budget is used up is an edit that found no room, and would find none
now.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from router.ledger.rows import BEGINNING
from router.ledger.usage import Account
from router.ledger.views import RefusedRow
from router.model.budget import Limit, Usage
from router.model.clock import hour_of
from router.model.money import Money

_HOUR = timedelta(hours=1)


class RefusalBooks(Protocol):
    """What refusals are read from: the ledger, or what stands for it."""

    async def refused(self, since: datetime) -> list[RefusedRow]: ...


class Refusals:
    """What budgets have refused within windows, to be asked by limit."""

    def __init__(self, since: Mapping[datetime, Iterable[RefusedRow]]) -> None:
        """
        Args:
            since: What was refused since an hour's beginning, one row for each account.
        """
        self._since: dict[datetime, dict[Account, RefusedRow]] = {
            hour: {(row.budget, row.scope): row for row in rows} for hour, rows in since.items()
        }

    def accounts(self, budget: str) -> frozenset[str]:
        """The accounts of a budget that refused anything within one of the windows."""
        named = (account for rows in self._since.values() for account in rows)
        return frozenset(scope for name, scope in named if name == budget)

    def unmet(self, limit: Limit, usage: Usage) -> Money | None:
        """
        Say what a window has refused that would still find no room, so that it is used up.

        Args:
            limit: As it is in force.
            usage: Of it.

        Returns:
            What all that was refused within it would have cost; None where there is room, by the
            mean of what was refused. Edits that a stage refused, or a hold that was freed since,
            use nothing up.
        """
        rows = self._since.get(_first_hour(limit), {})
        row = rows.get((limit.budget, limit.scope))
        if row is None:
            return None
        left = usage.available(limit.limit)
        return row.amount if left.nanos * row.jobs < row.amount.nanos else None


async def read_refusals(books: RefusalBooks, limits: Iterable[Limit]) -> Refusals:
    """
    Read what was refused within the windows of limits.

    Args:
        books: Read once for each instant at which one of the windows began.
        limits: Whose windows. Refusals are kept by the hour of UTC: of a window that begins within
            one, those of that hour are left out, for they may be of the window before.

    Raises:
        LedgerUnavailable: They cannot be read.
    """
    hours = sorted({_first_hour(limit) for limit in limits})
    return Refusals({hour: await books.refused(hour) for hour in hours})


def _first_hour(limit: Limit) -> datetime:
    """When the first hour begins that is all within a limit's window."""
    if limit.window_start is None:
        return BEGINNING
    hour = hour_of(limit.window_start)
    return hour if hour == limit.window_start else hour + _HOUR
