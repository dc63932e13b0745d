"""What administrators do: API keys, and attempts in doubt that a person resolves."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from router.ledger.commands import SaveKey
from router.ledger.key_rows import KeyRow
from router.ledger.rows import AttemptRow
from router.model.clock import from_rfc3339, rfc3339
from router.model.errors import Malformed, NotFound
from router.model.ids import AttemptId
from router.model.job import OPEN_STATES
from router.model.money import Money, NotMoney
from router.policy.budgets import key_budget
from router.policy.scalars import read_name
from router.policy.scopes import EACH
from router.web.explaining import read_as
from router.web.keys import EVERYONE, Role, mint_key
from router.web.problems import json_response
from router.web.rendering import attempt_body
from router.web.visit import Visit
from router.web.wishes import Tags

# What a tenant's budget's scope says in their place.
_RESERVED = frozenset({EVERYONE, "each_tenant", EACH})
FAR = datetime(3000, 1, 1, tzinfo=UTC)
"""No end that people set lies beyond: there must be room for sums with it."""
_ATTEMPT_ID = re.compile(r"[0-9a-f-]{36}\.[0-9]{1,3}")
_KEY_ID = re.compile(r"[0-9A-Za-z]{8}")

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def check_instant(text: str) -> str:
    """Take an instant as text, or say what belongs there."""
    try:
        instant = from_rfc3339(text)
    except (ValueError, OverflowError):
        raise ValueError("must be an instant, as 2027-01-01T00:00:00Z") from None
    if instant >= FAR:
        raise ValueError("must be before the year 3000")
    return text


def check_amount(text: str) -> str:
    """Take dollars as text, or say what belongs there."""
    try:
        amount = Money.parse(text)
    except NotMoney:
        raise ValueError('must be an amount in dollars, as "0.04"') from None
    if amount < Money.ZERO:
        raise ValueError("must not be negative")
    return text


def _check_budget(text: str) -> str:
    try:
        key_budget(text)
    except ValueError:
        raise ValueError('must be as "$20.00 per month" or "$5.00 per rolling 30 days"') from None
    return text


class KeyRequest(BaseModel):
    """The body of `POST /v1/keys`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    tenant: Annotated[str, AfterValidator(read_name)]
    role: Role = Role.CLIENT
    name: Words
    tags: Tags = Field(default_factory=dict)
    expires_at: Annotated[str, AfterValidator(check_instant)] | None = None
    budget: Annotated[str, AfterValidator(_check_budget)] | None = None


class SettleRequest(BaseModel):
    """
    The body of `POST /v1/attempts/{id}/settle`: one of `posted` and `voided`, and why.

    What is far above the hold is booked only with `force`.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    posted: Annotated[str, AfterValidator(check_amount)] | None = None
    voided: Literal[True] | None = None
    reason: Words
    force: bool = False


async def create_key(visit: Visit) -> web.Response:
    """`POST /v1/keys`: make a key; the answer is the only one that ever tells it."""
    asked = read_as(KeyRequest, await visit.body(), Malformed)
    now = visit.services.clock.now()
    expires_at = from_rfc3339(asked.expires_at) if asked.expires_at is not None else None
    if expires_at is not None and expires_at <= now:
        raise Malformed("`expires_at` is past.")
    if asked.tenant in _RESERVED and not (asked.tenant == EVERYONE and asked.role is Role.VIEWER):
        raise Malformed(f"`tenant` cannot be {asked.tenant}; a viewer's may be {EVERYONE}.")
    row, key = mint_key(
        now,
        tenant=asked.tenant,
        role=asked.role,
        name=asked.name,
        tags=tuple(asked.tags.items()),
        expires_at=expires_at,
        budget=asked.budget,
    )
    await visit.services.ledger.submit(SaveKey(at=now, key=row))
    return json_response({**key_body(row), "key": key}, status=201)


async def list_keys(visit: Visit) -> web.Response:
    """`GET /v1/keys`: all of them, without what would let anyone use them."""
    visit.query()
    return json_response({"keys": [key_body(row) for row in await visit.services.ledger.keys()]})


async def revoke_key(visit: Visit) -> web.Response:
    """`DELETE /v1/keys/{id}`: refuse a key from now on. Twice is as once."""
    row = await named_key(visit)
    if row.revoked_at is None:
        now = visit.services.clock.now()
        row = replace(row, revoked_at=now)
        await visit.services.ledger.submit(SaveKey(at=now, key=row))
    return json_response(key_body(row))


async def named_key(visit: Visit) -> KeyRow:
    """
    The key that the path names by its id.

    Raises:
        NotFound: There is none.
    """
    key_id = visit.path("id")
    row = await visit.services.ledger.key(key_id) if _KEY_ID.fullmatch(key_id) else None
    if row is None:
        raise NotFound("There is no key by that id.")
    return row


async def list_attempts(visit: Visit) -> web.Response:
    """`GET /v1/attempts`: those whose money is open, in `?state=` or in any."""
    state = visit.query("state").get("state")
    if state is not None and state not in OPEN_STATES:
        raise Malformed(f"`?state=` is one of {', '.join(sorted(OPEN_STATES))}.")
    rows = await visit.services.ledger.open_attempts()
    found = [_attempt(row) for row in rows if state in {None, row.state}]
    return json_response({"attempts": found})


async def settle_attempt(visit: Visit) -> web.Response:
    """`POST /v1/attempts/{id}/settle`: book what a person has learnt of an attempt in doubt."""
    asked = read_as(SettleRequest, await visit.body(), Malformed)
    if (asked.posted is None) == (asked.voided is None):
        raise Malformed('Say either `"posted": "0.04"` or `"voided": true`.')
    attempt_id = visit.path("id")
    if not _ATTEMPT_ID.fullmatch(attempt_id):
        raise NotFound("There is no attempt by that id.")
    posted = Money.parse(asked.posted) if asked.posted is not None else None
    row = await visit.services.resolver.settle(
        AttemptId(attempt_id),
        posted,
        who=visit.caller.who,
        reason=asked.reason,
        forced=asked.force,
    )
    return json_response(_attempt(row))


def _attempt(row: AttemptRow) -> dict[str, Any]:
    return {
        **attempt_body(row),
        "job_id": row.job_id,
        "tenant": row.tenant,
        "provider_ref": row.provider_ref,
        "detail": row.detail,
        "created_at": rfc3339(row.created_at),
        "horizon_at": rfc3339(row.horizon_at),
    }


def key_body(row: KeyRow) -> dict[str, Any]:
    """A key without what would let anyone use it."""
    return {
        "id": row.id,
        "tenant": row.tenant,
        "role": row.role,
        "name": row.name,
        "tags": dict(row.tags),
        "budget": row.budget,
        "created_at": rfc3339(row.created_at),
        "expires_at": _told(row.expires_at),
        "revoked_at": _told(row.revoked_at),
    }


def _told(instant: datetime | None) -> str | None:
    return rfc3339(instant) if instant is not None else None
