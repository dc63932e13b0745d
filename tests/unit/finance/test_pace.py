"""Paces: what they expect, when an amount is reached, and what they make of changing clocks."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from router.finance.pace import SteadyPace, WeeklyPace, ratio
from router.finance.weeks import DAY, HOUR, WEEK, midnight

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)


def test_a_steady_pace_reaches_an_amount_to_the_microsecond() -> None:
    """Not a moment before; what is there already is reached now, and the end itself is too late."""
    pace = SteadyPace({NOON - HOUR: 7_000}, NOON - HOUR, NOON)

    assert pace.reached_at(0, NOON, NOON + DAY) == NOON
    assert pace.reached_at(3_500, NOON, NOON + DAY) == NOON + timedelta(minutes=30)
    at = pace.reached_at(1, NOON, NOON + DAY)
    assert at is not None
    assert pace.between(NOON, at) >= 1 > pace.between(NOON, at - timedelta(microseconds=1))
    assert pace.reached_at(7_000 * 24, NOON, NOON + DAY) is None


def test_credits_make_no_pace_backwards() -> None:
    """What was given back does not go on being given back."""
    steady = SteadyPace({NOON - HOUR: -5}, NOON - HOUR, NOON)
    hours = {NOON - HOUR * number: -9 for number in range(1, 24 * 15)}
    weekly = WeeklyPace(hours, NOON - 14 * DAY, NOON, UTC)

    assert steady.between(NOON, NOON + DAY) == 0
    assert steady.reached_at(1, NOON, NOON + DAY) is None
    assert weekly.between(NOON, NOON + WEEK) == 0
    assert weekly.reached_at(1, NOON, NOON + WEEK) is None


def test_an_hour_of_the_week_is_expected_again() -> None:
    """Mondays at one, and in proportion within that hour."""
    monday_at_one = NOON + HOUR
    hours = {monday_at_one - 2 * WEEK: 600, monday_at_one - WEEK: 600}
    pace = WeeklyPace(hours, NOON - 2 * WEEK, NOON, UTC)

    assert pace.between(NOON, monday_at_one + timedelta(minutes=10)) == 100
    assert pace.reached_at(300, NOON, NOON + WEEK) == monday_at_one + HOUR / 2
    assert pace.reached_at(900, NOON, NOON + 4 * WEEK) == monday_at_one + WEEK + HOUR / 2
    assert pace.reached_at(0, NOON, NOON + WEEK) == NOON


def test_days_that_differ_from_their_weekday_make_a_margin() -> None:
    """The day under way and the first one are known in part only and make none."""
    start = midnight(NOON.date() - 3 * WEEK, UTC)
    even = {start + HOUR * number: 100 for number in range(24 * 21 + 12)}
    uneven = {hour: charged * (1 + hour.day % 3) for hour, charged in even.items()}

    assert WeeklyPace(even, start, NOON, UTC).margins(NOON, NOON + WEEK) == (0, 0)
    less, more = WeeklyPace(uneven, start, NOON, UTC).margins(NOON, NOON + WEEK)
    assert less == more > 1_000


def test_a_trend_stretches_the_margin_on_its_own_side() -> None:
    """What is expected stays the same: growth is no promise."""
    start = midnight(NOON.date() - 4 * WEEK, UTC)
    hours = {start + HOUR * number: 1_000 + number for number in range(24 * 28 + 12)}
    growing = WeeklyPace(hours, start, NOON, UTC)
    falling = WeeklyPace({hour: 3_000 - one for hour, one in hours.items()}, start, NOON, UTC)
    ahead = NOON, NOON + WEEK

    less, more = growing.margins(*ahead)
    came = sum(1_000 + number for number in range(24 * 28 + 12, 24 * 35 + 12))
    assert 0 < less < more
    assert came - growing.between(*ahead) < more
    fewer, further = falling.margins(*ahead)
    assert further == less < fewer


def test_a_day_of_changing_clocks_is_as_long_as_it_is() -> None:
    """Twenty-five hours in October, twenty-three in March, at the same rate."""
    for change, length in (((2026, 10, 25), 25), ((2027, 3, 28), 23)):
        day = datetime(*change, tzinfo=UTC).date()
        start, end = midnight(day, BERLIN), midnight(day + DAY, BERLIN)
        since = start - 15 * DAY
        hours = {since + HOUR * number: 60 for number in range(24 * 14)}
        at = since + 14 * DAY
        pace = WeeklyPace(hours, since, at, BERLIN)

        assert (end - start) / HOUR == length
        assert pace.between(at, end) - pace.between(at, start) == 60 * length
        assert pace.reached_at(60 * 24 + 60 * 22, at, end + DAY) == start + 22 * HOUR


def test_an_hour_that_clocks_skipped_is_like_any_other() -> None:
    """Two weeks that saw no Sunday at two know nothing of it."""
    at = datetime(2027, 4, 4, 0, tzinfo=UTC)
    hours = {at - HOUR * number: 60 for number in range(1, 24 * 7 + 1)}
    pace = WeeklyPace(hours, at - WEEK, at, BERLIN)

    assert pace.between(at, at + DAY) == 60 * 24


def test_a_ratio_of_times_is_exact() -> None:
    """A third is a third."""
    assert ratio(HOUR, 3 * HOUR) == Fraction(1, 3)
