"""
What is not as asked, in the words of OpenAI's API.

Its clients send again after 408, 409, 429, 5xx and lost connections unless `x-should-retry` says
otherwise, so each refusal says it: only what has bought nothing, and may pass, is worth it.
"""

import json
import math
import re
import secrets
from http import HTTPStatus
from typing import Any

from aiohttp import web

from router.model import errors
from router.model.errors import BudgetExceeded, RouterError, Unauthorized, Unavailable
from router.model.ids import JobId
from router.web.dialect import Dialect
from router.web.problems import is_futile

NAME = "openai"
UNDER_WAY = "edit_under_way"
_REQUEST, _SERVER = "invalid_request_error", "server_error"
_QUOTA = "insufficient_quota"
# The status, type and code of what OpenAI's users know under another name than ours.
_KNOWN: dict[type[RouterError], tuple[int, str, str]] = {
    errors.BudgetExceeded: (HTTPStatus.TOO_MANY_REQUESTS, _QUOTA, _QUOTA),
    errors.RateLimited: (HTTPStatus.TOO_MANY_REQUESTS, "requests", "rate_limit_exceeded"),
    errors.ContentRefused: (
        HTTPStatus.BAD_REQUEST,
        "image_generation_user_error",
        "moderation_blocked",
    ),
    errors.InvalidJob: (HTTPStatus.BAD_REQUEST, _REQUEST, "invalid_value"),
    errors.IdempotencyConflict: (HTTPStatus.BAD_REQUEST, _REQUEST, "idempotency_conflict"),
    errors.Unauthorized: (HTTPStatus.UNAUTHORIZED, _REQUEST, "invalid_api_key"),
    # Nothing else than models is looked for by name in this dialect; `NotServed` is another class.
    errors.NotFound: (HTTPStatus.NOT_FOUND, _REQUEST, "model_not_found"),
}
_MAY_PASS = (errors.RequestTimeout, errors.JobInProgress, errors.RateLimited, Unavailable)
_FIELD = re.compile(r"`([A-Za-z_]\w{0,63})[`.]")


def words_of(kind: type[RouterError]) -> tuple[int, str, str]:
    """An error's status, type and code, as OpenAI's clients know them."""
    type_ = _REQUEST if kind.status < HTTPStatus.INTERNAL_SERVER_ERROR else _SERVER
    return _KNOWN.get(kind, (kind.status, type_, kind.code))


def error_response(
    told: tuple[int, str, str],
    message: str,
    *,
    may_retry: bool = False,
    param: str | None = None,
    more: dict[str, Any] | None = None,
) -> web.Response:
    """
    An error as OpenAI's clients read it.

    Args:
        told: Its status, type and code.
        message: For people.
        may_retry: Whether a client may send the same again by itself.
        param: The field that it is about.
        more: What stands beside the error in the body.
    """
    status, type_, code = told
    error = {"message": message, "type": type_, "param": param, "code": code}
    response = json_answer({"error": error, **(more or {})}, status=status)
    response.headers["x-should-retry"] = "true" if may_retry else "false"
    return response


def json_answer(
    value: Any, *, status: int = HTTPStatus.OK, request_id: str | None = None
) -> web.Response:
    """A value as an answer; with an id of its own unless it is about an edit."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    response = web.Response(status=status, body=body, content_type="application/json")
    response.headers["x-request-id"] = request_id or f"req_{secrets.token_hex(16)}"
    return response


def refused(error: RouterError) -> web.Response:
    """An error as its class says. Nothing was charged, and nothing can be."""
    told = words_of(type(error))
    if is_futile(error):
        # Not all of its clients read `x-should-retry`, and those send again whatever is a 5xx.
        told = (HTTPStatus.BAD_REQUEST, _REQUEST, error.code)
    field = _FIELD.match(error.detail)
    is_request = told[0] in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
    response = error_response(
        told,
        error.detail,
        may_retry=isinstance(error, _MAY_PASS) and not is_futile(error),
        param=field[1] if field is not None and is_request else None,
    )
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = 'Bearer realm="farebox"'
    if isinstance(error, BudgetExceeded) and error.amounts_shown:
        available = error.usage.available(error.limit.limit)
        response.headers["Farebox-Budget-Remaining-USD"] = str(available)
    return response


def unforeseen() -> web.Response:
    """What nobody foresaw, before anything was bought."""
    return error_response(
        (HTTPStatus.INTERNAL_SERVER_ERROR, _SERVER, "internal_error"),
        "Something went wrong inside Farebox. The operator has been told. Nothing was bought.",
    )


def under_way(job_id: JobId, state: str) -> web.Response:
    """
    An edit that is in the books, or may be, and of which no more can be told now.

    Not a 2xx, whose `data` every client reads; and nothing that any client sends again for.
    """
    response = error_response(
        (HTTPStatus.FAILED_DEPENDENCY, _SERVER, UNDER_WAY),
        f"The edit is {state}, and may be charged. Look for it at GET /v1/edits/{job_id}.",
    )
    response.headers["Location"] = f"/v1/edits/{job_id}"
    response.headers["x-request-id"] = job_id
    return response


OPENAI = Dialect(name=NAME, refused=refused, unforeseen=unforeseen, under_way=under_way)
"""OpenAI's: an object `error` with a message, a type, a parameter and a code."""
