"""What counts against a limit, and what is left of it."""

from hypothesis import given
from hypothesis import strategies as st

from router.model.budget import Usage
from router.model.money import Money

nanos = st.integers(0, 10**15)


def test_all_four_amounts_count() -> None:
    """Posted, presumed, held and in doubt are each used, and none twice."""
    usage = Usage(
        posted=Money.parse("10.01"),
        presumed=Money.parse("0.20"),
        held=Money.parse("3.003"),
        in_doubt=Money.parse("0.0004"),
    )

    assert usage.used == Money.parse("13.2134")
    assert usage.available(Money.parse("20.00")) == Money.parse("6.7866")


def test_nothing_is_used_at_first() -> None:
    """An untouched budget has its whole limit left."""
    assert Usage().used == Money.ZERO
    assert Usage().available(Money.parse("5.25")) == Money.parse("5.25")


def test_an_overage_leaves_less_than_nothing() -> None:
    """A charge above the limit is a fact: what is left is negative, not zero."""
    assert Usage(posted=Money.parse("1.07")).available(Money.parse("1.00")).usd == "-$0.07"


@given(nanos, nanos, nanos, nanos, nanos)
def test_used_and_available_make_the_limit(
    posted: int, presumed: int, held: int, in_doubt: int, limit: int
) -> None:
    """However it is used, the two parts of a limit add up to it."""
    usage = Usage(
        posted=Money(posted),
        presumed=Money(presumed),
        held=Money(held),
        in_doubt=Money(in_doubt),
    )

    assert usage.used + usage.available(Money(limit)) == Money(limit)


def test_usages_add_and_take_each_amount_from_its_own() -> None:
    """What is taken away again leaves what there was."""
    one = Usage(posted=Money(1), presumed=Money(20), held=Money(300), in_doubt=Money(4000))
    other = Usage(posted=Money(5), presumed=Money(60), held=Money(700), in_doubt=Money(8000))

    assert one + other == Usage(
        posted=Money(6), presumed=Money(80), held=Money(1000), in_doubt=Money(12000)
    )
    assert (one + other) - other == one
    assert one.charged == Money(21)
