"""
What is used of budgets while jobs are replayed: the ledger's arithmetic on plain integers.

A hold counts from the moment it is placed, in the window of that moment; when its job has ended the
charge stands in its place. A window that rolls is the sum of its hours.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from router.ledger.rows import Window
from router.model.budget import Limit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Line(NamedTuple):
    """A limit that binds a job at one provider, as integers. Instants are microseconds."""

    budget: str
    scope: str
    start: int
    """Of the window, or of a rolling window's hour, that a hold counts in."""
    end: int
    nanos: int
    """How much is allowed, raises included."""
    since: int | None
    """Where a rolling window begins; None for any other."""


Lines = tuple[Line, ...]


def microseconds(at: datetime) -> int:
    """An instant as microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def line_of(limit: Limit) -> Line:
    """A limit as integers."""
    window = Window.of(limit)
    since = limit.window_start if limit.bucket_start is not None else None
    return Line(
        limit.budget,
        limit.scope,
        microseconds(window.start),
        microseconds(window.end),
        limit.limit.nanos,
        microseconds(since) if since is not None else None,
    )


class _Rolling:
    """The hours of one account, and their sum from the oldest that still counts."""

    def __init__(self) -> None:
        self._hours: dict[int, int] = {}
        self._since = 0
        self._sum = 0

    def used(self, since: int) -> int:
        if since > self._since:
            self._since = since
            for start in [one for one in self._hours if one < since]:
                self._sum -= self._hours.pop(start)
        return self._sum

    def add(self, start: int, nanos: int) -> None:
        # What is charged late, into an hour that is outside, counts no longer.
        if start >= self._since:
            self._hours[start] = self._hours.get(start, 0) + nanos
            self._sum += nanos


class Rooms:
    """What is used of each window."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str, int, int], int] = {}
        self._rolling: dict[tuple[str, str], _Rolling] = {}

    def used(self, line: Line) -> int:
        """What counts against a limit, in nano-dollars."""
        if line.since is None:
            return self._used.get(line[:4], 0)
        rolling = self._rolling.get(line[:2])
        return rolling.used(line.since) if rolling is not None else 0

    def fits(self, lines: Lines, nanos: int) -> bool:
        """Whether a hold fits every limit."""
        used = self._used
        for line in lines:
            if line.since is None:
                if used.get(line[:4], 0) + nanos > line.nanos:
                    return False
            elif self.used(line) + nanos > line.nanos:
                return False
        return True

    def add(self, lines: Iterable[Line], nanos: int) -> None:
        """Count an amount in each window once: a hold, or by how much a charge differs from it."""
        used = self._used
        # Two limits on one window are one window.
        for key in {(line[:4], line.since is None) for line in lines}:
            window, is_plain = key
            if is_plain:
                used[window] = used.get(window, 0) + nanos
            else:
                self._rolling.setdefault(window[:2], _Rolling()).add(window[2], nanos)

    def tightest(self, lines: Lines, nanos: int, shrinking: frozenset[str]) -> Line | None:
        """
        Find, of the limits that a hold does not fit, the one that the ledger would tell.

        Args:
            lines: All that bind.
            nanos: The hold.
            shrinking: Budgets that let a smaller edit be tried: told only where no other fails.
        """
        failing = [line for line in lines if self.used(line) + nanos > line.nanos]
        return min(
            failing,
            key=lambda line: (line.budget in shrinking, line.nanos - self.used(line)),
            default=None,
        )

    def level(self, line: Line, percents: tuple[int, ...]) -> int:
        """How many of some percentages of a limit are used, at least; of nothing, all are."""
        used = self.used(line) * 100
        return sum(used >= line.nanos * percent for percent in percents)
