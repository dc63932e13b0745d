"""A budget's burn-down."""

from dataclasses import replace
from datetime import timedelta

from markupsafe import escape

from router.finance.budgets import BudgetLine
from router.finance.forecast import Forecast
from router.model.money import Money
from router.web.dashboard.burn import Burn
from router.web.dashboard.charts.burndown import ahead, burndown
from tests.fakes import EPOCH
from tests.ledger_kit import usd

LINE = BudgetLine(
    name="team",
    scope="tenant:acme",
    limit=usd("8.00"),
    window_start=EPOCH,
    window_end=EPOCH + timedelta(hours=10),
    posted=usd("3.00"),
    presumed=usd("1.00"),
    held=Money.ZERO,
    in_doubt=Money.ZERO,
)
AHEAD = Forecast(
    expected=usd("7.00"), low=usd("6.00"), high=usd("9.00"), method="linear", exhausted_at=None
)
BURN = Burn(
    charged=(
        (EPOCH, Money.ZERO),
        (EPOCH + timedelta(hours=1), usd("2.00")),
        (EPOCH + timedelta(hours=5), usd("4.00")),
    ),
    forecast=AHEAD,
    why_not="",
)


def test_it_falls_from_the_limit_to_what_is_left() -> None:
    """Beside an even pace, and on to where it leads."""
    drawn = burndown("d", LINE, BURN)

    assert 'class="left" d="M0.0 0L100.0 30.0L500.0 60.0"' in drawn
    assert 'class="even" x1="0" y1="0" x2="1000" y2="120"' in drawn
    assert 'class="band" d="M500.0 60.0L1000 90.0V120.0z"' in drawn
    assert 'class="ahead" x1="500.0" y1="60.0" x2="1000" y2="105.0"' in drawn
    assert escape(ahead(AHEAD)) in drawn


def test_without_a_forecast_nothing_is_foretold() -> None:
    """A line that nobody should act on is not drawn."""
    drawn = burndown("d", LINE, replace(BURN, forecast=None))

    assert "band" not in drawn
    assert "$4.00 is left" in drawn


def test_a_limit_of_nothing_is_used_up() -> None:
    """From its beginning."""
    drawn = burndown("d", replace(LINE, limit=Money.ZERO), BURN)

    assert 'd="M0.0 120L100.0 120L500.0 120"' in drawn


def test_what_is_held_or_in_doubt_is_taken_from_what_is_left() -> None:
    """As the available amount has it: a bar below the line's end, and words."""
    held = burndown("d", replace(LINE, held=usd("1.50"), in_doubt=usd("0.50")), BURN)

    assert 'class="open" x1="500.0" x2="500.0" y1="60.0" y2="90.0"' in held
    assert "$4.00 is left, of which $2.00 is held or in doubt and $2.00 available." in held
    assert 'class="open"' not in burndown("d", LINE, BURN)
