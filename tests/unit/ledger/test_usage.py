"""What is used of a limit, from the balances."""

from dataclasses import replace
from datetime import UTC, datetime

from router.ledger.rows import BalanceRow
from router.ledger.usage import Balances
from router.model.budget import Limit, Usage
from tests.ledger_kit import usd

START, END = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
LIMIT = Limit(
    budget="daily", scope="everyone", window_start=START, window_end=END, limit=usd("5.10")
)
ROW = BalanceRow(
    budget="daily",
    scope="everyone",
    window_start=START,
    window_end=END,
    posted=usd("1.10"),
    held=usd("0.30"),
)


def test_a_limit_finds_its_own_window() -> None:
    """By budget, scope and span: neither yesterday's money nor another scope's counts."""
    other = replace(ROW, scope="tenant:acme", posted=usd("4.70"))
    balances = Balances(at=START, by_window={row.window: row for row in (ROW, other)})

    assert balances.usage(LIMIT) == Usage(posted=usd("1.10"), held=usd("0.30"))
    assert balances.available(LIMIT) == usd("3.70")
    assert balances.usage(replace(LIMIT, window_start=END)) == Usage()
