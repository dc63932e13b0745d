"""Stacked columns."""

import re
from datetime import date

import pytest

from router.finance.overview import buckets, stack
from router.model.money import Money
from router.web.dashboard.charts.columns import HEIGHT, ceiling, columns
from tests.ledger_kit import usd
from tests.spending_rows import a_row

ROWS = (
    a_row(day="2026-11-01", posted=usd("1.20")),
    a_row(day="2026-11-01", provider="runpod", posted=usd("0.60")),
    a_row(day="2026-11-03", provider="runpod", posted=usd("0.40")),
    a_row(day="2026-11-02", posted=usd("-0.10")),
)
CUT = buckets(date(2026, 11, 1), date(2026, 11, 4))


def test_a_columns_height_is_its_amount() -> None:
    """On a scale that ends at a round number; one stands upon the other."""
    chart = columns(stack(ROWS, CUT, "provider"), ["shortapi", "runpod"])
    first, second = re.findall(r'<path class="s\d" d="([^"]*)"', chart.picture)

    assert chart.ticks == (usd("2.00"), usd("1.00"), Money.ZERO)
    assert first == "M27.50 220.00h195.00V88.00h-195.00z"
    assert second == ("M27.50 88.00h195.00V22.00h-195.00z M527.50 220.00h195.00V176.00h-195.00z")
    assert HEIGHT == 220
    assert chart.labels == ("1 Nov", "3 Nov", "4 Nov")
    assert [(one.name, one.total) for one in chart.legend] == [
        ("shortapi", usd("1.10")),
        ("runpod", usd("1.00")),
    ]


def test_what_was_given_back_has_no_column() -> None:
    """But its day's sum is told, below nothing."""
    chart = columns(stack(ROWS, CUT, "provider"), ["shortapi", "runpod"])

    assert "2 Nov 2026: \N{MINUS SIGN}$0.10" in chart.picture
    assert "The most, $1.80, was on 1 Nov 2026" in chart.picture


def test_nothing_is_drawn_as_nothing() -> None:
    """With a scale all the same, and in words."""
    chart = columns(stack((), CUT, "provider"), [])

    assert chart.ticks[0] == usd("0.02")
    assert "Nothing was posted in this period." in chart.picture
    assert chart.legend == ()


@pytest.mark.parametrize(
    ("nanos", "top"),
    [(0, 2 * 10**7), (2 * 10**7 + 1, 5 * 10**7), (3 * 10**9, 5 * 10**9), (10**12, 10**12)],
)
def test_a_scale_ends_at_a_round_number(nanos: int, top: int) -> None:
    """Not below what is drawn on it."""
    assert ceiling(nanos) == top
