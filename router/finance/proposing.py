"""
Rows for the price book, from what is charged: written to be pasted under its `offers:`. Pure.

A proposal is never in force by itself. It says `verified: false`, so that even pasted it sells
nothing until somebody has looked at a bill.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import yaml

from router.finance.drift import Drift
from router.model.clock import rfc3339
from router.model.job import Resolution
from router.model.money import Money
from router.policy.price_rows import OfferRow
from router.policy.prices import PriceBook

NO_PROPOSAL = (
    "# No price has changed that the price book has no row for: offers are charged as it says, or "
    "vary, and none is stopped.\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A new row for an offer, as YAML has it."""

    provider: str
    model: str
    starts: datetime
    changes: tuple[Drift, ...]
    """At least one; of one offer, each of its own resolution."""
    row: Mapping[str, Any]
    """By the price book's own words."""
    ends: datetime | None
    """Where the row that it follows ends by itself: that end must become the new row's."""


def proposals(book: PriceBook, found: Iterable[Drift]) -> list[Proposal]:
    """
    Propose a row for each offer of which a price has changed, for all of its resolutions.

    One that is stopped always gets a row. Any other that is no longer in the book gets none, nor
    one whose newer row answers the change already.
    """
    by_offer: dict[tuple[str, str, str], list[Drift]] = {}
    for one in found:
        rows = _rows_of(book, one)
        if one.proposed is not None and rows and not _is_answered(one, one.proposed, rows):
            by_offer.setdefault((one.provider, one.model, one.slug), []).append(one)
    return [_proposal(book, changes) for changes in by_offer.values()]


def _rows_of(book: PriceBook, one: Drift) -> list[OfferRow]:
    """An offer's rows, the earliest first."""
    own = (one.provider, one.model, one.slug)
    rows = [row for row in book.offers_listed if (row.provider, row.model, row.slug) == own]
    return sorted(rows, key=lambda row: row.starts)


def _begun(rows: Sequence[OfferRow], changes: Sequence[Drift]) -> list[OfferRow]:
    """Those rows that had begun when the latest charge was sent that a proposal rests on."""
    latest = max(charge.dispatched_at for one in changes for charge in one.grounds)
    return [row for row in rows if row.starts <= latest]


def _is_answered(one: Drift, amount: Money, rows: Sequence[OfferRow]) -> bool:
    """
    Whether the book knows of a change already: a row began since, or names this very price.

    What stopped an offer is not answered: it would be sold.
    """
    if one.stopped is not None:
        return False
    begun = _begun(rows, [one])
    if len(begun) < len(rows) or not begun:
        return True
    listed = begun[-1].per_image.get(one.resolution)
    return begun[-1].contracted.get(one.resolution, listed) == amount


def _proposal(book: PriceBook, changes: Sequence[Drift]) -> Proposal:
    rows = _rows_of(book, changes[0])
    former = (_begun(rows, changes) or rows[:1])[-1]
    seen = min(charge.dispatched_at for one in changes for charge in one.grounds)
    starts = max(seen.replace(microsecond=0), former.starts + timedelta(seconds=1))
    return Proposal(
        provider=former.provider,
        model=former.model,
        starts=starts,
        changes=tuple(changes),
        row=dict(_row(former, starts, changes)),
        ends=former.ends,
    )


def _row(former: OfferRow, starts: datetime, changes: Sequence[Drift]) -> Iterator[tuple[str, Any]]:
    """The former row with other prices. What it can do is not touched by a price."""
    list_prices, contracted = dict(former.per_image), dict(former.contracted)
    for one in changes:
        amount = one.proposed
        assert amount is not None, "only changes are proposed"
        if one.resolution in contracted and amount <= list_prices[one.resolution]:
            contracted[one.resolution] = amount
        else:
            contracted.pop(one.resolution, None)
            list_prices[one.resolution] = amount
    count = sum(len(one.grounds) for one in changes)
    yield "provider", former.provider
    yield "model", former.model
    yield "slug", former.slug
    yield "from", rfc3339(starts).replace(".000000", "")
    yield "source", f"what {count} edits in a row were charged, as the ledger has it"
    yield "verified", False
    yield "per_image", _prices(list_prices)
    if contracted:
        yield "contracted", _prices(contracted)
    if former.latency is not None:
        names = zip(("p50", "p95"), former.latency, strict=True)
        yield "latency", {name: _seconds(value) for name, value in names}
    if former.aspect_ratio_required:
        yield "aspect_ratio_required", True
    if former.aspect_ratios:
        yield "aspect_ratios", list(former.aspect_ratios)
    if former.output_formats:
        yield "output_formats", list(former.output_formats)
    yield "images_max", former.images_max
    yield "data_urls", former.data_urls
    yield "body_bytes_max", former.body_bytes_max


def _prices(prices: Mapping[Resolution, Money]) -> dict[str, str]:
    return {size.value: f"${prices[size]}" for size in Resolution if size in prices}


def _seconds(seconds: float) -> str:
    return f"{seconds:g}s"


def as_yaml(made: Sequence[Proposal]) -> str:
    """Rows to paste under `offers:` of the price book; a comment where there is none to make."""
    if not made:
        return NO_PROPOSAL
    return "\n".join(_yaml(one) for one in made)


def _grounds(change: Drift) -> Iterator[str]:
    """On what a price rests, in lines; whether it is sure, and whether it stops the offer."""
    assert change.proposed is not None, "only changes are proposed"
    amounts = dict.fromkeys(one.reported_amount for one in change.grounds)
    charged = ", ".join(amount.usd for amount in amounts)
    yield (
        f"{change.resolution} was {change.pinned.usd}; charged {charged} "
        f"{len(change.grounds)} times in a row."
    )
    if len(amounts) > 1:
        yield f"THESE DIFFER: {change.proposed.usd}, the highest, is proposed. Ask the provider."
    if change.stopped is not None:
        yield f"Nothing is bought at {change.stopped.price.usd} until there is a newer row."
    if any(one.is_withdrawn for one in change.grounds):
        yield "Some of it only a bill has said that was withdrawn. Ask the provider."


def _yaml(one: Proposal) -> str:
    said = [f"  # {line}" for change in one.changes for line in _grounds(change)]
    if one.ends is not None:
        ends = rfc3339(one.ends)
        said.append(f"  # The row before it must now end with `until: {rfc3339(one.starts)}`,")
        said.append(f"  # and this one take over its end: `until: {ends}`.")
    said.append("  # Nothing is bought by this row until `verified: true` says that somebody has")
    said.append("  # seen the price on a bill.")
    written = yaml.safe_dump([dict(one.row)], sort_keys=False, default_flow_style=None, width=90)
    body = "\n".join(f"  {line}" for line in written.splitlines())
    return "\n".join([*said, body]) + "\n"
