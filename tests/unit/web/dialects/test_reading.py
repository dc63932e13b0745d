from typing import Annotated

import pytest
from pydantic import BaseModel, Field

from router.model.errors import InvalidJob
from router.model.job import Resolution
from router.web.dialects.reading import (
    in_words_of,
    model_named,
    read_field,
    refuse_impossible,
    wish_of,
)
from tests.policy_files import a_policy

PRICES = a_policy().prices
AN_EDIT = {"prompt": "make it night", "images": ["https://pictures.example/cat.png"]}


@pytest.mark.parametrize(
    ("provider", "name", "model"),
    [
        ("shortapi", "google/nano-banana-2/edit", "nano-banana-2-edit"),
        ("runpod", "google-nano-banana-2-edit", "nano-banana-2-edit"),
        ("runpod", "nano-banana-2-edit", "nano-banana-2-edit"),
        ("runpod", "google/nano-banana-2/edit", None),
        ("shortapi", "", None),
    ],
)
def test_a_foreign_name_is_looked_up_in_the_price_book(
    provider: str, name: str, model: str | None
) -> None:
    """Each provider's own names, and ours, which a book without that provider has alone."""
    assert model_named(PRICES, provider, name) == model


class Frame(BaseModel):
    """A field with a field."""

    colour: Annotated[str, Field(max_length=4)]


def test_what_is_wrong_in_a_field_is_told_with_it() -> None:
    """The client looks for it where it stands."""
    with pytest.raises(InvalidJob) as told:
        read_field(Frame, {"colour": "purple"}, "args")

    assert told.value.detail == "`args.colour` has more than 4 characters."
    assert read_field(Frame, {"colour": "blue"}, "args") == Frame(colour="blue")


def test_fields_as_they_came_make_a_wish() -> None:
    """Lists and words as JSON has them; None is a field that is not there."""
    wish = wish_of({**AN_EDIT, "resolution": "2K", "aspect_ratio": None, "deadline_s": 90})

    assert (wish.resolution, wish.images) == (Resolution.TWO_K, tuple(AN_EDIT["images"]))
    assert (wish.aspect_ratio, wish.deadline_s, wish.response) == (None, 90.0, "url")


def test_what_makes_no_wish_is_told_in_our_own_names() -> None:
    """The dialect puts its own in their place."""
    with pytest.raises(InvalidJob) as told:
        wish_of({**AN_EDIT, "images": [], "resolution": "8k"})

    assert told.value.detail == (
        "`images` needs at least 1; `resolution` must be '1k', '2k' or '4k'."
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"seed": -1, "negative_prompt": "", "num_images": 1},
        {"loras": [], "size": None, "mask": {}},
        {"frobnicate": True},
    ],
)
def test_what_asks_for_nothing_is_let_through(fields: dict[str, object]) -> None:
    """Clients send their own defaults; and of what is not looked at, anything."""
    refuse_impossible(fields, "input", ("seed", "negative_prompt", "num_images", "size", "mask"))


@pytest.mark.parametrize(
    ("field", "value"),
    [("seed", 7), ("seed", 0), ("seed", True), ("negative_prompt", "blur"), ("n", 2), ("n", "1")],
)
def test_what_no_provider_can_do_is_refused(field: str, value: object) -> None:
    """It would be paid for and not be done."""
    with pytest.raises(InvalidJob) as told:
        refuse_impossible({field: value}, "input", (field,))

    assert told.value.detail == f"`input.{field}` asks for what no provider can do."


def test_a_name_that_is_none_is_not_repeated() -> None:
    """It may be a value at a name's place."""
    with pytest.raises(InvalidJob) as told:
        refuse_impossible({"my secret <plan>": 1}, "args", ["my secret <plan>"])

    assert told.value.detail == "`args.…` asks for what no provider can do."


def test_our_names_are_told_as_the_dialects() -> None:
    """With what follows them; other words stay."""
    names = {"images": "args.image_urls"}

    assert in_words_of(
        names, "`images.0` and `images`; `Idempotency-Key`, images; `x.images`."
    ) == ("`args.image_urls.0` and `args.image_urls`; `Idempotency-Key`, images; `x.images`.")
