"""
An edit as a client asks for it: read strictly, made canonical, and turned into a `Job`.

What is refused here was never priced, held or sent.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from router.images.data_urls import bytes_in
from router.model.errors import InvalidJob
from router.model.job import Job, Resolution, Response
from router.model.money import Money, NotMoney
from router.policy.explain import closest
from router.policy.policy import Policy
from router.policy.scopes import TAG_NAME, TAG_VALUE_MAX
from router.upstream.guard import FetchRefused, GuardPolicy
from router.upstream.image_header import data_url_bytes, size_of
from router.web.auth import Caller
from router.web.explaining import read_as, sentence
from router.web.services import Services

DEFAULT_MODEL = "nano-banana-2-edit"
IMAGES_MAX = 14
IMAGE_BYTES_MAX = 20 * 1024 * 1024
PROMPT_MAX = 32_000
TAGS_MAX = 10
_HEADER_BYTES = 64 * 1024


def _read_resolution(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _read_image(value: str) -> str:
    scheme, colon, rest = value.partition(":")
    return f"{scheme.lower()}{colon}{rest}"


def _check_prompt(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
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


def _refuse_callback(value: object) -> None:
    if value is not None:
        raise ValueError("is not served yet: ask `GET /v1/edits/{id}?wait=60` instead")


Tags = Annotated[dict[str, str], Field(max_length=TAGS_MAX), AfterValidator(_check_tags)]
"""For policy rules and reports."""
Image = Annotated[str, AfterValidator(_read_image)]
"""A URL whose scheme is in lower case, as everybody behind us expects it."""


class EditRequest(BaseModel):
    """The body of `POST /v1/edits` and of `POST /v1/quotes`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    prompt: Annotated[
        str, StringConstraints(max_length=PROMPT_MAX), AfterValidator(_check_prompt)
    ] = Field(repr=False)
    images: Annotated[tuple[Image, ...], Field(min_length=1, max_length=IMAGES_MAX, repr=False)]
    model: Annotated[str, StringConstraints(max_length=64)] = DEFAULT_MODEL
    resolution: Annotated[Resolution, BeforeValidator(_read_resolution)] = Resolution.ONE_K
    aspect_ratio: Annotated[str | None, Field(pattern=r"^[1-9][0-9]{0,2}:[1-9][0-9]{0,2}$")] = None
    output_format: Literal["png", "jpeg"] | None = None
    response: Literal["url", "base64"] = "url"
    tags: Tags = Field(default_factory=dict)
    callback_url: Annotated[Any, AfterValidator(_refuse_callback)] = None
    deadline_s: Annotated[float, Field(ge=1, allow_inf_nan=False)] | None = None
    price_max: Annotated[str, AfterValidator(_check_price)] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A job that a client asks for, and the digest that tells the same request again."""

    job: Job
    policy: Policy
    fingerprint: str
    """SHA-256 of the canonical request."""


def read_edit(
    services: Services, caller: Caller, body: bytes, *, tenant: str | None = None
) -> Asked:
    """
    Read a request for an edit under the policy in force.

    Args:
        services: The house.
        caller: Who asks.
        body: As it came.
        tenant: For whom; None for the caller's own.

    Raises:
        Malformed: It is not JSON.
        InvalidJob: It asks for something that does not exist; names each field.
    """
    asked = read_as(EditRequest, body, InvalidJob)
    policy = services.policy()
    problems = [*_problems(asked, policy), *_problems_of_images(asked, services.guard)]
    if problems:
        raise InvalidJob(sentence(problems))
    now = services.clock.now()
    job = Job(
        id=services.ids.job(),
        tenant=tenant or caller.tenant,
        key_id=caller.key_id,
        model=asked.model,
        prompt=asked.prompt,
        images=asked.images,
        resolution=asked.resolution,
        aspect_ratio=asked.aspect_ratio,
        output_format=asked.output_format,
        tags=tuple(sorted({**asked.tags, **dict(caller.tags)}.items())),
        created_at=now,
        deadline_at=now,
        price_max=Money.parse(asked.price_max) if asked.price_max is not None else None,
        key_name=caller.who,
        key_budget=caller.budget,
        response=Response(asked.response),
    )
    whole_s = asked.deadline_s or policy.deadline_for(job)
    job = replace(job, deadline_at=now + timedelta(seconds=whole_s))
    return Asked(job, policy, fingerprint(asked))


def fingerprint(asked: EditRequest) -> str:
    """The same for the same request, however its JSON was written."""
    canonical = asked.model_dump(mode="json", exclude={"images"})
    if asked.price_max is not None:
        canonical["price_max"] = Money.parse(asked.price_max).nanos
    canonical["images"] = [hashlib.sha256(image.encode()).hexdigest() for image in asked.images]
    return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()


def _problems(asked: EditRequest, policy: Policy) -> list[str]:
    """What the policy and its price book say against it."""
    if asked.model not in policy.prices.models:
        hint = closest(asked.model, policy.prices.models)
        return [f"`model` names nothing that is sold here{hint}"]
    problems: list[str] = []
    if (asked.deadline_s or 0) > policy.deadline_max_s:
        problems.append(f"`deadline_s` must be at most {policy.deadline_max_s:g}")
    ratios = _ratios(asked.model, policy)
    if ratios and asked.aspect_ratio is not None and asked.aspect_ratio not in ratios:
        problems.append(f"`aspect_ratio` must be one of {', '.join(ratios)}")
    return problems


def _ratios(model: str, policy: Policy) -> list[str]:
    """What somebody can make of the model; empty when somebody takes any."""
    known: dict[str, None] = {}
    for row in policy.prices.offers_listed:
        if row.model == model:
            if not row.capability.aspect_ratios:
                return []
            known |= dict.fromkeys(row.capability.aspect_ratios)
    return list(known)


def _problems_of_images(asked: EditRequest, guard: GuardPolicy) -> list[str]:
    problems: list[str] = []
    for number, image in enumerate(asked.images):
        reason = _why_not_image(image, guard)
        if reason is not None:
            problems.append(f"`images.{number}` {reason}")
    return problems


def _why_not_image(image: str, guard: GuardPolicy) -> str | None:
    if image.startswith("data:"):
        return _why_not_data_url(image)
    try:
        guard.check_url(image)
    except FetchRefused as refused:
        return f"must be an `https` or `data:` URL that may be fetched ({refused.why})"
    return None


def _why_not_data_url(image: str) -> str | None:
    head, _, payload = image.partition(",")
    if not head.lower().rstrip().endswith(";base64"):
        return "must be a `data:` URL in base64"
    if len(payload) * 3 // 4 > IMAGE_BYTES_MAX:
        return f"holds more than {IMAGE_BYTES_MAX} bytes"
    header = data_url_bytes(image, _HEADER_BYTES)
    if header is None or size_of(header) is None:
        return "does not hold a PNG, JPEG, GIF or WebP whose size can be read"
    if bytes_in(image) is None:
        return "is not base64 to its end"
    return None
