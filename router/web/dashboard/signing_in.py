"""Signing in and out: a form takes a key, and gives a session for it."""

from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from router.model.errors import Forbidden, NotFound, Unauthorized
from router.web import auth
from router.web.dashboard import session
from router.web.dashboard.showing import HEADERS, asset, page
from router.web.keys import Role
from router.web.visit import Visit

FORM_BYTES_MAX = 4_096
_HOME = "/dashboard"
_SIGN_IN = "/dashboard/sign-in"
_KINDS = {".css": "text/css", ".svg": "image/svg+xml"}
_WHO = "This key is a client's, which buys. Pages take a key of the role viewer or admin."


async def show_form(visit: Visit) -> web.Response:
    """`GET /dashboard/sign-in`: the form."""
    visit.query()
    return page("sign_in.html", wrong="", after="")


async def sign_in(visit: Visit) -> web.Response:
    """`POST /dashboard/sign-in`: begin a session for a key, and go on to where one came from."""
    _check_is_ours(visit.request)
    form = parse_qs((await visit.body(FORM_BYTES_MAX)).decode("utf-8", "replace"))
    key = form.get("key", [""])[0].strip()
    after = _after(visit.request, form.get("after", [""])[0])
    try:
        caller = await auth.holder_of(visit.services, key)
    except Unauthorized as error:
        wrong = error.detail.partition(" Send one as")[0]
        return page("sign_in.html", HTTPStatus.FORBIDDEN, wrong=wrong, after=after)
    if caller.role not in {Role.VIEWER, Role.ADMIN}:
        return page("sign_in.html", HTTPStatus.FORBIDDEN, wrong=_WHO, after=after)
    response = await session.begin(visit.services, visit.request, caller)
    return _sent_to(after, response)


async def sign_out(visit: Visit) -> web.Response:
    """`POST /dashboard/sign-out`: end the session, and have the browser forget it."""
    _check_is_ours(visit.request)
    response = _sent_to(_SIGN_IN, web.Response(text="You are signed out."))
    await session.end(visit.services, visit.request, response)
    return response


async def read_asset(visit: Visit) -> web.Response:
    """`GET /dashboard/assets/{name}`: a style or picture; its address changes with its content."""
    visit.query("v")
    name = visit.path("name")
    content = asset(name)
    if content is None:
        raise NotFound
    kind = _KINDS[f".{name.rpartition('.')[2]}"]
    caching = {"Cache-Control": "public, max-age=31536000, immutable"}
    return web.Response(body=content, content_type=kind, headers=caching)


def _sent_to(path: str, response: web.Response) -> web.Response:
    response.set_status(HTTPStatus.SEE_OTHER)
    response.headers.update(HEADERS)
    response.headers["Location"] = path
    return response


def _check_is_ours(request: web.Request) -> None:
    """
    Let no other site's form in: it could sign a browser in as somebody else.

    Raises:
        Forbidden: It is one.
    """
    fetched_by = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    host = request.headers.get("Host", "")
    if fetched_by not in {"same-origin", "none"} or (
        origin is not None and urlsplit(origin).netloc != host
    ):
        raise Forbidden("This form was not sent from here.")


def _after(request: web.Request, said: str) -> str:
    """
    Where to go on to: the page that showed the form, by its own word or the browser's.

    Never to another site, and never to what is no page.
    """
    if not said:
        came_from = urlsplit(request.headers.get("Referer", ""))
        if came_from.netloc == request.headers.get("Host", ""):
            said = f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
    is_page = said == _HOME or said.startswith((f"{_HOME}?", f"{_HOME}/"))
    is_plain = said.isascii() and said.isprintable() and "\\" not in said
    return said if is_page and is_plain and not said.startswith(_SIGN_IN) else _HOME
