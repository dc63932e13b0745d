"""How long jobs take, from a cell: percentiles of what is known and what is expected, together."""

import math
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from statistics import NormalDist

from router.finance.backtest.menus import Pace, pace_s
from router.finance.backtest.past import TENTHS

_NORMAL = NormalDist()
_P95 = _NORMAL.inv_cdf(0.95)
_SIGMA_MIN = 1e-3
_LONGEST_TENTHS = 1_000_000


def percentile_s(percent: int, took: Mapping[int, int], paces: Mapping[Pace, int]) -> float | None:
    """
    What so many of 100 jobs take at most, in seconds to the tenth; None where nothing is known.

    Args:
        percent: From 1 to 99.
        took: How long jobs took, in tenths of a second, by their weight.
        paces: How long others may take, by theirs: each a lognormal distribution.
    """
    whole = sum(took.values()) + sum(paces.values())
    if not whole:
        return None
    mixed = _Mixed(took, paces)
    wanted = whole * percent / 100
    low, high = 0, _LONGEST_TENTHS
    while low < high:
        middle = (low + high) // 2
        if mixed.within(middle) >= wanted:
            high = middle
        else:
            low = middle + 1
    return low / TENTHS


class _Mixed:
    """Known durations and expected ones, to be asked how many are within a time."""

    def __init__(self, took: Mapping[int, int], paces: Mapping[Pace, int]) -> None:
        # In one order, so that the same sums are always added up in the same way.
        self._known = sorted(took)
        self._below = list(accumulate((took[one] for one in self._known), initial=0))
        self._expected = [(*_lognormal(pace), paces[pace]) for pace in sorted(paces)]

    def within(self, tenths: int) -> float:
        """How much weight is within a time."""
        known = self._below[bisect_right(self._known, tenths)]
        if not tenths:
            return known
        log_s = math.log(tenths / TENTHS)
        return known + math.fsum(
            weight * 0.5 * math.erfc((mu - log_s) / scale) for mu, scale, weight in self._expected
        )


def _lognormal(pace: Pace) -> tuple[float, float]:
    """The logarithm of the median, and its spread times the root of two."""
    p50_s, p95_s = pace_s(pace)
    sigma = max(math.log(p95_s / p50_s) / _P95, _SIGMA_MIN)
    return math.log(p50_s), sigma * math.sqrt(2)
