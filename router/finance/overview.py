"""
What the page says of spend: sums, comparisons and shares of the ledger's own rows. Pure, and exact.

The rows are those of the report and of `/v1/spend`. Here they are chosen by a filter and added up,
never counted anew: so the page cannot say another number.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol

from router.finance.dimensions import value_of
from router.finance.report import Amounts
from router.ledger.days import Cut
from router.ledger.views import Only, SpendingRow
from router.model.job import Resolution
from router.model.money import Money, total

OTHERS = "\x1fothers"
"""Stands for all names that are not told apart; nothing printable, so no name is the same."""
SERIES_MAX = 6
"""More names than this are shown as one, `OTHERS`: nobody tells more colours apart."""
NAMES_MAX = 100
"""Nor does anybody read a longer table: of more names the dearest are shown, and `OTHERS`."""
DAILY_MAX, WEEKLY_MAX = 62, 400
"""Longer periods are drawn by week, and still longer ones by month."""


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

    @property
    def only(self) -> Only:
        """The same as the ledger's sums are asked; whose it is, they are asked apart from it."""
        return Only(
            provider=self.provider or "",
            model=self.model or "",
            resolution=self.resolution or "",
            tag=self.tag,
        )

    def takes(self, row: Reportable) -> bool:
        """Whether a row is meant."""
        return (
            self.provider in {None, row.provider}
            and self.tenant in {None, row.tenant}
            and self.resolution in {None, row.resolution.value}
            and self.model in {None, row.model}
            and (self.tag is None or self.tag in row.tags)
        )


EVERYTHING = Filter()


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
    def off_list(self) -> Money:
        """What was posted, less what it would have been at list prices."""
        return self.amounts.posted - self.amounts.list_cost

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
    def unit(self) -> Cut:
        """What one bucket is."""
        return unit_of(self.buckets[0].first, self.buckets[-1].last)


def unit_of(first: date, last: date) -> Cut:
    """What a period is cut into."""
    length = (last - first).days + 1
    return "day" if length <= DAILY_MAX else "week" if length <= WEEKLY_MAX else "month"


def buckets(first: date, last: date) -> tuple[Bucket, ...]:
    """Cut a period into days; a long one into weeks from Monday on, a very long one into months."""
    found: list[Bucket] = []
    unit, begins = unit_of(first, last), first
    while begins <= last:
        if unit == "day":
            ends = begins
        elif unit == "week":
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
        rows: Of these buckets; what is after them is left out.
        cut: In their order; at least one.
        by: A dimension of the report's.
    """
    # Sums of a week or a month are named by its first day, which may lie before the period.
    starts = [bucket.first.isoformat() for bucket in cut]
    sums: dict[str, list[int]] = {}
    for row in rows:
        place = max(0, bisect_right(starts, row.day) - 1)
        if row.day <= cut[-1].last.isoformat():
            sums.setdefault(value_of(row, by), [0] * len(cut))[place] += row.posted.nanos
    others = sums.pop(OTHERS, None)
    largest = sorted(sums, key=lambda name: (-sum(sums[name]), name))
    fit = len(largest) + (others is not None) <= SERIES_MAX
    kept = largest if fit else largest[: SERIES_MAX - 1]
    rest = [sums[name] for name in largest[len(kept) :]]
    if others is not None:
        rest.append(others)
    found = [Series(name, tuple(map(Money, sums[name]))) for name in kept]
    if rest:
        found.append(Series(OTHERS, tuple(Money(sum(one)) for one in zip(*rest, strict=True))))
    return Stack(tuple(cut), tuple(found))
