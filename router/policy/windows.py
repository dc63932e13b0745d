"""Budget windows: half-open spans of UTC time that begin at midnight of the budget's own zone."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class Window(StrEnum):
    """How often a budget begins anew."""

    DAY = "day"
    MONTH = "month"
    LIFETIME = "lifetime"


def read_zone(name: object) -> tzinfo:
    """
    Find a time zone by its IANA name.

    Raises:
        ValueError: This machine knows none of that name.
    """
    if isinstance(name, tzinfo):
        return name
    if name == "UTC":
        # Needs no zone files: slim containers have none.
        return UTC
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"there is no time zone '{name}'; write one such as UTC or Europe/Berlin"
        raise ValueError(message) from error


def bounds(per: Window, zone: tzinfo, at: datetime) -> tuple[datetime | None, datetime | None]:
    """
    Find the window that an instant falls into.

    A day on which clocks change has 23 or 25 hours.

    Args:
        per: The kind of window.
        zone: Whose midnight counts.
        at: Aware.

    Returns:
        Start (inclusive) and end (exclusive) in UTC; both None for a lifetime.
    """
    today = at.astimezone(zone).date()
    match per:
        case Window.LIFETIME:
            return None, None
        case Window.DAY:
            return _midnight(today, zone), _midnight(today + timedelta(days=1), zone)
        case Window.MONTH:
            first = today.replace(day=1)
            # The 28th and four days is always in the next month.
            following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
            return _midnight(first, zone), _midnight(following, zone)
        case _:  # pragma: no cover
            assert_never(per)


def _midnight(day: date, zone: tzinfo) -> datetime:
    """
    Find the instant at which a day begins.

    Where clocks skip midnight, `fold=0` reads it with the offset before the change, which is the
    change itself: the first instant of the day.
    """
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)
