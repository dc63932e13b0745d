"""What of the budgets' windows is used, from one reading of the balances."""

from collections.abc import Iterable

from router.ledger.rows import BalanceRow, Window
from router.model.budget import Limit, Usage


class Balances:
    """Balances as they stood at one instant, to be asked by limit."""

    def __init__(self, rows: Iterable[BalanceRow]) -> None:
        self._rows = {row.key: row for row in rows}

    def usage_of(self, limit: Limit) -> Usage:
        """What is used of a limit's window; of one that nothing was ever held in, nothing."""
        window = Window.of(limit)
        row = self._rows.get((window.budget, window.scope, window.start))
        return row.usage if row is not None else Usage()
