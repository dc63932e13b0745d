"""
The workloads that policies are compared under: who asks how often, and what befalls a provider.

Everything that a run depends on stands here: durations are lognormal around a median, with a sigma
of the logarithm; instants are minutes from the run's beginning. A job's fate at a provider follows
from the seed, the job's number and the provider alone, and from when its create arrives there: so
whoever buys, the same job meets the same luck at the same place.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType

from router.model.job import Resolution
from router.model.money import Money

LIMIT_S = 30.0
"""What a picture should take at most: as `policies/cheapest-within-slo.yaml` promises."""
RESOLUTIONS: Mapping[Resolution, float] = MappingProxyType(
    {Resolution.ONE_K: 0.6, Resolution.TWO_K: 0.25, Resolution.FOUR_K: 0.15}
)
"""What share of the jobs asks for each."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a provider takes when all is well, and how often it fails then."""

    execution_s: Mapping[Resolution, float]
    """The median of its work."""
    execution_sigma: float
    queue_s: float = 0.6
    """The median of the wait before it."""
    queue_sigma: float = 0.5
    failing: float = 0.01


def _by_resolution(one: float, two: float, four: float) -> Mapping[Resolution, float]:
    return MappingProxyType(dict(zip(Resolution, (one, two, four), strict=True)))


def _cents(one: str, two: str, four: str) -> Mapping[Resolution, Money]:
    prices = (Money.parse(price) for price in (one, two, four))
    return MappingProxyType(dict(zip(Resolution, prices, strict=True)))


PACES: Mapping[str, Pace] = MappingProxyType(
    {
        # 95 of 100 within 14, 18 and 25 seconds, in all.
        "shortapi": Pace(_by_resolution(7.5, 10.0, 14.0), execution_sigma=0.35),
        # 95 of 100 within 11, 14 and 19 seconds.
        "runpod": Pace(_by_resolution(6.0, 8.0, 11.0), execution_sigma=0.3),
    }
)
PRICES: Mapping[str, Mapping[Resolution, Money]] = MappingProxyType(
    {
        "shortapi": _cents("0.04", "0.06", "0.09"),
        "runpod": _cents("0.0875", "0.13", "0.175"),
    }
)
"""As in `policies/prices.yaml`."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When jobs come: at random, so many a minute; and in bursts on top of that."""

    per_minute: float = 12.0
    burst: int = 0
    """How many come together."""
    burst_every_s: float = 600.0
    burst_within_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What befalls one provider, between two minutes of the run."""

    begins_min: float = 0.0
    ends_min: float = math.inf
    failing: float = 0.0
    """What share of its jobs fails, beside the usual."""
    is_down: bool = False
    """Whether it lets nobody connect to create a job. It goes on with what it has."""
    slower: tuple[tuple[float, float], ...] = ()
    """How many times as long its jobs take: minutes with factors, and straight lines between."""
    prices: Mapping[Resolution, Money] | None = None
    """What it costs from then on, as its price book says in advance."""

    def holds(self, at_s: float) -> bool:
        """Whether it is that time."""
        return self.begins_min <= at_s / 60 < self.ends_min

    def factor(self, at_s: float) -> float:
        """How many times as long jobs take that begin then."""
        at_min = at_s / 60
        if not self.slower or not self.holds(at_s):
            return 1.0
        for (before_min, low), (after_min, high) in pairwise(self.slower):
            if before_min <= at_min < after_min:
                return low + (high - low) * (at_min - before_min) / (after_min - before_min)
        return self.slower[-1][1] if at_min >= self.slower[-1][0] else 1.0

    @property
    def shown_by_min(self) -> float:
        """When it has changed for the last time: a run that ends before says little of it."""
        changes = (self.begins_min, self.ends_min, *(minute for minute, _ in self.slower))
        return max(minute for minute in changes if math.isfinite(minute))


@dataclass(frozen=True, slots=True)
class Workload:
    """One row of troubles, and who asks meanwhile."""

    name: str
    summary: str
    arrivals: Arrivals = Arrivals()
    troubles: Mapping[str, Trouble] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def shown_by_min(self) -> float:
        """How long a run must be to meet all that it is about."""
        first_burst_min = self.arrivals.burst_every_s / 60 if self.arrivals.burst else 0.0
        return max([first_burst_min, *(one.shown_by_min for one in self.troubles.values())])

    @property
    def jobs_min(self) -> int:
        """How many jobs make a run that long, with a tenth to spare, in round numbers."""
        arrivals = self.arrivals
        a_minute = arrivals.per_minute + arrivals.burst * 60 / arrivals.burst_every_s
        return math.ceil(self.shown_by_min * a_minute * 1.1 / 50) * 50


def _shortapi(**trouble: object) -> Mapping[str, Trouble]:
    return MappingProxyType({"shortapi": Trouble(**trouble)})  # type: ignore[arg-type]


WORKLOADS: Mapping[str, Workload] = MappingProxyType(
    {
        one.name: one
        for one in (
            Workload("steady", "12 jobs a minute, at random; one in a hundred fails anywhere"),
            Workload(
                "bursty",
                "4 jobs a minute, and every ten minutes 60 more within ten seconds",
                Arrivals(per_minute=4.0, burst=60),
            ),
            Workload(
                "slow",
                "ShortAPI takes four times as long in minutes 20 to 50",
                troubles=_shortapi(begins_min=20, ends_min=50, slower=((20, 4.0),)),
            ),
            Workload(
                "failing",
                "ShortAPI fails one job in ten more, all the time",
                troubles=_shortapi(failing=0.10),
            ),
            Workload(
                "down",
                "ShortAPI lets nobody connect in minutes 20 to 35",
                troubles=_shortapi(begins_min=20, ends_min=35, is_down=True),
            ),
            Workload(
                "price change",
                "ShortAPI costs more than Runpod from minute 30 on",
                troubles=_shortapi(begins_min=30, prices=_cents("0.0975", "0.145", "0.195")),
            ),
            Workload(
                "drift",
                "ShortAPI gets slower by and by: threefold at minute 70, as ever at minute 130",
                troubles=_shortapi(slower=((10, 1.0), (70, 3.0), (130, 1.0))),
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One job as it is asked for."""

    number: int
    at_s: float
    resolution: Resolution


@dataclass(frozen=True, slots=True)
class Fate:
    """What a create meets at a provider that arrives there at an instant."""

    is_up: bool
    delivers: bool
    queue_s: float
    execution_s: float
    price: Money

    @property
    def seconds(self) -> float:
        """From its arrival to its end."""
        return self.queue_s + self.execution_s


@dataclass(frozen=True)
class Fates:
    """All that chance decides in a run of a workload."""

    workload: Workload
    jobs: int
    seed: int

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """Every job, in the order of arrival."""
        chance = random.Random(f"{self.seed} arrivals")
        at_s = self._instants(chance)
        names, shares = list(RESOLUTIONS), list(RESOLUTIONS.values())
        drawn = chance.choices(names, shares, k=self.jobs)
        return tuple(Asked(n, at, one) for n, (at, one) in enumerate(zip(at_s, drawn, strict=True)))

    def of(self, number: int, provider: str, resolution: Resolution, at_s: float) -> Fate:
        """What becomes of a job at a provider, if its create arrives there at an instant."""
        chance = random.Random(f"{self.seed} {number} {provider}")
        queue, execution, luck = chance.gauss(), chance.gauss(), chance.random()
        pace, trouble = PACES[provider], self.workload.troubles.get(provider, Trouble())
        holds = trouble.holds(at_s)
        slower = trouble.factor(at_s)
        median_s = pace.execution_s[resolution] * slower
        changed = trouble.prices if holds else None
        return Fate(
            is_up=not (trouble.is_down and holds),
            delivers=luck >= pace.failing + (trouble.failing if holds else 0.0),
            queue_s=pace.queue_s * slower * math.exp(pace.queue_sigma * queue),
            execution_s=median_s * math.exp(pace.execution_sigma * execution),
            price=(changed or PRICES[provider])[resolution],
        )

    def _instants(self, chance: random.Random) -> list[float]:
        arrivals = self.workload.arrivals
        found: list[float] = []
        at_s, bursts = 0.0, 0
        while len(found) < self.jobs:
            at_s += chance.expovariate(arrivals.per_minute / 60)
            found.append(at_s)
            while arrivals.burst and at_s > (bursts + 1) * arrivals.burst_every_s:
                bursts += 1
                begins_s = bursts * arrivals.burst_every_s
                within = (
                    chance.uniform(0.0, arrivals.burst_within_s) for _ in range(arrivals.burst)
                )
                found.extend(begins_s + one for one in within)
        return sorted(found)[: self.jobs]
