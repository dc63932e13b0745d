"""The choice: offers in, plan out. Pure; the order of the offers that come in does not matter."""

from collections.abc import Sequence
from types import MappingProxyType

from router.model.job import Job
from router.model.money import Money
from router.model.offer import Candidate, Decision, Offer, Plan, ProviderState
from router.policy.exploring import as_stated, explores
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
    pool = _Pool(by, offers, tried)
    ordered = pool.ordered(job)
    trial = None
    if not tried and explores(policy.explore, job.batch or job.id):
        trial = _trial(by, job, offers, ordered)
        ordered = ordered if trial is None else _first(trial, ordered)
    planned = ordered[: max(0, by.failover.providers_max - len(tried))]
    places = {offer.provider: place for place, offer in enumerate(ordered)}
    losers = sorted(
        (offer for offer in offers if offer.provider not in places),
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


class _Pool:
    """
    Who is taken, of all that could serve, and why the others are not.

    As the last resort they are taken although nobody who could serve is quick enough.
    """

    def __init__(self, by: Ruling, offers: Sequence[Offer], tried: frozenset[str]) -> None:
        self._by = by
        maxima = by.price_maxima
        self._reasons = {offer.provider: _objection(by, maxima, offer, tried) for offer in offers}
        able = [offer for offer in offers if self._reasons[offer.provider] is None]
        self._slow = {offer.provider: why for offer in able if (why := by.too_slow(offer))}
        quick = [offer for offer in able if offer.provider not in self._slow]
        slow_too = able if by.takes_the_fastest else []
        # Rather slow than ejected, and rather ejected than nobody.
        tiers = ((_up(quick), False), (_up(slow_too), True), (quick, False), (slow_too, True))
        nobody = (quick, False)
        self.taken, self.is_last_resort = next((tier for tier in tiers if tier[0]), nobody)

    def ordered(self, job: Job) -> list[Offer]:
        """Put the best first."""
        return sorted(self.taken, key=lambda offer: self.sort_key(job, offer))

    def sort_key(self, job: Job, offer: Offer) -> tuple[float, float, str]:
        """Break every tie, always the same way: by the provider's name."""
        late_s = self._by.slowness(offer) if self.is_last_resort else 0.0
        # Jobs of one request are planned together: they draw one lot.
        return late_s, self._by.prefer.rank(offer, job.batch or job.id), offer.provider

    def why_not(self, offer: Offer) -> str:
        """Say why an offer is not taken."""
        name = offer.provider
        return self._reasons[name] or self._slow.get(name) or "is set aside after failures"


def _trial(by: Ruling, job: Job, offers: Sequence[Offer], ordered: Sequence[Offer]) -> Offer | None:
    """Find who would be first if it took as long as is stated, and is not for what was learnt."""
    pool = _Pool(by, as_stated(offers), frozenset())
    best = next(iter(pool.ordered(job)), None)
    if best is None or pool.is_last_resort or best.state is ProviderState.EJECTED:
        return None
    if ordered and ordered[0].provider == best.provider:
        return None
    return next(offer for offer in offers if offer.provider == best.provider)


def _first(trial: Offer, ordered: Sequence[Offer]) -> list[Offer]:
    return [trial, *(offer for offer in ordered if offer.provider != trial.provider)]


def _up(offers: list[Offer]) -> list[Offer]:
    return [offer for offer in offers if offer.state is not ProviderState.EJECTED]


def _objection(
    by: Ruling, maxima: tuple[tuple[Money, str], ...], offer: Offer, tried: frozenset[str]
) -> str | None:
    """Say why an offer does not qualify, its health and its latency aside."""
    if offer.provider in tried:
        return "was tried for this job already"
    if offer.obstacle is not None:
        return offer.obstacle
    if by.halt is not None:
        return f"is not asked: {by.halt.why}"
    for price_max, whose in maxima:
        if offer.price > price_max:
            return f"costs {offer.price.usd}, above this {whose}'s maximum of {price_max.usd}"
    return by.prefer.objection(offer)


def _verdict(
    by: Ruling,
    ordered: list[Offer],
    place: int,
    planned: int,
    pool: _Pool,
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
    if offer.state is ProviderState.EJECTED:
        why = "in spite of failures: nobody else can serve this"
        return f"chosen by {by.prefer.rule}{noted}, {why}"
    return f"chosen by {by.prefer.rule}{noted}"


def _compared(offer: Offer, best: Offer) -> str:
    more = offer.price - best.price
    if more.nanos > 0:
        return f"{more.usd} dearer than {best.provider}"
    if more.nanos < 0:
        return f"{(-more).usd} cheaper than {best.provider}"
    return f"the same price as {best.provider}"
