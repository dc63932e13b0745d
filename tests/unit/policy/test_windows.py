from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.clock import hour_of
from router.policy.windows import (
    MONTHS_LONG,
    Calendar,
    Period,
    Rolling,
    Window,
    bounds,
    read_month_start,
    read_period,
    read_week_start,
    read_year_start,
    read_zone,
)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)

# Zones whose clocks skip or repeat midnight, half an hour, or a whole day.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Africa/Cairo",
    "America/Havana",
    "America/Santiago",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
]


def instant(text: str) -> datetime:
    """Read an instant."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("at", "start", "end"),
    [
        ("2026-11-20T23:59:59.999999+00:00", "2026-11-20T00:00Z", "2026-11-21T00:00Z"),
        ("2026-11-21T00:00:00+00:00", "2026-11-21T00:00Z", "2026-11-22T00:00Z"),
    ],
)
def test_a_day_is_half_open(at: str, start: str, end: str) -> None:
    """Midnight belongs to the day that begins."""
    assert bounds(Window.DAY, Calendar(), instant(at)) == (instant(start), instant(end))


@pytest.mark.parametrize(
    ("at", "start", "hours"),
    [
        ("2026-03-29T12:00Z", "2026-03-28T23:00Z", 23),
        ("2026-10-25T12:00Z", "2026-10-24T22:00Z", 25),
        ("2026-11-20T23:30Z", "2026-11-20T23:00Z", 24),
    ],
)
def test_a_day_on_which_clocks_change_has_another_length(at: str, start: str, hours: int) -> None:
    """In Berlin the day in March has 23 hours, the one in October 25."""
    begins = instant(start)

    window = bounds(Window.DAY, Calendar(zone=read_zone("Europe/Berlin")), instant(at))

    assert window == (begins, begins + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("at", "start", "end"),
    [
        ("2026-12-31T22:59Z", "2026-11-30T23:00Z", "2026-12-31T23:00Z"),
        ("2026-12-31T23:00Z", "2026-12-31T23:00Z", "2027-01-31T23:00Z"),
        ("2028-02-29T12:00Z", "2028-01-31T23:00Z", "2028-02-29T23:00Z"),
        ("2026-03-31T21:59Z", "2026-02-28T23:00Z", "2026-03-31T22:00Z"),
    ],
)
def test_a_month_begins_at_midnight_of_its_zone(at: str, start: str, end: str) -> None:
    """New year, leap years and the change of clocks within a month are all in the calendar."""
    window = bounds(Window.MONTH, Calendar(zone=read_zone("Europe/Berlin")), instant(at))

    assert window == (instant(start), instant(end))


def test_a_lifetime_has_no_ends() -> None:
    """What is once spent of a lifetime budget stays spent."""
    assert bounds(Window.LIFETIME, Calendar(), instant("2026-11-20T09:00Z")) == (None, None)


INSTANTS = st.datetimes(
    min_value=datetime(2012, 1, 1),  # noqa: DTZ001  # Hypothesis wants it naive.
    max_value=datetime(2037, 12, 1),  # noqa: DTZ001  # As above.
    timezones=st.just(UTC),
)
CALENDARS = st.builds(
    Calendar,
    zone=st.sampled_from(ZONES).map(read_zone),
    week_start=st.integers(0, 6),
    month_start=st.integers(1, 31),
    year_start=st.integers(1, 12),
)
CALENDAR_WINDOWS = [per for per in Window if per is not Window.LIFETIME]


@given(at=INSTANTS, calendar=CALENDARS, per=st.sampled_from(CALENDAR_WINDOWS))
def test_windows_follow_each_other_without_gap(
    at: datetime, calendar: Calendar, per: Window
) -> None:
    """Every instant is in its window, and the end of one window is the start of the next."""
    start, end = bounds(per, calendar, at)

    assert start is not None
    assert end is not None
    assert start <= at < end
    assert bounds(per, calendar, end)[0] == end
    assert bounds(per, calendar, end - timedelta(microseconds=1)) == (start, end)
    assert bounds(per, calendar, start) == (start, end)


@given(at=INSTANTS, calendar=CALENDARS, per=st.sampled_from(CALENDAR_WINDOWS))
def test_windows_begin_with_a_local_day(at: datetime, calendar: Calendar, per: Window) -> None:
    """At midnight, or at the first instant of a day whose midnight clocks skip; on its own day."""
    start, _ = bounds(per, calendar, at)
    assert start is not None
    first = start.astimezone(calendar.zone)
    before = (start - timedelta(microseconds=1)).astimezone(calendar.zone)

    assert before.date() < first.date()
    if per is Window.WEEK:
        assert first.weekday() == calendar.week_start or before.date() < first.date() - DAY
    if per in MONTHS_LONG:
        last = monthrange(first.year, first.month)[1]
        assert first.day == min(calendar.month_start, last) or before.date() < first.date() - DAY
        assert (first.month - calendar.year_start) % MONTHS_LONG[per] == 0


@given(at=INSTANTS, days=st.integers(1, 366), calendar=CALENDARS)
def test_a_rolling_window_is_its_days_and_the_hour_under_way(
    at: datetime, days: int, calendar: Calendar
) -> None:
    """An hour counts until all of it is outside; no calendar changes that."""
    start, end = bounds(Rolling(days), calendar, at)

    assert start is not None
    assert end is not None
    assert end - start == timedelta(days=days, hours=1)
    assert start <= at - timedelta(days=days) < start + HOUR
    assert end - HOUR <= at < end
    assert hour_of(at) == end - HOUR
    following, _ = bounds(Rolling(days), calendar, end)
    assert following == start + HOUR


@pytest.mark.parametrize(
    ("per", "calendar", "at", "start", "end"),
    [
        ("week", {}, "2026-11-20T09:00Z", "2026-11-16T00:00Z", "2026-11-23T00:00Z"),
        (
            "week",
            {"week_start": "sunday"},
            "2026-11-20T09:00Z",
            "2026-11-15T00:00Z",
            "2026-11-22T00:00Z",
        ),
        (
            "week",
            {"week_start": "friday"},
            "2026-11-20T00:00Z",
            "2026-11-20T00:00Z",
            "2026-11-27T00:00Z",
        ),
        (
            "month",
            {"month_start": "15"},
            "2026-03-14T23:59Z",
            "2026-02-15T00:00Z",
            "2026-03-15T00:00Z",
        ),
        (
            "month",
            {"month_start": "31"},
            "2026-02-28T00:00Z",
            "2026-02-28T00:00Z",
            "2026-03-31T00:00Z",
        ),
        (
            "month",
            {"month_start": "31"},
            "2028-02-29T00:00Z",
            "2028-02-29T00:00Z",
            "2028-03-31T00:00Z",
        ),
        (
            "month",
            {"month_start": "30"},
            "2026-04-29T09:00Z",
            "2026-03-30T00:00Z",
            "2026-04-30T00:00Z",
        ),
        ("quarter", {}, "2026-11-20T09:00Z", "2026-10-01T00:00Z", "2027-01-01T00:00Z"),
        (
            "quarter",
            {"year_start": "february"},
            "2026-01-31T09:00Z",
            "2025-11-01T00:00Z",
            "2026-02-01T00:00Z",
        ),
        ("year", {}, "2026-11-20T09:00Z", "2026-01-01T00:00Z", "2027-01-01T00:00Z"),
        (
            "year",
            {"year_start": "april"},
            "2026-03-31T23:59Z",
            "2025-04-01T00:00Z",
            "2026-04-01T00:00Z",
        ),
        (
            "year",
            {"year_start": "april", "month_start": "6"},
            "2026-04-06T00:00Z",
            "2026-04-06T00:00Z",
            "2027-04-06T00:00Z",
        ),
        ("rolling 1 day", {}, "2026-11-20T09:59Z", "2026-11-19T09:00Z", "2026-11-20T10:00Z"),
        ("rolling 30 days", {}, "2026-11-20T10:00Z", "2026-10-21T10:00Z", "2026-11-20T11:00Z"),
    ],
)
def test_every_window_begins_where_its_file_says(
    per: str, calendar: dict[str, str], at: str, start: str, end: str
) -> None:
    """A month that lacks the day begins with its last; a year's quarters go with the year."""
    readers = {
        "week_start": read_week_start,
        "month_start": read_month_start,
        "year_start": read_year_start,
    }
    read: dict[str, Any] = {name: readers[name](text) for name, text in calendar.items()}

    window = bounds(read_period(per), Calendar(**read), instant(at))

    assert window == (instant(start), instant(end))


@pytest.mark.parametrize(
    ("per", "zone", "at", "start", "hours"),
    [
        ("week", "Europe/Berlin", "2026-03-25T12:00Z", "2026-03-22T23:00Z", 167),
        ("week", "Europe/Berlin", "2026-10-21T12:00Z", "2026-10-18T22:00Z", 169),
        ("month", "America/New_York", "2026-03-15T12:00Z", "2026-03-01T05:00Z", 31 * 24 - 1),
        ("month", "America/New_York", "2026-11-15T12:00Z", "2026-11-01T04:00Z", 30 * 24 + 1),
        ("day", "America/New_York", "2026-03-08T12:00Z", "2026-03-08T05:00Z", 23),
        ("day", "America/New_York", "2026-11-01T12:00Z", "2026-11-01T04:00Z", 25),
        ("quarter", "Europe/Berlin", "2026-03-15T12:00Z", "2025-12-31T23:00Z", 90 * 24 - 1),
        ("rolling 1 day", "Europe/Berlin", "2026-03-29T12:00Z", "2026-03-28T12:00Z", 25),
    ],
)
def test_a_window_with_a_change_of_clocks_has_all_its_hours(
    per: str, zone: str, at: str, start: str, hours: int
) -> None:
    """Spring takes one and autumn gives one, but to a rolling window, which counts hours."""
    begins = instant(start)

    window = bounds(read_period(per), Calendar(zone=read_zone(zone)), instant(at))

    assert window == (begins, begins + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("fortnight", "'fortnight' is no window: write day, week, month"),
        ("Day", "'Day' is no window"),
        ("rolling 0 days", "a window rolls over 1 to 366 days, not 0"),
        ("rolling 367 days", "a window rolls over 1 to 366 days, not 367"),
        ("rolling month", "'rolling month' is no window"),
        ("30 days", "'30 days' is no window"),
        (["day"], "write day, week, month, quarter, year, lifetime, or as rolling 30 days"),
    ],
)
def test_what_is_no_window_is_refused(said: object, told: str) -> None:
    """With all that may be said."""
    with pytest.raises(ValueError, match=told):
        read_period(said)


def test_a_rolling_window_is_written_as_it_is_read() -> None:
    """One day is one day."""
    assert [str(Rolling(days)) for days in (1, 30)] == ["rolling 1 day", "rolling 30 days"]


@pytest.mark.parametrize("per", [*Window, Rolling(1), Rolling(30)])
def test_a_window_is_read_as_it_is_written(per: Period) -> None:
    """And one that was read is taken as it is."""
    assert read_period(str(per)) == read_period(per) == per


@pytest.mark.parametrize(
    ("read", "value", "place", "wrong"),
    [
        (read_week_start, "sunday", 6, "Sunday"),
        (read_month_start, "31", 31, "32"),
        (read_year_start, "december", 12, "dec"),
    ],
)
def test_a_start_is_a_word_of_the_calendar(
    read: Callable[[object], int], value: str, place: int, wrong: str
) -> None:
    """As it is written, and no other; one that was read is taken as it is."""
    assert read(value) == read(place) == place
    with pytest.raises(ValueError, match="belongs here"):
        read(wrong)


@pytest.mark.parametrize(
    "name",
    ["", "Berlin", "../../etc/passwd", "America", "a\0b", "right/UTC", "europe/berlin", ["UTC"]],
)
def test_a_zone_that_does_not_exist_is_refused(name: object) -> None:
    """Whatever is wrong with it, the message is for people."""
    with pytest.raises(ValueError, match="there is no time zone"):
        read_zone(name)


@pytest.mark.parametrize("name", ["localtime", "Factory"])
def test_a_zone_that_is_each_machines_own_is_refused(name: str) -> None:
    """A budget's month must not begin elsewhere on the next machine; their files are there."""
    with pytest.raises(ValueError, match="there is no time zone"):
        read_zone(name)


def test_a_zone_that_was_read_is_taken_as_it_is() -> None:
    """A policy can be built again from its own values."""
    berlin = read_zone("Europe/Berlin")

    assert read_zone(berlin) is berlin
