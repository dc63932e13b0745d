"""Offers that are not bought any more because their prices proved wrong, as people read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from router.dispatch.drift import Above
from router.ledger.books import Books
from router.ledger.views import Only
from router.model.money import Money
from router.web.dashboard.asked import Asked

LOOKED_BACK = timedelta(days=31)
"""How far back a charge is looked for."""
_MOST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """One of them."""

    offer: Above
    charged: Money | None
    """What was charged last, of the first that are found; None where that is long ago."""

    @property
    def words(self) -> str:
        """For people, with what helps."""
        one = self.offer
        charged = "more" if self.charged is None else self.charged.usd
        return (
            f"{one.provider} {one.resolution.value} {one.model}, charged {charged} for "
            f"{one.price.usd}, and {one.times} times in a row above it: the price book needs a "
            "newer row. Edits go to other offers, or are refused."
        )


async def read_stopped(books: Books, stopped: Sequence[Above], asked: Asked) -> tuple[Stopped, ...]:
    """
    Read what was charged for offers that are stopped, of those that are meant.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    wanted = asked.filter
    meant = [
        one
        for one in stopped
        if wanted.provider in {None, one.provider}
        and wanted.model in {None, one.model}
        and wanted.resolution in {None, one.resolution.value}
    ]
    return tuple([Stopped(offer=one, charged=await _charged(books, one, asked)) for one in meant])


async def _charged(books: Books, offer: Above, asked: Asked) -> Money | None:
    drifted = await books.drifted(
        asked.at - LOOKED_BACK,
        asked.at + timedelta.resolution,
        most=_MOST,
        only=Only(provider=offer.provider, model=offer.model, resolution=offer.resolution.value),
    )
    priced = offer.provider, offer.slug, offer.resolution, offer.price_from
    amounts = [
        row.reported_amount
        for row, above in drifted
        if (row.provider, row.slug, row.resolution, row.price_from) == priced and above.nanos > 0
    ]
    return amounts[-1] if amounts else None
