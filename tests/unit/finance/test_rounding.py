"""The one rule by which amounts are rounded for people."""

import pytest

from router.finance.rounding import to_cent, to_hundredth
from router.web.dashboard.showing import MINUS, NARROW, dollars, unit_dollars
from tests.ledger_kit import usd


@pytest.mark.parametrize(
    ("amount", "cents", "hundredths"),
    [
        ("0", "$0.00", "$0.0000"),
        ("0.345", "$0.34", "$0.3450"),
        ("0.355", "$0.36", "$0.3550"),
        ("0.00995", "< $0.01", "$0.0100"),
        ("0.01005", "$0.01", "$0.0100"),
        ("-0.000000001", "> -$0.01", "> -$0.0001"),
        ("0.00008", "< $0.01", "< $0.0001"),
        ("-1234567.891", "-$1,234,567.89", "-$1,234,567.8910"),
    ],
)
def test_an_amount_is_rounded_half_even_and_never_to_nothing(
    amount: str, cents: str, hundredths: str
) -> None:
    """To the cent, and a price to its hundredth; with commas."""
    assert to_cent(usd(amount)) == cents
    assert to_hundredth(usd(amount)) == hundredths


@pytest.mark.parametrize("amount", ["0.345", "0.004", "-0.003", "-7.125", "2001.505"])
def test_a_page_sets_the_same_with_its_own_signs(amount: str) -> None:
    """Whatever else says an amount to the cent says the same one."""

    def plain(text: str) -> str:
        return text.replace(MINUS, "-").replace(NARROW, " ")

    assert plain(dollars(usd(amount))) == to_cent(usd(amount))
    assert plain(unit_dollars(usd(amount))) == to_hundredth(usd(amount))
