"""How pages say that something is not as asked: as pages, one of them the form to sign in."""

from http import HTTPStatus

from aiohttp import web

from router.model.errors import Forbidden, Malformed, NotFound, RouterError, Unauthorized
from router.web.dashboard.showing import page
from router.web.dialect import Dialect
from router.web.problems import under_way

_TITLES: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "This page cannot be shown as asked",
    HTTPStatus.FORBIDDEN: "This key does not open this page",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not now",
}


def _refused(error: RouterError) -> web.Response:
    if isinstance(error, Unauthorized):
        response = page("sign_in.html", error.status, wrong="", after="")
        response.headers["WWW-Authenticate"] = 'Bearer realm="farebox"'
        return response
    title = _TITLES.get(error.status, "Something is not as asked")
    wants_key = isinstance(error, Forbidden)
    told = error.detail if isinstance(error, (Malformed, NotFound, Forbidden)) else str(error)
    response = page("refused.html", error.status, title=title, detail=told, wants_key=wants_key)
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    return response


def _unforeseen() -> web.Response:
    return page(
        "refused.html",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        title="Something went wrong inside Farebox",
        detail="The operator has been told. Nothing was bought.",
        wants_key=False,
    )


PAGE = Dialect(name="page", refused=_refused, unforeseen=_unforeseen, under_way=under_way)
"""Of pages, which buy nothing."""
