"""
Paces: at what rate an account is charged, from what it was charged by the hour. Pure.

Two of them, with one shape: a rate that is the same at all times, and one that goes by the hour of
the week in the budget's own zone. Each says what it expects within a span, when an amount is
reached, and how far its expectation may be off. Exact throughout, in whole numbers of the smallest
part that a mean can have: an amount that comes out is rounded once, at the end.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from fractions import Fraction
from math import isqrt
from typing import Protocol

from router.finance.trend import DayPoint, Trend, trend
from router.finance.weeks import (
    CELLS,
    DAY,
    HOUR,
    HOUR_US,
    HOURS,
    WEEK,
    WEEKDAYS,
    Day,
    Step,
    ahead,
    hourly,
    past,
)
from router.model.clock import hour_of

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS_AS_SLOTS = 4
# Eight in ten of a normal distribution lie within 1.28 deviations: its square, as a fraction.
_EIGHT_IN_TEN = Fraction(16384, 10000)

Charged = Mapping[datetime, int]
"""Nano-dollars by the hour of UTC that they were charged in; what is absent is nothing."""


class Pace(Protocol):
    """What is expected of an account."""

    def between(self, since: datetime, until: datetime) -> Fraction:
        """How many nano-dollars are expected within `[since, until)`; never less than nothing."""
        ...

    def reached_at(self, amount: int, since: datetime, until: datetime) -> datetime | None:
        """When so much more than at `since` is charged; None: not before `until`."""
        ...

    def margins(self, since: datetime, until: datetime) -> tuple[int, int]:
        """
        Say by how much eight in ten spans would differ from what is expected.

        Returns:
            Nano-dollars, less and more.
        """
        ...


class SteadyPace:
    """The same rate at all times: what was charged since an instant, by the time since then."""

    def __init__(self, hours: Charged, since: datetime, at: datetime) -> None:
        """
        Args:
            hours: What was charged; the hour that `since` lies in tells nothing, unless it begins
                with it. Below nothing in all counts as nothing.
            since: Before `at` by an hour or more.
            at: Now.
        """
        first = -(-(since - _EPOCH) // HOUR) * HOUR + _EPOCH
        charged = sum(nanos for hour, nanos in hours.items() if hour >= first)
        self._rate = Fraction(max(0, charged), (at - first) // _MICROSECOND)
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

    def margins(self, since: datetime, until: datetime) -> tuple[int, int]:
        """See `Pace.margins`. Of fewer than two slots nothing is known: all of it may be off."""
        if len(self._slots) <= 1:
            margin = int(self.between(since, until))
        else:
            remaining = ratio(until - since, self._slot)
            margin = _margin(_variance(self._slots), remaining, len(self._slots))
        return margin, margin


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
            since: A whole hour, at least two weeks before `at`.
            at: Now; the hour that it lies in tells nothing yet.
            zone: Whose days of the week count.
        """
        self._zone = zone
        self._past = past(since, hour_of(at), zone)
        sums = [0] * CELLS
        self._days: defaultdict[date, int] = defaultdict(int)
        self._weeks = [0] * ((at - since) // WEEK)
        places = self._past.places
        for hour, charged in hours.items():
            place = places.get(hour)
            if place is None or hour < since:
                continue
            sums[place.cell] += place.weight * charged
            self._days[place.day] += charged
            if place.week < len(self._weeks):
                self._weeks[place.week] += charged
        self._means = self._scaled(sums)
        self._whole_days = [
            sum(self._means[first : first + HOURS]) for first in range(0, CELLS, HOURS)
        ]

    def _scaled(self, sums: list[int]) -> list[int]:
        """The mean of each cell, in parts of a nano-dollar: as many as the scale says."""
        scale, weights = self._past.scale, self._past.weights
        # An hour that clocks have skipped each time so far is like any other.
        mean = max(0, sum(sums)) * (scale // max(1, sum(weights)))
        return [
            max(0, charged) * (scale // weight) if weight else mean
            for charged, weight in zip(sums, weights, strict=True)
        ]

    def between(self, since: datetime, until: datetime) -> Fraction:
        """See `Pace.between`."""
        time = ahead(since, until, self._zone)
        days = sum(map(int.__mul__, time.days, self._whole_days))
        parts = sum(self._means[cell] * length_us for cell, length_us in time.cells)
        return Fraction(days * HOUR_US + parts, self._past.scale * HOUR_US)

    def reached_at(self, amount: int, since: datetime, until: datetime) -> datetime | None:
        """See `Pace.reached_at`."""
        if amount <= 0:
            return since
        if self.between(since, until) <= amount:
            return None
        left = amount * self._past.scale * HOUR_US
        for step in ahead(since, until, self._zone).steps:
            expected = self._of(step)
            if expected > left:
                return self._within(left, step)
            left -= expected
        raise AssertionError("a time is as much as its steps")

    def _within(self, left: int, step: Step) -> datetime:
        for hour in hourly(step.start, step.end, self._zone):
            expected = self._of(hour)
            if expected > left:
                length_us = (hour.end - hour.start) // _MICROSECOND
                return hour.start + -(-left * length_us // expected) * _MICROSECOND
            left -= expected
        raise AssertionError("a step is as much as its hours")

    def _of(self, step: Step) -> int:
        """What is expected of a step, in parts of a nano-dollar and of an hour."""
        if step.weekday is not None:
            return self._whole_days[step.weekday] * HOUR_US
        return sum(self._means[cell] * length_us for cell, length_us in step.parts)

    def margins(self, since: datetime, until: datetime) -> tuple[int, int]:
        """
        See `Pace.margins`. By days, or by whole weeks where these differ more from each other.

        And where the days have a trend that is certain, as far as it leads, on its own side.
        """
        days = [self._point(one, since) for one in self._past.days]
        known, scale = len(days), self._past.scale
        squares = sum((one.charged - one.expected) ** 2 for one in days)
        # The weekdays' means are seven numbers that were made from the same days.
        variance = Fraction(squares, scale * scale * max(1, known - WEEKDAYS))
        by_days = _margin(variance, ratio(until - since, DAY), max(1, known))
        weeks = tuple(self._weeks)
        by_weeks = _margin(_variance(weeks), ratio(until - since, WEEK), max(1, len(weeks)))
        margin = max(by_days, by_weeks)
        found = trend(days)
        if found is None or not found.is_certain:
            return margin, margin
        return self._stretched(found, margin, since, until)

    def _stretched(
        self, found: Trend, margin: int, since: datetime, until: datetime
    ) -> tuple[int, int]:
        expected = self.between(since, until)
        # On average what is to come lies in its middle.
        factor, variance = found.leads_to((until - since) // (2 * HOUR))
        of_days = found.variance / self._past.scale**2 * ratio(until - since, DAY)
        off = isqrt(int((of_days + expected**2 * variance) * _EIGHT_IN_TEN))
        leads = int(expected * (factor - 1))
        return max(margin, off - leads), max(margin, off + leads)

    def _point(self, day: Day, at: datetime) -> DayPoint:
        """A day for a trend, in parts of a nano-dollar."""
        if day.weekday is not None:
            expected = self._whole_days[day.weekday]
        else:
            expected = sum(self._means[cell] for cell in day.cells)
        charged = self._days.get(day.day, 0) * self._past.scale
        return DayPoint(hours=(day.noon - at) // HOUR, expected=expected, charged=charged)


def ratio(one: timedelta, other: timedelta) -> Fraction:
    """How many times as long a time is as another."""
    return Fraction(one // _MICROSECOND, other // _MICROSECOND)


def _slots(hours: Charged, since: datetime, at: datetime) -> tuple[tuple[int, ...], timedelta]:
    """What was charged in each whole day, or hour if there are few days, back from now."""
    slot = DAY if at - since >= _DAYS_AS_SLOTS * DAY else HOUR
    end = hour_of(at)
    sums = [0] * max(0, (end - since) // slot)
    for hour, charged in hours.items():
        place = (end - HOUR - hour) // slot
        if 0 <= place < len(sums):
            sums[place] += charged
    return tuple(sums), slot


def _variance(sums: tuple[int, ...]) -> Fraction:
    """How much sums differ from each other; nothing is known of one alone."""
    count = len(sums)
    if count <= 1:
        return Fraction(0)
    # As many times each sum as there are: so the mean is whole.
    whole = sum(sums)
    return Fraction(sum((one * count - whole) ** 2 for one in sums), count * count * (count - 1))


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
