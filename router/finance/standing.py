"""How all accounts of budgets stand: also those that nobody has named yet."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from router.ledger.books import Books
from router.ledger.usage import Balances, read_balances
from router.model.budget import Limit
from router.policy.budgets import Budget


async def read_accounts(
    ledger: Books, at: datetime, budgets: Iterable[Budget], limits: Iterable[Limit] = ()
) -> Balances:
    """
    Read how all accounts of budgets stand, and further limits.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    now = await read_balances(ledger, at, limits)
    rolling = dict(now.rolling)
    for budget in budgets:
        since = budget.rolling_since(at)
        rows = await ledger.rolling_of(budget.name, since) if since is not None else []
        rolling.update({(row.budget, row.scope): row for row in rows})
    return replace(now, rolling=rolling)
