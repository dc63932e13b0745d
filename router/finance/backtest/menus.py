"""
What a policy would choose for a past job, written out for every state of the budgets that matters.

The real `choose` is asked once for each set of stages that could be reached, and, where a budget
downshifts, at each lower resolution. What then remains is arithmetic in the order of the jobs. So
choices are made in parallel, and budgets are replayed exactly. All of it is plain tuples of text
and integers: cheap to hand from process to process.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from router.finance.backtest.scenarios import Scenario
from router.model.budget import Limit, Usage
from router.model.job import Job, Resolution
from router.model.latency import Latency
from router.model.money import Money
from router.model.offer import Offer, Plan, ProviderState
from router.policy.choose import choose
from router.policy.downshift import at_each_resolution, may_shrink, stopped
from router.policy.policy import Policy
from router.policy.stages import Standing, Used

WHOLE = 1_000_000
"""A certainty, in millionths."""
_GRID = math.log(1.02)

Pace = tuple[int, int]
"""The 50th and 95th percentile of how long an offer takes, as steps of 2 %: see `pace_s`."""


class Bid(NamedTuple):
    """One offer of a plan."""

    provider: str
    resolution: str
    nanos: int
    """Its price."""
    failing: int
    """How likely it fails, in millionths."""
    pace: Pace | None
    """None: nothing is known."""
    lost: int = 0
    """What a failure is taken to charge, in nano-dollars."""
    is_last: bool = False
    """Whether nobody else is asked after a failure, because money may be gone."""


class Size(NamedTuple):
    """What is chosen at one resolution."""

    bids: tuple[Bid, ...]
    """In the plan's order: the first that has room is held for."""
    then: tuple[Bid, ...] = ()
    """Whom a failover goes to, in this order: chosen again, without who was tried."""
    budget: str | None = None
    """Whose stage stands in the way, where there are no bids."""
    nanos: int = 0
    """What it would have cost then, at least."""
    goes_on: bool = False
    """Whether the next lower resolution is tried, where a stage stands in the way."""
    why: str = ""
    """Why there are no bids, in words."""


class Menu(NamedTuple):
    """All that a policy could choose for a job."""

    staged: tuple[str, ...]
    """Budgets that stages go by and that bind the job."""
    choices: tuple[tuple[tuple[int, ...], tuple[Size, ...]], ...]
    """By how many thresholds each of these has reached: the choice at each resolution."""

    def at(self, levels: tuple[int, ...]) -> tuple[Size, ...]:
        """What is chosen when each budget has reached so many thresholds."""
        return next(sizes for reached, sizes in self.choices if reached == levels)


@dataclass(frozen=True, slots=True)
class _Level:
    """So many thresholds of one budget are reached."""

    name: str
    count: int
    used: Used


def thresholds(policy: Policy) -> dict[str, tuple[int, ...]]:
    """At which percentages of which budgets stages begin."""
    found: dict[str, set[int]] = {}
    for stage in policy.stages:
        found.setdefault(stage.when.budget, set()).add(stage.when.percent)
    return {budget: tuple(sorted(percents)) for budget, percents in sorted(found.items())}


def menu(
    scenario: Scenario,
    job: Job,
    offers: Mapping[Resolution, Sequence[Offer]],
    limits: Mapping[str, Limit],
) -> Menu:
    """
    Ask a policy for everything that it could choose.

    Args:
        scenario: The policy.
        job: As asked for.
        offers: For it, at each resolution that could be bought.
        limits: Those that stages go by, as far as they bind the job, by the budget's name.
    """
    policy = scenario.policy
    staged = tuple(name for name in thresholds(policy) if name in limits)
    levels = [_levels(policy, limits[name]) for name in staged]
    return Menu(
        staged,
        tuple(
            (
                tuple(one.count for one in reached),
                tuple(_sizes(scenario, job, offers, {one.name: one.used for one in reached})),
            )
            for reached in product(*levels)
        ),
    )


def _levels(policy: Policy, limit: Limit) -> list[_Level]:
    """A budget as it stands when none, one, or more of its thresholds are reached."""
    percents = (0, *thresholds(policy)[limit.budget])
    # A limit of its own, of which each percent is a whole number; of nothing, all is used.
    whole = Limit(
        budget=limit.budget,
        scope=limit.scope,
        window_start=limit.window_start,
        window_end=limit.window_end,
        bucket_start=limit.bucket_start,
        limit=Money(100),
    )
    return [
        _Level(limit.budget, count, Used(whole, Usage(posted=Money(percent))))
        for count, percent in enumerate(percents)
    ]


def _sizes(
    scenario: Scenario,
    job: Job,
    offers: Mapping[Resolution, Sequence[Offer]],
    standing: Standing,
) -> Iterator[Size]:
    """The choice at each resolution, the job's own first; lower ones where a budget says so."""
    policy = scenario.policy
    for tried in at_each_resolution(job) if policy.downshifting else (job,):
        seen = [offer for offer in offers[tried.resolution] if scenario.asks(offer)]
        plan = choose(policy, tried, seen, standing=standing)
        if plan.offers:
            bids = tuple(_bid(policy, tried, offer) for offer in plan.offers)
            later = _follow(policy, tried, seen, standing, plan)
            yield Size(bids, (*bids[1:], *later))
        else:
            yield _stopped(policy, tried, seen, standing, plan)


def _stopped(
    policy: Policy, job: Job, offers: Sequence[Offer], standing: Standing, plan: Plan
) -> Size:
    found = stopped(policy, job, offers, standing)
    if found is None:
        return Size((), why=_why(plan))
    halt, cheapest = found
    goes_on = may_shrink(policy, halt, is_smaller=False)
    return Size((), (), halt.used.limit.budget, cheapest.nanos, goes_on)


def _follow(
    policy: Policy, job: Job, offers: Sequence[Offer], standing: Standing, plan: Plan
) -> Iterator[Bid]:
    """
    Choose again once all of a plan have failed, as the router does: who was set aside is left then.

    Before, choosing again gives the plan's own order: the same offers are up, and quick enough.
    """
    tried = frozenset(offer.provider for offer in plan.offers)
    most = policy.failover_for(job).providers_max
    while len(tried) < most:
        plan = choose(policy, job, offers, tried=tried, standing=standing)
        if not plan.offers:
            return
        yield _bid(policy, job, plan.offers[0])
        tried |= {plan.offers[0].provider}


def _why(plan: Plan) -> str:
    """Why nobody qualifies, by provider."""
    candidates = plan.decision.candidates
    return "; ".join(f"{one.provider} {one.verdict}" for one in candidates) or "nobody sells it"


def _bid(policy: Policy, job: Job, offer: Offer) -> Bid:
    """
    An offer as a bid.

    Whoever was set aside after failures then is taken to have failed, and to have charged nothing.
    """
    is_down = offer.state is ProviderState.EJECTED
    is_free = is_down or policy.prices.terms(offer.provider).failed_is_free
    return Bid(
        provider=offer.provider,
        resolution=job.resolution.value,
        nanos=offer.price.nanos,
        failing=WHOLE if is_down else round(offer.failing * WHOLE),
        pace=pace_of(offer.latency) if offer.latency is not None else None,
        lost=0 if is_free else offer.price.nanos,
        is_last=not is_free and not policy.failover_for(job).double_spend_max,
    )


def pace_of(latency: Latency) -> Pace:
    """Two percentiles of a latency, over an hour, each as the nearest step."""
    return _step(latency.p50_s), _step(latency.p95_s)


def pace_s(pace: Pace) -> tuple[float, float]:
    """The percentiles in seconds that a pace stands for: within 1 % of what they were."""
    return math.exp(pace[0] * _GRID), math.exp(pace[1] * _GRID)


def _step(seconds: float) -> int:
    return round(math.log(max(seconds, 0.01)) / _GRID)
