"""Periods as finance speaks of them: days and months of a time zone. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from router.model.errors import Malformed

PRESETS = {
    "this-month": "This month",
    "last-month": "Last month",
    "7d": "7 days",
    "30d": "30 days",
    "90d": "90 days",
    "this-year": "This year",
}
"""What can be asked for by name, and what people read."""
CUSTOM = "custom"
DAYS_MAX = 1_100
"""Three years and a quarter: no longer period is shown day by day."""
_BACK = {"7d": 7, "30d": 30, "90d": 90}
_YEARS = (2000, 2199)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days of a time zone."""

    name: str
    """One of `PRESETS`, or `CUSTOM`."""
    first: date
    last: date
    """Inclusive: not before the first."""
    zone: ZoneInfo

    @property
    def since(self) -> datetime:
        """Its beginning, in UTC; inclusive."""
        return midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """Its end, in UTC; exclusive."""
        return midnight(self.last + timedelta(days=1), self.zone)

    @property
    def days(self) -> Iterator[date]:
        """Each of its days."""
        return (
            self.first + timedelta(days=one) for one in range((self.last - self.first).days + 1)
        )


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins in a time zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def month_of(at: datetime, zone: ZoneInfo) -> Period:
    """The month that an instant lies in."""
    first = at.astimezone(zone).date().replace(day=1)
    return Period(name="this-month", first=first, last=_last_of_month(first), zone=zone)


def month_before(month: Period) -> Period:
    """The month before a month."""
    last = month.first - timedelta(days=1)
    return Period(name="last-month", first=last.replace(day=1), last=last, zone=month.zone)


def same_moment(at: datetime, month: Period) -> datetime:
    """
    The instant of a month that is as far into it, by the calendar, as `at` is into its own.

    It is exact: what is compared with all that came until now lacks nothing of it. Of a month that
    has no such day, its end.
    """
    local = at.astimezone(month.zone)
    if local.day > month.last.day:
        return month.until
    day = month.first.replace(day=local.day)
    return datetime.combine(day, local.time(), month.zone).astimezone(UTC)


def read_period(
    name: str, at: datetime, zone: ZoneInfo, *, first: str = "", last: str = ""
) -> Period:
    """
    Read what period is asked for.

    Args:
        name: A preset, or `CUSTOM`.
        at: Now.
        zone: Whose days.
        first: Of a custom period, its first day, as `2026-11-01`; empty of a preset.
        last: And its last, inclusive.

    Raises:
        Malformed: It is none, or too long a one, or two at once.
    """
    today = at.astimezone(zone).date()
    if name == CUSTOM:
        return _custom(first, last, zone)
    if first or last:
        raise Malformed(f"`first` and `last` are of `?period={CUSTOM}` alone: ask for one of both.")
    month = month_of(at, zone)
    match name:
        case "this-month":
            return month
        case "last-month":
            return month_before(month)
        case "this-year":
            begins, ends = today.replace(month=1, day=1), today.replace(month=12, day=31)
            return Period(name=name, first=begins, last=ends, zone=zone)
        case "7d" | "30d" | "90d":
            begins = today - timedelta(days=_BACK[name] - 1)
            return Period(name=name, first=begins, last=today, zone=zone)
        case _:
            raise Malformed(f"`?period=` is one of {', '.join(PRESETS)}, {CUSTOM}.")


def read_zone(name: str) -> ZoneInfo:
    """
    Read a time zone by its IANA name.

    Raises:
        Malformed: There is none by that name.
    """
    if name not in available_timezones():
        raise Malformed("`?time_zone=` is an IANA name such as Europe/Berlin.")
    return ZoneInfo(name)


def _custom(first: str, last: str, zone: ZoneInfo) -> Period:
    try:
        begins, ends = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise Malformed("A custom period has a `first` and a `last` day as 2026-11-01.") from None
    if ends < begins:
        raise Malformed("The last day is before the first.")
    if not (_YEARS[0] <= begins.year and ends.year <= _YEARS[1]):
        raise Malformed(f"Years lie between {_YEARS[0]} and {_YEARS[1]}.")
    if (ends - begins).days >= DAYS_MAX:
        raise Malformed(f"No more than {DAYS_MAX} days are shown at once.")
    return Period(name=CUSTOM, first=begins, last=ends, zone=zone)


def _last_of_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
