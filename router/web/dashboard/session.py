"""
Sessions of browsers: a cookie says which key signed in, signed with a secret of the ledger's own.

A session ends with its time, with its key, and when somebody signs out: that is kept in the ledger
until its time is over, so that a copy of the cookie is worth nothing either.
It opens pages and their downloads alone; what buys or changes takes a key, so no other site's form
can make a browser do it.
"""

import hashlib
import hmac
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
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
    r"(?P<signed>(?P<key>[0-9A-Za-z]{1,32})\.(?P<ends>[0-9]{1,12})\.(?P<id>[0-9a-f]{32}))"
    r"\.(?P<mac>[0-9a-f]{64})"
)
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is good, as far as its cookie tells."""

    id: str
    key_id: str
    ends_at: datetime


def written(
    secret: bytes, key_id: str, key_digest: str, ends_at: datetime, session: str = ""
) -> str:
    """
    Write a cookie's value.

    Args:
        secret: What it is signed with.
        key_id: Which key signed in.
        key_digest: Of that key: another key by the same id would not do.
        ends_at: From then on it is worth nothing.
        session: Its id, in hexadecimal; a new one if it is empty.
    """
    signed = f"{key_id}.{int(ends_at.timestamp())}.{session or secrets.token_hex(_ID_BYTES)}"
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


async def end(services: Services, request: web.Request, response: web.Response) -> None:
    """
    End a browser's session, for it and for whoever has copied its cookie.

    A cookie that is no good is only forgotten: nothing is kept of what anybody sends.

    Raises:
        LedgerUnavailable: It goes on.
    """
    with suppress(Unauthorized):
        found = await _read(services, request.cookies.get(COOKIE, ""))
        await services.ledger.end_session(found.id, found.ends_at, services.clock.now())
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
    found = await _read(services, cookie)
    if await services.ledger.is_ended(found.id):
        raise Unauthorized
    if found.key_id == ENVIRONMENT:
        return of_environment()
    row = await services.ledger.key(found.key_id)
    assert row is not None, "its digest was read"
    return caller_of(services, row)


async def _read(services: Services, cookie: str) -> Session:
    """
    Read a cookie.

    Raises:
        Unauthorized: It is not one of ours, or its time is over.
        LedgerUnavailable: Its key cannot be read.
    """
    match = _SHAPE.fullmatch(cookie)
    if match is None:
        raise Unauthorized
    key_id = match["key"]
    known = await _digest_of(services, key_id)
    secret = await services.ledger.secret(SECRET)
    if not hmac.compare_digest(_mac(secret, match["signed"], known), match["mac"]):
        raise Unauthorized
    ends_at = datetime.fromtimestamp(int(match["ends"]), UTC)
    if ends_at <= services.clock.now():
        raise Unauthorized
    return Session(match["id"], key_id, ends_at)


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
