"""What of a policy applies to one job now: the rule that won, and the stages that are reached."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from router.model.budget import Limit
from router.model.job import Job
from router.model.latency import Latency
from router.model.money import Money
from router.model.offer import Offer
from router.policy.failover import Failover
from router.policy.latencies import LatencyMax, Otherwise
from router.policy.policy import Policy
from router.policy.preference import Preference
from router.policy.rules import OTHERWISE
from router.policy.scopes import JobFacts
from router.policy.stages import Halt, Stage, Standing, Used, halt, reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The policy as it is for one job."""

    rule: str
    """What the decision is called by: a rule's name, and the stages that are reached."""
    prefer: Preference
    own_maxima: tuple[tuple[Money, str], ...]
    """The job's, and the rule's or the policy's, each with whose it is."""
    latency_max: tuple[LatencyMax, str] | None
    """The rule's or the policy's, with whose it is."""
    stages: tuple[Stage, ...]
    """Those that are reached."""
    failover: Failover
    halt: Halt | None
    """Why nothing may be bought at this resolution, whatever it costs; None when something may."""

    @property
    def price_maxima(self) -> tuple[tuple[Money, str], ...]:
        """Each with whose it is; all bind."""
        staged = ((stage.price_max, "stage") for stage in self.stages)
        return (*self.own_maxima, *((most, whose) for most, whose in staged if most is not None))

    def cheapest(self, offers: Sequence[Offer]) -> Money | None:
        """What the job costs at least if no stage has a maximum; None: nobody serves it then."""
        prices = [
            offer.price
            for offer in offers
            if offer.obstacle is None
            and self.prefer.objection(offer) is None
            and all(offer.price <= most for most, _ in self.own_maxima)
            and (self.takes_the_fastest or self.too_slow(offer) is None)
        ]
        return min(prices, default=None)

    @property
    def takes_the_fastest(self) -> bool:
        """Whether a job goes to whoever is quickest when nobody is quick enough."""
        return self.latency_max is not None and (self.latency_max[0].otherwise is Otherwise.FASTEST)

    def allows(self, latency: Latency | None) -> bool:
        """Whether an offer is quick enough that is known to take so long."""
        return self.latency_max is None or self.latency_max[0].allows(latency)

    def kept(self, offer: Offer) -> str:
        """How an offer that is quick enough compares with the maximum; empty without one."""
        return "" if self.latency_max is None else self.latency_max[0].kept(offer)

    def too_slow(self, offer: Offer) -> str | None:
        """Why an offer is too slow, in words; None when it is not."""
        if self.latency_max is None:
            return None
        most, whose = self.latency_max
        return most.objection(offer, whose)

    def told(self, offer: Offer) -> str:
        """How an offer that is too slow compares with the maximum, in words."""
        assert self.latency_max is not None, "without a maximum nobody is too slow"
        most, whose = self.latency_max
        return most.told(offer, whose)

    def slowness(self, offer: Offer) -> float:
        """What the maximum looks at, in seconds: to tell who is fastest. Unknown: infinite."""
        seconds = None if self.latency_max is None else self.latency_max[0].seconds(offer)
        return math.inf if seconds is None else seconds


def standing_of(
    policy: Policy, job: Job, at: datetime, used_of: Callable[[Limit], Used]
) -> Standing:
    """What is used of the budgets that stages go by, as far as they bind a job at an instant."""
    return {
        name: used_of(limit) for name, limit in policy.staging_limits(JobFacts.of(job), at).items()
    }


def ruling(policy: Policy, job: Job, standing: Standing) -> Ruling:
    """
    Find what applies: the first rule that matches changes the policy, and each stage tightens that.

    Args:
        policy: In force for the job.
        job: Its own `price_max` binds as well.
        standing: What of the budgets is used, as far as stages go by it.
    """
    rule, failover = policy.applied_to(job)
    stages = reached(policy.stages, standing)
    prefer = policy.prefer
    if rule is not None and rule.prefer is not None:
        prefer = rule.prefer
    for stage in stages:
        prefer = stage.prefer or prefer
    own = rule.price_max if rule is not None else None
    own_latency = rule.latency_max if rule is not None else None
    slowest = (own_latency, "rule") if own_latency is not None else (policy.latency_max, "policy")
    maxima = [
        (job.price_max, "job"),
        (policy.price_max, "policy") if own is None else (own, "rule"),
    ]
    # Where there are no rules, a decision is called by how it was made.
    otherwise = OTHERWISE if policy.rules else policy.prefer.rule
    name = otherwise if rule is None else rule.name
    return Ruling(
        rule="; ".join((name, *(str(stage.when) for stage in stages))),
        prefer=prefer,
        own_maxima=tuple((most, whose) for most, whose in maxima if most is not None),
        latency_max=(slowest[0], slowest[1]) if slowest[0] is not None else None,
        stages=stages,
        failover=failover,
        halt=halt(stages, standing, job.resolution, downshifting=policy.downshifting),
    )
