"""
Who asks: a key's holder, the operator at the socket beside the database, or whoever sits at this
machine while the store has no key.
"""

import hmac
import os
import pwd
import socket
import struct
from dataclasses import dataclass, field
from ipaddress import ip_address

from aiohttp import web

from router.ledger.key_rows import KeyRow
from router.model.clock import rfc3339
from router.model.errors import Forbidden, Unauthorized
from router.web.keys import EVERYONE, PREFIX, Role, digest, split_key
from router.web.services import Services

LOCAL = "local"
"""The tenant of whoever needs no key."""
ENVIRONMENT = "environment"
"""The id of the admin key that is in no store."""
_UNKNOWN_DIGEST = digest("of no key's secret")
_DECLARED = ("application/json", "multipart/form-data")
_HOW = "Send one as `Authorization: Bearer fbx_…`; `farebox keys create` makes one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, for which tenant, and what they may do."""

    tenant: str
    key_id: str
    role: Role
    who: str
    """For the journal: the key's name, or the system user."""
    tags: tuple[tuple[str, str], ...] = field(default=())
    """The key's own, which win over the request's."""
    budget: str | None = None
    """What the key may spend itself, as `$20.00 per month`."""

    @property
    def sees_all(self) -> bool:
        """Whether other tenants' jobs and money may be shown."""
        return self.role is Role.ADMIN or (self.role is Role.VIEWER and self.tenant == EVERYONE)

    def may_see(self, tenant: str) -> bool:
        """Whether a tenant's jobs and money may be shown."""
        return self.sees_all or tenant == self.tenant


async def who_asks(services: Services, request: web.Request) -> Caller:
    """
    Find out who asks.

    Raises:
        Unauthorized: No key, or no good one.
        Forbidden: There is no key in the store, and this is not a program at this machine.
        LedgerUnavailable: The keys cannot be read.
    """
    operator = _operator(request)
    if operator is not None:
        return Caller(tenant=LOCAL, key_id="socket", role=Role.ADMIN, who=operator)
    key = _key_of(request)
    if services.admin_key is not None and _same(digest(key), digest(services.admin_key)):
        return of_environment()
    if key.startswith(PREFIX):
        return await _holder(services, key)
    if services.admin_key is not None or await services.ledger.keys():
        raise Unauthorized(f"A Farebox key is needed. {_HOW}")
    _check_is_local(request)
    return Caller(tenant=LOCAL, key_id=LOCAL, role=Role.ADMIN, who=LOCAL)


def of_environment() -> Caller:
    """Whoever has the admin key that the environment gives."""
    name = "FAREBOX_ADMIN_KEY"
    return Caller(tenant=LOCAL, key_id=ENVIRONMENT, role=Role.ADMIN, who=name)


async def holder_of(services: Services, key: str) -> Caller:
    """
    Find out whose a key is, wherever it was written.

    Raises:
        Unauthorized: It is no good one.
        LedgerUnavailable: The keys cannot be read.
    """
    key = key.strip()
    if services.admin_key is not None and _same(digest(key), digest(services.admin_key)):
        return of_environment()
    return await _holder(services, key)


def _key_of(request: web.Request) -> str:
    """The key as sent, with or without `Bearer`; empty when there is none."""
    header = request.headers.get("Authorization", "").strip()
    scheme, _, rest = header.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else header


async def _holder(services: Services, key: str) -> Caller:
    parts = split_key(key)
    if parts is None:
        raise Unauthorized("This is not a whole Farebox key: a character is missing or wrong.")
    key_id, secret = parts
    row = await services.ledger.key(key_id)
    # Unknown ids take the same time: what is compared with is then nobody's.
    is_good = _same(digest(secret), row.digest if row is not None else _UNKNOWN_DIGEST)
    if row is None or not is_good:
        raise Unauthorized(f"This key is not known here. {_HOW}")
    return caller_of(services, row)


def caller_of(services: Services, row: KeyRow) -> Caller:
    """
    Who a key's row lets in.

    Raises:
        Unauthorized: It is revoked or has expired.
    """
    _check_is_valid(services, row)
    return Caller(
        tenant=row.tenant,
        key_id=row.id,
        role=Role(row.role),
        who=row.name,
        tags=row.tags,
        budget=row.budget,
    )


def _check_is_valid(services: Services, row: KeyRow) -> None:
    if row.revoked_at is not None:
        raise Unauthorized(f"This key was revoked at {rfc3339(row.revoked_at)}. {_HOW}")
    if row.expires_at is not None and row.expires_at <= services.clock.now():
        raise Unauthorized(f"This key expired at {rfc3339(row.expires_at)}. {_HOW}")


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left, right)


def _check_is_local(request: web.Request) -> None:
    """
    Let only programs at this machine in: no page in a browser, whatever name it was loaded under,
    and nobody behind a proxy.

    Raises:
        Forbidden: It is not one, or may be none.
    """
    remedy = "Make a key with `farebox keys create`, or ask from this machine."
    headers = request.headers
    if not _is_loopback(_host_of(request)) or not _is_loopback(request.remote):
        raise Forbidden(f"Without a key, Farebox answers only at a loopback address. {remedy}")
    if "Forwarded" in headers or "X-Forwarded-For" in headers:
        raise Forbidden(f"Without a key, Farebox does not answer through a proxy. {remedy}")
    fetched_by = headers.get("Sec-Fetch-Site", "none")
    if "Origin" in headers or fetched_by not in {"none", "same-origin"}:
        raise Forbidden(f"Without a key, Farebox does not answer web pages. {remedy}")
    if request.body_exists and request.content_type not in _DECLARED:
        raise Forbidden(
            "Without a key, a body must be declared as what it is: "
            "`Content-Type: application/json` or `multipart/form-data`."
        )


def _host_of(request: web.Request) -> str:
    """The `Host` header without its port: what a page in a browser cannot choose."""
    host = request.headers.get("Host", "").strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def _operator(request: web.Request) -> str | None:
    """The system user at the other end of the socket beside the database; None elsewhere."""
    transport = request.transport
    connection = transport.get_extra_info("socket") if transport is not None else None
    if connection is None or connection.family != socket.AF_UNIX:
        return None
    # A copy: the event loop's own view of the socket need not have `getsockopt`.
    with socket.socket(fileno=os.dup(connection.fileno())) as peer:
        credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user_id, _ = struct.unpack("3i", credentials)
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return f"user {user_id}"
