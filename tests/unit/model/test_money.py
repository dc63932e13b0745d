"""Money is exact: whatever enters comes out again, and nothing enters that could not."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.money import NANOS_MAX, NANOS_PER_DOLLAR, Money, NotMoney, total

_HALF = NANOS_MAX // 2
amounts = st.builds(Money, st.integers(-NANOS_MAX, NANOS_MAX))
addends = st.builds(Money, st.integers(-_HALF, _HALF))


@given(amounts)
def test_what_is_written_reads_back(amount: Money) -> None:
    """Text, dollar text and decimal all come back as the same amount."""
    assert Money.parse(str(amount)) == amount
    assert Money.exact(amount.decimal()) == amount
    assert Money.rounded(amount.decimal()) == amount
    assert Money.parse(amount.usd.removeprefix("-").removeprefix("$")) == Money(abs(amount.nanos))


@given(amounts)
def test_text_has_two_places_or_as_many_as_it_needs(amount: Money) -> None:
    """At least cents, at most nano-dollars, and no zero that says nothing."""
    places = str(amount).rpartition(".")[2]

    assert 2 <= len(places) <= 9
    assert len(places) == 2 or not places.endswith("0")
    assert Decimal(str(amount)) * NANOS_PER_DOLLAR == amount.nanos


@given(addends, addends)
def test_adding_and_taking_away_are_exact(one: Money, other: Money) -> None:
    """Sums are sums of integers, and every sum can be undone."""
    assert (one + other).nanos == one.nanos + other.nanos
    assert (one + other) - other == one
    assert one - one == Money.ZERO
    assert (-one).nanos == -one.nanos
    assert one + (-other) == one - other


@given(st.lists(st.builds(Money, st.integers(-(10**12), 10**12)), max_size=50))
def test_a_total_is_exact_in_any_order(parts: list[Money]) -> None:
    """Ten thousand small charges add up to the nano-dollar, whichever comes first."""
    assert total(parts).nanos == sum(part.nanos for part in parts)
    assert total(tuple(reversed(parts))) == total(parts)


@given(st.builds(Money, st.integers(-(10**12), 10**12)), st.integers(0, 1000))
def test_many_of_one_price_is_their_sum(price: Money, count: int) -> None:
    """`n` images cost `n` times the price of one."""
    assert price * count == total([price] * count)


@given(amounts, amounts)
def test_amounts_order_as_numbers(one: Money, other: Money) -> None:
    """The cheaper of two is the one with fewer nano-dollars."""
    assert (one < other) == (one.decimal() < other.decimal())
    assert max(one, other).nanos == max(one.nanos, other.nanos)


@given(st.decimals(min_value=-1_000_000, max_value=1_000_000, places=15))
def test_a_report_is_rounded_to_the_nearest_even_nano(reported: Decimal) -> None:
    """What is finer than a nano-dollar goes to the nearest one, ties to the even one."""
    kept = Money.rounded(reported).decimal()

    assert kept == reported.quantize(Decimal("1e-9"), rounding=ROUND_HALF_EVEN)
    assert abs(kept - reported) <= Decimal("5e-10")


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("0.0875", 87_500_000),
        ("$0.08", 80_000_000),
        (" $50.00 ", 50_000_000_000),
        ("-1.50", -1_500_000_000),
        ("7", 7_000_000_000),
        ("0.02097152", 20_971_520),
        ("0.000000001", 1),
        ("0.000000002000000000", 2),
        ("1000000000", NANOS_MAX),
    ],
)
def test_amounts_people_write_are_read(text: str, nanos: int) -> None:
    """Plain decimals, with or without a dollar sign, mean what they say."""
    assert Money.parse(text).nanos == nanos


@pytest.mark.parametrize(
    "text",
    [
        *("", "$", "-", ".5", "5.", "1,000", "0.04 USD", "€0.04", "--1", "+1", "1e-2"),
        *(
            "0x10",
            "1_000",
            "NaN",
            "Infinity",
            "\u0663.\u0665",
            "0.0000000001",
            "1000000000.000000001",
        ),
        *("999999999999", "0." + "0" * 18 + "1", "0.04\n0.05"),
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    """Anything but a plain decimal that nano-dollars can hold is an error, never a guess."""
    with pytest.raises(NotMoney):
        Money.parse(text)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1000000000.01", "1e30"])
def test_an_absurd_report_is_refused(text: str) -> None:
    """A provider that says NaN, infinity or more than a billion is not believed."""
    with pytest.raises(NotMoney):
        Money.rounded(Decimal(text))


def test_a_price_finer_than_a_nano_is_refused() -> None:
    """Exact means exact: a price that would have to be rounded is an error."""
    with pytest.raises(NotMoney, match="finer than a nano-dollar"):
        Money.exact(Decimal("0.0437500001"))


@pytest.mark.parametrize("not_an_int", [0.04, True, "4", Decimal(4), None])
def test_no_float_becomes_money(not_an_int: Any) -> None:
    """Only an `int` is a number of nano-dollars; a float, a bool or a text is a bug."""
    with pytest.raises(TypeError):
        Money(not_an_int)


def test_arithmetic_with_a_float_fails() -> None:
    """Half of a price is not a price: multiplying by a float is a bug."""
    factor: Any = 0.5
    with pytest.raises(TypeError):
        Money.parse("0.09") * factor


@pytest.mark.parametrize("nanos", [NANOS_MAX + 1, -NANOS_MAX - 1])
def test_beyond_a_billion_is_refused(nanos: int) -> None:
    """An amount that no database column holds is refused before it gets there."""
    with pytest.raises(NotMoney):
        Money(nanos)


@pytest.mark.parametrize(
    ("nanos", "text", "usd"),
    [
        (40_000_000, "0.04", "$0.04"),
        (87_500_000, "0.0875", "$0.0875"),
        (-1_500_000_000, "-1.50", "-$1.50"),
        (0, "0.00", "$0.00"),
        (-1, "-0.000000001", "-$0.000000001"),
        (1_234_567_000_000_000, "1234567.00", "$1234567.00"),
    ],
)
def test_how_amounts_are_shown(nanos: int, text: str, usd: str) -> None:
    """JSON shows a plain decimal, people see a dollar sign after the minus."""
    assert str(Money(nanos)) == text
    assert Money(nanos).usd == usd


def test_only_nothing_is_falsy() -> None:
    """Zero is no money; a debt is."""
    assert not Money.ZERO
    assert Money(1)
    assert Money(-1)
    assert total([]) == Money.ZERO


@pytest.mark.parametrize("text", ["1e1000000", "-1e1000000", "1000000000.01"])
def test_an_amount_beyond_a_billion_dollars_is_refused_whatever_its_exponent(text: str) -> None:
    """A provider's reply with an absurd exponent is no money, and no arithmetic error either."""
    with pytest.raises(NotMoney):
        Money.rounded(Decimal(text))


def test_a_negative_amount_is_read_as_it_is_written() -> None:
    """What `usd` prints, `parse` reads."""
    assert Money.parse("-$1.75") == -Money.parse("$1.75")


def test_money_does_not_depend_on_the_decimals_of_its_surroundings() -> None:
    """A low precision set by somebody else rounds no amount."""
    with localcontext() as context:
        context.prec = 3

        assert Money.parse("12.3456789").nanos == 12_345_678_900
        assert str(Money(98_765_432_100).decimal()) == "98.765432100"
