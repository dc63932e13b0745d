"""
Hours as places in the week of a time zone, worked out once and then shared by all accounts.

To ask a zone for each hour of four weeks takes longer than all the sums of an account. What is
asked for here depends on nothing of an account but its age.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from math import lcm

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
HOUR_US = HOUR // timedelta.resolution
WEEKDAYS = 7
HOURS = 24
CELLS = WEEKDAYS * HOURS
"""The hours of a week, from Monday's first on."""
_WEEKS = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where an hour that is over lies."""

    cell: int
    """Below `CELLS`."""
    day: date
    weight: int
    """4 in the last week, 1 three weeks before it and earlier."""
    week: int
    """How many whole weeks lie between its end and now."""


@dataclass(frozen=True, slots=True)
class Day:
    """A whole day that is over."""

    day: date
    weekday: int | None
    """0 for Monday; None where clocks changed."""
    cells: tuple[int, ...]
    """Its hours."""
    noon: datetime
    """Its middle, in UTC."""


@dataclass(frozen=True, slots=True)
class Past:
    """The hours from an instant until now."""

    places: Mapping[datetime, Place]
    """These, and some before them."""
    weights: tuple[int, ...]
    """Of each cell, all of its hours together; 0 for one that clocks have skipped."""
    scale: int
    """What each of the weights divides, and their sum."""
    days: tuple[Day, ...]
    """But the first and the one under way, which are known in part."""


@dataclass(frozen=True, slots=True)
class Step:
    """A day to come, or an hour of the day under way, or a part of either."""

    start: datetime
    end: datetime
    weekday: int | None
    """Of a whole day of 24 hours; else None."""
    parts: tuple[tuple[int, int], ...]
    """Of anything else: the cells that it lies in, and for how many microseconds."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A time to come."""

    steps: tuple[Step, ...]
    days: tuple[int, ...]
    """How many of the steps are whole days, by weekday."""
    cells: tuple[tuple[int, int], ...]
    """All other parts, by cell, with their microseconds."""


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins, in UTC; where clocks skip midnight, at the change."""
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)


def cell_of(at: datetime, zone: tzinfo) -> int:
    """The hour of the week that an instant lies in."""
    local = at.astimezone(zone)
    return local.weekday() * HOURS + local.hour


def past(since: datetime, now: datetime, zone: tzinfo) -> Past:
    """
    Say where hours lie that are over.

    Args:
        since: A whole hour.
        now: Likewise, and not before it.
        zone: Whose week.
    """
    count = (now - since) // HOUR
    return _past(now, count, zone)


@lru_cache(maxsize=1024)
def _past(now: datetime, count: int, zone: tzinfo) -> Past:
    places = _places(now, -(-count // CELLS), zone)
    since = now - count * HOUR
    weights = [0] * CELLS
    days: dict[date, list[int]] = {}
    for hour, place in places.items():
        if hour >= since:
            weights[place.cell] += place.weight
            days.setdefault(place.day, []).append(place.cell)
    for part in (since, now):
        days.pop(part.astimezone(zone).date(), None)
    return Past(
        places=places,
        weights=tuple(weights),
        scale=lcm(*{weight for weight in weights if weight}, sum(weights) or 1),
        days=tuple(_day(day, cells, zone) for day, cells in days.items()),
    )


def _day(day: date, cells: list[int], zone: tzinfo) -> Day:
    is_whole = len(set(cells)) == len(cells) == HOURS
    noon = datetime.combine(day, time(12), tzinfo=zone).astimezone(UTC)
    return Day(day, day.weekday() if is_whole else None, tuple(cells), noon)


@lru_cache(maxsize=64)
def _places(now: datetime, weeks: int, zone: tzinfo) -> dict[datetime, Place]:
    found: dict[datetime, Place] = {}
    for back in range(weeks * CELLS, 0, -1):
        hour = now - back * HOUR
        local = hour.astimezone(zone)
        found[hour] = Place(
            cell=local.weekday() * HOURS + local.hour,
            day=local.date(),
            weight=max(1, _WEEKS - back // CELLS),
            week=(back - 1) // CELLS,
        )
    return found


@lru_cache(maxsize=64)
def ahead(since: datetime, until: datetime, zone: tzinfo) -> Ahead:
    """The hours up to the next midnight, then day by day, of which some have 23 or 25 hours."""
    steps = tuple(_steps(since, until, zone))
    days, cells = [0] * WEEKDAYS, dict.fromkeys(range(CELLS), 0)
    for step in steps:
        if step.weekday is not None:
            days[step.weekday] += 1
        for cell, length_us in step.parts:
            cells[cell] += length_us
    parts = tuple((cell, length_us) for cell, length_us in cells.items() if length_us)
    return Ahead(steps=steps, days=tuple(days), cells=parts)


def _steps(since: datetime, until: datetime, zone: tzinfo) -> Iterator[Step]:
    start = since
    while start < until:
        today = start.astimezone(zone).date()
        end = min(midnight(today + DAY, zone), until)
        if start == since:
            yield from hourly(start, end, zone)
        elif end - start == DAY:
            yield Step(start, end, today.weekday(), ())
        else:
            parts = [part for step in hourly(start, end, zone) for part in step.parts]
            yield Step(start, end, None, tuple(parts))
        start = end


def hourly(start: datetime, end: datetime, zone: tzinfo) -> Iterator[Step]:
    """A time by its hours of UTC, the first and the last of which may be parts."""
    while start < end:
        following = min(start.replace(minute=0, second=0, microsecond=0) + HOUR, end)
        part = (cell_of(start, zone), (following - start) // timedelta.resolution)
        yield Step(start, following, None, (part,))
        start = following
