"""
The offers that a past job could have had: the tested book's prices, and what was seen at the time.

Prices are the tested policy's, as its book has them at the job's instant. Latency, health and the
share of failures are those that the job's decision saw. Where none was kept, or at another
resolution than the decision was about, latency is what the price book states.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from router.dispatch.latency import FAILING
from router.finance.backtest.past import PastJob
from router.model.job import Job, Resolution
from router.model.offer import Offer
from router.policy.capability import Ability, offers_for
from router.policy.prices import PriceBook, is_about_price

# A picture's shape is not kept; prices do not go by it.
_SQUARE = "1024x1024"
_SUPPLIED = frozenset(Ability)


def book_offers(book: PriceBook, job: Job) -> tuple[Offer, ...]:
    """What the price book says of a job at its instant, sorted by the provider's name."""
    return offers_for(book, job, job.created_at, shape=_SQUARE, supplied=_SUPPLIED)


def offers_seen(
    offers: Sequence[Offer], past: PastJob, resolution: Resolution
) -> tuple[Offer, ...]:
    """
    Put into the book's offers what was seen for a past job.

    Args:
        offers: As `book_offers` makes them, for the job at the resolution.
        past: The job, and what was seen for it.
        resolution: As asked for, or lower.
    """
    if past.evidence is None:
        return tuple(_unseen(offer) for offer in offers)
    seen = {one.provider: one for one in past.evidence.offers}
    is_same = resolution is (past.bought or past.job.resolution)
    return tuple(
        _as_seen(offer, seen[offer.provider], is_same=is_same)
        if offer.provider in seen
        else _unseen(offer)
        for offer in offers
    )


def _unseen(offer: Offer) -> Offer:
    """As a router that has just begun sees it."""
    return replace(offer, failing=FAILING)


def _as_seen(offer: Offer, seen: Offer, *, is_same: bool) -> Offer:
    """
    The book's offer with what is not the book's.

    Args:
        offer: As the book has it.
        seen: As a decision saw it.
        is_same: It was seen at the same resolution.
    """
    obstacle = offer.obstacle
    # What the provider could do was judged then, with the picture at hand: what stood in the way,
    # or did not, is taken over. But for prices, which are the tested book's.
    if not _is_about_price(obstacle) and not _is_about_price(seen.obstacle):
        obstacle = seen.obstacle
    if not is_same:
        return replace(offer, state=seen.state, failing=seen.failing, obstacle=obstacle)
    return replace(
        seen,
        slug=offer.slug,
        price=offer.price,
        list_price=offer.list_price,
        price_from=offer.price_from,
        stated=offer.stated,
        obstacle=obstacle,
    )


def _is_about_price(obstacle: str | None) -> bool:
    return obstacle is not None and is_about_price(obstacle)


class Epochs:
    """Parts time where prices change: within a part, equal jobs have equal offers."""

    def __init__(self, books: Iterable[PriceBook]) -> None:
        rows = [row for book in books for row in book.offers_listed]
        ends = [row.ends for row in rows if row.ends is not None]
        self._changes = sorted({*(row.starts for row in rows), *ends})

    def of(self, at: datetime) -> int:
        """The part that an instant lies in, counted from 0."""
        return bisect_right(self._changes, at)


def facts(job: Job) -> tuple[object, ...]:
    """What of a job its offers go by: equal where they are equal."""
    return job.model, job.resolution, job.aspect_ratio, job.output_format, len(job.images)
