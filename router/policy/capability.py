"""Price and ability: what each provider could do for a job, its health aside. Pure."""

import json
import math
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from router.model.job import Job
from router.model.money import Money
from router.model.offer import Capability, Offer
from router.policy.latencies import latency_of
from router.policy.prices import PriceBook, PricedRow

_CURE = ": with FAREBOX_PUBLIC_URL set, Farebox hosts them"


class Ability(StrEnum):
    """What the router may do itself where a provider cannot."""

    OUTPUT_FORMAT = "output_format"
    """Transcode the result."""
    DATA_URLS = "data_urls"
    """Host what the client sent, and give the provider an `https` URL."""


def offers_for(
    book: PriceBook,
    job: Job,
    at: datetime,
    *,
    shape: str | None = None,
    supplied: frozenset[Ability] = frozenset(),
) -> tuple[Offer, ...]:
    """
    Make an offer of every provider that sells the job's model, sorted by the provider's name.

    One that cannot serve the job has an obstacle. If that is a price that is missing, `price` and
    `list_price` are zero: nothing is for sale, and the obstacle says so.

    Args:
        book: Prices are picked from it.
        job: As admitted.
        at: The instant of dispatch: decides which prices are in force.
        shape: The first image's size, `1200x800`; None where unknown or not needed.
        supplied: What the router does itself, so that its lack is no obstacle.
    """
    rows = book.offers(job.model, job.resolution, at)
    return tuple(_offer(row, job, shape, supplied) for row in rows)


def needs_shape(book: PriceBook, job: Job, at: datetime) -> bool:
    """Whether the first image's size must be known: a provider wants a ratio, the job has none."""
    return job.aspect_ratio is None and any(
        priced.obstacle is None and priced.row.aspect_ratio_required
        for priced in book.offers(job.model, job.resolution, at)
    )


def nearest_ratio(ratios: Sequence[str], shape: str) -> str:
    """
    Pick the aspect ratio closest to a size; of two equally close ones, the first.

    Args:
        ratios: One or more, as `16:9`.
        shape: Width and height in pixels, both above zero, as `1200x800`.
    """
    wanted = _log_ratio(shape, "x")
    return min(ratios, key=lambda ratio: abs(_log_ratio(ratio, ":") - wanted))


def _offer(priced: PricedRow, job: Job, shape: str | None, supplied: frozenset[Ability]) -> Offer:
    row, ability = priced.row, priced.row.capability
    ratio = job.aspect_ratio
    if ratio is None and ability.aspect_ratio_required and shape is not None:
        ratio = nearest_ratio(ability.aspect_ratios, shape)
    return Offer(
        provider=row.provider,
        model=row.model,
        slug=row.slug,
        price=priced.price or Money.ZERO,
        list_price=priced.list_price or Money.ZERO,
        price_from=row.starts,
        stated=row.latency,
        latency=latency_of(row.latency) if row.latency is not None else None,
        aspect_ratio=ratio,
        obstacle=priced.obstacle or _obstacle(ability, job, ratio, supplied),
    )


def _obstacle(
    ability: Capability, job: Job, ratio: str | None, supplied: frozenset[Ability]
) -> str | None:
    """Say what the provider cannot do for this job: the first thing found."""
    if ratio is None and ability.aspect_ratio_required:
        return "needs an aspect ratio, and the image's own could not be read"
    if ratio is not None and ability.aspect_ratios and ratio not in ability.aspect_ratios:
        return f"does not make {ratio} images"
    wanted = job.output_format
    if wanted not in {None, *ability.output_formats} and Ability.OUTPUT_FORMAT not in supplied:
        return f"does not deliver {wanted} on request"
    if len(job.images) > ability.images_max:
        return f"takes at most {ability.images_max} images, and this job has {len(job.images)}"
    return None if Ability.DATA_URLS in supplied else obstacle_of_size(ability, job)


def obstacle_of_size(ability: Capability, job: Job) -> str | None:
    """
    Say why images cannot travel inside the request; None when they can, or when none would.

    Kept inputs' sizes are not known here.
    """
    inside = [image for image in job.images if not image.startswith(("https:", "http:"))]
    if inside and not ability.data_urls:
        return f"takes images only as https addresses{_CURE}"
    size = sum(map(len, job.images)) + len(json.dumps(job.prompt))
    if inside and size > ability.body_bytes_max:
        most = ability.body_bytes_max
        return f"takes requests of at most {most} bytes, and this one is larger{_CURE}"
    return None


def _log_ratio(text: str, separator: str) -> float:
    """Width over height as a logarithm, in which 2:1 is as far from square as 1:2."""
    width, _, height = text.partition(separator)
    return math.log(int(width) / int(height))
