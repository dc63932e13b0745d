"""
The pauses between the polls of one job: by its schedule, within what the provider bears of all.

Each provider's jobs share what it may be asked in a second: of so many that are asked after, each
one waits for its share. So the limit holds without a queue, however many jobs there are.
"""

import random
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from router.model.job import Resolution
from router.upstream.polling import (
    AFTER_RING_S,
    POLL_JITTER,
    POLL_PAUSE_S_MIN,
    PollPace,
    Schedule,
)


class PollShares:
    """How many jobs each provider is asked after now."""

    def __init__(self, pace: PollPace, rng: random.Random) -> None:
        """
        Args:
            pace: What polls go by.
            rng: Spreads the polls of jobs that began together.
        """
        self._pace, self._rng = pace, rng
        self._asked_after = Counter[str]()

    @contextmanager
    def asking(self, provider: str, slug: str, resolution: Resolution) -> Generator["Pauses"]:
        """While a job is asked after: its pauses."""
        self._asked_after[provider] += 1
        try:
            yield Pauses(self, Schedule(self._pace.ready(provider, slug, resolution)), provider)
        finally:
            self._asked_after[provider] -= 1

    def spread(self, provider: str, pause_s: float) -> float:
        """A pause moved a little, and not shorter than the job's share of what is borne."""
        moved_s = pause_s * self._rng.uniform(1 - POLL_JITTER, 1 + POLL_JITTER)
        share_s = self._asked_after[provider] / self._pace.polls_per_s_max(provider)
        return max(moved_s, share_s, POLL_PAUSE_S_MIN)


class Pauses:
    """The pauses of one job."""

    def __init__(self, shares: PollShares, schedule: Schedule, provider: str) -> None:
        self._shares, self._schedule, self._provider = shares, schedule, provider
        self._soon: list[float] = []

    def rang(self) -> None:
        """The end is near: ask often, even if the state lags behind the callback."""
        self._soon = list(AFTER_RING_S)

    def next_s(self, age_s: float) -> float:
        """The pause before the next poll of the job, which was dispatched so long ago."""
        pause_s = self._soon.pop(0) if self._soon else self._schedule.pause_s(age_s)
        return self._shares.spread(self._provider, pause_s)
