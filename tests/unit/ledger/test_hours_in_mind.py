"""Hours in mind: read once, but for the last."""

from router.ledger.hours_in_mind import KEPT, READ_AGAIN, HoursInMind
from router.ledger.limit_rows import HOUR
from tests.fakes import EPOCH


def test_past_hours_are_read_once() -> None:
    """After the first reading only the last are asked for, until the clock is set back."""
    mind = HoursInMind()
    assert mind.wanted(EPOCH) == EPOCH - KEPT
    mind.taken(EPOCH + HOUR / 2)

    assert mind.wanted(EPOCH + HOUR) == EPOCH - READ_AGAIN
    assert mind.wanted(EPOCH + 2 * KEPT) == EPOCH + KEPT
    assert mind.wanted(EPOCH - HOUR) == EPOCH - HOUR - KEPT


def test_an_hour_that_is_read_again_takes_its_own_place() -> None:
    """And those that are too old are forgotten, with accounts that have none left."""
    mind = HoursInMind()
    mind.take(("b", "s"), EPOCH - KEPT, 20)
    mind.take(("c", "s"), EPOCH - KEPT, 30)
    mind.take(("b", "s"), EPOCH, 50)
    mind.taken(EPOCH)
    mind.take(("b", "s"), EPOCH, 60)

    assert dict(mind.taken(EPOCH)["b", "s"]) == {
        EPOCH - KEPT: 20,
        EPOCH: 60,
    }
    known = mind.taken(EPOCH + HOUR)
    assert known == {("b", "s"): {EPOCH: 60}}
