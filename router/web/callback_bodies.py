"""
What a client is told when its job has ended.

The native words are thin: no prompt and no picture; whoever is told asks for the result with a key.
The dialects tell what those tell whose clients they speak to. One without words of its own is told
in the native ones.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from router.dispatch.requests import origin_of
from router.dispatch.watching import JobView
from router.model.clock import rfc3339
from router.web.dialects import runpod_telling, shortapi
from router.web.picturing import Pictures, ShownImage
from router.web.rendering import job_body

DETAIL_MAX = 2000
"""Characters of an error's words, whatever a provider wrote: the native body is to stay below
20 KB."""
_TOLD = (
    *("id", "status", "model", "resolution", "provider", "charged", "may_have_been_charged"),
    "error",
)
Body = Callable[[JobView, Sequence[ShownImage]], dict[str, Any]]


def native_body(view: JobView, images: Sequence[ShownImage]) -> dict[str, Any]:  # noqa: ARG001
    """The payload of Standard Webhooks: what happened, when, and of which job."""
    row, whole = view.row, job_body(view, ())
    return {
        "type": f"edit.{row.state.value}",
        "timestamp": rfc3339(row.ended_at or row.created_at),
        "data": {name: whole[name] for name in _TOLD},
    }


BODIES: Mapping[str, Body] = {
    "native": native_body,
    shortapi.NAME: shortapi.callback_body,
    runpod_telling.NAME: runpod_telling.webhook_body,
}
"""By dialect."""
_WITH_BYTES = frozenset({runpod_telling.NAME})
"""Dialects that tell an image itself to whoever asked for it so, as their job's status does."""


async def render_callback(pictures: Pictures, view: JobView, dialect: str) -> bytes:
    """
    Write what a client is told, in its dialect's words.

    Args:
        pictures: Shows images that are kept here. Without a public URL, links to them lead where
            the request that bought the job came to; where that is unknown, they are not told.
        view: The job as it ended.
        dialect: The client's.

    Raises:
        LedgerUnavailable: An image that is to be told itself cannot be read now.
    """
    row = view.row
    detail = row.error_detail and row.error_detail[:DETAIL_MAX]
    view = replace(view, row=replace(row, error_detail=detail))
    images = await pictures.shown(row, origin_of(row), with_bytes=dialect in _WITH_BYTES)
    told = BODIES.get(dialect, native_body)(view, [one for one in images if _can_be_told(one)])
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _can_be_told(image: ShownImage) -> bool:
    """A path is no address to whoever is told of it elsewhere."""
    return image.url is None or not image.url.startswith("/")
