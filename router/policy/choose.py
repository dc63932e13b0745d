"""The choice: offers in, plan out. Pure; the order of the offers that come in does not matter."""

from collections.abc import Sequence
from types import MappingProxyType

from router.model.job import Job
from router.model.offer import Candidate, Decision, Offer, Plan, ProviderState
from router.policy.policy import Policy
from router.policy.ruling import Ruling, ruling
from router.policy.stages import Standing


def choose(
    policy: Policy,
    job: Job,
    offers: Sequence[Offer],
    *,
    tried: frozenset[str] = frozenset(),
    standing: Standing = MappingProxyType({}),
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
        standing: What of the budgets was used when somebody read them, as far as stages go by it.

    Returns:
        The plan; empty when nobody qualifies. The decision lists the plan's offers first.
    """
    assert len({offer.provider for offer in offers}) == len(offers)
    by = ruling(policy, job, standing)
    reasons = {offer: _objection(by, offer, tried) for offer in offers}
    able = [offer for offer in offers if reasons[offer] is None]
    healthy = [offer for offer in able if offer.state is not ProviderState.EJECTED]
    ordered = sorted(healthy or able, key=lambda offer: _sort_key(by, job, offer))
    planned = ordered[: max(0, by.failover.providers_max - len(tried))]
    for place, offer in enumerate(ordered):
        reasons[offer] = _verdict(by, ordered, place, is_planned=place < len(planned))
    for offer in able:
        reasons[offer] = reasons[offer] or "is set aside after failures"
    losers = sorted(reasons.keys() - ordered, key=lambda offer: offer.provider)
    return Plan(
        offers=tuple(planned),
        decision=Decision(
            policy=policy.name,
            policy_hash=policy.hash,
            rule=by.rule,
            candidates=tuple(
                Candidate(provider=offer.provider, price=offer.price, verdict=str(reasons[offer]))
                for offer in (*ordered, *losers)
            ),
        ),
    )


def _objection(by: Ruling, offer: Offer, tried: frozenset[str]) -> str | None:
    """Say why an offer does not qualify, its health aside."""
    if offer.provider in tried:
        return "was tried for this job already"
    if offer.obstacle is not None:
        return offer.obstacle
    if by.halt is not None:
        return f"is not asked: {by.halt.why}"
    for price_max, whose in by.price_maxima:
        if offer.price > price_max:
            return f"costs {offer.price.usd}, above this {whose}'s maximum of {price_max.usd}"
    return by.prefer.objection(offer)


def _verdict(by: Ruling, ordered: list[Offer], place: int, *, is_planned: bool) -> str:
    """Say what becomes of an offer that qualifies; `place` counts from the best, 0."""
    offer, best = ordered[place], ordered[0]
    note = by.prefer.note(offer)
    noted = f" ({note})" if note else ""
    compared = noted if place == 0 else f"{noted}; {_compared(offer, best)}"
    if not is_planned:
        most = by.failover.providers_max
        return f"not used: a job is tried at {most} provider{'s' * (most > 1)} at most{compared}"
    if place > 0:
        return f"next if {ordered[place - 1].provider} does not deliver{compared}"
    if offer.state is ProviderState.EJECTED:
        why = "in spite of failures: nobody else can serve this"
        return f"chosen by {by.prefer.rule}{noted}, {why}"
    return f"chosen by {by.prefer.rule}{noted}"


def _compared(offer: Offer, best: Offer) -> str:
    if offer.price > best.price:
        return f"{(offer.price - best.price).usd} dearer than {best.provider}"
    if offer.price < best.price:
        return f"{(best.price - offer.price).usd} cheaper than {best.provider}"
    return f"the same price as {best.provider}"


def _sort_key(by: Ruling, job: Job, offer: Offer) -> tuple[float, str]:
    """Break every tie, always the same way: by the provider's name."""
    return by.prefer.rank(offer, job.id), offer.provider
