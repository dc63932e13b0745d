"""
Paces: at what rate an account is charged, from what it was charged by the hour. Pure.

Two of them, with one shape: a rate that is the same at all times, and one that goes by the hour of
the week in the budget's own zone. Each says what it expects within a span, when an amount is
reached, and how far its expectation may be off. Exact fractions throughout: an amount that comes
out is rounded once, at the end.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from fractions import Fraction
from functools import lru_cache
from math import isqrt
from typing import Protocol

from router.model.clock import hour_of

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
_MICROSECOND = timedelta(microseconds=1)
_WEEKDAYS = 7
_HOURS = 24
_WEEKS = 4
_DAYS_AS_SLOTS = 4
# Eight in ten of a normal distribution lie within 1.28 deviations: its square, as a fraction.
_EIGHT_IN_TEN = Fraction(16384, 10000)

Charged = Mapping[datetime, int]
"""Nano-dollars by the hour of UTC that they were charged in; what is absent is nothing."""
Cell = tuple[int, int]
"""A day of the week, 0 for Monday, and an hour of the day."""


class Pace(Protocol):
    """What is expected of an account."""

    def between(self, since: datetime, until: datetime) -> Fraction:
        """How many nano-dollars are expected within `[since, until)`; never less than nothing."""
        ...

    def reached_at(self, amount: int, since: datetime, until: datetime) -> datetime | None:
        """When so much more than at `since` is charged; None: not before `until`."""
        ...

    def margin(self, since: datetime, until: datetime) -> int:
        """By how many nano-dollars eight in ten spans would differ from what is expected."""
        ...


class SteadyPace:
    """The same rate at all times: what was charged since an instant, by the time since then."""

    def __init__(self, charged: int, hours: Charged, since: datetime, at: datetime) -> None:
        """
        Args:
            charged: In nano-dollars, since then; below nothing counts as nothing.
            hours: The same by the hour, as far as it is known.
            since: Before `at`.
            at: Now.
        """
        self._rate = Fraction(max(0, charged), (at - since) // _MICROSECOND)
        self._slots, self._slot = _slots(hours, since, at)

    def between(self, since: datetime, until: datetime) -> Fraction:
        """See `Pace.between`."""
        return self._rate * max(0, (until - since) // _MICROSECOND)

    def reached_at(self, amount: int, since: datetime, until: datetime) -> datetime | None:
        """See `Pace.reached_at`."""
        if amount <= 0:
            return since
        if self.between(since, until) <= amount:
            return None
        return since + -(-amount // self._rate) * _MICROSECOND

    def margin(self, since: datetime, until: datetime) -> int:
        """See `Pace.margin`. Of fewer than two slots nothing is known: all of it may be off."""
        if len(self._slots) <= 1:
            return int(self.between(since, until))
        remaining = ratio(until - since, self._slot)
        return _margin(_variance(self._slots), remaining, len(self._slots))


class WeeklyPace:
    """
    A rate that goes by the hour of the week: the mean of the same hours of the weeks before.

    The last week weighs four times as much as the one three weeks before it, so that an account
    that grows is followed.
    """

    def __init__(self, hours: Charged, since: datetime, at: datetime, zone: tzinfo) -> None:
        """
        Args:
            hours: What was charged, from `since` on.
            since: At least two weeks before `at`.
            at: Now; the hour that it lies in tells nothing yet.
            zone: Whose days of the week count.
        """
        self._zone = zone
        self._weeks = _sums(hours, (at - since) // WEEK, WEEK, at)
        sums: defaultdict[Cell, int] = defaultdict(int)
        weights: Counter[Cell] = Counter()
        self._days: defaultdict[date, int] = defaultdict(int)
        for hour, cell, day in _calendar(since, hour_of(at), zone):
            charged = hours.get(hour, 0)
            weight = max(1, _WEEKS - (at - hour) // WEEK)
            sums[cell] += weight * charged
            weights[cell] += weight
            self._days[day] += charged
        mean = Fraction(sum(sums.values()), max(1, weights.total()))
        # An hour that clocks have skipped each time so far is like any other.
        self._means: defaultdict[Cell, Fraction] = defaultdict(lambda: max(Fraction(0), mean))
        for cell, weight in weights.items():
            self._means[cell] = max(Fraction(0), Fraction(sums[cell], weight))
        self._whole_days = [
            sum((self._means[weekday, hour] for hour in range(_HOURS)), Fraction(0))
            for weekday in range(_WEEKDAYS)
        ]
        # The first day and today are known in part only.
        for part in (since, at):
            self._days.pop(part.astimezone(zone).date(), None)

    def between(self, since: datetime, until: datetime) -> Fraction:
        """See `Pace.between`."""
        return sum((self._of(start, end) for start, end in self._steps(since, until)), Fraction(0))

    def reached_at(self, amount: int, since: datetime, until: datetime) -> datetime | None:
        """See `Pace.reached_at`."""
        left = Fraction(amount)
        if left <= 0:
            return since
        for start, end in self._steps(since, until):
            expected = self._of(start, end)
            if expected > left:
                return self._within(left, start, end)
            left -= expected
        return None

    def _within(self, left: Fraction, start: datetime, end: datetime) -> datetime:
        for hour, following in self._by_hours(start, end):
            expected = self._of(hour, following)
            if expected > left:
                share = left / expected * ((following - hour) // _MICROSECOND)
                return hour + -(-share // 1) * _MICROSECOND
            left -= expected
        raise AssertionError("a day is as much as its hours")

    def margin(self, since: datetime, until: datetime) -> int:
        """See `Pace.margin`. By days, or by whole weeks where these differ more from each other."""
        squares = Fraction(0)
        for day, charged in self._days.items():
            start, end = (midnight(one, self._zone) for one in (day, day + DAY))
            squares += (charged - self._of(start, end)) ** 2
        known = len(self._days)
        # The weekdays' means are seven numbers that were made from the same days.
        variance = squares / max(1, known - _WEEKDAYS)
        by_days = _margin(variance, ratio(until - since, DAY), max(1, known))
        by_weeks = _margin(
            _variance(self._weeks), ratio(until - since, WEEK), max(1, len(self._weeks))
        )
        return max(by_days, by_weeks)

    def _of(self, start: datetime, end: datetime) -> Fraction:
        """What is expected of a step: of a whole day, or of an hour or a part of one."""
        if end - start == DAY:
            return self._whole_days[start.astimezone(self._zone).weekday()]
        if end - start > HOUR:
            return self._hourly(start, end)
        return self._means[self._cell(start)] * ratio(end - start, HOUR)

    def _hourly(self, start: datetime, end: datetime) -> Fraction:
        hours = self._by_hours(start, end)
        return sum((self._of(hour, following) for hour, following in hours), Fraction(0))

    def _steps(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The hours up to the next midnight, then day by day, of which some have 23 or 25 hours."""
        start = since
        while start < until:
            today = start.astimezone(self._zone).date()
            end = min(midnight(today + DAY, self._zone), until)
            if start == since:
                yield from self._by_hours(start, end)
            else:
                yield start, end
            start = end

    def _by_hours(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        while start < end:
            whole = start.replace(minute=0, second=0, microsecond=0) + HOUR
            yield start, min(whole, end)
            start = whole

    def _cell(self, at: datetime) -> Cell:
        local = at.astimezone(self._zone)
        return local.weekday(), local.hour


def ratio(one: timedelta, other: timedelta) -> Fraction:
    """How many times as long a time is as another."""
    return Fraction(one // _MICROSECOND, other // _MICROSECOND)


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins, in UTC; where clocks skip midnight, at the change."""
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=64)
def _calendar(
    since: datetime, until: datetime, zone: tzinfo
) -> tuple[tuple[datetime, Cell, date], ...]:
    """The hours of a time with their places in the week: the same for all accounts of one age."""
    count = max(0, (until - since) // HOUR)
    locals_ = [(hour, hour.astimezone(zone)) for hour in (since + HOUR * n for n in range(count))]
    return tuple((hour, (at.weekday(), at.hour), at.date()) for hour, at in locals_)


def _slots(hours: Charged, since: datetime, at: datetime) -> tuple[tuple[int, ...], timedelta]:
    """What was charged in each whole day, or hour if there are few days, back from now."""
    slot = DAY if at - since >= _DAYS_AS_SLOTS * DAY else HOUR
    end = at.replace(minute=0, second=0, microsecond=0)
    return _sums(hours, max(0, (end - since) // slot), slot, at), slot


def _sums(hours: Charged, count: int, slot: timedelta, at: datetime) -> tuple[int, ...]:
    """What was charged in each of so many slots back from the last whole hour, the last first."""
    end = at.replace(minute=0, second=0, microsecond=0)
    sums = [0] * count
    for hour, charged in hours.items():
        place = (end - HOUR - hour) // slot
        if 0 <= place < count:
            sums[place] += charged
    return tuple(sums)


def _variance(sums: tuple[int, ...]) -> Fraction:
    """How much sums differ from each other; nothing is known of one alone."""
    if len(sums) <= 1:
        return Fraction(0)
    mean = Fraction(sum(sums), len(sums))
    return sum(((one - mean) ** 2 for one in sums), Fraction(0)) / (len(sums) - 1)


def _margin(variance: Fraction, remaining: Fraction, known: int) -> int:
    """
    How far a sum may be off its expectation: each slot for itself, and all as their mean is off.

    Args:
        variance: Of one slot.
        remaining: How many slots are to come.
        known: How many the mean is from.
    """
    of_the_sum = variance * (remaining + remaining * remaining / known)
    return isqrt(int(of_the_sum * _EIGHT_IN_TEN))
