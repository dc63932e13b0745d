"""What room a limit leaves on a page: the limit as raised, and what counts against it."""

from datetime import datetime

from router.ledger.limit_rows import RaiseRow, RollingRow, raised
from router.ledger.page import Page
from router.ledger.rows import BalanceRow, Window
from router.model.budget import Limit, Usage


def in_force(page: Page, limit: Limit, at: datetime) -> Limit:
    """The policy's limit with what people have raised it by."""
    return raised(limit, page.group(RaiseRow, limit.budget), at)


def usage_of(page: Page, limit: Limit) -> Usage:
    """All that counts against a limit: a window's balance, or the sum of a rolling one's."""
    if limit.bucket_start is None:
        row = page.get(BalanceRow, *Window.of(limit).key)
        return row.usage if row is not None else Usage()
    rolling = page.get(RollingRow, limit.budget, limit.scope, limit.window_start)
    # Without the sum, to place a hold would be to guess.
    assert rolling is not None, limit
    return rolling.usage
