"""Periods of a time zone's days."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from router.finance.periods import (
    CUSTOM,
    month_before,
    month_of,
    read_period,
    read_zone,
    same_moment,
)
from router.model.clock import from_rfc3339
from router.model.errors import Malformed

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
AT = from_rfc3339("2026-11-20T09:07:31Z")


def test_a_month_has_the_days_of_its_zone() -> None:
    """It begins at midnight there; one in which clocks change is an hour longer or shorter."""
    late = from_rfc3339("2026-10-31T23:30:00Z")
    here, there = month_of(late, UTC_ZONE), month_of(late, BERLIN)
    october = month_before(there)

    assert (here.first, here.last) == (date(2026, 10, 1), date(2026, 10, 31))
    assert (there.first, there.last) == (date(2026, 11, 1), date(2026, 11, 30))
    assert there.since == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert (october.until - october.since).total_seconds() == (31 * 24 + 1) * 3600
    assert len(list(october.days)) == 31


def test_the_same_moment_of_another_month_is_by_the_calendar() -> None:
    """To the instant; a month without such a day has ended by then."""
    before = month_before(month_of(AT, BERLIN))
    february = month_before(month_of(from_rfc3339("2026-03-30T12:00:00Z"), UTC_ZONE))

    assert same_moment(AT, before) == from_rfc3339("2026-10-20T08:07:31Z")
    assert same_moment(from_rfc3339("2026-03-30T12:00:00Z"), february) == february.until


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("this-month", "2026-11-01", "2026-11-30"),
        ("last-month", "2026-10-01", "2026-10-31"),
        ("7d", "2026-11-14", "2026-11-20"),
        ("30d", "2026-10-22", "2026-11-20"),
        ("90d", "2026-08-23", "2026-11-20"),
        ("this-year", "2026-01-01", "2026-12-31"),
    ],
)
def test_a_preset_is_whole_days(name: str, first: str, last: str) -> None:
    """The last of them is today, or the end of what is named."""
    period = read_period(name, AT, UTC_ZONE)

    assert (str(period.first), str(period.last), period.name) == (first, last, name)


@pytest.mark.parametrize(("first", "last"), [("2026-11-01", "2026-11-02"), ("", "2026-11-02")])
def test_a_preset_has_no_days_of_its_own(first: str, last: str) -> None:
    """Nobody could say which of the two was meant."""
    with pytest.raises(Malformed, match="ask for one of both"):
        read_period("90d", AT, UTC_ZONE, first=first, last=last)


def test_a_custom_period_has_both_its_days() -> None:
    """The last one is part of it."""
    period = read_period(CUSTOM, AT, BERLIN, first="2026-03-28", last="2026-03-29")

    assert period.since == from_rfc3339("2026-03-27T23:00:00Z")
    assert period.until == from_rfc3339("2026-03-29T22:00:00Z")


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-11-02", "2026-11-01"),
        ("yesterday", "2026-11-01"),
        ("2026-11-01", ""),
        ("1999-12-31", "2000-01-01"),
        ("2020-01-01", "2026-01-01"),
    ],
)
def test_what_is_no_period_is_told(first: str, last: str) -> None:
    """Backwards, no days, before all money, or too long to be shown by day."""
    with pytest.raises(Malformed):
        read_period(CUSTOM, AT, UTC_ZONE, first=first, last=last)


def test_only_known_names_are_read() -> None:
    """Of periods as of time zones."""
    with pytest.raises(Malformed, match="this-month"):
        read_period("fortnight", AT, UTC_ZONE)
    with pytest.raises(Malformed, match="Europe/Berlin"):
        read_zone("../etc/passwd")
    assert read_zone("Asia/Kolkata").key == "Asia/Kolkata"
