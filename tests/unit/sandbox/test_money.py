from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.sandbox.money import dollars, nanos, scaled


@given(st.integers(-(10**18), 10**18))
def test_what_is_written_reads_back(amount_nanos: int) -> None:
    """Dollars as text lose nothing."""
    assert nanos(dollars(amount_nanos)) == amount_nanos


def test_writes_no_idle_zeros() -> None:
    """An amount looks as in the providers' price lists."""
    assert dollars(87_500_000) == "0.0875"
    assert dollars(0) == "0"
    assert dollars(-40_000_000) == "-0.04"
    assert dollars(100_000_000_000) == "100"


def test_rounds_what_is_finer_half_to_even() -> None:
    """Half a nano-dollar goes to the even neighbour."""
    assert nanos("0.0000000005") == 0
    assert nanos("0.0000000015") == 2
    assert scaled(3, Decimal("0.5")) == 2


@pytest.mark.parametrize("text", ["NaN", "Infinity", "two cents", ""])
def test_refuses_what_is_not_an_amount(text: str) -> None:
    """Nonsense does not become money."""
    with pytest.raises(ValueError, match="not an amount"):
        nanos(text)
