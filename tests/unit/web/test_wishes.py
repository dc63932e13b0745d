"""The fields of a wish for an edit, each by itself."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from router.model.job import Resolution
from router.web.wishes import PROMPT_MAX, EditRequest
from tests.web_stage import PICTURE_URL


def wish(**fields: Any) -> EditRequest:
    """Wish for an edit."""
    body = {"prompt": "make the sky green", "images": (PICTURE_URL,), **fields}
    return EditRequest.model_validate_json(json.dumps(body))


def test_letters_may_be_of_any_case_where_nothing_hangs_on_it() -> None:
    """A resolution as each provider writes it, and the scheme of an address."""
    asked = wish(resolution="4K", images=("HTTPS://pictures.example/Cat.png",))

    assert asked.resolution is Resolution.FOUR_K
    assert asked.images == ("https://pictures.example/Cat.png",)


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": " \n"},
        {"prompt": "x" * (PROMPT_MAX + 1)},
        {"images": ()},
        {"images": (PICTURE_URL,) * 15},
        {"resolution": "8k"},
        {"aspect_ratio": "0:1"},
        {"output_format": "gif"},
        {"tags": {"a b": "c"}},
        {"tags": {f"t{number}": "x" for number in range(11)}},
        {"price_max": "0"},
        {"price_max": "a lot"},
        {"deadline_s": 0.5},
        {"seed": 7},
    ],
)
def test_what_no_edit_can_have_is_refused(fields: dict[str, Any]) -> None:
    """Whatever policy and prices say."""
    with pytest.raises(ValidationError):
        wish(**fields)


def test_a_wish_shows_neither_prompt_nor_images() -> None:
    """Wherever it is printed."""
    assert "green" not in repr(wish())
    assert "pictures.example" not in repr(wish())


def test_a_wish_may_be_made_of_our_own_values() -> None:
    """As the dialects do, which have read theirs already."""
    made = EditRequest(prompt="p", images=(PICTURE_URL,), resolution=Resolution.TWO_K)

    assert made.resolution is Resolution.TWO_K
