"""
Trends: whether days grow or fall beyond their weekday's mean, and where that leads. Pure.

A least-squares line through the days, as multiples of what is expected of each. It says nothing of
what to expect: a line drawn on from four weeks is wrong as often as it is right. But where it is
certain, a forecast's band that left it out would be wrong about how sure the forecast is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

_CERTAIN = 4
"""The square of how many times its own deviation a slope is, that is no chance."""
_PARAMETERS = 9
"""Seven weekdays, a level and a slope are made from the same days."""


@dataclass(frozen=True, slots=True)
class DayPoint:
    """A whole day that is over."""

    hours: int
    """From now to its noon: below zero."""
    expected: int
    """What is expected of such a day, in any unit."""
    charged: int
    """In the same."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through days, and how sure it is. Sums are of squares, each weighed by its day's."""

    level: Fraction
    """Where it stands now: 1 is what is expected."""
    slope: Fraction
    """By how much it rises in an hour."""
    variance: Fraction
    """Of a day around it, in the unit of the days, squared."""
    squares: tuple[int, int, int]
    """Of the expected: as they are, times hours, times hours twice."""

    @property
    def is_certain(self) -> bool:
        """Whether its slope is at least twice its own deviation."""
        ones, _, _ = self.squares
        return self.slope**2 * self._spread > _CERTAIN * self.variance * ones

    def leads_to(self, hours: int) -> tuple[Fraction, Fraction]:
        """
        Say where it stands in so many hours.

        Returns:
            How many times what is expected, never below nothing; and the variance of that.
        """
        ones, once, twice = self.squares
        factor = max(Fraction(0), self.level + self.slope * hours)
        off = twice - 2 * hours * once + hours * hours * ones
        return factor, self.variance * off / self._spread

    @property
    def _spread(self) -> int:
        ones, once, twice = self.squares
        return ones * twice - once * once


def trend(days: Sequence[DayPoint]) -> Trend | None:
    """Draw the line; None where there are too few days, or too few on which anything is due."""
    ones = sum(day.expected**2 for day in days)
    once = sum(day.expected**2 * day.hours for day in days)
    twice = sum(day.expected**2 * day.hours**2 for day in days)
    spread = ones * twice - once * once
    if len(days) <= _PARAMETERS or not spread:
        return None
    met = sum(day.expected * day.charged for day in days)
    moved = sum(day.expected * day.charged * day.hours for day in days)
    level = Fraction(met * twice - moved * once, spread)
    slope = Fraction(ones * moved - once * met, spread)
    around = sum(day.charged**2 for day in days) - level * met - slope * moved
    variance = around / (len(days) - _PARAMETERS)
    return Trend(level=level, slope=slope, variance=variance, squares=(ones, once, twice))
