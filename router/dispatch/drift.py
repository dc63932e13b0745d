"""
Prices that proved wrong: an offer that charged above its price twice in a row is stopped.

Even if it is the last one: its budget check was made with a price that is not the price. It sells
again once the price book has a newer row for it. Charging less never stops an offer.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from router.ledger.rows import AttemptRow
from router.ledger.views import ChargeRow
from router.model.job import AttemptState, Resolution
from router.model.money import Money
from router.model.offer import Offer
from router.policy.obstacles import overcharged
from router.policy.prices import PriceBook

CHARGES_ABOVE_MAX = 2
CHARGES_KEPT = 10
"""How many of an offer's latest charges above its price are kept, to tell of them."""
STOPPED = "offer_stopped"
"""What the alarm of it is called."""

_Priced = tuple[str, str, Resolution, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """An offer at one row of the price book, and how often in a row it charged more than that."""

    provider: str
    slug: str
    model: str
    resolution: Resolution
    price_from: datetime
    """Of the row."""
    price: Money
    """As it was pinned."""
    times: int
    charges: tuple[ChargeRow, ...] = field(repr=False)
    """The latest of them, at most `CHARGES_KEPT`; the newest first."""

    @property
    def is_stopped(self) -> bool:
        """Whether nothing may be bought at this price."""
        return self.times >= CHARGES_ABOVE_MAX

    @property
    def words(self) -> str:
        """For people, with what helps."""
        said = overcharged(self.price, self.times)
        return (
            f"{self.provider} is not asked for {self.model} at {self.resolution} any more: {said}; "
            "farebox prices propose writes it"
        )

    def is_in_force(self, prices: PriceBook, at: datetime) -> bool:
        """Whether the price book would sell it: without a newer row, and switched on."""
        return any(
            one.obstacle is None
            and (one.row.provider, one.row.slug) == (self.provider, self.slug)
            and one.row.starts == self.price_from
            for one in prices.offers(self.model, self.resolution, at)
        )


StopObserver = Callable[[Above], None]
"""Told of an offer in the moment that it is stopped."""


def untold(_: Above) -> None:
    """Tell nobody."""


class PriceWatch:
    """Counts charges above the price, by offer: provider, slug, resolution and price-book row."""

    def __init__(self, on_stop: StopObserver = untold) -> None:
        """
        Args:
            on_stop: Told once each time. Not of what the ledger says after a start: people were
                told then. Must not raise.
        """
        self._on_stop = on_stop
        self._above: dict[_Priced, Above] = {}

    def seed(self, latest: Iterable[AttemptRow]) -> None:
        """Take the ledger's latest posted attempts, the oldest first: after a start."""
        for attempt in latest:
            self._count(attempt)

    def settled(self, attempt: AttemptRow) -> None:
        """
        Take note of a booking; only what a provider said that it charged says anything of a price.

        That is also an amount that nobody believed, and for which the price was posted.
        """
        found = self._count(attempt)
        if found is not None and found.times == CHARGES_ABOVE_MAX:
            self._on_stop(found)

    def _count(self, attempt: AttemptRow) -> Above | None:
        """Count a charge; give what it is one too many of, or one more."""
        charged = attempt.reported_amount
        if attempt.state is not AttemptState.POSTED or charged is None:
            return None
        priced = (attempt.provider, attempt.slug, attempt.resolution, attempt.price_from)
        if charged <= attempt.quoted:
            self._above.pop(priced, None)
            return None
        found = self._above.get(priced) or Above(
            provider=attempt.provider,
            slug=attempt.slug,
            model=attempt.model,
            resolution=attempt.resolution,
            price_from=attempt.price_from,
            price=attempt.quoted,
            times=0,
            charges=(),
        )
        kept = (_charge(attempt, charged), *found.charges)[:CHARGES_KEPT]
        self._above[priced] = found = replace(found, times=found.times + 1, charges=kept)
        return found

    def obstacle(self, offer: Offer, resolution: Resolution) -> str | None:
        """Why nothing may be bought at this price; None while it proves right."""
        found = self._above.get((offer.provider, offer.slug, resolution, offer.price_from))
        if found is None or not found.is_stopped:
            return None
        return overcharged(offer.price, found.times)

    def stopped(self, prices: PriceBook, at: datetime) -> tuple[Above, ...]:
        """Offers that the price book would sell, and that are stopped; in a lasting order."""
        found = [one for one in self._above.values() if one.is_stopped]
        found.sort(key=lambda one: (one.provider, one.model, one.resolution))
        return tuple(one for one in found if one.is_in_force(prices, at))

    def count_stopped(self, prices: PriceBook, at: datetime) -> dict[str, int]:
        """Count them, of every provider of the price book."""
        found = [one.provider for one in self.stopped(prices, at)]
        return {name: found.count(name) for name in prices.provider_names}


def _charge(attempt: AttemptRow, charged: Money) -> ChargeRow:
    """What is known of a charge when it is booked."""
    return ChargeRow(
        id=attempt.id,
        provider=attempt.provider,
        model=attempt.model,
        slug=attempt.slug,
        resolution=attempt.resolution,
        quoted=attempt.quoted,
        quote_amount=attempt.quote_amount,
        reported_amount=charged,
        reported_source=attempt.reported_source or "",
        posted=attempt.posted,
        dispatched_at=attempt.dispatched_at or attempt.created_at,
    )
