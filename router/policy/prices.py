"""
The price book: what each provider charges from when on, on which terms, and what it can do.

Rows are picked by the instant of dispatch and never edited: a new price is a new row.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise

from pydantic import Field

from router.model.job import Resolution
from router.model.money import Money
from router.model.offer import ProviderTerms
from router.policy.explain import closest
from router.policy.price_rows import OfferRow, ProviderRow
from router.policy.problems import Flaw
from router.policy.scalars import Row

_NO_PRICE, _ENDED = "has no price", "has had no price"
_OFF, _UNVERIFIED = "is switched off", "is not verified and not switched on"
_ABOUT_PRICE = (_NO_PRICE, _ENDED, _OFF, _UNVERIFIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedRow:
    """A row of the book with the price it has for one resolution at one instant, or why not."""

    row: OfferRow
    price: Money | None
    """Contracted where negotiated, else list; None when the row cannot sell this."""
    list_price: Money | None
    obstacle: str | None
    """Why it cannot be bought, in words. A row that is off keeps its price."""


class PriceBook(Row):
    """All rows. Built by the loader, which refuses what `flaws` finds."""

    providers: tuple[ProviderRow, ...] = Field(min_length=1)
    offers_listed: tuple[OfferRow, ...] = Field(min_length=1, alias="offers")

    @property
    def provider_names(self) -> tuple[str, ...]:
        """Providers, in the order of the file."""
        return tuple(row.provider for row in self.providers)

    @property
    def models(self) -> tuple[str, ...]:
        """Farebox's names of the models that somebody sells, sorted; on or off."""
        return tuple(sorted({row.model for row in self.offers_listed}))

    def terms(self, provider: str) -> ProviderTerms:
        """
        Look up a provider's terms.

        Raises:
            KeyError: The book has no such provider.
        """
        for row in self.providers:
            if row.provider == provider:
                return row.terms
        raise KeyError(provider)

    def offers(self, job_model: str, resolution: Resolution, at: datetime) -> tuple[PricedRow, ...]:
        """
        Price a model at an instant: one row per provider that ever sold it, sorted by its name.

        Rows that are off, not in force, or without this resolution are there too, with why.
        """
        rows = [row for row in self.offers_listed if row.model == job_model]
        return tuple(
            _priced(own, resolution, at) for own in _by_time(rows, lambda row: row.provider)
        )

    def next_change(
        self, provider: str, model: str, at: datetime
    ) -> tuple[datetime, OfferRow | None] | None:
        """
        Find when an offer's price changes next.

        Returns:
            The instant and the row that then begins, None where the offer ends; None when nothing
            is known to change.
        """
        rows = sorted(
            (row for row in self.offers_listed if (row.provider, row.model) == (provider, model)),
            key=lambda row: row.starts,
        )
        for row in rows:
            if row.starts > at:
                return row.starts, row
        if rows and rows[-1].ends is not None and rows[-1].ends > at:
            return rows[-1].ends, None
        return None

    def flaws(self) -> Iterator[Flaw]:
        """Find what single rows cannot show: equal names, unknown providers, gaps, overlaps."""
        seen: set[str] = set()
        for index, provider in enumerate(self.providers):
            if provider.provider in seen:
                message = f"'{provider.provider}' has two rows of terms"
                yield Flaw(("providers", index, "provider"), message)
            seen.add(provider.provider)
        for index, row in enumerate(self.offers_listed):
            if row.provider not in seen:
                message = f"'{row.provider}' has no terms under 'providers'"
                hint = closest(row.provider, seen)
                yield Flaw(("offers", index, "provider"), message + hint)
        yield from self._flaws_in_time()

    def _flaws_in_time(self) -> Iterator[Flaw]:
        numbers = {id(row): number for number, row in enumerate(self.offers_listed)}
        for rows in _by_time(list(self.offers_listed), lambda row: f"{row.provider} {row.model}"):
            for earlier, later in pairwise(rows):
                what = f"{later.provider} {later.model}"
                if earlier.starts == later.starts:
                    message = f"overlap: {what} has another price from this instant on"
                    yield Flaw(("offers", numbers[id(later)], "from"), message)
                elif earlier.ends is not None and earlier.ends > later.starts:
                    message = f"overlap: the next price of {what} starts before this one ends"
                    yield Flaw(("offers", numbers[id(earlier)], "until"), message)
                elif earlier.ends is not None and earlier.ends < later.starts:
                    message = f"gap: the next price of {what} starts only after this one ends"
                    yield Flaw(("offers", numbers[id(earlier)], "until"), message)


def _by_time(
    rows: Iterable[OfferRow], key: Callable[[OfferRow], str]
) -> Iterator[tuple[OfferRow, ...]]:
    """Part rows by a key, in its order; each part from its earliest row to its latest."""
    for _, part in groupby(sorted(rows, key=lambda row: (key(row), row.starts)), key):
        yield tuple(part)


def _priced(rows: tuple[OfferRow, ...], resolution: Resolution, at: datetime) -> PricedRow:
    """Pick the row in force, or else the first to come, and say what it can sell."""
    begun = [row for row in rows if row.starts <= at]
    row = begun[-1] if begun else rows[0]
    list_price = row.per_image.get(resolution)
    return PricedRow(
        row=row,
        price=row.contracted.get(resolution, list_price),
        list_price=list_price,
        obstacle=_obstacle(row, resolution, at),
    )


def _obstacle(row: OfferRow, resolution: Resolution, at: datetime) -> str | None:
    if at < row.starts:
        return f"{_NO_PRICE} before {_words(row.starts)}"
    if row.ends is not None and at >= row.ends:
        return f"{_ENDED} since {_words(row.ends)}"
    if not row.is_on:
        return _OFF if row.verified else _UNVERIFIED
    if resolution not in row.per_image:
        return f"{_NO_PRICE} for {resolution}"
    return None


def is_about_price(obstacle: str) -> bool:
    """Whether an offer's obstacle is the price book's doing: another book might not have it."""
    return obstacle.startswith(_ABOUT_PRICE)


def _words(instant: datetime) -> str:
    """Write a date, or a date and time where it is not midnight in UTC."""
    return instant.strftime("%Y-%m-%d %H:%M:%S UTC").removesuffix(" 00:00:00 UTC")
