"""
What Runpod's clients ask for: the envelope around `input`, and the inputs of its image models.

Source: Runpod docs, "Send API requests" (envelope, `policy`) and "Public endpoints" (inputs); its
packages for Python, which wrap twice, and for Vercel's AI SDK, which sends more than is documented.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from router.model.errors import InvalidJob
from router.policy.policy import Policy
from router.web.dialects.reading import NO_PROVIDER_CAN, ratio_in, read_field, refuse_impossible
from router.web.explaining import read_as

EXECUTION_TIMEOUT_MS_MIN, TTL_MS_MIN = 5_000, 10_000
"""Source: Runpod docs, "Execution policies"."""
QUEUE_S = 60.0
"""What a job may wait, on top of the time that it may be made: that alone is no whole deadline."""
_MS_PER_S = 1000
_WRAPPINGS_MAX = 2
# What its documents say a model does that is told nothing; where they say nothing, ours is done.
_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "nano-banana-pro-edit": {"resolution": "2k", "aspect_ratio": "1:1"},
}
# Written by all the world, and meant by its documents.
_FORMATS = {"jpg": "jpeg"}


class RunpodRun(BaseModel):
    """The body of a run."""

    model_config = ConfigDict(extra="ignore", strict=True)

    input: dict[str, Any] = Field(repr=False)
    webhook: str | None = Field(default=None, repr=False)
    policy: dict[str, Any] | None = None
    s3Config: dict[str, Any] | None = Field(default=None, repr=False)  # noqa: N815 - its name.


class RunpodInput(BaseModel):
    """What a model is asked for. Switches of Runpod's own machinery are not looked at."""

    model_config = ConfigDict(extra="allow", strict=True)

    prompt: str = Field(repr=False)
    images: Annotated[list[str] | None, Field(repr=False)] = None
    image: Annotated[str | None, Field(repr=False)] = None
    resolution: str | None = None
    aspect_ratio: str | None = None
    output_format: str | None = None
    enable_base64_output: bool | None = None


class RunpodPolicy(BaseModel):
    """How long a job may be made, and may take in all, in ms. All have the same priority here."""

    model_config = ConfigDict(extra="ignore", strict=True)

    executionTimeout: Annotated[  # noqa: N815 - its name.
        float | None, Field(ge=EXECUTION_TIMEOUT_MS_MIN, allow_inf_nan=False)
    ] = None
    ttl: Annotated[float | None, Field(ge=TTL_MS_MIN, allow_inf_nan=False)] = None


@dataclass(frozen=True, slots=True)
class Order:
    """A run as it was sent, with each thing in its place."""

    input: RunpodInput
    policy: RunpodPolicy
    webhook: str | None


def read_order(body: bytes) -> Order:
    """
    Read the body of a run; an input in an input, as its package for asyncio sends, is unwrapped.

    Raises:
        Malformed: It is not JSON.
        InvalidJob: It is no run, or asks for what no provider can do; names each field.
    """
    run = _unwrapped(read_as(RunpodRun, body, InvalidJob))
    if run.s3Config:
        raise InvalidJob(
            "`s3Config` is not served: results are kept here, where the operator's policy says so."
        )
    asks = read_field(RunpodInput, run.input, "input")
    refuse_impossible(asks.model_extra or {}, "input", NO_PROVIDER_CAN)
    policy = read_field(RunpodPolicy, run.policy or {}, "policy")
    return Order(asks, policy, run.webhook or None)


def _unwrapped(run: RunpodRun) -> RunpodRun:
    for _ in range(_WRAPPINGS_MAX):
        if not isinstance(run.input.get("input"), dict):
            break
        # What rides along inside was meant for the envelope, too.
        outer = run.model_dump(exclude={"input"}, exclude_none=True)
        run = read_field(RunpodRun, {**outer, **run.input}, "input")
    return run


def fields_of(order: Order, slug: str, policy: Policy) -> dict[str, object]:
    """
    The fields of the canonical wish, but for its model.

    Args:
        order: What was sent.
        slug: The endpoint's, whose documented defaults are used.
        policy: In force: a client's own deadline is cut to the longest that it allows.

    Raises:
        InvalidJob: It names images in two ways.
    """
    asks, defaults = order.input, _DEFAULTS.get(slug, {})
    ratio = asks.aspect_ratio if asks.aspect_ratio is not None else defaults.get("aspect_ratio")
    format_ = (asks.output_format or "").lower()
    return {
        "prompt": asks.prompt,
        "images": _images(asks),
        "resolution": asks.resolution or defaults.get("resolution"),
        "aspect_ratio": ratio_in(ratio),
        "output_format": _FORMATS.get(format_, format_) or None,
        "response": "base64" if asks.enable_base64_output else None,
        "deadline_s": deadline_of(order.policy, policy.deadline_max_s),
        "callback_url": order.webhook,
    }


def _images(asks: RunpodInput) -> list[str]:
    if asks.image is not None and asks.images:
        raise InvalidJob("`input` has both `images` and `image`: one of them is meant.")
    if asks.image is not None:
        return [asks.image]
    if asks.images is None:
        raise InvalidJob("`input.images` is missing.")
    return asks.images


def deadline_of(asked: RunpodPolicy, most_s: float) -> float | None:
    """
    How long a job may take, in seconds: its `ttl`, or less if it may be made for less, with some
    time in the queue. None for as usual.
    """
    limits_s = [most_s]
    if asked.ttl is not None:
        limits_s.append(asked.ttl / _MS_PER_S)
    if asked.executionTimeout is not None:
        limits_s.append(asked.executionTimeout / _MS_PER_S + QUEUE_S)
    if len(limits_s) == 1:
        return None
    # Theirs is ten minutes by default and days at most: who asks for long is not refused.
    return min(limits_s)
