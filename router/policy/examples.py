"""A policy's examples, tried out: the promises that `farebox check` and the tests hold it to."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from router.model.budget import Limit, Usage
from router.model.ids import JobId
from router.model.job import Job
from router.model.money import Money
from router.model.offer import FAILING_ASSUMED, Offer
from router.policy.capability import Ability, offers_for
from router.policy.downshift import Forecast, foresee
from router.policy.latencies import latency_of
from router.policy.policy import Example, Expected, Policy
from router.policy.problems import Problem
from router.policy.ruling import standing_of
from router.policy.stages import Used

# Square, because an example without an aspect ratio is about prices, not about shapes.
_SHAPE = "1024x1024"
# What the router always does itself.
_SUPPLIED = frozenset({Ability.OUTPUT_FORMAT})


def evaluate(policy: Policy) -> list[Problem]:
    """Try every example; return those that come out otherwise, each with what happens instead."""
    problems: list[Problem] = []
    for index, example in enumerate(policy.examples):
        message = _broken_promise(policy, example)
        if message is not None:
            place = policy.example_place(index)
            problems.append(
                place.problem(message) if place else Problem(policy.name, 1, 1, message)
            )
    return problems


def basic_offers(
    policy: Policy, job: Job, at: datetime, down: Collection[str] = ()
) -> tuple[Offer, ...]:
    """
    Make offers from the price book alone, as if every first image were square.

    They fail as often as a router assumes that has seen nothing, so that both come out alike.

    Args:
        policy: Its book is read.
        job: Any.
        at: When; decides the prices.
        down: Providers that are not to be had.
    """
    return tuple(
        replace(
            offer,
            obstacle=offer.obstacle or ("is down" if offer.provider in down else None),
            failing=FAILING_ASSUMED,
        )
        for offer in offers_for(policy.prices, job, at, shape=_SHAPE, supplied=_SUPPLIED)
    )


def _broken_promise(policy: Policy, example: Example) -> str | None:
    at = example.at or max(row.starts for row in policy.prices.offers_listed)
    found = _foreseen(policy, example, _job(policy, example, at))
    first = _outcome(found, 0)
    if first != example.expect:
        return f"expected {example.expect}, and it is {first}: {_why(found)}"
    bought, wanted = found.job.resolution, example.downshifted_to or example.job
    if found.offers and bought != wanted:
        return f"expected a {wanted} to be bought, and it is a {bought}: {_why(found)}"
    second = _outcome(found, 1)
    if example.then is not None and second != example.then:
        return f"then expected {example.then}, and it is {second}: {_why(found)}"
    return None


def _foreseen(policy: Policy, example: Example, job: Job) -> Forecast:
    """What would become of the job, were the budgets used as the example says."""

    def used_of(limit: Limit) -> Used:
        share = _share(limit.limit, dict(example.used).get(limit.budget, 0))
        return Used(limit, Usage(posted=share))

    standing = standing_of(policy, job, job.created_at, used_of)
    return foresee(
        policy,
        job,
        lambda tried: _offers(policy, example, tried),
        standing,
        used_of,
    )


def _offers(policy: Policy, example: Example, job: Job) -> tuple[Offer, ...]:
    """The offers for the job, were providers as quick as the example says."""
    said = dict(example.latency)
    return tuple(
        replace(offer, latency=latency_of(said[offer.provider]))
        if offer.provider in said
        else offer
        for offer in basic_offers(policy, job, job.created_at, example.down)
    )


def _share(limit: Money, percent: int) -> Money:
    return Money(limit.nanos * percent // 100)


def _outcome(found: Forecast, place: int) -> Expected:
    if place >= len(found.offers):
        return Expected(None, None)
    return Expected(found.offers[place].provider, found.offers[place].price)


def _why(found: Forecast) -> str:
    candidates = found.plan.decision.candidates
    reasons = [f"{candidate.provider} {candidate.verdict}" for candidate in candidates]
    if found.refused_by is not None:
        reasons.append(f"the budget '{found.refused_by.budget}' has no room for it")
    return "; ".join(reasons)


def _job(policy: Policy, example: Example, at: datetime) -> Job:
    return Job(
        id=JobId("example"),
        tenant=example.tenant,
        key_id="example",
        model=example.model,
        prompt="an example",
        images=("https://example.com/image.png",),
        resolution=example.job,
        aspect_ratio=example.aspect_ratio,
        output_format=example.output_format,
        tags=example.tag,
        created_at=at,
        deadline_at=at + timedelta(seconds=policy.deadline_s),
        price_max=example.price_max,
    )
