"""Budgets as the page shows them."""

import pytest

from router.ledger.limit_rows import BudgetHourRow
from router.web.dashboard.budgeted import budgeted
from router.web.dashboard.room import Room
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


@pytest.mark.parametrize(
    ("posted", "least", "refused", "state", "words"),
    [
        ("1.10", None, 0, "within", ""),
        ("1.70", "0.04", 0, "near", "nearly used up"),
        ("1.71", "0.04", 1, "near", "nearly used up: 1 edit refused"),
        ("1.97", "0.04", 3, "full", "used up: 3 edits refused"),
        ("1.98", "0.04", 0, "full", "used up: less is left than any edit costs"),
        ("1.99", None, 0, "near", "nearly used up"),
        ("2.00", "0.04", 0, "full", "used up"),
    ],
)
def test_a_rest_that_no_edit_fits_is_used_up(
    posted: str, least: str | None, refused: int, state: str, words: str
) -> None:
    """For people, whatever is left by figures; with how many edits were refused."""
    line = a_line("a", posted=usd(posted))
    room = Room(least=usd(least) if least else None, refused=refused)
    rooms = {("a", "everyone"): room} if state != "within" else {}
    (found,) = budgeted(a_reading(budgets=(line,), room=rooms), EPOCH)

    assert (found.state, found.words, found.refused) == (state, words, refused)
