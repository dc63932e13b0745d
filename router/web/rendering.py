"""A job as its client is shown it: the body, the status, and the headers that every reply has."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web

from router.dispatch.watching import JobView
from router.ledger.outbox_rows import OutboxRow
from router.ledger.rows import AttemptRow
from router.model.clock import rfc3339
from router.model.errors import AllProvidersFailed, ContentRefused, Overloaded, RouterError
from router.model.job import AttemptState, JobState
from router.model.money import Money
from router.policy.verdicts import told
from router.web.problems import POLL_S, json_response, problem

_HELD = frozenset({AttemptState.HELD, AttemptState.DISPATCHING, AttemptState.RUNNING})
# Told as a refusal when every attempt is void; otherwise, and for all others, in the body.
_REFUSALS: dict[str, type[RouterError]] = {
    AllProvidersFailed.code: AllProvidersFailed,
    Overloaded.code: Overloaded,
    ContentRefused.code: ContentRefused,
}


def job_response(
    view: JobView,
    images: Sequence[dict[str, Any]],
    *,
    is_new: bool,
    remaining: Money | None = None,
    whole: bool = False,
) -> web.Response:
    """
    A job as the answer to whoever asks for it.

    Args:
        view: As the ledger has it.
        images: As they are shown to its client.
        is_new: Whether it is the answer to the request that asks for the edit, whose status says
            when there is nothing to be had.
        remaining: What the tightest budget has left; None where there is none.
        whole: Whether its reader sees all tenants.
    """
    headers = job_headers(view, remaining)
    refusal = _refusal(view) if is_new else None
    if refusal is not None:
        response = problem(refusal, job_id=view.row.id)
        response.headers.update(headers)
        return response
    if view.row.state.is_final:
        return json_response(job_body(view, images, whole=whole), headers=headers)
    headers |= {"Location": f"/v1/edits/{view.row.id}", "Retry-After": str(POLL_S)}
    body = job_body(view, images, whole=whole)
    return json_response(body, status=HTTPStatus.ACCEPTED, headers=headers)


def _refusal(view: JobView) -> RouterError | None:
    """The error that a job without a charge is answered with; None: its body tells."""
    row = view.row
    kind = _REFUSALS.get(row.error_code or "")
    if kind is None or row.state is not JobState.FAILED or not view.nothing_spent:
        return None
    return kind(row.error_detail or "")


def job_headers(view: JobView, remaining: Money | None) -> dict[str, str]:
    """What every reply about a job carries."""
    headers = {"Farebox-Job": view.row.id, "Farebox-Charged-USD": str(view.charged)}
    shown = _shown(view)
    if shown is not None:
        headers["Farebox-Provider"] = shown.provider
    if remaining is not None:
        headers["Farebox-Budget-Remaining-USD"] = str(remaining)
    downshifted = json.loads(view.row.decision).get("downshifted")
    if downshifted is not None:
        headers["Farebox-Downshifted"] = f"{downshifted['from']} -> {downshifted['to']}"
    return headers


def job_body(
    view: JobView, images: Sequence[dict[str, Any]], *, whole: bool = False
) -> dict[str, Any]:
    """
    A job with its images as they are shown, its attempts and the decision that led to them.

    Args:
        view: As the ledger has it.
        images: As they are shown to its client.
        whole: Whether its reader sees all tenants. See `verdicts.told`.
    """
    row, shown = view.row, _shown(view)
    decision = json.loads(row.decision)
    return {
        "id": row.id,
        "status": row.state.value,
        "model": row.model,
        "resolution": row.resolution.value,
        "downshifted": decision.get("downshifted"),
        "images": list(images),
        "provider": shown.provider if shown is not None else None,
        "charged": str(view.charged),
        "quoted": str(shown.quoted) if shown is not None else None,
        "may_have_been_charged": view.may_have_been_charged,
        "attempts": [attempt_body(attempt) for attempt in view.attempts],
        "decision": told(decision, row.policy_hash, whole=whole),
        "error": _error(view),
        "callback": callback_body(view.callback),
        "created_at": rfc3339(row.created_at),
        "ended_at": rfc3339(row.ended_at) if row.ended_at is not None else None,
    }


def callback_body(row: OutboxRow | None) -> dict[str, Any] | None:
    """How far a client was told of its job's end, without where."""
    if row is None:
        return None
    return {
        "state": row.state.value,
        "tries": row.tries,
        "last_status": row.last_status,
        "next_at": rfc3339(row.next_at) if row.next_at is not None else None,
    }


def attempt_body(attempt: AttemptRow) -> dict[str, Any]:
    """An attempt, with its money in one of five words."""
    return {
        "id": attempt.id,
        "provider": attempt.provider,
        "outcome": attempt.outcome,
        "quoted": str(attempt.quoted),
        "charged": str(attempt.posted),
        "money": "held" if attempt.state in _HELD else attempt.state.value,
        "seconds": _seconds(attempt),
    }


def _seconds(attempt: AttemptRow) -> float | None:
    """From the first byte to the end; None for what was never sent, or has not ended."""
    if attempt.dispatched_at is None or attempt.ended_at is None:
        return None
    return round((attempt.ended_at - attempt.dispatched_at).total_seconds(), 3)


def _shown(view: JobView) -> AttemptRow | None:
    """The attempt that delivered, or else the last one."""
    for attempt in view.attempts:
        if attempt.id == view.row.delivered_by:
            return attempt
    return view.attempts[-1] if view.attempts else None


def _error(view: JobView) -> dict[str, Any] | None:
    row = view.row
    if row.error_code is None:
        return None
    return {"code": row.error_code, "detail": row.error_detail}
