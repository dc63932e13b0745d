"""The choice: offers in, plan out. Pure; the order of the offers that come in does not matter."""

from collections.abc import Sequence
from types import MappingProxyType

from router.model.job import Job
from router.model.money import Money
from router.model.offer import Candidate, Decision, Offer, Plan, ProviderState
from router.policy.policy import Policy
from router.policy.pool import Pool
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
    provider is never ejected. What may never be used has an `obstacle`. Where the policy says so,
    the fastest is taken when nobody is quick enough, and rather than one that was ejected. Where it
    says so, a few jobs go to see whether a better offer is still as slow as it was.

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
    pool = Pool(by, job, offers, tried)
    trial = None if tried else pool.trial(policy.explore)
    ordered = pool.ordered if trial is None else _first(trial, pool.ordered)
    planned = ordered[: max(0, by.failover.providers_max - len(tried))]
    taken = {offer.provider for offer in ordered}
    losers = sorted(
        (offer for offer in offers if offer.provider not in taken),
        key=lambda offer: offer.provider,
    )
    verdicts = [
        *(_verdict(by, ordered, place, len(planned), pool, trial) for place in range(len(ordered))),
        *(pool.why_not(offer) for offer in losers),
    ]
    return Plan(
        offers=tuple(planned),
        decision=Decision(
            policy=policy.name,
            policy_hash=policy.hash,
            rule=by.rule,
            candidates=tuple(
                Candidate(
                    provider=offer.provider,
                    price=offer.price,
                    verdict=verdict,
                    latency=offer.latency,
                    failing=offer.failing,
                    state=offer.state,
                )
                for offer, verdict in zip((*ordered, *losers), verdicts, strict=True)
            ),
        ),
    )


def _first(trial: Offer, ordered: Sequence[Offer]) -> list[Offer]:
    return [trial, *(offer for offer in ordered if offer.provider != trial.provider)]


def _verdict(
    by: Ruling,
    ordered: list[Offer],
    place: int,
    planned: int,
    pool: Pool,
    trial: Offer | None,
) -> str:
    """Say what becomes of an offer that qualifies; `place` counts from the best, 0."""
    offer, best = ordered[place], ordered[0]
    note = by.prefer.note(offer)
    noted = f" ({note})" if note else ""
    compared = noted if place == 0 else f"{noted}; {_compared(offer, best)}"
    if place >= planned:
        most = by.failover.providers_max
        return f"not used: a job is tried at {most} provider{'s' * (most > 1)} at most{compared}"
    if place > 0:
        return f"next if {ordered[place - 1].provider} does not deliver{compared}"
    if offer is trial:
        return f"chosen to see whether it is as quick again as its price book says{noted}"
    if pool.is_last_resort:
        return f"chosen as the fastest, because nobody is quick enough: {by.told(offer)}"
    kept, why = by.kept(offer), ""
    if offer.state is ProviderState.EJECTED:
        why = "in spite of failures: nobody else can serve this"
    return ", ".join(filter(None, (f"chosen by {by.prefer.rule}{noted}", kept, why)))


def _compared(offer: Offer, best: Offer) -> str:
    more = offer.price.nanos - best.price.nanos
    if more == 0:
        return f"the same price as {best.provider}"
    return f"{Money(abs(more)).usd} {'dearer' if more > 0 else 'cheaper'} than {best.provider}"
