"""
An edit as a client wishes it, in whatever dialect: the fields, and what each may be by itself.

What a policy, a price book or a guard has to say to it is `asking`'s.
"""

import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from router.images.kinds import Made
from router.model.job import Resolution
from router.model.money import Money, NotMoney
from router.policy.scopes import TAG_NAME, TAG_VALUE_MAX

DEFAULT_MODEL = "nano-banana-2-edit"
IMAGES_MAX = 14
PROMPT_MAX = 32_000
TAGS_MAX = 10
CALLBACK_URL_MAX = 2048
_RATIO = re.compile(r"^[1-9][0-9]{0,2}:[1-9][0-9]{0,2}$")


def _read_resolution(value: object) -> object:
    if isinstance(value, Resolution):
        return value
    return value.lower() if isinstance(value, str) else value


def _read_image(value: str) -> str:
    scheme, colon, rest = value.partition(":")
    return f"{scheme.lower()}{colon}{rest}"


def _check_prompt(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _check_ratio(text: str) -> str:
    if not _RATIO.fullmatch(text):
        raise ValueError("must be a ratio, as 16:9")
    return text


def _check_tags(tags: dict[str, str]) -> dict[str, str]:
    for name, value in tags.items():
        if not TAG_NAME.fullmatch(name):
            raise ValueError(
                "has a name that is none: letters, digits and `._:/-`, at most 64 in all"
            )
        if len(value) > TAG_VALUE_MAX or not value.isprintable():
            raise ValueError(f"has a value that is longer than {TAG_VALUE_MAX}, or not printable")
    return tags


def _check_price(text: str) -> str:
    try:
        price = Money.parse(text)
    except NotMoney:
        raise ValueError('must be an amount in dollars, as "0.10"') from None
    if price <= Money.ZERO:
        raise ValueError("must be above zero")
    return text


Tags = Annotated[dict[str, str], Field(max_length=TAGS_MAX), AfterValidator(_check_tags)]
"""For policy rules and reports."""
Image = Annotated[str, AfterValidator(_read_image)]
"""A URL whose scheme is in lower case, as everybody behind us expects it."""

Ratio = Annotated[
    str, AfterValidator(_check_ratio), WithJsonSchema({"type": "string", "pattern": _RATIO.pattern})
]


class EditRequest(BaseModel):
    """The body of `POST /v1/edits` and of `POST /v1/quotes`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    prompt: Annotated[
        str, StringConstraints(max_length=PROMPT_MAX), AfterValidator(_check_prompt)
    ] = Field(repr=False)
    images: Annotated[tuple[Image, ...], Field(min_length=1, max_length=IMAGES_MAX, repr=False)]
    model: Annotated[str, StringConstraints(max_length=64)] = DEFAULT_MODEL
    resolution: Annotated[Resolution, BeforeValidator(_read_resolution)] = Resolution.ONE_K
    aspect_ratio: Ratio | None = None
    output_format: Made | None = None
    response: Literal["url", "base64"] = "url"
    tags: Tags = Field(default_factory=dict)
    callback_url: Annotated[str, StringConstraints(max_length=CALLBACK_URL_MAX)] | None = Field(
        default=None, repr=False
    )
    deadline_s: Annotated[float, Field(ge=1, allow_inf_nan=False)] | None = None
    price_max: Annotated[str, AfterValidator(_check_price)] | None = None
