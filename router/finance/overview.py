"""
What the page says of spend: sums, comparisons and shares of the ledger's own rows. Pure, and exact.

The rows are those of the report and of `/v1/spend`. Here they are chosen by a filter and added up,
never counted anew: so the page cannot say another number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import isqrt
from typing import Protocol

from router.finance.report import Amounts, value_of
from router.ledger.views import SpendingRow
from router.model.job import Resolution
from router.model.money import Money, total

OTHERS = "others"
SERIES_MAX = 6
"""More names than this are shown as one, `OTHERS`: nobody tells more colours apart."""
DAILY_MAX, WEEKLY_MAX = 62, 400
"""Longer periods are drawn by week, and still longer ones by month."""
KNOWN_DAYS = 3
"""Of fewer whole days no pace is told."""


class Reportable(Protocol):
    """What a filter looks at: a row of spending, an attempt, or what is open."""

    @property
    def provider(self) -> str: ...
    @property
    def tenant(self) -> str: ...
    @property
    def resolution(self) -> Resolution: ...
    @property
    def model(self) -> str: ...
    @property
    def tags(self) -> tuple[tuple[str, str], ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which rows are meant; None is all."""

    provider: str | None = None
    tenant: str | None = None
    resolution: str | None = None
    model: str | None = None
    tag: tuple[str, str] | None = None

    def takes(self, row: Reportable) -> bool:
        """Whether a row is meant."""
        return (
            self.provider in {None, row.provider}
            and self.tenant in {None, row.tenant}
            and self.resolution in {None, row.resolution.value}
            and self.model in {None, row.model}
            and (self.tag is None or self.tag in row.tags)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What rows add up to."""

    amounts: Amounts
    attempts: int
    in_doubt_attempts: int
    over: Money
    under: Money
    drifted: int

    @classmethod
    def of(cls, rows: Sequence[SpendingRow]) -> "Totals":
        """Add rows up."""
        return cls(
            amounts=sum((Amounts.of(row) for row in rows), Amounts()),
            attempts=sum(row.attempts for row in rows),
            in_doubt_attempts=sum(row.in_doubt_attempts for row in rows),
            over=total([row.over for row in rows]),
            under=total([row.under for row in rows]),
            drifted=sum(row.drifted for row in rows),
        )

    @property
    def open(self) -> Money:
        """What may yet be charged, or was only presumed to be: no bill has shown it."""
        return self.amounts.held + self.amounts.in_doubt + self.amounts.presumed

    @property
    def average(self) -> Money | None:
        """What was posted, for each edit that was delivered; None where none was."""
        return average(self.amounts)


def average(amounts: Amounts) -> Money | None:
    """What was posted, for each edit that was delivered; None where none was."""
    if not amounts.edits:
        return None
    return Money.rounded(amounts.posted.decimal() / Decimal(amounts.edits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An amount beside the one that it is compared with."""

    now: Money
    before: Money

    @property
    def difference(self) -> Money:
        """Above zero: it is more now."""
        return self.now - self.before

    @property
    def percent(self) -> int | None:
        """Of the amount before, rounded half away from zero; None where that was nothing."""
        return percent(self.difference, self.before)


def percent(part: Money, whole: Money) -> int | None:
    """So many percent of a whole, rounded half away from zero; None of nothing."""
    if whole.nanos <= 0:
        return None
    sign = -1 if part.nanos < 0 else 1
    return sign * ((200 * abs(part.nanos) + whole.nanos) // (2 * whole.nanos))


def permille(part: Money, whole: Money) -> int:
    """So many thousandths of a whole, never rounded up to all of it; 0 of nothing."""
    if whole.nanos <= 0 or part.nanos <= 0:
        return 0
    return part.nanos * 1000 // whole.nanos


# By day, or what stands for days.


@dataclass(frozen=True, slots=True)
class Bucket:
    """Some days in a row that are drawn as one."""

    first: date
    last: date
    """Inclusive."""


@dataclass(frozen=True, slots=True)
class Series:
    """One name's amounts, one for each bucket."""

    name: str
    """Empty for a job without that tag."""
    amounts: tuple[Money, ...]

    @property
    def total(self) -> Money:
        """Of all buckets."""
        return total(self.amounts)


@dataclass(frozen=True, slots=True)
class Stack:
    """What was posted, by time and by name: the largest names first, `OTHERS` last."""

    buckets: tuple[Bucket, ...]
    series: tuple[Series, ...]

    @property
    def sums(self) -> tuple[Money, ...]:
        """Of each bucket."""
        return tuple(
            total([one.amounts[place] for one in self.series]) for place in range(len(self.buckets))
        )

    @property
    def unit(self) -> str:
        """What one bucket is."""
        longest = max(((one.last - one.first).days for one in self.buckets), default=0)
        return "day" if longest < 1 else "week" if longest < 7 else "month"  # noqa: PLR2004


def buckets(first: date, last: date) -> tuple[Bucket, ...]:
    """Cut a period into days; a long one into weeks from Monday on, a very long one into months."""
    found: list[Bucket] = []
    length = (last - first).days + 1
    begins = first
    while begins <= last:
        if length <= DAILY_MAX:
            ends = begins
        elif length <= WEEKLY_MAX:
            ends = begins + timedelta(days=6 - begins.weekday())
        else:
            ends = (begins.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        found.append(Bucket(begins, min(ends, last)))
        begins = ends + timedelta(days=1)
    return tuple(found)


def stack(rows: Iterable[SpendingRow], cut: Sequence[Bucket], by: str) -> Stack:
    """
    Add up what was posted, by time and by one dimension.

    Args:
        rows: Their days lie in the buckets; what does not is left out.
        cut: In their order.
        by: A dimension of the report's.
    """
    places = {
        (bucket.first + timedelta(days=one)).isoformat(): place
        for place, bucket in enumerate(cut)
        for one in range((bucket.last - bucket.first).days + 1)
    }
    sums: dict[str, list[int]] = {}
    for row in rows:
        place = places.get(row.day)
        if place is not None:
            sums.setdefault(value_of(row, by), [0] * len(cut))[place] += row.posted.nanos
    largest = sorted(sums, key=lambda name: (-sum(sums[name]), name))
    kept = largest if len(largest) <= SERIES_MAX else largest[: SERIES_MAX - 1]
    rest = [sums[name] for name in largest[len(kept) :]]
    found = [Series(name, tuple(map(Money, sums[name]))) for name in kept]
    if rest:
        found.append(Series(OTHERS, tuple(Money(sum(one)) for one in zip(*rest, strict=True))))
    return Stack(tuple(cut), tuple(found))


# Where it leads.


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a period will have cost at its end, if it goes on as it went."""

    expected: Money
    low: Money
    high: Money
    """In four of five cases it is between the two, if days differ as they did."""
    method: str


def pace(charged: Money, days: Sequence[Money], days_left: int) -> Pace | None:
    """
    Extend the mean of whole days to a period's end.

    Args:
        charged: In the period until now.
        days: What each whole day of it was charged, today not among them.
        days_left: Whole days that are still to come, today among them.

    Returns:
        None while too few whole days are known.
    """
    count = len(days)
    if count < KNOWN_DAYS:
        return None
    nanos = [day.nanos for day in days]
    mean = sum(nanos) // count
    variance = sum((one - mean) ** 2 for one in nanos) // (count - 1)
    # Days to come differ among themselves, and their mean is not known exactly either. 1.28
    # standard deviations to either side hold four of five cases.
    spread = isqrt(variance * (days_left + days_left * days_left // count)) * 128 // 100
    # What of today is charged already is in `charged`: only the rest of an ordinary day comes.
    expected = max(charged.nanos, sum(nanos) + mean * days_left)
    return Pace(
        expected=Money(expected),
        low=Money(max(charged.nanos, expected - spread)),
        high=Money(expected + spread),
        method=f"the mean of {count} whole days goes on; four of five such months end in the band",
    )
