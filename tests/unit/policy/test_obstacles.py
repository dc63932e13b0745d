"""What stands in the way of buying, in words."""

import pytest

from router.model.money import Money
from router.policy.obstacles import late, overcharged, set_aside, too_doubtful, withheld


def test_a_queue_without_anybody_is_the_rates_doing() -> None:
    """Nobody is told of a queue of none."""
    assert late(3, 29.4) == "has 3 waiting, so that this job would wait about 29 s and be late"
    assert late(0, 7.0).startswith("takes no other create so soon, ")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            too_doubtful(Money.parse("2.13"), Money.parse("2.00")),
            "has too much in doubt",
        ),
        (set_aside("3 in doubt\nin a row"), "is set aside"),
        (late(9, 12.3), "has so much waiting that this job would be late"),
        (late(0, 12.3), "has so much waiting that this job would be late"),
        (
            overcharged(Money.parse("0.04"), 7),
            "charged more than $0.04 of late: the price book needs a newer row",
        ),
        ("is set aside after failures", "is set aside after failures"),
        ("chosen by lowest price", "chosen by lowest price"),
    ],
)
def test_how_much_others_buy_is_not_told(said: str, told: str) -> None:
    """Only what is in the way, and what would help; what says nothing of others stays as it is."""
    assert withheld(said) == told
    assert withheld(told) == told
