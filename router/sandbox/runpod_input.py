"""
What Runpod reads from a create.

The endpoint itself refuses only what is no job at all (400); an input that the model cannot use
is taken, and the job then fails, for free.
Source: Runpod docs, "Send requests" (policy, webhook), the models' pages, seen error replies.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from router.sandbox.catalogue import RUNPOD_RATIOS, Model
from router.sandbox.floor import Order, Refused, callback_token, is_input
from router.sandbox.settings import DAY_S, RunpodSettings
from router.sandbox.truth import Facts
from router.sandbox.wire import Request, as_list, as_object, as_text, is_web_url

_TTL_S = (10.0, 7 * DAY_S, DAY_S)
_EXECUTION_TIMEOUT_S = (5.0, 7 * DAY_S, 600.0)


class Unfit(Exception):
    """The worker rejects the input; the sentence is the job's error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A create that is a job, whether or not its input is any good."""

    order: Order | None
    error: str
    """Why there is no order."""
    echo: dict[str, Any] = field(repr=False)
    webhook: str | None
    ttl_s: float
    execution_timeout_s: float
    as_base64: bool


def parsed(request: Request) -> dict[str, Any]:
    """Read the body; anything but a JSON object counts as an empty one."""
    try:
        return as_object(request.parsed())
    except ValueError:
        return {}


def read_facts(request: Request, slug: str) -> Facts:
    """Read what a create says of itself, as far as it can be read."""
    body = parsed(request)
    given = as_object(body.get("input"))
    images = as_list(given.get("images")) or [
        image for image in [given.get("image")] if image is not None
    ]
    return Facts(
        path=request.path,
        body_bytes=len(request.body),
        model=slug,
        resolution=as_text(given.get("resolution")),
        aspect_ratio=as_text(given.get("aspect_ratio")),
        output_format=as_text(given.get("output_format")),
        images=len(images),
        callback_token=callback_token(body.get("webhook")),
    )


def read_submission(model: Model, request: Request, settings: RunpodSettings) -> Submission:
    """
    Read a create.

    Raises:
        Refused: It is not a job: 400.
    """
    body = parsed(request)
    if not isinstance(body.get("input"), dict):
        raise Refused(400, "the body must be a JSON object with an object `input`")
    webhook = body.get("webhook")
    if webhook is not None and not (isinstance(webhook, str) and is_web_url(webhook)):
        raise Refused(400, "webhook must be a URL")
    policy = as_object(body.get("policy"))
    ttl_s = _span_s(policy, "ttl", _TTL_S)
    execution_timeout_s = _span_s(policy, "executionTimeout", _EXECUTION_TIMEOUT_S)
    given = as_object(body["input"])
    order, error = None, ""
    try:
        order = _read_order(model, given)
    except Unfit as unfit:
        error = str(unfit)
    return Submission(
        order=order,
        error=error,
        echo=given,
        webhook=webhook,
        ttl_s=ttl_s if settings.policy_acts else math.inf,
        execution_timeout_s=execution_timeout_s if settings.policy_acts else math.inf,
        as_base64=given.get("enable_base64_output") is True,
    )


def _span_s(policy: dict[str, Any], key: str, bounds: tuple[float, float, float]) -> float:
    """Read a span in milliseconds."""
    lowest_s, highest_s, default_s = bounds
    value = policy.get(key)
    if value is None:
        return default_s
    span_s = value / 1000 if isinstance(value, int) else 0.0
    if not lowest_s <= span_s <= highest_s:
        raise Refused(400, f"policy.{key} must be {lowest_s:g} s to {highest_s:g} s, in ms")
    return span_s


def _read_order(model: Model, given: dict[str, Any]) -> Order:
    if not given:
        # Workers that lack a field never take the job, and the queue gives up.
        raise Unfit("job timed out after 1 retries")
    prompt = as_text(given.get("prompt"))
    if not prompt:
        raise Unfit("prompt is required")
    images = _images(model, given)
    resolution = given.get("resolution", model.default_resolution)
    if not model.default_resolution:
        resolution = ""
    price_nanos = model.price_nanos(resolution) if isinstance(resolution, str) else None
    if price_nanos is None:
        raise Unfit(f"resolution must be one of {', '.join(model.prices)}")
    ratio = given.get("aspect_ratio")
    if ratio is not None and ratio not in tuple(RUNPOD_RATIOS):
        raise Unfit(f"aspect_ratio must be one of {', '.join(sorted(RUNPOD_RATIOS))}")
    output_format = given.get("output_format", "png")
    if output_format not in ("png", "jpeg"):
        raise Unfit("output_format must be png or jpeg")
    return Order(
        prompt=prompt,
        images=images,
        resolution=resolution,
        aspect_ratio=ratio,
        output_format=output_format,
        price_nanos=price_nanos,
    )


def _images(model: Model, given: dict[str, Any]) -> tuple[str, ...]:
    value = given.get(model.image_field)
    images: list[Any] = [value] if model.image_field == "image" else as_list(value)
    if not images or images == [None]:
        raise Unfit(f"{model.image_field} is required")
    if len(images) > model.images_max:
        raise Unfit(f"at most {model.images_max} images")
    if not all(is_input(image) for image in images):
        raise Unfit("Invalid image URL in images array")
    return tuple(images)
