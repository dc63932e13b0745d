"""
A job as Runpod's clients are told of it: status objects, with only such keys as have values.

Some clients die of a null, of a cost that is text or an error that is none, of an unknown state,
and of any 2xx but 200; some read `output.result`, and some `output.image_url`.

Source: Runpod docs, "Job states"; its packages' schemas; live answers of its public endpoints.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from router.dispatch.watching import JobView
from router.images.kinds import MEDIA_TYPES
from router.ledger.rows import AttemptRow
from router.model.errors import NotFound, RouterError
from router.model.ids import JobId
from router.model.job import JobState, Response
from router.web.dialect import Dialect
from router.web.dialects.answering import refusal, why_failed
from router.web.dialects.reading import in_words_of
from router.web.picturing import ShownImage
from router.web.problems import json_response

NAME = "runpod"
"""Of the dialect, and of the provider whose names it uses."""
CANCELLED = "CANCELLED"
_STATES = {
    JobState.QUEUED: "IN_QUEUE",
    JobState.RUNNING: "IN_PROGRESS",
    JobState.SUCCEEDED: "COMPLETED",
    JobState.FAILED: "FAILED",
    JobState.CANCELLED: CANCELLED,
}
_NAMES = {
    **{name: f"input.{name}" for name in ("prompt", "images", "resolution", "aspect_ratio")},
    "output_format": "input.output_format",
    "callback_url": "webhook",
}


def status_word(view: JobView) -> str:
    """A job's state; one that is called off will be cancelled, unless its image comes first."""
    row = view.row
    called_off = row.called_off_at is not None and not row.state.is_final
    return CANCELLED if called_off else _STATES[row.state]


def status_body(view: JobView, images: Sequence[ShownImage]) -> dict[str, Any]:
    """
    A job's status object.

    Raises:
        NotFound: Its image was to be in the answer itself, and is not kept any more: as Runpod's
            own, whose results go with their job.
    """
    row = view.row
    told: dict[str, Any] = {"id": row.id, "status": status_word(view)}
    if row.state is JobState.SUCCEEDED:
        return {**told, "output": _output(view, images), **_times(view)}
    if row.state is JobState.FAILED:
        return {**told, "error": why_failed(view), **_times(view)}
    return told


def _output(view: JobView, images: Sequence[ShownImage]) -> dict[str, Any]:
    shown = next((address for image in images if (address := _address(image))), None)
    if shown is None:
        raise NotFound("This job's image is not kept any more.")
    # Exact all the same: a price has far fewer digits than such a number keeps apart.
    return {"result": shown, "image_url": shown, "cost": float(str(view.charged))}


def _address(image: ShownImage) -> str | None:
    if image.bytes is None:
        return image.url
    kind = MEDIA_TYPES[image.kind] if image.kind is not None else "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(image.bytes).decode()}"


def _times(view: JobView) -> dict[str, int]:
    """How long it was made, and how long it waited for that, in milliseconds."""
    attempt, row = _told(view), view.row
    if attempt is None or attempt.dispatched_at is None or row.ended_at is None:
        return {}
    ended_at = attempt.ended_at or row.ended_at
    made_s = attempt.execution_s
    if made_s is None:
        made_s = (ended_at - attempt.dispatched_at).total_seconds()
    whole_s = (row.ended_at - row.created_at).total_seconds()
    return {"delayTime": _ms(whole_s - made_s), "executionTime": _ms(made_s)}


def _ms(seconds: float) -> int:
    return max(0, round(seconds * 1000))


def _told(view: JobView) -> AttemptRow | None:
    delivered = [one for one in view.attempts if one.id == view.row.delivered_by]
    return next(iter([*delivered, *reversed(view.attempts)]), None)


def webhook_body(view: JobView, images: Sequence[ShownImage]) -> dict[str, Any]:
    """
    What a client's `webhook` is told: the status object, its input, and its own address.

    Told late, of an image that is not kept any more, it has no output.
    """
    kept = json.loads(view.row.request)
    try:
        status = status_body(view, images)
    except NotFound:
        status = {"id": view.row.id, "status": status_word(view), **_times(view)}
    told = {**status, "input": _input(view, kept)}
    callback = kept.get("callback")
    return told if callback is None else {**told, "webhook": callback["url"]}


def _input(view: JobView, kept: dict[str, Any]) -> dict[str, Any]:
    """A job's input, from what its row keeps. Images that came as bytes are left out."""
    names = ("prompt", "aspect_ratio", "output_format")
    told = {name: kept[name] for name in names if kept.get(name) is not None}
    if kept.get("response") == Response.BASE64:
        told["enable_base64_output"] = True
    images = [image for image in kept.get("images", []) if image.startswith(("http:", "https:"))]
    return {**told, "images": images, "resolution": view.row.resolution.value}


def refused(error: RouterError) -> web.Response:
    """An error as its text."""
    return refusal(error, {"error": in_words_of(_NAMES, error.detail)})


def unforeseen() -> web.Response:
    """What nobody foresaw, before anything was bought."""
    told = "Something went wrong inside Farebox. The operator has been told. Nothing was bought."
    return json_response({"error": told}, status=500)


def under_way(job_id: JobId, state: str) -> web.Response:  # noqa: ARG001 - its status tells.
    """A job that is in the books, or may be, and of which no more can be told now."""
    return json_response({"id": job_id, "status": _STATES[JobState.QUEUED]})


DIALECT = Dialect(name=NAME, refused=refused, unforeseen=unforeseen, under_way=under_way)
"""Runpod's."""
