"""
How well polls are placed: what they cost on average, and the least that they could.

The objective: of a job that takes as long as a lognormal distribution says, keep the mean lag from
its end to the next poll as small as can be with the same mean number of polls. The optimum is found
by dynamic programming over instants: from each one at which a poll found the job unfinished, the
next poll is placed where the lag until it, the poll at `worth` seconds, and all that follows are
least. That worth is varied until there are as many polls as in the schedule it is compared with.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist

from router.upstream.polling import POLL_JITTER, POLL_PAUSE_S_MIN, Schedule

MEDIAN_S = 8.0
_NORMAL = NormalDist()
_INSTANTS = 600
_JOBS = 4_000
Pause = Callable[[float, random.Random], float]
"""How long to wait before the next poll of a job of some age."""


@dataclass(frozen=True, slots=True)
class Polled:
    """What a schedule costs, on average of a job."""

    lag_s: float
    polls: float

    @property
    def product(self) -> float:
        """What schedules of different eagerness are compared by."""
        return self.lag_s * self.polls


def fixed_pauses(seconds: float) -> Pause:
    """A poll every so many seconds."""
    return lambda _age_s, _rng: seconds


def tried_by(schedule: Schedule | Pause, sigma: float, jobs: int = _JOBS) -> Polled:
    """Poll jobs of a lognormal distribution around `MEDIAN_S`, one for each of its quantiles."""
    rng = random.Random(11)
    pause_s = _jittered(schedule) if isinstance(schedule, Schedule) else schedule
    lag_s, polls = 0.0, 0
    for number in range(jobs):
        ends_s = MEDIAN_S * math.exp(sigma * _NORMAL.inv_cdf((number + 0.5) / jobs))
        at_s = 0.0
        while at_s < ends_s:
            at_s += pause_s(at_s, rng)
            polls += 1
        lag_s += at_s - ends_s
    return Polled(lag_s / jobs, polls / jobs)


def _jittered(schedule: Schedule) -> Pause:
    """As jobs are really asked after."""

    def pause_s(age_s: float, rng: random.Random) -> float:
        moved_s = schedule.pause_s(age_s) * rng.uniform(1 - POLL_JITTER, 1 + POLL_JITTER)
        return max(moved_s, POLL_PAUSE_S_MIN)

    return pause_s


def optimum_of_as_many(polls: float, sigma: float) -> Polled:
    """The least lag of any schedule with so many polls a job; `polls` is above 1.1."""
    low, high = math.log(1e-3), math.log(1e2)
    for _ in range(30):
        middle = (low + high) / 2
        if optimum(math.exp(middle), sigma).polls > polls:
            low = middle
        else:
            high = middle
    return optimum(math.exp(high), sigma)


@lru_cache(maxsize=256)
def optimum(worth_s: float, sigma: float) -> Polled:
    """The schedule whose lag and polls, each worth so many seconds, are least together."""
    at_s, ended, area = _table(sigma)
    last = len(at_s) - 1
    cost, lag, polls = ([0.0] * (last + 1) for _ in range(3))
    for place in range(last - 1, -1, -1):
        left = 1 - ended[place]
        best = math.inf
        for after in range(place + 1, last + 1):
            waited = area[after] - area[place] - ended[place] * (at_s[after] - at_s[place])
            if waited > best:
                break  # It only gets longer.
            whole = waited + worth_s * left + cost[after]
            if whole < best:
                best = whole
                lag[place], polls[place] = waited + lag[after], left + polls[after]
        cost[place] = best
    return Polled(lag[0], polls[0])


@lru_cache
def _table(sigma: float) -> tuple[list[float], list[float], list[float]]:
    """Instants, what share of jobs has ended by each, and that share's integral up to it."""

    def share(at_s: float) -> float:
        return _NORMAL.cdf(math.log(at_s / MEDIAN_S) / sigma)

    first, end = (MEDIAN_S * math.exp(sigma * _NORMAL.inv_cdf(one)) for one in (1e-5, 1 - 1e-6))
    growth = (end / first) ** (1 / (_INSTANTS - 1))
    at_s = [0.0, *(first * growth**number for number in range(_INSTANTS))]
    area = [0.0]
    for begin, until in pairwise(at_s):
        step = (until - begin) / 8
        area.append(area[-1] + step * sum(share(begin + (n + 0.5) * step) for n in range(8)))
    return at_s, [0.0, *(share(one) for one in at_s[1:-1]), 1.0], area
