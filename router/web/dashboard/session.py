"""
Sessions of browsers: a cookie says which key signed in, signed with a secret of the ledger's own.

Nothing is stored: a session ends with its time, with its key, and with the browser that forgets it.
It opens pages and their downloads alone; what buys or changes takes a key, so no other site's form
can make a browser do it.
"""

import hashlib
import hmac
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from aiohttp import web

from router.model.errors import Unauthorized
from router.web.auth import ENVIRONMENT, Caller, caller_of, of_environment, who_asks
from router.web.keys import digest
from router.web.services import Services

COOKIE = "farebox_session"
LASTS = timedelta(hours=12)
SECRET = "sessions"  # noqa: S105 - the name that the ledger keeps it under.
_SHAPE = re.compile(
    r"(?P<signed>(?P<id>[0-9A-Za-z]{1,32})\.(?P<ends>[0-9]{1,12}))\.(?P<mac>[0-9a-f]{64})"
)


def written(secret: bytes, key_id: str, key_digest: str, ends_at: datetime) -> str:
    """
    Write a cookie's value.

    Args:
        secret: What it is signed with.
        key_id: Which key signed in.
        key_digest: Of that key: another key by the same id would not do.
        ends_at: From then on it is worth nothing.
    """
    signed = f"{key_id}.{int(ends_at.timestamp())}"
    return f"{signed}.{_mac(secret, signed, key_digest)}"


async def begin(services: Services, request: web.Request, caller: Caller) -> web.Response:
    """
    Answer whoever has signed in with a session, and nothing else yet.

    Raises:
        Unauthorized: The key is gone at this very moment.
        LedgerUnavailable: The secret can be neither read nor made.
    """
    known = await _digest_of(services, caller.key_id)
    secret = await services.ledger.secret(SECRET)
    value = written(secret, caller.key_id, known, services.clock.now() + LASTS)
    response = web.Response(text="You are signed in.")
    response.set_cookie(
        COOKIE,
        value,
        max_age=int(LASTS.total_seconds()),
        path="/",
        httponly=True,
        secure=_is_https(request),
        samesite="Strict",
    )
    return response


def end(request: web.Request, response: web.Response) -> None:
    """Have the browser forget its session."""
    response.del_cookie(
        COOKIE, path="/", httponly=True, secure=_is_https(request), samesite="Strict"
    )


async def who_visits(services: Services, request: web.Request) -> Caller:
    """
    Find out who looks at a page: a key counts, where there is one; else the session.

    A session that is no good is as none: where no key is needed, an old cookie is in nobody's way.

    Raises:
        Unauthorized: Neither, or one that is no good.
        Forbidden: As `who_asks`.
        LedgerUnavailable: The keys cannot be read.
    """
    cookie = request.cookies.get(COOKIE)
    if cookie is not None and "Authorization" not in request.headers:
        with suppress(Unauthorized):
            return await _holder(services, cookie)
    return await who_asks(services, request)


async def _holder(services: Services, cookie: str) -> Caller:
    match = _SHAPE.fullmatch(cookie)
    if match is None:
        raise Unauthorized
    key_id = match["id"]
    known = await _digest_of(services, key_id)
    secret = await services.ledger.secret(SECRET)
    if not hmac.compare_digest(_mac(secret, match["signed"], known), match["mac"]):
        raise Unauthorized
    if datetime.fromtimestamp(int(match["ends"]), UTC) <= services.clock.now():
        raise Unauthorized
    if key_id == ENVIRONMENT:
        return of_environment()
    row = await services.ledger.key(key_id)
    assert row is not None, "its digest was read"
    return caller_of(services, row)


async def _digest_of(services: Services, key_id: str) -> str:
    """The digest of the key that a session is of; keys are never removed, only revoked."""
    if key_id == ENVIRONMENT:
        if services.admin_key is None:
            raise Unauthorized
        return digest(services.admin_key)
    row = await services.ledger.key(key_id)
    if row is None:
        raise Unauthorized
    return row.digest


def _mac(secret: bytes, signed: str, key_digest: str) -> str:
    return hmac.new(secret, f"{signed}.{key_digest}".encode(), hashlib.sha256).hexdigest()


def _is_https(request: web.Request) -> bool:
    """Whether the browser came by https; who says so falsely only hurts their own session."""
    return request.secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"
