"""
Prices that proved wrong: an offer that charged above its price twice in a row is stopped.

Even if it is the last one: its budget check was made with a price that is not the price. It sells
again once the price book has a newer row for it. Charging less never stops an offer.
"""

from collections.abc import Iterable
from datetime import datetime

from router.ledger.rows import AttemptRow
from router.model.job import AttemptState, Resolution
from router.model.offer import Offer
from router.policy.obstacles import overcharged

CHARGES_ABOVE_MAX = 2

_Priced = tuple[str, str, Resolution, datetime]


class PriceWatch:
    """Counts charges above the price, by offer: provider, slug, resolution and price-book row."""

    def __init__(self) -> None:
        self._above: dict[_Priced, int] = {}

    def seed(self, latest: Iterable[AttemptRow]) -> None:
        """Take the ledger's latest posted attempts, the oldest first: after a start."""
        for attempt in latest:
            self.settled(attempt)

    def settled(self, attempt: AttemptRow) -> None:
        """
        Take note of a booking; only what a provider said that it charged says anything of a price.

        That is also an amount that nobody believed, and for which the price was posted.
        """
        charged = attempt.reported_amount
        if attempt.state is not AttemptState.POSTED or charged is None:
            return
        priced = (attempt.provider, attempt.slug, attempt.resolution, attempt.price_from)
        is_above = charged > attempt.quoted
        self._above[priced] = self._above.get(priced, 0) + 1 if is_above else 0

    def obstacle(self, offer: Offer, resolution: Resolution) -> str | None:
        """Why nothing may be bought at this price; None while it proves right."""
        priced = (offer.provider, offer.slug, resolution, offer.price_from)
        times = self._above.get(priced, 0)
        if times < CHARGES_ABOVE_MAX:
            return None
        return overcharged(offer.price, times)
