from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.policy.windows import Window, bounds, read_zone

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
    assert bounds(Window.DAY, UTC, instant(at)) == (instant(start), instant(end))


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

    window = bounds(Window.DAY, read_zone("Europe/Berlin"), instant(at))

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
    window = bounds(Window.MONTH, read_zone("Europe/Berlin"), instant(at))

    assert window == (instant(start), instant(end))


def test_a_lifetime_has_no_ends() -> None:
    """What is once spent of a lifetime budget stays spent."""
    assert bounds(Window.LIFETIME, UTC, instant("2026-11-20T09:00Z")) == (None, None)


@given(
    at=st.datetimes(
        min_value=datetime(2012, 1, 1),  # noqa: DTZ001  # Hypothesis wants it naive.
        max_value=datetime(2037, 12, 1),  # noqa: DTZ001  # As above.
        timezones=st.just(UTC),
    ),
    zone=st.sampled_from(ZONES),
    per=st.sampled_from([Window.DAY, Window.MONTH]),
)
def test_windows_follow_each_other_without_gap(at: datetime, zone: str, per: Window) -> None:
    """Every instant is in its window, and the end of one window is the start of the next."""
    start, end = bounds(per, read_zone(zone), at)

    assert start is not None
    assert end is not None
    assert start <= at < end
    assert bounds(per, read_zone(zone), end)[0] == end
    assert bounds(per, read_zone(zone), end - timedelta(microseconds=1)) == (start, end)


@pytest.mark.parametrize("name", ["", "Berlin", "../../etc/passwd", "America", "a\0b"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    """Whatever is wrong with it, the message is for people."""
    with pytest.raises(ValueError, match="there is no time zone"):
        read_zone(name)


def test_a_zone_that_was_read_is_taken_as_it_is() -> None:
    """A policy can be built again from its own values."""
    berlin = read_zone("Europe/Berlin")

    assert read_zone(berlin) is berlin
