"""How long an offer's jobs are expected to take: a value that travels with the offer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from router.model.durations import Distribution

PERCENTILES = (50, 75, 90, 95, 99)
"""Those that a policy may ask for."""
WINDOWS_S = (900.0, 3_600.0, 21_600.0, 86_400.0, 604_800.0)
"""Over how long a policy may look back: 15 minutes, an hour, six, a day, a week."""
WINDOW_S = 3_600.0
"""Over how long it looks where it does not say."""
NO_DOUBT = (0.0,) * len(WINDOWS_S)
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """From dispatch to delivery, in seconds: learnt, or what the price book states, or both."""

    percentiles_s: tuple[tuple[float, ...], ...]
    """For each of `WINDOWS_S`, each of `PERCENTILES`: what policies hold against their limits."""
    mean_s: float
    """Over an hour, as the two below."""
    samples: int = 0
    """How many jobs it was learnt from, as they count today; 0: it is only stated."""
    queue_s: float | None = None
    """Half of the jobs waited less in the provider's queue; None where that is not told."""
    execution_s: float | None = None
    """Half of the jobs were worked on for less; None where that is not told."""
    likely_s: tuple[float, float] | None = None
    """
    What is told of it: the 50th and 95th percentile as they are likely, in favour of nobody. None:
    as above, over an hour.
    """

    @classmethod
    def stated(cls, p50_s: float, p95_s: float) -> "Latency":
        """What a price book states: two percentiles, the second not below the first."""
        # Not by way of the bins: what is stated as 20 s is within 20 s.
        sigma = math.log(p95_s / p50_s) / _NORMAL.inv_cdf(0.95)
        found = (
            round(p50_s * math.exp(sigma * _NORMAL.inv_cdf(one / 100)), 3) for one in PERCENTILES
        )
        stated = Distribution.lognormal(p50_s, p95_s)
        return cls(percentiles_s=(tuple(found),) * len(WINDOWS_S), mean_s=round(stated.mean_s, 3))

    @classmethod
    def of(
        cls,
        over: list[Distribution],
        *,
        doubts: Sequence[float] = NO_DOUBT,
        samples: int = 0,
        queue: Distribution | None = None,
        execution: Distribution | None = None,
    ) -> "Latency":
        """
        Take it from distributions.

        Args:
            over: One for each of `WINDOWS_S`.
            doubts: Of each, by how many standard deviations of a single job's luck a percentile is
                told in the offer's favour: few jobs are no proof that it is slow.
            samples: How many jobs they were learnt from.
            queue: Of what the provider says that jobs waited.
            execution: Of what it says that they took.
        """
        hour = over[WINDOWS_S.index(WINDOW_S)]
        is_in_doubt = any(doubts)
        return cls(
            # To the millisecond, so that what is stored and shown is what was decided by.
            percentiles_s=tuple(
                tuple(round(one.percentile_s(_sure(percent, doubt)), 3) for percent in PERCENTILES)
                for one, doubt in zip(over, doubts, strict=True)
            ),
            mean_s=round(hour.mean_s, 3),
            samples=samples,
            queue_s=None if queue is None else round(queue.percentile_s(50), 3),
            execution_s=None if execution is None else round(execution.percentile_s(50), 3),
            likely_s=(round(hour.percentile_s(50), 3), round(hour.percentile_s(95), 3))
            if is_in_doubt
            else None,
        )

    def at(self, percentile: int, window_s: float = WINDOW_S) -> float:
        """What so many of 100 jobs take at most: one of `PERCENTILES`, over one of `WINDOWS_S`."""
        return self.percentiles_s[WINDOWS_S.index(window_s)][PERCENTILES.index(percentile)]

    @property
    def p50_s(self) -> float:
        """What half of the jobs likely take at most."""
        return self.at(50) if self.likely_s is None else self.likely_s[0]

    @property
    def p95_s(self) -> float:
        """What 95 of 100 jobs likely take at most."""
        return self.at(95) if self.likely_s is None else self.likely_s[1]

    @property
    def shown(self) -> dict[str, float | int | None]:
        """What is told of it, as JSON."""
        return {
            "p50_s": self.p50_s,
            "p95_s": self.p95_s,
            "mean_s": self.mean_s,
            "queue_s": self.queue_s,
            "execution_s": self.execution_s,
            "samples": self.samples,
        }


def _sure(percent: int, doubt: float) -> float:
    """The lower end of what a percentile may be: above zero."""
    share = percent / 100
    return max(percent - 100 * doubt * math.sqrt(share * (1 - share)), 1.0)
