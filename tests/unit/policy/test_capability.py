from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from router.model.job import Resolution
from router.model.money import Money
from router.model.offer import Offer
from router.policy.capability import Ability, nearest_ratio, needs_shape, offers_for
from tests.fakes import EPOCH, a_job
from tests.policy_files import PRICES, a_policy

DATA = "data:image/png;base64,AAAA"
WIDE = "1920x1080"

CURE = ": with FAREBOX_PUBLIC_URL set, Farebox hosts them"
ONLY_LINKS = "takes images only as https addresses" + CURE


def offer_of(
    provider: str,
    *,
    shape: str | None = WIDE,
    supplied: frozenset[Ability] = frozenset(),
    **job: Any,
) -> Offer:
    """One provider's offer for a job."""
    offers = offers_for(a_policy().prices, a_job(**job), EPOCH, shape=shape, supplied=supplied)
    return next(offer for offer in offers if offer.provider == provider)


def test_an_offer_is_the_row_with_its_price() -> None:
    """What the book says arrives in the offer, with the ratio that will be sent."""
    prices = PRICES.replace("    images_max: 3", "    contracted: {1k: $0.035}")
    book = a_policy(prices=prices).prices

    runpod, shortapi = offers_for(book, a_job(), EPOCH, shape=WIDE)

    assert runpod.provider == "runpod"
    assert shortapi == Offer(
        provider="shortapi",
        model="nano-banana-2-edit",
        slug="google/nano-banana-2/edit",
        price=Money.parse("0.035"),
        list_price=Money.parse("0.04"),
        price_from=EPOCH - timedelta(days=19, hours=9),
        aspect_ratio="16:9",
    )


@pytest.mark.parametrize(
    ("provider", "job", "obstacle"),
    [
        ("runpod", {}, None),
        ("shortapi", {}, None),
        ("shortapi", {"resolution": Resolution.FOUR_K}, "has no price for 4k"),
        ("shortapi", {"aspect_ratio": "8:1"}, "does not make 8:1 images"),
        ("shortapi", {"aspect_ratio": "9:16"}, None),
        ("runpod", {"aspect_ratio": "8:1"}, None),
        ("shortapi", {"output_format": "jpeg"}, "does not deliver jpeg on request"),
        ("runpod", {"output_format": "jpeg"}, None),
        ("shortapi", {"images": ("https://a",) * 3}, None),
        (
            "shortapi",
            {"images": ("https://a",) * 4},
            "takes at most 3 images, and this job has 4",
        ),
        ("shortapi", {"images": (DATA,)}, ONLY_LINKS),
        (
            "shortapi",
            {"images": ("https://a", "input:ab")},
            ONLY_LINKS,
        ),
        ("runpod", {"images": (DATA,)}, None),
        (
            "runpod",
            {"images": (DATA, "data:" + "A" * 270)},
            "takes requests of at most 300 bytes, and this one is larger" + CURE,
        ),
        ("runpod", {"images": ("https://" + "a" * 400,)}, None),
    ],
)
def test_what_a_provider_cannot_do_is_told(
    provider: str, job: dict[str, Any], obstacle: str | None
) -> None:
    """Resolution, shape, format, number and way of the images."""
    assert offer_of(provider, **job).obstacle == obstacle


@pytest.mark.parametrize(
    ("ability", "job"),
    [
        (Ability.OUTPUT_FORMAT, {"output_format": "jpeg"}),
        (Ability.DATA_URLS, {"images": (DATA,)}),
    ],
)
def test_what_the_router_supplies_is_no_obstacle(ability: Ability, job: dict[str, Any]) -> None:
    """A cheap provider does not lose a job for what is done here."""
    assert offer_of("shortapi", supplied=frozenset({ability}), **job).obstacle is None
    other = frozenset(Ability) - {ability}
    assert offer_of("shortapi", supplied=other, **job).obstacle is not None


def test_an_unknown_shape_is_an_obstacle_where_a_ratio_is_needed() -> None:
    """No shape is guessed: a square of a landscape is not the edit that was asked for."""
    assert offer_of("shortapi", shape=None).obstacle == (
        "needs an aspect ratio, and the image's own could not be read"
    )
    assert offer_of("runpod", shape=None).obstacle is None


def test_a_ratio_that_nobody_needs_is_not_sent() -> None:
    """Without one, the provider follows the image itself."""
    assert offer_of("runpod").aspect_ratio is None


def test_a_ratio_that_was_asked_for_is_sent_to_everybody() -> None:
    """The image's own shape does not count then."""
    assert offer_of("shortapi", aspect_ratio="9:16").aspect_ratio == "9:16"
    assert offer_of("runpod", aspect_ratio="9:16").aspect_ratio == "9:16"


@pytest.mark.parametrize(("bytes_more", "fits"), [(0, True), (1, False)])
def test_a_request_may_be_as_large_as_the_provider_takes(bytes_more: int, *, fits: bool) -> None:
    """The prompt counts with its quotes, the image with its prefix."""
    image = "data:".ljust(300 - len('"red"') + bytes_more, "A")

    assert (offer_of("runpod", prompt="red", images=(image,)).obstacle is None) is fits


def test_what_has_no_price_costs_nothing_and_cannot_be_bought() -> None:
    """The zero is never taken for a bargain."""
    offer = offer_of("shortapi", resolution=Resolution.FOUR_K)

    assert (offer.price, offer.obstacle is None) == (Money.ZERO, False)


@pytest.mark.parametrize(
    ("shape", "ratio"),
    [
        ("1024x1024", "1:1"),
        ("1200x800", "3:2"),
        ("800x1200", "2:3"),
        ("4000x100", "21:9"),
        ("100x4000", "9:16"),
        ("1023x1024", "1:1"),
    ],
)
def test_the_nearest_ratio_is_the_closest_in_proportion(shape: str, ratio: str) -> None:
    """Twice as wide is as far from square as twice as high."""
    assert nearest_ratio(["1:1", "2:3", "3:2", "9:16", "16:9", "21:9"], shape) == ratio


def test_of_two_equally_near_ratios_the_first_is_taken() -> None:
    """The plan does not depend on chance."""
    assert nearest_ratio(["1:2", "2:1"], "7x7") == "1:2"
    assert nearest_ratio(["2:1", "1:2"], "7x7") == "2:1"


@pytest.mark.parametrize(
    ("job", "needed"),
    [
        ({}, True),
        ({"aspect_ratio": "1:1"}, False),
        ({"resolution": Resolution.FOUR_K}, False),
        ({"model": "unknown"}, False),
    ],
)
def test_the_image_is_looked_at_only_when_its_shape_is_needed(
    job: dict[str, Any], *, needed: bool
) -> None:
    """Not when a ratio was asked for, nor when who needs one cannot serve the job anyway."""
    assert needs_shape(a_policy().prices, replace(a_job(), **job), EPOCH) is needed
