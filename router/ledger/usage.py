"""How budgets stand at one instant: what holds would find, from one reading of the books."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from router.ledger.limit_rows import RaiseRow, RollingRow, live, raised
from router.ledger.rows import BalanceRow, Window
from router.model.budget import Limit, Usage
from router.model.money import Money

Account = tuple[str, str]
"""A budget's name, and the account of it."""


class Readable(Protocol):
    """What balances are read from: the ledger, or what stands for it."""

    async def balances_at(self, at: datetime) -> list[BalanceRow]: ...
    async def rolling(self, limit: Limit) -> RollingRow: ...
    async def raises_at(self, at: datetime) -> list[RaiseRow]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """What is used, by window, and what people have raised: to be asked by limit."""

    at: datetime
    by_window: Mapping[Window, BalanceRow] = field(default_factory=dict[Window, BalanceRow])
    rolling: Mapping[Account, RollingRow] = field(default_factory=dict[Account, RollingRow])
    raises: tuple[RaiseRow, ...] = ()

    def usage(self, limit: Limit) -> Usage:
        """What is used of a limit's window; of one that nothing was ever held in, nothing."""
        if limit.bucket_start is not None:
            rolling = self.rolling.get((limit.budget, limit.scope))
            return rolling.usage if rolling is not None else Usage()
        row = self.by_window.get(Window.of(limit))
        return row.usage if row is not None else Usage()

    def raises_of(self, limit: Limit) -> tuple[RaiseRow, ...]:
        """What raises a limit now."""
        return live(row for row in self.raises if row.applies(limit, self.at))

    def in_force(self, limit: Limit) -> Limit:
        """The policy's limit with what people have raised it by."""
        return raised(limit, self.raises, self.at)

    def available(self, limit: Limit) -> Money:
        """What a further hold may take; negative after an overage or a lowered limit."""
        return self.usage(limit).available(self.in_force(limit).limit)

    def accounts(self, budget: str) -> frozenset[str]:
        """The accounts of a budget that money was held or charged in, in some window of now."""
        named = {(window.budget, window.scope) for window in self.by_window} | set(self.rolling)
        return frozenset(scope for name, scope in named if name == budget)


async def read_balances(books: Readable, at: datetime, limits: Iterable[Limit] = ()) -> Balances:
    """
    Read how budgets stand.

    Args:
        books: Read once, and once more for each limit whose window rolls.
        at: The instant.
        limits: What is asked after; only of windows that roll need it be said.

    Raises:
        LedgerUnavailable: They cannot be read.
    """
    rows = await books.balances_at(at)
    rolling = [await books.rolling(one) for one in set(limits) if one.bucket_start is not None]
    return Balances(
        at=at,
        by_window={row.window: row for row in rows},
        rolling={(row.budget, row.scope): row for row in rolling},
        raises=tuple(await books.raises_at(at)),
    )
