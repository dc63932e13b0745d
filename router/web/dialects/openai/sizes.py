"""
`1536x1024` as what is sold: a resolution and an aspect ratio.

The long side says the resolution: below 2048 it is 1k, below 3072 it is 2k, and from there on 4k,
so that each of OpenAI's own sizes is bought at the price of about as many pixels. The ratio is the
nearest that is sold; a size that is further than 6 % from all of them is refused, rather than
bought in a shape that nobody asked for.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from router.model.errors import InvalidJob
from router.model.job import Resolution
from router.policy.capability import nearest_ratio
from router.policy.policy import Policy

AUTO = "auto"
COMMON: tuple[str, ...] = (
    *("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"),
)
"""What is asked for of a model that is made in any shape."""
TIERS: tuple[tuple[int, Resolution], ...] = (
    (2048, Resolution.ONE_K),
    (3072, Resolution.TWO_K),
)
"""Below which long side, in pixels, an image is of which resolution."""
SIDE_MIN_PX = 256
"""Of the long side: what is less was meant otherwise than as what is made of it."""
AREA_MAX_PX = 18_500_000
"""A tenth more than a square at 4k."""
OFF_MAX_PERCENT = 6
"""How far a size's shape may be from the ratio that it is bought at."""
_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")


def read_size(size: str) -> tuple[int, int]:
    """
    Width and height in pixels of a size such as `1536x1024`.

    Raises:
        InvalidJob: It is none, or smaller or larger than what anybody makes.
    """
    found = _SIZE.fullmatch(size)
    if found is None:
        raise InvalidJob("`size` must be `auto` or pixels, as `1536x1024`.")
    width, height = int(found[1]), int(found[2])
    if max(width, height) < SIDE_MIN_PX:
        raise InvalidJob(
            f"`size` is smaller than what is made: 1k, as `1024x1024`. Smaller "
            f"ones are taken as that from a long side of {SIDE_MIN_PX} pixels on."
        )
    if width * height > AREA_MAX_PX:
        raise InvalidJob("`size` is larger than what is made: 4k, as `4096x4096` or `3840x2160`.")
    return width, height


def resolution_of(width: int, height: int) -> Resolution:
    """The resolution at which an image of so many pixels is bought."""
    for below_px, resolution in TIERS:
        if max(width, height) < below_px:
            return resolution
    return Resolution.FOUR_K


def ratio_of(width: int, height: int, ratios: Sequence[str]) -> str:
    """
    The ratio at which an image of so many pixels is bought.

    Args:
        width: In pixels.
        height: In pixels.
        ratios: What is sold; one or more.

    Raises:
        InvalidJob: None of them is near.
    """
    nearest = nearest_ratio(ratios, f"{width}x{height}")
    across, _, down = nearest.partition(":")
    less, more = sorted((width * int(down), height * int(across)))
    if more * 100 > less * (100 + OFF_MAX_PERCENT):
        raise InvalidJob(
            f"`size` has a shape that nobody makes: the nearest is {nearest}. Ask for another "
            f"size, or for an `aspect_ratio` of {', '.join(ratios)}."
        )
    return nearest


def ratios_sold(model: str, policy: Policy, at: datetime) -> tuple[str, ...]:
    """The ratios of a model that somebody makes, in the price book's order."""
    found: dict[str, None] = {}
    for row in policy.prices.offers_listed:
        if row.model == model and row.is_on and row.starts <= at and not _is_over(row.ends, at):
            found |= dict.fromkeys(row.aspect_ratios)
    return tuple(found) or COMMON


def models_sold(policy: Policy, at: datetime) -> dict[str, datetime]:
    """The models that can be bought, sorted by name, with since when."""
    found: dict[str, datetime] = {}
    for row in policy.prices.offers_listed:
        if row.is_on and row.starts <= at and not _is_over(row.ends, at):
            found[row.model] = min(row.starts, found.get(row.model, row.starts))
    return dict(sorted(found.items()))


def _is_over(ends: datetime | None, at: datetime) -> bool:
    return ends is not None and ends <= at
