"""
Durations of one offer over five windows that fade; what little was seen leans on what is longer.

Where a provider has changed, the short windows begin anew. They lean on what it usually is, which
is a week without its slow spells: of a week of which a part was slow, a percentile says that much
of it all.
"""

import math
from collections.abc import Iterable

from router.model.durations import Distribution, Histogram
from router.model.latency import WINDOW_S, WINDOWS_S

LEANS = 20.0
"""Of as many jobs, a window goes half by what it saw itself and half by what it leans on."""
KNOWN_FROM = 5.0
"""Of so many jobs at least something is known where the price book states nothing."""
DOUBT = 1.5
"""By so many standard errors of what was seen, percentiles are told in the offer's favour."""
SHORT = 2
"""How many of the windows are about now, and begin anew with a change: 15 minutes and an hour."""
LONGEST = len(WINDOWS_S) - 1
HOUR = WINDOWS_S.index(WINDOW_S)

Timed = tuple[float, float]
"""When a duration was seen, and how long it was, both in seconds."""


class Windows:
    """Durations, as they were seen over `WINDOWS_S`."""

    def __init__(self) -> None:
        # Fading so, what counts is on average as old as in a plain window of that length.
        self.over = [Histogram(window_s / 2) for window_s in WINDOWS_S]
        self._usual = Histogram(WINDOWS_S[-1] / 2)
        self._spell: Histogram | None = None
        """The slow spell that it is in, if it is in one."""

    @property
    def now(self) -> Histogram:
        """What was seen since the latest change: what a job is compared with."""
        return self._usual if self._spell is None else self._spell

    def add(self, timed: Timed) -> None:
        """Count a duration over each window."""
        for one in self.over:
            one.add(*timed)

    def begin_anew(self, pending: Iterable[Timed], *, is_slow: bool) -> None:
        """
        Forget in the short windows what was before a change.

        Args:
            pending: What was seen since, in those windows and not yet in `now`.
            is_slow: A slow spell begins; or it ends, and all is as usual, or better than that.
        """
        if not is_slow and self._spell is None:
            self._usual = Histogram(self._usual.fade_s)
        self._spell = Histogram(self._usual.fade_s) if is_slow else None
        self.over[:SHORT] = [Histogram(one.fade_s) for one in self.over[:SHORT]]
        for timed in pending:
            for one in (self.now, *self.over[:SHORT]):
                one.add(*timed)

    def known(self, at_s: float, stated: Distribution | None) -> list[Distribution] | None:
        """What is known over each window; None where that is nothing."""
        week = _leaning(self.over[-1], at_s, stated)
        if week is None:
            return None
        return [*(self._known(place, at_s, stated, week) for place in range(LONGEST)), week]

    def doubts(self, at_s: float) -> list[float]:
        """
        How far what is known over each window may be off for chance: see `Latency.of`.

        What is leaned on counts as certain, so that nothing seen is no doubt.
        """
        counts = (one.count(at_s) for one in self.over)
        return [DOUBT * math.sqrt(count) / (count + LEANS) for count in counts]

    def lately(self, at_s: float, stated: Distribution | None) -> Distribution | None:
        """What is known over the hour; None where that is nothing."""
        week = _leaning(self.over[-1], at_s, stated)
        return None if week is None else self._known(HOUR, at_s, stated, week)

    def _known(
        self, place: int, at_s: float, stated: Distribution | None, week: Distribution
    ) -> Distribution:
        window = self.over[place]
        rest = self._beside(window, at_s, is_short=place < SHORT)
        base = _leaning(rest, at_s, stated) or week
        return _leaning(window, at_s, base) or base

    def _beside(self, window: Histogram, at_s: float, *, is_short: bool) -> Histogram:
        """What a window leans on: what it has not seen itself, so that no job counts twice."""
        if not is_short:
            return self.over[-1].without(window, at_s)
        return self._usual if self._spell is not None else self._usual.without(window, at_s)


def _leaning(histogram: Histogram, at_s: float, base: Distribution | None) -> Distribution | None:
    """What a window saw, with what it leans on; None where that is nothing."""
    seen, count = histogram.seen(), histogram.count(at_s)
    if seen is None:
        return base
    if base is None:
        return seen if count >= KNOWN_FROM else None
    return base.mixed(seen, count / (count + LEANS))
