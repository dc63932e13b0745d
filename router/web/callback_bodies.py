"""
What a client is told when its job has ended: thin, so that it holds no prompt and no picture.

Whoever is told asks for the result with a key. Each dialect has its own words; one that has none is
told in the native ones.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from router.dispatch.watching import JobView
from router.model.clock import rfc3339
from router.web.rendering import job_body

DETAIL_MAX = 2000
"""Characters of an error's words: the whole is to stay below 20 KB, whatever a provider wrote."""
_TOLD = (
    *("id", "status", "model", "resolution", "provider", "charged", "may_have_been_charged"),
    "error",
)
Body = Callable[[JobView], dict[str, Any]]


def native_body(view: JobView) -> dict[str, Any]:
    """The payload of Standard Webhooks: what happened, when, and of which job."""
    row, whole = view.row, job_body(view, ())
    data = {name: whole[name] for name in _TOLD}
    if data["error"] is not None:
        detail = data["error"]["detail"]
        data["error"] = {**data["error"], "detail": detail and detail[:DETAIL_MAX]}
    return {
        "type": f"edit.{row.state.value}",
        "timestamp": rfc3339(row.ended_at or row.created_at),
        "data": data,
    }


BODIES: Mapping[str, Body] = {"native": native_body}
"""By dialect."""


def render_callback(view: JobView, dialect: str) -> bytes:
    """Write what a client is told, in its dialect's words."""
    told = BODIES.get(dialect, native_body)(view)
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
