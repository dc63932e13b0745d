"""How budgets stand at one instant: what holds would find, from one reading of the ledger."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from router.ledger.ledger import Ledger
from router.ledger.limit_rows import RaiseRow, RollingRow, raised
from router.ledger.rows import BalanceRow, Window
from router.model.budget import Limit, Usage
from router.model.money import Money
from router.policy.budgets import Budget

_Account = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is used, by window, and what people have raised."""

    at: datetime
    balances: Mapping[Window, BalanceRow] = field(default_factory=dict[Window, BalanceRow])
    rolling: Mapping[_Account, RollingRow] = field(default_factory=dict[_Account, RollingRow])
    raises: tuple[RaiseRow, ...] = ()

    def usage(self, limit: Limit) -> Usage:
        """What of a limit's window is used."""
        if limit.bucket_start is not None:
            rolling = self.rolling.get((limit.budget, limit.scope))
            return rolling.usage if rolling is not None else Usage()
        row = self.balances.get(Window.of(limit))
        return row.usage if row is not None else Usage()

    def raises_of(self, limit: Limit) -> tuple[RaiseRow, ...]:
        """What raises a limit now."""
        return tuple(row for row in self.raises if row.applies(limit, self.at))

    def in_force(self, limit: Limit) -> Limit:
        """The policy's limit with what people have raised it by."""
        return raised(limit, self.raises, self.at)

    def available(self, limit: Limit) -> Money:
        """What a further hold may take; negative after an overage or a lowered limit."""
        return self.usage(limit).available(self.in_force(limit).limit)

    def accounts(self, budget: str) -> frozenset[str]:
        """The accounts of a budget that money was held or charged in, in some window of now."""
        named = {(window.budget, window.scope) for window in self.balances} | set(self.rolling)
        return frozenset(scope for name, scope in named if name == budget)


async def standing(ledger: Ledger, at: datetime, limits: Iterable[Limit] = ()) -> Standing:
    """
    Read how budgets stand.

    Args:
        ledger: Read once, and once more for each limit whose window rolls.
        at: The instant.
        limits: What is asked after; only of windows that roll need it be said.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    rows = await ledger.balances_at(at)
    rolling = [await ledger.rolling(one) for one in set(limits) if one.bucket_start is not None]
    return Standing(
        at=at,
        balances={row.window: row for row in rows},
        rolling={(row.budget, row.scope): row for row in rolling},
        raises=tuple(await ledger.raises_at(at)),
    )


async def standing_of(
    ledger: Ledger, at: datetime, budgets: Iterable[Budget], limits: Iterable[Limit] = ()
) -> Standing:
    """
    Read how all accounts of budgets stand, and further limits.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    now = await standing(ledger, at, limits)
    rolling = dict(now.rolling)
    for budget in budgets:
        since = budget.rolling_since(at)
        rows = await ledger.rolling_of(budget.name, since) if since is not None else []
        rolling.update({(row.budget, row.scope): row for row in rows})
    return replace(now, rolling=rolling)
