"""
What the two providers sell here, at list price.

Source: ShortAPI's per-model pages (llms.txt); Runpod docs, public-endpoints/models.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from router.sandbox.money import nanos

FLAT = ""
"""The price key of a model whose price does not depend on the resolution."""

SHORTAPI_RATIOS = frozenset(
    {"9:16", "2:3", "3:4", "4:5", "1:1", "5:4", "4:3", "3:2", "16:9", "21:9"},
)
RUNPOD_RATIOS = SHORTAPI_RATIOS | {"1:4", "4:1", "1:8", "8:1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model at one provider."""

    name: str
    """The model id in ShortAPI's body, the slug in Runpod's path."""
    prices: Mapping[str, int]
    """Nano-dollars per image, by resolution in lower case, or under `FLAT`."""
    default_resolution: str = FLAT
    """What is meant when none is named."""
    image_field: str = "images"
    """Runpod: the input's key for images. `image` holds a single string."""
    images_max: int = 14

    def price_nanos(self, resolution: str) -> int | None:
        """Price one image; None when the model does not come in that resolution."""
        return self.prices.get(FLAT, self.prices.get(resolution))


def _tiers(one: str, two: str, four: str) -> dict[str, int]:
    return {"1k": nanos(one), "2k": nanos(two), "4k": nanos(four)}


SHORTAPI_MODELS = (
    Model(
        name="google/nano-banana-2/edit",
        prices=_tiers("0.04", "0.06", "0.09"),
        default_resolution="1k",
    ),
    Model(
        name="google/nano-banana-pro/edit",
        prices=_tiers("0.08", "0.08", "0.12"),
        default_resolution="1k",
    ),
    Model(name="google/nano-banana/edit", prices={FLAT: nanos("0.03")}),
)

RUNPOD_MODELS = (
    Model(
        name="google-nano-banana-2-edit",
        prices=_tiers("0.0875", "0.13", "0.175"),
        default_resolution="1k",
    ),
    Model(
        name="nano-banana-pro-edit",
        prices=_tiers("0.14", "0.14", "0.24"),
        default_resolution="2k",
    ),
    Model(name="nano-banana-edit", prices={FLAT: nanos("0.038")}, images_max=4),
    Model(name="seedream-v4-edit", prices={FLAT: nanos("0.027")}),
    Model(name="qwen-image-edit", prices={FLAT: nanos("0.02")}, image_field="image"),
    Model(name="qwen-image-edit-2511", prices={FLAT: nanos("0.02")}, images_max=3),
    Model(
        name="black-forest-labs-flux-1-kontext-dev",
        prices={FLAT: nanos("0.025")},
        image_field="image",
    ),
    Model(name="p-image-edit", prices={FLAT: nanos("0.01")}, images_max=5),
)
