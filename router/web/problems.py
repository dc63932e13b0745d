"""
Everything that is not as asked, as `application/problem+json` (RFC 9457), with one last resort.

A status that makes clients send again is answered only when nothing was and nothing can be charged:
once a request has begun to buy, whatever fails afterwards is answered with 202 and where to look.
"""

import json
import math
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web

from router.model.clock import rfc3339
from router.model.errors import (
    BudgetExceeded,
    LedgerUnavailable,
    Malformed,
    NobodyQualifies,
    NotFound,
    RouterError,
    TooLarge,
    Unauthorized,
)
from router.model.ids import JobId
from router.model.money import Money
from router.observe import crashes
from router.observe.events import Alarm
from router.web.dialect import SELLING, SPOKEN, Dialect
from router.web.services import SERVICES, Services
from router.web.visit import BUYING

POLL_S = 2
"""What `Retry-After` says to whoever waits for a job."""
_RETRYABLE = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
# After these the connection may have a rest of the request on it that nobody will read.
_CLOSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_futile(error: RouterError) -> bool:
    """Whether no provider can serve a job, however often it is asked for."""
    return isinstance(error, NobodyQualifies) and error.retry_after_s is None


def problem(error: RouterError, *, job_id: JobId | None = None) -> web.Response:
    """An error as the answer that its class says. Nothing was charged, and nothing can be."""
    told = _members(type(error), error.status, error.detail)
    if is_futile(error):
        told["retryable"] = False
    if job_id is not None:
        told["job_id"] = job_id
    if isinstance(error, BudgetExceeded):
        told |= _budget_members(error)
    response = _response(error.status, told)
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = 'Bearer realm="farebox"'
    if isinstance(error, BudgetExceeded) and error.amounts_shown:
        available = error.usage.available(error.limit.limit)
        response.headers["Farebox-Budget-Remaining-USD"] = str(available)
    return response


def json_response(
    value: Any, *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """A value as a JSON answer."""
    return web.Response(
        status=status, body=_json(value), content_type="application/json", headers=headers
    )


@web.middleware
async def tell_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every request with something that its sender can act upon, in its own dialect."""
    services = request.app[SERVICES]
    try:
        response = await handler(request)
    except RouterError as error:
        refusal = _spoken(request).refused(error)
        response = await _told(request, services, refusal)
    except web.HTTPException as error:
        response = _translated(error)
    except Exception as error:  # noqa: BLE001 - the last resort: logged, and told without detail.
        what = f"{request.method} {_route_of(request)}: {crashes.told(error)}"
        services.observer.tell(Alarm(what="crashed", detail=what))
        refusal = _spoken(request).unforeseen()
        response = await _told(request, services, refusal)
    if response.status in _CLOSING:
        response.force_close()
    if _refuses_edit(request, response):
        response.headers.setdefault("Farebox-Charged-USD", str(Money.ZERO))
    return response


def _spoken(request: web.Request) -> Dialect:
    dialect: Dialect = request.get(SPOKEN, NATIVE)
    return dialect


def _refuses_edit(request: web.Request, response: web.StreamResponse) -> bool:
    """Tell what has bought nothing; an edit that may have been bought is told by its id."""
    is_refusal = response.status >= HTTPStatus.BAD_REQUEST and "Farebox-Job" not in response.headers
    return request.get(SELLING, False) and is_refusal


async def _told(request: web.Request, services: Services, refusal: web.Response) -> web.Response:
    """The refusal, or, if the request's job is in the books or may be, where to look for it."""
    job_id = request.get(BUYING)
    if job_id is None:
        return refusal
    state = "queued"
    try:
        row = await services.ledger.job(JobId(job_id))
    except LedgerUnavailable:
        pass
    else:
        if row is None:
            return refusal
        state = row.state
    response = _spoken(request).under_way(JobId(job_id), state)
    response.headers["Farebox-Job"] = job_id
    return response


def under_way(job_id: JobId, state: str) -> web.Response:
    """A job that is in the books, or may be, and of which no more can be told now."""
    headers = {"Location": f"/v1/edits/{job_id}", "Retry-After": str(POLL_S)}
    told = {"id": job_id, "status": state, "may_have_been_charged": True}
    return json_response(told, status=HTTPStatus.ACCEPTED, headers=headers)


def _translated(error: web.HTTPException) -> web.Response:
    """What aiohttp refuses by itself, in our words."""
    match error.status:
        case HTTPStatus.NOT_FOUND:
            return problem(NotFound())
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return problem(TooLarge())
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = error.headers.get("Allow", "")
            detail = f"This address takes {allowed.replace(',', ', ')}."
            response = _response(error.status, _members(Malformed, error.status, detail))
            response.headers["Allow"] = allowed
            return response
        case _:
            return _response(error.status, _members(Malformed, error.status, error.reason))


def unforeseen() -> web.Response:
    """What nobody foresaw, before anything was bought."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _response(
        status,
        {
            "type": "urn:farebox:problem:internal_error",
            "title": "Something went wrong inside Farebox.",
            "status": status,
            "detail": "The operator has been told. Nothing was bought.",
            "code": "internal_error",
            "retryable": False,
            "may_have_been_charged": False,
        },
    )


def _members(kind: type[RouterError], status: int, detail: str) -> dict[str, Any]:
    return {
        "type": f"urn:farebox:problem:{kind.code}",
        "title": (kind.__doc__ or "").strip().splitlines()[0],
        "status": status,
        "detail": detail,
        "code": kind.code,
        "retryable": status in _RETRYABLE,
        "may_have_been_charged": False,
    }


def _budget_members(error: BudgetExceeded) -> dict[str, Any]:
    limit, usage, ends = error.limit, error.usage, error.limit.begins_anew_at
    amounts = {
        "scope": limit.scope,
        "limit": str(limit.limit),
        "posted": str(usage.posted),
        "presumed": str(usage.presumed),
        "held": str(usage.held),
        "in_doubt": str(usage.in_doubt),
        "available": str(usage.available(limit.limit)),
    }
    return {
        "budget": limit.budget,
        "window_end": rfc3339(ends) if ends is not None else None,
        "rolls": limit.rolls,
        **(amounts if error.amounts_shown else dict.fromkeys(amounts)),
        "asked": str(error.asked),
    }


def _response(status: int, told: dict[str, Any]) -> web.Response:
    return web.Response(status=status, body=_json(told), content_type="application/problem+json")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _route_of(request: web.Request) -> str:
    """The route's pattern: a path itself may hold a callback's token."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


NATIVE = Dialect(name="native", refused=problem, unforeseen=unforeseen, under_way=under_way)
"""Our own: problem+json."""
