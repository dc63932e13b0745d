from datetime import UTC, datetime, timedelta, timezone

import pytest

from router.ledger.period_rows import month_bounds, month_of


@pytest.mark.parametrize(
    ("month", "end"), [("2026-11", "2026-12"), ("2026-12", "2027-01"), ("2028-02", "2028-03")]
)
def test_a_month_ends_where_the_next_begins(month: str, end: str) -> None:
    """In UTC, the last instant still its own."""
    start, following = month_bounds(month)

    assert (month_of(start), month_of(following)) == (month, end)
    assert month_of(following - timedelta(microseconds=1)) == month
    assert month_bounds(end)[0] == following


def test_an_instant_lies_in_the_month_of_utc() -> None:
    """Wherever it is told from."""
    there = timezone(timedelta(hours=-3))

    assert month_of(datetime(2026, 11, 30, 21, tzinfo=there)) == "2026-12"
    assert month_of(datetime(2026, 11, 30, 20, 59, tzinfo=there)) == "2026-11"
    assert month_of(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01"


@pytest.mark.parametrize("text", ["2026-13", "november", "2026-1", "2026-11-01", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    """A month has two digits, and so has each name only one month."""
    with pytest.raises(ValueError, match=r"."):
        month_bounds(text)
