"""OpenAI's edits as wishes of ours."""

from datetime import UTC, datetime
from typing import Any

import pytest

from router.model.errors import InvalidJob, NotFound
from router.web.dialects.openai.fields import ImageEdit
from router.web.dialects.openai.wishing import wish_of
from router.web.wishes import EditRequest
from tests.policy_files import PRICES, a_policy

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
CAT, DOG = "https://pictures.example/cat.png", "HTTPS://pictures.example/dog.png"


def wished(**fields: Any) -> EditRequest:
    """Say what a client asks for in our words."""
    edit = ImageEdit.model_validate({"prompt": "p", "image": [CAT], **fields})
    return wish_of(edit, a_policy(), NOW)


def test_what_is_not_said_is_as_openais() -> None:
    """The image itself, as PNG, in the first image's shape."""
    assert wished().model_dump() == {
        "prompt": "p",
        "images": (CAT,),
        "model": "nano-banana-2-edit",
        "resolution": "1k",
        "aspect_ratio": None,
        "output_format": "png",
        "response": "base64",
        "tags": {},
        "callback_url": None,
        "deadline_s": None,
        "price_max": None,
    }


@pytest.mark.parametrize(
    ("fields", "resolution", "ratio"),
    [
        ({"size": "auto"}, "1k", None),
        ({"size": "2048x2048"}, "2k", "1:1"),
        ({"size": "2048x2048", "resolution": "4k"}, "4k", "1:1"),
        ({"size": "2048x2048", "aspect_ratio": "16:9"}, "2k", "16:9"),
        ({"size": "2048x2048", "aspect_ratio": "auto"}, "2k", None),
        ({"size": "2048x2048", "aspect_ratio": "match_input_image"}, "2k", None),
        ({"size": "3000x1000", "aspect_ratio": "16:9"}, "2k", "16:9"),
        ({"size": "auto", "resolution": "2k", "aspect_ratio": "9:16"}, "2k", "9:16"),
    ],
)
def test_our_own_words_win_over_the_size(
    fields: dict[str, str], resolution: str, ratio: str | None
) -> None:
    """Each for itself: what it does not say is taken from the size."""
    wish = wished(**fields)

    assert (wish.resolution, wish.aspect_ratio) == (resolution, ratio)


def test_a_link_is_to_what_the_provider_made() -> None:
    """Unless a format was asked for."""
    plain = wished(response_format="url")
    jpeg = wished(response_format="url", output_format="jpeg")

    assert (plain.response, plain.output_format) == ("url", None)
    assert (jpeg.response, jpeg.output_format) == ("url", "jpeg")


def test_images_of_both_fields_are_edited_together() -> None:
    """Those of `image` first; schemes as everybody behind us expects them."""
    assert wished(images=[DOG]).images == (CAT, "https://pictures.example/dog.png")


def test_the_end_user_is_a_tag() -> None:
    """For budgets of each; what cannot be a tag is none, and a tag of the name stays."""
    many = {f"t{number}": "1" for number in range(10)}

    assert wished(user="u-17", tags={"team": "a"}).tags == {"team": "a", "user": "u-17"}
    assert wished(user="u-17", tags={"user": "me"}).tags == {"user": "me"}
    assert wished(user="u-17", tags=many).tags == many
    assert wished(user="").tags == wished(user="x" * 500).tags == wished(user="a\nb").tags == {}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"image": []}, "`image` is missing."),
        ({"prompt": " "}, "`prompt` must not be empty."),
        ({"prompt": "x" * 32_001}, "`prompt` has more than 32000 characters."),
        ({"image": [CAT] * 15}, "`images` takes at most 14."),
        ({"size": "large"}, "`size` must be `auto` or pixels, as `1536x1024`."),
        ({"aspect_ratio": "wide"}, "`aspect_ratio` must be a ratio, as 16:9."),
        ({"tags": {"a b": "1"}}, "`tags` has a name that is none"),
        ({"price_max": "-1"}, "`price_max` must be above zero."),
        ({"deadline_s": 0.5}, "`deadline_s` must be at least 1."),
        ({"deadline_s": "nan"}, "`deadline_s` must be a number."),
    ],
)
def test_what_no_edit_can_be_is_refused(fields: dict[str, Any], told: str) -> None:
    """As the native endpoint refuses it."""
    with pytest.raises(InvalidJob) as refused:
        wished(**fields)

    assert refused.value.detail.startswith(told)


@pytest.mark.parametrize(
    "model",
    ["gpt-image-1", "gpt-image-1.5", "gpt-image-1-mini", "chatgpt-image-latest", "dall-e-2"],
)
def test_a_model_of_openais_stands_for_the_default(model: str) -> None:
    """So that a client changes its address, and nothing else."""
    assert wished(model=model).model == "nano-banana-2-edit"


def test_a_model_of_openais_that_somebody_sells_is_that() -> None:
    """The price book's own names come first; without the default there is nothing to stand for."""
    named = PRICES.replace("model: nano-banana-2-edit", "model: gpt-image-1")
    policy = a_policy(prices=named)
    edit = ImageEdit.model_validate({"prompt": "p", "image": CAT, "model": "gpt-image-1"})

    assert wish_of(edit, policy, NOW).model == "gpt-image-1"
    for model in ("gpt-image-2", None):
        with pytest.raises(NotFound, match="Sold are: gpt-image-1"):
            wish_of(edit.model_copy(update={"model": model}), policy, NOW)


@pytest.mark.parametrize("model", ["gpt-4o", "dall-e", "my-gpt-image-1", ""])
def test_a_model_that_is_not_sold_is_not_found(model: str) -> None:
    """Buying another in its place would be a surprise; those that are sold are named."""
    with pytest.raises(NotFound) as refused:
        wished(model=model)

    assert refused.value.detail == (
        "`model` names nothing that is sold here. Sold are: nano-banana-2-edit."
    )
