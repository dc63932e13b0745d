"""
When a provider is asked how a job is doing: seldom at first, often where its end is likely.

A poll costs the provider's patience, waiting for the next one costs the client's time. If one more
poll is worth `POLL_WORTH_S` seconds of a client's wait, the best pause at each moment is the square
root of twice that worth, divided by the chance per second that a job which has not ended yet ends
now. `python -m tests.bench polls` holds it to the optimum.
"""

import math
import random
from bisect import bisect_right
from functools import lru_cache
from typing import Protocol

from router.model.durations import BINS, EDGES_S, LONGEST_S, Distribution
from router.model.job import Resolution

POLL_WORTH_S = 0.1
"""How many seconds of waiting one more poll is worth to us."""
POLL_JITTER = 0.1
"""Each pause is moved by up to this share, so that jobs that began together drift apart."""
POLL_PAUSE_S_MIN = 0.25
"""Between two polls, however often the doorbell rings."""
POLL_PAUSE_S_MAX = 60.0
SURPRISE = 0.05
"""Of this share of jobs, nothing is believed of what was learnt: a provider may have changed."""
AFTER_RING_S = (1.0, 1.0, 2.0)
"""The pauses after a callback whose news the provider's own state does not have yet."""

RETRY_PAUSE_S = 0.5
RETRY_PAUSE_S_MAX = 15.0
RETRY_AFTER_S_MAX = 60.0
"""A provider that asks for more patience does not get it: a paid image is waiting there."""
ANYTHING = Distribution.lognormal(8.0, 60.0)
"""Where nothing is known: most edits take seconds, and some a minute."""
_NEVER = 1e-12


class PollPace(Protocol):
    """What polls go by."""

    def ready(self, provider: str, slug: str, resolution: Resolution) -> Distribution:
        """How long after dispatch the provider has a job's image."""
        ...

    def polls_per_s_max(self, provider: str) -> float:
        """How often a provider may be asked, after all jobs together."""
        ...


class SteadyPace:
    """The pace where nothing is learnt."""

    def ready(self, provider: str, slug: str, resolution: Resolution) -> Distribution:
        """See `PollPace`."""
        del provider, slug, resolution
        return ANYTHING

    def polls_per_s_max(self, provider: str) -> float:
        """See `PollPace`."""
        del provider
        return math.inf


class Schedule:
    """When to ask after one job, counted from its dispatch."""

    def __init__(self, ready: Distribution, worth_s: float = POLL_WORTH_S) -> None:
        """
        Args:
            ready: How long after dispatch such jobs are ready.
            worth_s: How many seconds of waiting one more poll is worth.
        """
        self._due = _due(ready, worth_s)

    def pause_s(self, age_s: float) -> float:
        """
        How long to wait before the next poll of a job that was dispatched `age_s` seconds ago.

        Up to each moment so many polls are due; the next one is when one more is than now.
        """
        wanted = _at(self._due, age_s) + 1.0
        if wanted >= self._due[-1]:
            return POLL_PAUSE_S_MAX
        number = bisect_right(self._due, wanted)
        low, high = self._due[number - 1], self._due[number]
        into = (wanted - low) / (high - low)
        begin_s, end_s = EDGES_S[number - 1], EDGES_S[number]
        due_s = begin_s + into * (end_s - begin_s)
        return min(max(due_s - age_s, POLL_PAUSE_S_MIN), POLL_PAUSE_S_MAX)


@lru_cache(maxsize=256)
def _due(ready: Distribution, worth_s: float) -> tuple[float, ...]:
    """How many polls are due up to each edge of the bins."""
    wide = Distribution.lognormal(ready.percentile_s(50), ready.percentile_s(50) * 10)
    believed = ready.mixed(wide, SURPRISE)
    due, left = [0.0], 1.0
    for number in range(BINS):
        width_s = EDGES_S[number + 1] - EDGES_S[number]
        share = believed.shares[number]
        # Of those that are left when the bin begins, half of its own are gone in its middle.
        chance_per_s = share / max(left - share / 2, _NEVER) / width_s
        due.append(due[-1] + width_s * math.sqrt(chance_per_s / (2 * worth_s)))
        left -= share
    return tuple(due)


def _at(due: tuple[float, ...], age_s: float) -> float:
    if age_s >= LONGEST_S:
        return due[-1]
    number = bisect_right(EDGES_S, age_s)
    if number == 0:
        return 0.0
    begin_s, end_s = EDGES_S[number - 1], EDGES_S[number]
    into = (age_s - begin_s) / (end_s - begin_s)
    return due[number - 1] + into * (due[number] - due[number - 1])


def retry_pause_s(rng: random.Random, attempt: int, retry_after_s: float | None) -> float:
    """
    The pause in seconds before a read that failed is repeated.

    Args:
        rng: Spreads it over the upper half of a window, which doubles from half a second to 15.
        attempt: How many have failed, from 1.
        retry_after_s: What the provider asked for; the pause is not shorter, up to a minute.
    """
    # The exponent is bounded, because 2.0 ** 1024 overflows.
    window_s = min(RETRY_PAUSE_S * 2.0 ** min(attempt - 1, 10), RETRY_PAUSE_S_MAX)
    pause_s = window_s * rng.uniform(0.5, 1.0)
    if retry_after_s is None:
        return pause_s
    return max(pause_s, min(retry_after_s, RETRY_AFTER_S_MAX))
