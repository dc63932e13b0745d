"""A policy's examples, tried out: the promises that `farebox check` and the tests hold it to."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from router.model.ids import JobId
from router.model.job import Job
from router.model.offer import Offer, Plan
from router.policy.capability import offers_for
from router.policy.choose import choose
from router.policy.policy import Example, Expected, Policy
from router.policy.problems import Problem

# Square, because an example without an aspect ratio is about prices, not about shapes.
_SHAPE = "1024x1024"


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

    Args:
        policy: Its book is read.
        job: Any.
        at: When; decides the prices.
        down: Providers that are not to be had.
    """
    return tuple(
        replace(offer, obstacle=offer.obstacle or "is down") if offer.provider in down else offer
        for offer in offers_for(policy.prices, job, at, shape=_SHAPE)
    )


def _broken_promise(policy: Policy, example: Example) -> str | None:
    at = example.at or max(row.starts for row in policy.prices.offers_listed)
    job = _job(policy, example, at)
    plan = choose(policy, job, basic_offers(policy, job, at, example.down))
    first = _outcome(plan, 0)
    if first != example.expect:
        return f"expected {example.expect}, and it is {first}: {_why(plan)}"
    second = _outcome(plan, 1)
    if example.then is not None and second != example.then:
        return f"then expected {example.then}, and it is {second}: {_why(plan)}"
    return None


def _outcome(plan: Plan, place: int) -> Expected:
    if place >= len(plan.offers):
        return Expected(None, None)
    return Expected(plan.offers[place].provider, plan.offers[place].price)


def _why(plan: Plan) -> str:
    candidates = plan.decision.candidates
    return "; ".join(f"{candidate.provider} {candidate.verdict}" for candidate in candidates)


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
        tags=(),
        created_at=at,
        deadline_at=at + timedelta(seconds=policy.deadline_s),
        price_max=example.price_max,
    )
