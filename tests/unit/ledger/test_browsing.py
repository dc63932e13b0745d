"""What browsing asks of a store. What it finds is in `tests/contract/test_browsing.py`."""

from datetime import UTC, datetime

from router.ledger.browsing import first_id


def test_before_all_time_is_the_first_id() -> None:
    """No id is below it."""
    assert first_id(datetime(1969, 1, 1, tzinfo=UTC)) == "00000000-0000-"
