"""Who is taken for a job, of all that could serve it, in which order; and why others are not."""

from collections.abc import Sequence

from router.model.job import Job
from router.model.money import Money
from router.model.offer import Offer, ProviderState
from router.policy.exploring import explores
from router.policy.latencies import latency_of
from router.policy.ruling import Ruling


class Pool:
    """
    The offers of one choice, parted.

    As the last resort they are taken although nobody who could serve is quick enough.
    """

    def __init__(
        self, by: Ruling, job: Job, offers: Sequence[Offer], tried: frozenset[str]
    ) -> None:
        """
        Args:
            by: What of the policy applies.
            job: It draws the lots, where there are any.
            offers: At most one of each provider, in any order.
            tried: Providers that the job was tried at.
        """
        # Jobs of one request are planned together: they draw one lot.
        self._by, self._lot = by, job.batch or job.id
        maxima = by.price_maxima
        self._reasons = {offer.provider: _objection(by, maxima, offer, tried) for offer in offers}
        self._able = [offer for offer in offers if self._reasons[offer.provider] is None]
        self._slow = {offer.provider: why for offer in self._able if (why := by.too_slow(offer))}
        quick = [offer for offer in self._able if offer.provider not in self._slow]
        slow_too = self._able if by.takes_the_fastest else []
        # Rather slow than ejected, and rather ejected than nobody.
        tiers = ((_up(quick), False), (_up(slow_too), True), (quick, False), (slow_too, True))
        nobody = (quick, False)
        taken, self.is_last_resort = next((tier for tier in tiers if tier[0]), nobody)
        self.ordered = sorted(taken, key=self._sort_key)
        """The best first. The provider's name breaks every tie, always the same way."""

    def why_not(self, offer: Offer) -> str:
        """Say why an offer is not taken."""
        name = offer.provider
        return self._reasons[name] or self._slow.get(name) or "is set aside after failures"

    def trial(self, percent: int | None) -> Offer | None:
        """Find whom this job goes to see, if it is one of so many in a hundred that do."""
        return self.worth_a_trial() if explores(percent, self._lot) else None

    def worth_a_trial(self) -> Offer | None:
        """
        Find who would be first if it took as long as is stated, and is not for what was learnt.

        None: nobody, for the first would be first anyway, is ejected, or slow by its price book.
        """
        by, lot = self._by, self._lot
        stated = (
            (offer, None if offer.stated is None else latency_of(offer.stated))
            for offer in _up(self._able)
        )
        ranked = (
            (by.prefer.rank(offer, latency, lot), offer.provider, offer)
            for offer, latency in stated
            if by.allows(latency)
        )
        best = min(ranked, key=lambda one: one[:2], default=None)
        if best is None or (self.ordered and self.ordered[0] is best[2]):
            return None
        return best[2]

    def _sort_key(self, offer: Offer) -> tuple[float, float, str]:
        late_s = self._by.slowness(offer) if self.is_last_resort else 0.0
        return late_s, self._by.prefer.rank(offer, offer.latency, self._lot), offer.provider


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
        # Whole numbers compare quicker than amounts do.
        if offer.price.nanos > price_max.nanos:
            return f"costs {offer.price.usd}, above this {whose}'s maximum of {price_max.usd}"
    return by.prefer.objection(offer)
