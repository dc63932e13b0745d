"""A budget as a bar."""

import re
from dataclasses import replace
from typing import Any

from router.finance.budgets import BudgetLine
from router.model.money import Money
from router.web.dashboard.charts.bars import bar
from tests.ledger_kit import usd


def a_line(**amounts: Any) -> BudgetLine:
    """A budget of ten dollars for ever."""
    line = BudgetLine(
        name="team",
        scope="everyone",
        limit=usd("10.00"),
        window_start=None,
        window_end=None,
        posted=Money.ZERO,
        presumed=Money.ZERO,
        held=Money.ZERO,
        in_doubt=Money.ZERO,
    )
    fields: dict[str, Any] = {name: usd(amount) for name, amount in amounts.items()}
    return replace(line, **fields)


def widths(drawn: str) -> list[tuple[str, int, int]]:
    """Each amount's kind, place and width."""
    found = re.findall(r'<rect class="m(\d)" x="(\d+)" y="0" width="(\d+)"', drawn)
    return [(kind, int(x), int(width)) for kind, x, width in found]


def test_each_amount_has_its_part_of_the_bar() -> None:
    """Side by side; what is there is seen, however little it is, and nothing is not."""
    drawn = bar("b", a_line(posted="2.50", held="1.25", in_doubt="0.001"))

    assert widths(drawn) == [("0", 0, 250), ("2", 250, 125), ("3", 375, 2)]
    assert "posted $2.50, presumed $0.00, held $1.25" in drawn


def test_more_than_the_limit_is_a_full_bar() -> None:
    """Never a longer one."""
    drawn = bar("b", a_line(posted="15.00", presumed="5.00", held="0.002"))

    assert widths(drawn)[:2] == [("0", 0, 749), ("1", 749, 249)]
    assert all(x + width <= 1000 for _, x, width in widths(drawn))
    assert "available \N{MINUS SIGN}$10.00" in drawn
