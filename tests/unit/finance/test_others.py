"""What is left of a whole where only some of it is named."""

from router.finance.others import without
from router.finance.overview import OTHERS
from router.model.job import Resolution
from tests.ledger_kit import usd
from tests.spending_rows import a_row

NAMED = (("order", "A-1"),)


def test_what_is_left_is_all_others() -> None:
    """Row by row, every count and every amount; of which nothing is left, there is no row."""
    whole = [
        a_row(posted=usd("0.95"), attempts=7, delivered=5, held=usd("0.04"), drifted=2),
        a_row(day="2026-11-21", posted=usd("0.31"), attempts=1),
        a_row(provider="runpod", posted=usd("0.57"), refunded=usd("0.02")),
    ]
    named = [
        a_row(tags=NAMED, posted=usd("0.50"), attempts=3, delivered=2, drifted=1),
        a_row(tags=(("order", "A-2"),), posted=usd("0.25"), attempts=1, delivered=1),
        a_row(tags=NAMED, day="2026-11-21", posted=usd("0.31"), attempts=1),
    ]

    left = list(without(whole, named, "order"))

    others = (("order", OTHERS),)
    assert left == [
        a_row(
            tags=others, posted=usd("0.20"), attempts=3, delivered=2, held=usd("0.04"), drifted=1
        ),
        a_row(tags=others, provider="runpod", posted=usd("0.57"), refunded=usd("0.02")),
    ]


def test_what_was_charged_between_two_readings_is_made_up_for() -> None:
    """Named and not in the whole: it is less than nothing, so that both add up to the whole."""
    named = a_row(tags=NAMED, resolution=Resolution.FOUR_K, posted=usd("0.09"), delivered=1)

    (left,) = without([], [named], "order")

    assert (left.resolution, left.posted, left.delivered) == (Resolution.FOUR_K, usd("-0.09"), -1)
