"""
Budget windows: half-open spans of UTC time that begin at midnight of the budget's own zone.

A rolling window knows no midnight: it is the last so many days up to now, counted in whole hours of
UTC, and an hour counts until all of it is outside.
"""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from router.model.clock import hour_of

_MONTHS = 12
DAYS_OF_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_MONTH_DAYS = tuple(str(day) for day in range(1, 32))
_ROLLING = re.compile(r"rolling ([0-9]{1,4}) days?")
_DAYS_MAX = 366
ROLLING_PATTERN = (
    "^rolling (0{0,3}[1-9]|0{0,2}[1-9][0-9]|0?([12][0-9]{2}|3[0-5][0-9]|36[0-6])) days?$"
)
"""For editors: what `read_period` reads beside the words."""
# What each machine says of itself, and what a machine says that nobody has set up.
_NO_PLACES = frozenset({"localtime", "Factory"})
ZONE_SCHEMA = {
    "type": "string",
    "pattern": "^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*){0,2}$",
    "not": {"const": "Factory"},
    "description": "A time zone's IANA name; without it, UTC.",
    "examples": ["UTC", "Europe/Berlin"],
}
"""For editors: how zones are named. Which there are, `read_zone` knows."""
_HOUR = timedelta(hours=1)


class Window(StrEnum):
    """How often a budget begins anew."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    LIFETIME = "lifetime"


@dataclass(frozen=True, slots=True)
class Rolling:
    """The last so many days, up to now: never begun anew, it sheds what is old by the hour."""

    days: int

    def __str__(self) -> str:
        return f"rolling {self.days} day{'' if self.days == 1 else 's'}"


Period = Window | Rolling
"""Every kind of window."""
_HOW = "write day, week, month, quarter, year, lifetime, or as rolling 30 days"
MONTHS_LONG: Mapping[Period, int] = {Window.MONTH: 1, Window.QUARTER: 3, Window.YEAR: 12}
"""Windows that begin on some day of a month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Where days begin, and which of them begin a window."""

    zone: tzinfo = UTC
    week_start: int = 0
    """0 is Monday, 6 is Sunday."""
    month_start: int = 1
    """A day of the month; of a month that is shorter, its last."""
    year_start: int = 1
    """The month that a year, and its first quarter, begin with; 1 is January."""


def read_period(value: object) -> Period:
    """
    Read `month`, or `rolling 30 days`.

    Raises:
        ValueError: No window, or a rolling one of no day or of more than a leap year's.
    """
    if isinstance(value, Window | Rolling):
        return value
    if isinstance(value, str) and value in set(Window):
        return Window(value)
    match = _ROLLING.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        message = f"'{value}' is no window: {_HOW}" if isinstance(value, str) else _HOW
        raise ValueError(message)
    days = int(match[1])
    if not 1 <= days <= _DAYS_MAX:
        message = f"a window rolls over 1 to {_DAYS_MAX} days, not {days}"
        raise ValueError(message)
    return Rolling(days)


def read_zone(name: object) -> tzinfo:
    """
    Find a time zone by its IANA name.

    Raises:
        ValueError: This machine knows none of that name, or the name means another zone on each
            machine: `localtime`, `Factory`.
    """
    if isinstance(name, tzinfo):
        return name
    if name == "UTC":
        # Needs no zone files: slim containers have none.
        return UTC
    if str(name) not in _zone_names():
        message = f"there is no time zone '{name}'; write one such as UTC or Europe/Berlin"
        raise ValueError(message)
    return ZoneInfo(str(name))


@cache
def _zone_names() -> frozenset[str]:
    """Every name that means the same everywhere. Kept: finding them opens each zone's file."""
    return frozenset(available_timezones() - _NO_PLACES)


def read_week_start(name: object) -> int:
    """
    Read `sunday` as 6.

    Raises:
        ValueError: No day of the week.
    """
    return name if isinstance(name, int) else _place(name, DAYS_OF_WEEK, "a day such as monday")


def read_month_start(day: object) -> int:
    """
    Read a day of the month.

    Raises:
        ValueError: Not from 1 to 31.
    """
    if isinstance(day, int):
        return day
    return 1 + _place(day, _MONTH_DAYS, "a day of the month, from 1 to 31,")


def read_year_start(name: object) -> int:
    """
    Read `april` as 4.

    Raises:
        ValueError: No month.
    """
    if isinstance(name, int):
        return name
    return 1 + _place(name, MONTH_NAMES, "a month such as april")


def _place(name: object, names: tuple[str, ...], wanted: str) -> int:
    if name not in names:
        message = f"{wanted} belongs here"
        raise ValueError(message)
    return names.index(name)


def bounds(
    per: Period, calendar: Calendar, at: datetime
) -> tuple[datetime | None, datetime | None]:
    """
    Find the window that an instant falls into.

    A day on which clocks change has 23 or 25 hours. A rolling window begins with the oldest hour
    that is not wholly outside, and ends with the hour that is, when the oldest leaves it.

    Args:
        per: The kind of window.
        calendar: Whose midnight counts, and on which days windows begin.
        at: Aware.

    Returns:
        Start (inclusive) and end (exclusive) in UTC; both None for a lifetime.
    """
    if per is Window.LIFETIME:
        return None, None
    if isinstance(per, Rolling):
        hour = hour_of(at)
        return hour - timedelta(days=per.days), hour + _HOUR
    today = at.astimezone(calendar.zone).date()
    first, following = _days(per, calendar, today)
    return _midnight(first, calendar.zone), _midnight(following, calendar.zone)


def _days(per: Window, calendar: Calendar, today: date) -> tuple[date, date]:
    """The first day of a day's window, and of the window after it."""
    if per is Window.DAY:
        return today, today + timedelta(days=1)
    if per is Window.WEEK:
        first = today - timedelta(days=(today.weekday() - calendar.week_start) % 7)
        return first, first + timedelta(days=7)
    length = MONTHS_LONG[per]
    # Months are counted through, so that no step over a year's end is a special case.
    month = today.year * _MONTHS + today.month - 1
    if today < _starting_day(month, calendar):
        month -= 1
    month -= (month - (calendar.year_start - 1)) % length
    return _starting_day(month, calendar), _starting_day(month + length, calendar)


def _starting_day(month: int, calendar: Calendar) -> date:
    year, months = divmod(month, _MONTHS)
    _, days = monthrange(year, months + 1)
    return date(year, months + 1, min(calendar.month_start, days))


def _midnight(day: date, zone: tzinfo) -> datetime:
    """
    Find the instant at which a day begins.

    Where clocks skip midnight, `fold=0` reads it with the offset before the change, which is the
    change itself: the first instant of the day.
    """
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)
