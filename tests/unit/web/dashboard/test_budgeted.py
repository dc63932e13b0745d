"""Budgets as the page shows them."""

from router.ledger.limit_rows import BudgetHourRow
from router.web.dashboard.budgeted import budgeted
from tests.fakes import EPOCH
from tests.finance_page import a_line, a_reading
from tests.ledger_kit import usd


def test_a_budget_that_burns_has_its_line_drawn() -> None:
    """One of which nothing is known by the hour has none."""
    hour = BudgetHourRow(
        budget="a", scope="everyone", hour=EPOCH.replace(hour=7), charged=usd("0.40")
    )
    lines = (a_line("a", posted=usd("0.40")), a_line("b", posted=usd("0.30")))
    hours = {("a", "everyone"): (hour,)}
    first, second = budgeted(a_reading(budgets=lines, hours=hours), EPOCH)

    assert first.burndown is not None
    assert "What is left of a, everyone" in first.burndown
    assert (second.burn, second.burndown) == (None, None)
    assert "b, everyone: how much of $2.00 is used" in second.bar
