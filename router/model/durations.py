"""
How long things take, as distributions: bins on a logarithmic scale, which fade with time.

Every histogram has the same bins, eight to each doubling, so that any two can be added up, and none
grows. Within a bin, durations are taken as spread evenly on that scale: a percentile is off by less
than a tenth, and the mean is exact. What is older counts for less: after `fade_s` seconds for 1/e.
"""

import math
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from statistics import NormalDist

SHORTEST_S, LONGEST_S = 0.0625, 4096.0
"""What is shorter or longer counts as the shortest or the longest."""
BINS_EACH_DOUBLING = 8
BINS = round(math.log2(LONGEST_S / SHORTEST_S)) * BINS_EACH_DOUBLING
EDGES_S = tuple(SHORTEST_S * 2 ** (number / BINS_EACH_DOUBLING) for number in range(BINS + 1))
"""Bin `n` holds what lies above edge `n`, up to edge `n + 1`."""
# Above it, weights are counted from a later instant: far below where floats end.
_EXPONENT_MAX = 60.0
_P95 = NormalDist().inv_cdf(0.95)


@dataclass(frozen=True)
class Distribution:
    """What share of jobs takes how long. A value."""

    shares: tuple[float, ...]
    """Of each bin; they add up to 1."""
    mean_s: float

    @classmethod
    def lognormal(cls, p50_s: float, p95_s: float) -> "Distribution":
        """
        The lognormal distribution with a median and a 95th percentile.

        Args:
            p50_s: Above zero.
            p95_s: Not below the median.
        """
        sigma = max(math.log(p95_s / p50_s) / _P95, 1e-3)
        normal = NormalDist(math.log(p50_s), sigma)
        below = [normal.cdf(math.log(edge)) for edge in EDGES_S]
        # What lies outside the bins belongs to the first and to the last.
        below[0], below[-1] = 0.0, 1.0
        shares = tuple(high - low for low, high in pairwise(below))
        return cls(shares, min(p50_s * math.exp(sigma * sigma / 2), LONGEST_S))

    @cached_property
    def _below(self) -> tuple[float, ...]:
        """What share lies up to each bin's upper edge."""
        return tuple(accumulate(self.shares))

    def within(self, seconds: float) -> float:
        """What share takes at most so long: from 0 to 1."""
        if seconds <= SHORTEST_S:
            return 0.0
        if seconds >= LONGEST_S:
            return 1.0
        number = _bin_of(seconds)
        into = math.log2(seconds / EDGES_S[number]) * BINS_EACH_DOUBLING
        before = self._below[number] - self.shares[number]
        return min(1.0, max(0.0, before + into * self.shares[number]))

    def percentile_s(self, percent: float) -> float:
        """What `percent` of 100 jobs take at most, in seconds; `percent` is above 0, up to 100."""
        wanted = percent / 100 * self._below[-1]
        number = min(bisect_left(self._below, wanted), BINS - 1)
        share = self.shares[number]
        into = 1 - (self._below[number] - wanted) / share if share > 0 else 1.0
        return EDGES_S[number] * 2 ** (min(1.0, max(0.0, into)) / BINS_EACH_DOUBLING)

    def mixed(self, other: "Distribution", share: float) -> "Distribution":
        """This one, and another for a `share` of the jobs: from 0 to 1."""
        keep = 1 - share
        return Distribution(
            tuple(
                keep * own + share * their
                for own, their in zip(self.shares, other.shares, strict=True)
            ),
            keep * self.mean_s + share * other.mean_s,
        )


class Histogram:
    """Durations that were seen, each counting for less as it gets older. Never grows."""

    def __init__(self, fade_s: float) -> None:
        """
        Args:
            fade_s: After so many seconds a duration counts for 1/e. The mean age of what counts,
                where durations come steadily: as that of a window twice as long.
        """
        self.fade_s = fade_s
        self._weights = array("d", bytes(8 * BINS))
        self._sum_s = 0.0
        self._since_s = 0.0
        """Weights are as they were at this instant: a later duration weighs more, none less."""

    def add(self, at_s: float, seconds: float) -> None:
        """
        Count a duration.

        Args:
            at_s: When it was seen, in seconds on any scale that is the same for all; one that is
                told late counts as old as it is.
            seconds: How long it was.
        """
        weight = self._weight(at_s)
        held_s = min(max(seconds, SHORTEST_S), LONGEST_S)
        self._weights[_bin_of(held_s)] += weight
        self._sum_s += held_s * weight

    def merge(self, other: "Histogram") -> None:
        """Count everything that another has seen, too. It fades as quickly as this one."""
        assert other.fade_s == self.fade_s, "what fades differently cannot be added up"
        since_s, weights, sum_s = other.state
        factor = self._weight(since_s)
        for number, weight in enumerate(weights):
            self._weights[number] += weight * factor
        self._sum_s += sum_s * factor

    @property
    def state(self) -> tuple[float, tuple[float, ...], float]:
        """As of which instant it weighs, each bin's weight, and their seconds' sum."""
        return self._since_s, tuple(self._weights), self._sum_s

    def count(self, at_s: float) -> float:
        """How many durations count at an instant, faded as they are."""
        return math.fsum(self._weights) * math.exp((self._since_s - at_s) / self.fade_s)

    def seen(self) -> Distribution | None:
        """What was seen, the younger the more; None if nothing was."""
        whole = math.fsum(self._weights)
        if whole <= 0:
            return None
        return Distribution(tuple(weight / whole for weight in self._weights), self._sum_s / whole)

    def without(self, other: "Histogram", at_s: float) -> "Histogram":
        """
        What this one has seen and another does not count, as it weighs at an instant.

        Args:
            other: Has seen nothing that this one has not, and fades no more slowly.
            at_s: Not before either has last seen something.
        """
        found = Histogram(self.fade_s)
        found._since_s = at_s
        since_s, weights, sum_s = other.state
        own = math.exp((self._since_s - at_s) / self.fade_s)
        their = math.exp((since_s - at_s) / other.fade_s)
        pairs = zip(self._weights, weights, strict=True)
        # Where both have seen all there is, rounding may leave less than nothing.
        found._weights = array("d", (max(0.0, mine * own - yours * their) for mine, yours in pairs))
        found._sum_s = max(0.0, self._sum_s * own - sum_s * their)
        return found

    def _weight(self, at_s: float) -> float:
        exponent = (at_s - self._since_s) / self.fade_s
        if exponent > _EXPONENT_MAX:
            factor = math.exp(-min(exponent, 700.0))
            self._weights = array("d", (weight * factor for weight in self._weights))
            self._sum_s *= factor
            self._since_s, exponent = at_s, 0.0
        return math.exp(max(exponent, -700.0))


class FadingCount:
    """How often something happened; what is older counts for less. Never grows."""

    def __init__(self, fade_s: float) -> None:
        """
        Args:
            fade_s: After so many seconds an occurrence counts for 1/e.
        """
        self._fade_s = fade_s
        self._count = 0.0
        self._at_s = 0.0

    def add(self, at_s: float) -> None:
        """Count one more; one that is told late counts as old as it is."""
        latest_s = max(at_s, self._at_s)
        self._count = self.at(latest_s) + math.exp((at_s - latest_s) / self._fade_s)
        self._at_s = latest_s

    def at(self, at_s: float) -> float:
        """How many count at an instant."""
        return self._count * math.exp(min(0.0, (self._at_s - at_s) / self._fade_s))


def _bin_of(seconds: float) -> int:
    """The bin of a duration within the bins' range."""
    return max(0, bisect_left(EDGES_S, seconds) - 1)
