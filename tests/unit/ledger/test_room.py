import pytest

from router.ledger.limit_rows import RaiseRow, RollingRow
from router.ledger.page import Page
from router.ledger.room import in_force, usage_of
from router.ledger.rows import BalanceRow
from router.model.budget import Usage
from tests.fakes import EPOCH
from tests.ledger_kit import DAY, a_limit, a_rolling_limit, usd


def test_a_window_that_nobody_has_used_is_empty() -> None:
    """Its balance is not there yet."""
    assert usage_of(Page(), a_limit()) == Usage()


def test_a_rolling_limit_is_measured_by_its_sum() -> None:
    """Not by the balance of the hour under way."""
    page, limit = Page(), a_rolling_limit()
    assert limit.window_start is not None
    assert limit.bucket_start is not None
    assert limit.window_end is not None
    page.load(
        [
            RollingRow(budget="team", scope="everyone", since=limit.window_start, held=usd("0.90")),
            BalanceRow(
                budget="team",
                scope="everyone",
                window_start=limit.bucket_start,
                window_end=limit.window_end,
                held=usd("0.20"),
            ),
        ]
    )

    assert usage_of(page, limit).held == usd("0.90")


def test_without_the_sum_nothing_is_guessed() -> None:
    """The command fails, and holds nothing."""
    with pytest.raises(AssertionError):
        usage_of(Page(), a_rolling_limit())


def test_what_people_have_raised_is_in_force() -> None:
    """As it stands on the page."""
    page = Page()
    row = RaiseRow(
        id="r1",
        budget="team",
        amount=usd("3.00"),
        created_at=EPOCH,
        until=EPOCH + DAY,
        who="ada",
        reason="the sale",
    )
    page.apply([row])

    assert in_force(page, a_limit("team", "1.00"), EPOCH).limit == usd("4.00")
    assert page.changed == (row,)
