"""Budgets as people ask for them: what each allows now, what of it is used, what is left."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from router.ledger.ledger import Ledger
from router.ledger.rows import BalanceRow, Window
from router.model.budget import Limit, Usage
from router.model.clock import rfc3339
from router.model.money import Money
from router.policy.budgets import EACH, Budget
from router.policy.policy import DOUBLE_SPEND, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """One budget's window of one scope, as it stands."""

    name: str
    scope: str
    """Whose money: `everyone`, `tenant:acme`, `tenant:acme,provider:runpod`."""
    limit: Money
    window_start: datetime | None
    window_end: datetime | None
    """None, as the start, for a lifetime."""
    posted: Money
    presumed: Money
    held: Money
    in_doubt: Money

    @property
    def available(self) -> Money:
        """What a further hold may take; negative after an overage or a lowered limit."""
        usage = Usage(
            posted=self.posted, presumed=self.presumed, held=self.held, in_doubt=self.in_doubt
        )
        return usage.available(self.limit)


async def budget_lines(
    ledger: Ledger, policy: Policy, at: datetime, tenant: str | None = None
) -> tuple[BudgetLine, ...]:
    """
    Say how every configured budget stands.

    A budget for each tenant has a line per tenant with money in the window; every other one has its
    line even unused. A balance of a budget that the policy no longer has, or has with another
    window, is nobody's limit and has none.

    Args:
        ledger: Its balances are read once.
        policy: Whose budgets.
        at: Decides the windows.
        tenant: Only lines that bind this tenant: its own, used or not, and everyone's.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    balances = {_key(row): row for row in await ledger.balances_at(at)}
    return tuple(
        _line(limit, balances.get(_key_of(limit)))
        for limit in _limits(policy, at, tenant, balances.values())
    )


def tightest(lines: Iterable[BudgetLine]) -> BudgetLine | None:
    """
    Find the line with the least available; of equals the first. None where there is no budget.

    The double-spend budget is passed over: it pays only for second attempts beside one in doubt.
    """
    binding = (line for line in lines if line.name != DOUBLE_SPEND)
    return min(binding, key=lambda line: line.available, default=None)


def as_json(lines: Sequence[BudgetLine]) -> str:
    """Write the lines for a program: money as decimal strings, a lifetime's ends as null."""
    content = [
        {
            "name": line.name,
            "scope": line.scope,
            "limit": str(line.limit),
            "window_start": None if line.window_start is None else rfc3339(line.window_start),
            "window_end": None if line.window_end is None else rfc3339(line.window_end),
            "posted": str(line.posted),
            "presumed": str(line.presumed),
            "held": str(line.held),
            "in_doubt": str(line.in_doubt),
            "available": str(line.available),
        }
        for line in lines
    ]
    return json.dumps({"budgets": content}, indent=2) + "\n"


_Key = tuple[str, str, datetime, datetime]


def _key(row: BalanceRow) -> _Key:
    return row.budget, row.scope, row.window_start, row.window_end


def _key_of(limit: Limit) -> _Key:
    window = Window.of(limit)
    return window.budget, window.scope, window.start, window.end


def _limits(
    policy: Policy, at: datetime, tenant: str | None, balances: Iterable[BalanceRow]
) -> Iterator[Limit]:
    """In the order of the file, the scopes of one budget by their names."""
    scopes: dict[str, list[dict[str, str]]] = {}
    for row in balances:
        scopes.setdefault(row.budget, []).append(_parts(row.scope))
    for budget in policy.budgets:
        seen = scopes.get(budget.name, [])
        tenants = [tenant] if tenant is not None else _actual(budget, "tenant", seen)
        providers = _actual(budget, "provider", seen, policy.prices.provider_names)
        found = (budget.limit_for(one, other, at) for one, other in product(tenants, providers))
        limits = {limit.scope: limit for limit in found if limit is not None}
        yield from (limits[scope] for scope in sorted(limits))
    if policy.failover.double_spend_max:
        yield policy.double_spend_limit(at)


def _actual(
    budget: Budget, kind: str, seen: Iterable[dict[str, str]], known: Iterable[str] = ()
) -> list[str]:
    """Whose limits a budget has, by their names; where it makes no difference, one is enough."""
    wanted = budget.scope.tenant if kind == "tenant" else budget.scope.provider
    if wanted != EACH:
        return [wanted or ""]
    return sorted({*known, *(parts[kind] for parts in seen if kind in parts)})


def _parts(scope: str) -> dict[str, str]:
    """The parts of `tenant:acme,provider:runpod`; names hold neither colon nor comma."""
    parts = (part.partition(":") for part in scope.split(","))
    return {kind: name for kind, colon, name in parts if colon}


def _line(limit: Limit, balance: BalanceRow | None) -> BudgetLine:
    usage = Usage() if balance is None else balance.usage
    return BudgetLine(
        name=limit.budget,
        scope=limit.scope,
        limit=limit.limit,
        window_start=limit.window_start,
        window_end=limit.window_end,
        posted=usage.posted,
        presumed=usage.presumed,
        held=usage.held,
        in_doubt=usage.in_doubt,
    )
