"""
What would become of a job, if the budgets stood as given: at its resolution, or at a lower one.

The ledger's hold is the only authority over money; this foresees what it would answer, for quotes
and for a policy's examples.

Only a job's first hold is made smaller. On failover the job stays what it is: its client may have
been told, and an attempt in doubt may still deliver it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from router.model.budget import Limit
from router.model.job import Job, Resolution
from router.model.money import Money
from router.model.offer import Offer, Plan
from router.policy.choose import choose
from router.policy.policy import Policy
from router.policy.ruling import ruling
from router.policy.scopes import JobFacts
from router.policy.stages import Halt, Standing, Used, halt

UsedOf = Callable[[Limit], Used]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A job at one resolution, and how far it would come."""

    job: Job
    plan: Plan
    offers: tuple[Offer, ...]
    """Of the plan's, those that fit every budget."""
    halt: Halt | None
    """The stage that keeps what is for sale from being bought."""
    refused_by: Limit | None
    """The budget that would refuse the hold; None when one would be placed, or none asked for."""
    no_room: tuple[tuple[str, str], ...]
    """
    By provider, the budget that has no room for its offer: of those that stand in the plan before
    the one that would be bought.
    """

    after: "Forecast | None" = None
    """The same job at the next higher resolution, which was refused; None: this was asked for."""

    @property
    def stopped_by(self) -> Limit | None:
        """The budget that refuses it, or whose stage does; else the one that refused it before."""
        if self.refused_by is not None:
            return self.refused_by
        if self.halt is not None:
            return self.halt.used.limit
        return self.after.stopped_by if self.after is not None else None

    @property
    def downshifted(self) -> tuple[Resolution, Resolution, str] | None:
        """From which resolution to which, and which budget had no room; None: not at all."""
        before = self.after
        limit = before.stopped_by if before is not None else None
        if before is None or limit is None:
            return None
        while before.after is not None:
            before = before.after
        return before.job.resolution, self.job.resolution, limit.budget

    def goes_on(self, policy: Policy, *, is_smaller: bool) -> bool:
        """
        Whether the next lower resolution is tried.

        Args:
            policy: Knows what each budget does at its limit.
            is_smaller: This was not the first: that nobody makes it then ends nothing.
        """
        if self.offers:
            return False
        if self.refused_by is not None:
            return policy.downshifts(self.refused_by.budget)
        return may_shrink(policy, self.halt, is_smaller=is_smaller)


def stopped(
    policy: Policy, job: Job, offers: Sequence[Offer], standing: Standing
) -> tuple[Halt, Money] | None:
    """Find the stage that keeps a job from being bought, and what it would have cost at least."""
    by = ruling(policy, job, standing)
    cheapest = by.cheapest(offers)
    found = halt(
        by.stages,
        standing,
        job.resolution,
        cheapest=cheapest,
        downshifting=policy.downshifting,
    )
    prices = [offer.price for offer in offers if offer.obstacle is None]
    return (found, cheapest or min(prices)) if found is not None and prices else None


def may_shrink(policy: Policy, halt: Halt | None, *, is_smaller: bool) -> bool:
    """Whether a job that has an empty plan is tried smaller: for a stage's caps and beyond."""
    if halt is None:
        return is_smaller
    return not halt.is_final and policy.downshifts(halt.used.limit.budget)


def smallest() -> Resolution:
    """The lowest resolution that there is: below it, nothing shrinks."""
    return min(Resolution, key=lambda one: one.long_side_px)


def at_each_resolution(job: Job) -> Iterator[Job]:
    """The job itself, then as it would be at each lower resolution, the next lower one first."""
    own = job.resolution.long_side_px
    for resolution in sorted(Resolution, key=lambda one: -one.long_side_px):
        if resolution.long_side_px <= own:
            yield replace(job, resolution=resolution)


def foresee(
    policy: Policy,
    job: Job,
    offers_of: Callable[[Job], Sequence[Offer]],
    standing: Standing,
    used_of: UsedOf,
) -> Forecast:
    """
    Foresee what would become of a job, at a lower resolution where a budget says so.

    Args:
        policy: In force for the job.
        job: As it is asked for.
        offers_of: The offers for it at a resolution.
        standing: What stages go by.
        used_of: What is allowed and used where a limit binds.

    Returns:
        Where something is bought, that; otherwise how far the job came as it was asked for.
    """
    asked: Forecast | None = None
    before: Forecast | None = None
    for tried in at_each_resolution(job):
        found = forecast(policy, tried, offers_of(tried), standing, used_of)
        found = replace(found, after=before)
        if found.offers:
            return found
        asked, goes_on = asked or found, found.goes_on(policy, is_smaller=before is not None)
        before = found
        if not goes_on:
            break
    assert asked is not None, "a job has a resolution"
    return asked


def forecast(
    policy: Policy, job: Job, offers: Sequence[Offer], standing: Standing, used_of: UsedOf
) -> Forecast:
    """
    Foresee what would become of a job at its resolution.

    Args:
        policy: In force for the job.
        job: At this resolution.
        offers: For it.
        standing: What stages go by.
        used_of: What is allowed and used where a limit binds.
    """
    plan = choose(policy, job, offers, standing=standing)
    shrinking = frozenset[str]() if job.resolution is smallest() else policy.downshifting
    failing = {
        offer: tightest_failing(
            policy.limits(JobFacts.of(job), offer.provider, job.created_at),
            used_of,
            offer,
            shrinking,
        )
        for offer in plan.offers
    }
    fitting = tuple(offer for offer in plan.offers if failing[offer] is None)
    passed = takewhile(lambda one: one[1] is not None, failing.items())
    cheapest = min(plan.offers, key=lambda offer: offer.price, default=None)
    found = stopped(policy, job, offers, standing)
    return Forecast(
        job=job,
        plan=plan,
        offers=fitting,
        halt=found[0] if found is not None else None,
        # As the ledger tells it: of the limits that the cheapest offer fails.
        refused_by=None if fitting or cheapest is None else failing[cheapest],
        no_room=tuple((offer.provider, limit.budget) for offer, limit in passed if limit),
    )


def tightest_failing(
    limits: Iterable[Limit], used_of: UsedOf, offer: Offer, shrinking: Collection[str] = ()
) -> Limit | None:
    """
    Find, of the limits that an offer's price does not fit, the one that the ledger would tell.

    Args:
        limits: All that bind.
        used_of: What is allowed and used there.
        offer: Has the price.
        shrinking: Budgets that let a smaller edit be tried: told only where no other fails.

    Returns:
        The one with the least available; None when the price fits all.
    """
    available = {limit: used_of(limit).available for limit in limits}
    failing = [limit for limit, left in available.items() if left < offer.price]
    return min(
        failing, key=lambda limit: (limit.budget in shrinking, available[limit]), default=None
    )
