"""What dialects share of answering: the headers that every reply about a job, or a refusal, has."""

from typing import Any

from aiohttp import web

from router.dispatch.watching import JobView
from router.model.errors import InvalidJob, Malformed, RouterError
from router.model.money import Money
from router.web.buying import Bought
from router.web.problems import is_futile, json_response, problem
from router.web.rendering import job_headers
from router.web.spending import remaining
from router.web.visit import Visit

_OF_REFUSALS = ("Retry-After", "WWW-Authenticate", "Farebox-Budget-Remaining-USD")


def status_of(error: RouterError) -> int:
    """
    An error's status, where the dialect knows only one for what is wrong with a request.

    What no provider can do is wrong as well: clients send again whatever is a 5xx.
    """
    is_wrong = isinstance(error, InvalidJob) or is_futile(error)
    return Malformed.status if is_wrong else error.status


def refusal(error: RouterError, body: dict[str, Any]) -> web.Response:
    """An error as a dialect's body, with the headers that it has natively."""
    native = problem(error).headers
    headers = {name: native[name] for name in _OF_REFUSALS if name in native}
    return json_response(body, status=status_of(error), headers=headers)


async def headers_about(
    visit: Visit, view: JobView, bought: Bought | None = None
) -> dict[str, str]:
    """What a reply about a job carries; `bought` when it answers the request that bought it."""
    headers = job_headers(view, await remaining(visit, view.row))
    if bought is not None and bought.replayed:
        headers["Idempotent-Replayed"] = "true"
    return headers


def why_failed(view: JobView) -> str:
    """Why a job has no image: the code that programs know, and words for people."""
    code, detail = view.row.error_code or view.row.state.value, view.row.error_detail
    return f"{code}: {detail}" if detail else code


def quoted(view: JobView) -> Money | None:
    """The price that was applied to a job: its last attempt's; None before there is one."""
    return view.attempts[-1].quoted if view.attempts else None
