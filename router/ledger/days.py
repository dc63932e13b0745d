"""
Days, weeks and months of any time zone, as pieces that sums are kept of. Pure.

Sums are kept by quarter of an hour, hour and day of UTC. A day of another zone begins some hours
before or after one of UTC, so it is that one, and those hours added or taken away. What does not
begin with a quarter of an hour is read from the journal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

from router.ledger.flow_rows import MINUTES, Span, bucket
from router.model.clock import rfc3339

Cut = Literal["day", "week", "month"]
"""What a time is cut into: days, ISO weeks from Monday on, or months."""
PieceKind = Span | Literal["entry", "open"]

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_NOON = timedelta(hours=12)
_HOUR, _QUARTER = timedelta(hours=1), timedelta(minutes=MINUTES)
_Step = tuple[Span, timedelta]
_PLAIN: tuple[_Step, ...] = (("day", _DAY), ("hour", _HOUR), ("quarter", _QUARTER))
_TAGGED: tuple[_Step, ...] = (("tagged_day", _DAY), ("tagged_quarter", _QUARTER))


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some of what makes up a part of a time."""

    label: str
    """The first day of the part, as `2026-11-21`; empty where the time is not cut."""
    kind: PieceKind
    """Sums of that span; or `entry`: the journal itself; or `open`: attempts by their hold."""
    sign: int
    """1, or -1 where it is taken away."""
    since: datetime
    until: datetime
    """Exclusive."""

    @property
    def columns(self) -> tuple[str, str, int, str, str]:
        """As the query `spending` takes it."""
        return (self.label, self.kind, self.sign, rfc3339(self.since), rfc3339(self.until))


def everything() -> Piece:
    """All there ever was, in one sum."""
    since = bucket("ever", datetime.max.replace(tzinfo=UTC))
    return Piece(label="", kind="ever", sign=1, since=since, until=since + _DAY)


def pieces(
    since: datetime, until: datetime, zone: tzinfo, cut: Cut | None, *, tags: bool = False
) -> Iterator[Piece]:
    """
    Cut `[since, until)` into parts, and each part into pieces.

    Args:
        since: Inclusive.
        until: Exclusive.
        zone: Whose days.
        cut: None makes one part.
        tags: Of sums that are told apart by tags, or that know nothing of them.
    """
    steps = _TAGGED if tags else _PLAIN
    for label, start, end in _parts(since, until, zone, cut):
        yield Piece(label=label, kind="open", sign=1, since=start, until=end)
        yield from _sums(label, start, end, steps)


def _parts(
    since: datetime, until: datetime, zone: tzinfo, cut: Cut | None
) -> Iterator[tuple[str, datetime, datetime]]:
    if since >= until:
        return
    if cut is None:
        yield "", since, until
        return
    first = _first(since.astimezone(zone).date(), cut)
    while (start := _midnight(first, zone)) < until:
        following = _following(first, cut)
        begin, end = max(start, since), min(_midnight(following, zone), until)
        # A zone that crossed the date line has left a day out.
        if begin < end:
            yield first.isoformat(), begin, end
        first = following


def _first(day: date, cut: Cut) -> date:
    match cut:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case _:
            return day.replace(day=1)


def _following(first: date, cut: Cut) -> date:
    match cut:
        case "day":
            return first + _DAY
        case "week":
            return first + _WEEK
        case _:
            return (first + timedelta(days=31)).replace(day=1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    """Where a clock is put forward at midnight, the day begins with what it is put to."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _sums(label: str, start: datetime, end: datetime, steps: tuple[_Step, ...]) -> Iterator[Piece]:
    (span, _), *finer = steps
    first, last = bucket(span, start + _NOON), bucket(span, end + _NOON)
    if first >= last:
        yield from _finer(label, start, end, 1, tuple(finer))
        return
    yield from _mended(label, start, first, tuple(finer))
    yield Piece(label=label, kind=span, sign=1, since=first, until=last)
    yield from _mended(label, last, end, tuple(finer))


def _mended(
    label: str, since: datetime, until: datetime, steps: tuple[_Step, ...]
) -> Iterator[Piece]:
    """What is missing from one instant to another; to be taken away where that is earlier."""
    if since < until:
        yield from _finer(label, since, until, 1, steps)
    elif until < since:
        yield from _finer(label, until, since, -1, steps)


def _finer(
    label: str, since: datetime, until: datetime, sign: int, steps: tuple[_Step, ...]
) -> Iterator[Piece]:
    """What is shorter than a day: of as few sums as can be, and its ends of finer ones."""
    if since >= until:
        return
    if not steps:
        yield Piece(label=label, kind="entry", sign=sign, since=since, until=until)
        return
    (span, step), *finer = steps
    first, last = bucket(span, since + step - datetime.resolution), bucket(span, until)
    if first >= last:
        yield from _finer(label, since, until, sign, tuple(finer))
        return
    yield from _finer(label, since, first, sign, tuple(finer))
    yield Piece(label=label, kind=span, sign=sign, since=first, until=last)
    yield from _finer(label, last, until, sign, tuple(finer))
