"""What providers say about money: read exactly, or kept as text and flagged."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.money import Money
from router.providers.parsing import Json, Number
from router.providers.reports import reported


@pytest.mark.parametrize(
    ("value", "dollars"),
    [
        (Number("0.0875"), "0.0875"),
        (Number("0.02097152"), "0.02097152"),
        (Number("1.3e-1"), "0.13"),
        (Number("1E2"), "100"),
        (Number("0"), "0"),
        (Number("-0.0"), "0"),
        (Number("1000"), "1000"),
        ("0.02", "0.02"),
        (" $0.04 ", "0.04"),
    ],
)
def test_an_amount_is_read_to_the_last_digit(value: Json, dollars: str) -> None:
    """Numbers and numbers in strings become the same exact money."""
    report = reported(value, "output.cost")

    assert report is not None
    assert report.amount == Money.parse(dollars)
    assert report.source == "output.cost"


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("0.0000000005", 0),
        ("0.0000000015", 2),
        ("0.00000000050000000000000000000000000000000000000000000001", 1),
        ("0.0400000004", 40_000_000),
        ("1e-999", 0),
    ],
)
def test_what_is_finer_than_a_nano_dollar_is_rounded_once(text: str, nanos: int) -> None:
    """Half goes to even, anything above half goes up, and the text is kept."""
    report = reported(Number(text), "output.cost")

    assert report is not None
    assert report.amount == Money(nanos)
    assert report.raw == text


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        (Number("NaN"), "NaN"),
        (Number("Infinity"), "Infinity"),
        (Number("-Infinity"), "-Infinity"),
        (Number("-0.0301"), "-0.0301"),
        (Number("-1e-99"), "-1e-99"),
        (Number("1000.000000001"), "1000.000000001"),
        (Number("1e999"), "1e999"),
        (Number("0." + "3" * 80), "0." + "3" * 62),
        (True, "true"),
        (False, "false"),
        ([Number("0.0302")], "[…]"),
        ({"usd": Number("0.0303")}, "{…}"),
        ("free", "free"),
        ("nan", "nan"),
        ("0.03 USD", "0.03 USD"),
        ("0,03", "0,03"),
        ("a\x00b\ud800c", "a b c"),
        ("x" * 100, "x" * 64),
    ],
)
def test_an_implausible_amount_is_kept_as_text_only(value: Json, raw: str) -> None:
    """It is shown and flagged, and never becomes money."""
    report = reported(value, "data.amount")

    assert report is not None
    assert report.amount is None
    assert report.raw == raw


@pytest.mark.parametrize("value", [None, ""])
def test_silence_is_no_report(value: str | None) -> None:
    """A provider that says nothing is not taken to have said zero."""
    assert reported(value, "data.amount") is None


@given(st.decimals(min_value=0, max_value=1000, places=20))
def test_rounding_never_moves_an_amount_by_more_than_half_a_nano(dollars: Decimal) -> None:
    """Whatever is read is the nearest nano-dollar."""
    report = reported(Number(f"{dollars:f}"), "output.cost")

    assert report is not None
    assert report.amount is not None
    difference = Fraction(report.amount.decimal()) - Fraction(dollars)
    assert abs(difference) <= Fraction(1, 2 * 10**9)
