"""The choice: offers in, plan out. Pure; the order of the offers that come in does not matter."""

from collections.abc import Sequence

from router.model.job import Job
from router.model.offer import Candidate, Decision, Offer, Plan, ProviderState
from router.policy.policy import Policy


def choose(
    policy: Policy, job: Job, offers: Sequence[Offer], *, tried: frozenset[str] = frozenset()
) -> Plan:
    """
    Order the offers that qualify, and say of each one that does not, why.

    A provider that was ejected after failures qualifies only when nobody else does: the last
    provider is never ejected. What may never be used has an `obstacle`.

    Args:
        policy: In force for this job.
        job: Its own `price_max` binds as the policy's does.
        offers: At most one of each provider.
        tried: Providers that this job was tried at; they count against `providers_max`.

    Returns:
        The plan; empty when nobody qualifies. The decision lists the plan's offers first.
    """
    assert len({offer.provider for offer in offers}) == len(offers)
    reasons = {offer: _objection(policy, job, offer, tried) for offer in offers}
    able = [offer for offer in offers if reasons[offer] is None]
    healthy = [offer for offer in able if offer.state is not ProviderState.EJECTED]
    ordered = sorted(healthy or able, key=lambda offer: _sort_key(policy, offer))
    planned = ordered[: max(0, policy.failover.providers_max - len(tried))]
    for place, offer in enumerate(ordered):
        reasons[offer] = _verdict(policy, ordered, place, is_planned=place < len(planned))
    for offer in able:
        reasons[offer] = reasons[offer] or "is set aside after failures"
    losers = sorted(reasons.keys() - ordered, key=lambda offer: offer.provider)
    return Plan(
        offers=tuple(planned),
        decision=Decision(
            policy=policy.name,
            policy_hash=policy.hash,
            rule=policy.prefer.rule,
            candidates=tuple(
                Candidate(provider=offer.provider, price=offer.price, verdict=str(reasons[offer]))
                for offer in (*ordered, *losers)
            ),
        ),
    )


def _objection(policy: Policy, job: Job, offer: Offer, tried: frozenset[str]) -> str | None:
    """Say why an offer does not qualify, its health aside."""
    if offer.provider in tried:
        return "was tried for this job already"
    if offer.obstacle is not None:
        return offer.obstacle
    for price_max, whose in ((job.price_max, "job"), (policy.price_max, "policy")):
        if price_max is not None and offer.price > price_max:
            return f"costs {offer.price.usd}, above this {whose}'s maximum of {price_max.usd}"
    return policy.prefer.objection(offer)


def _verdict(policy: Policy, ordered: list[Offer], place: int, *, is_planned: bool) -> str:
    """Say what becomes of an offer that qualifies; `place` counts from the best, 0."""
    offer, best = ordered[place], ordered[0]
    compared = "" if place == 0 else f"; {_compared(offer, best)}"
    if not is_planned:
        most = policy.failover.providers_max
        return f"not used: a job is tried at {most} provider{'s' * (most > 1)} at most{compared}"
    if place > 0:
        return f"next if {ordered[place - 1].provider} does not deliver{compared}"
    if offer.state is ProviderState.EJECTED:
        return f"chosen by {policy.prefer.rule}, in spite of failures: nobody else can serve this"
    return f"chosen by {policy.prefer.rule}"


def _compared(offer: Offer, best: Offer) -> str:
    if offer.price > best.price:
        return f"{(offer.price - best.price).usd} dearer than {best.provider}"
    if offer.price < best.price:
        return f"{(best.price - offer.price).usd} cheaper than {best.provider}"
    return f"the same price as {best.provider}"


def _sort_key(policy: Policy, offer: Offer) -> tuple[int, str]:
    """Break every tie, always the same way: by the provider's name."""
    return policy.prefer.rank(offer), offer.provider
