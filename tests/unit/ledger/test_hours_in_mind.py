"""Hours in mind: read once, but for the last."""

from router.ledger.hours_in_mind import KEPT, READ_AGAIN, HoursInMind
from router.ledger.limit_rows import HOUR, BudgetHourRow
from tests.fakes import EPOCH
from tests.ledger_kit import usd


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
    old = BudgetHourRow(budget="b", scope="s", hour=EPOCH - KEPT, charged=usd("0.02"))
    other = BudgetHourRow(budget="c", scope="s", hour=EPOCH - KEPT, charged=usd("0.03"))
    now = BudgetHourRow(budget="b", scope="s", hour=EPOCH, charged=usd("0.05"))
    for row in (old, other, now):
        mind.take(row)
    mind.taken(EPOCH)
    mind.take(now.plus(usd("0.01")))

    assert dict(mind.taken(EPOCH)["b", "s"]) == {
        old.hour: old,
        EPOCH: now.plus(usd("0.01")),
    }
    known = mind.taken(EPOCH + HOUR)
    assert known == {("b", "s"): {EPOCH: now.plus(usd("0.01"))}}
