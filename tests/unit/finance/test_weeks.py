"""Hours as places in the week."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from router.finance.weeks import CELLS, DAY, HOUR, HOUR_US, WEEK, ahead, cell_of, midnight, past

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


def test_hours_that_are_over_have_places() -> None:
    """The last week weighs the most, and each hour of the week as often as it was there."""
    found = past(MONDAY - 2 * WEEK, MONDAY, UTC)

    assert found.places[MONDAY - HOUR].weight == 4
    assert found.places[MONDAY - HOUR].week == 0
    assert found.places[MONDAY - 8 * DAY].weight == 3
    assert found.places[MONDAY - 8 * DAY].cell == cell_of(MONDAY - DAY, UTC) == 144
    assert MONDAY not in found.places
    assert found.weights == (5, *[7] * (CELLS - 1))
    assert [found.scale % one for one in (5, 7, sum(found.weights))] == [0, 0, 0]


def test_only_whole_days_are_days() -> None:
    """Neither the first nor the one under way; one on which clocks change has no weekday."""
    since = midnight(date(2026, 10, 23), BERLIN) + HOUR
    found = past(since, since + 4 * DAY, BERLIN)

    assert [(one.day.day, one.weekday, len(one.cells)) for one in found.days] == [
        (24, 5, 24),
        (25, None, 25),
        (26, 0, 24),
    ]


def test_a_time_to_come_is_its_days_and_its_parts() -> None:
    """Of a zone whose midnight is no whole hour of UTC, too."""
    since = MONDAY + timedelta(hours=17, minutes=45)
    found = ahead(since, midnight(date(2026, 11, 24), KOLKATA) + 90 * timedelta(minutes=1), KOLKATA)

    assert found.days == (1, 1, 1, 1, 1, 1, 1)
    assert sum(length_us for _, length_us in found.cells) == HOUR_US * 9 // 4
    assert found.steps[0].end == datetime(2026, 11, 16, 18, tzinfo=UTC)
    assert found.steps[-1].start == midnight(date(2026, 11, 24), KOLKATA)
    assert ahead(MONDAY, MONDAY, UTC).steps == ()
