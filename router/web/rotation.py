"""Rotation: a new key in a key's place, while the former one still works for a grace."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from router.ledger.commands import SaveKey
from router.ledger.rows import KeyRow
from router.model.clock import from_rfc3339, rfc3339
from router.model.errors import InvalidJob, Malformed
from router.web.administration import check_instant, key_body, named_key
from router.web.explaining import read_as
from router.web.keys import Role, mint_key
from router.web.problems import json_response
from router.web.visit import Visit

GRACE_S = 7 * 86_400.0
GRACE_S_MAX = 90 * 86_400.0


class RotateRequest(BaseModel):
    """
    The body of `POST /v1/keys/{id}/rotate`.

    Without `expires_at` the new key lives as long as the former one was made for.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    grace_s: Annotated[float, Field(ge=0, le=GRACE_S_MAX, allow_inf_nan=False)] = GRACE_S
    expires_at: Annotated[str, AfterValidator(check_instant)] | None = None


async def rotate_key(visit: Visit) -> web.Response:
    """`POST /v1/keys/{id}/rotate`: make a key like this one, which ends after a grace."""
    asked = read_as(RotateRequest, await visit.body(), Malformed)
    former, now = await named_key(visit), visit.services.clock.now()
    _check_is_alive(former, now)
    expires_at = _end(former, asked, now)
    row, key = mint_key(
        now,
        tenant=former.tenant,
        role=Role(former.role),
        name=former.name,
        tags=former.tags,
        expires_at=expires_at,
        budget=former.budget,
    )
    ends = now + timedelta(seconds=asked.grace_s)
    if former.expires_at is None or ends < former.expires_at:
        former = replace(former, expires_at=ends)
    await visit.services.ledger.submit(SaveKey(at=now, key=row, former=former))
    told = {**key_body(row), "key": key, "former": key_body(former)}
    return json_response(told, status=201)


def _check_is_alive(former: KeyRow, now: datetime) -> None:
    """
    Refuse to let a key that was ended live on under another secret.

    Raises:
        InvalidJob: It is revoked, or has expired.
    """
    for ended_at, how in ((former.revoked_at, "was revoked"), (former.expires_at, "expired")):
        if ended_at is not None and ended_at <= now:
            raise InvalidJob(f"This key {how} at {rfc3339(ended_at)}: make a new one instead.")


def _end(former: KeyRow, asked: RotateRequest, now: datetime) -> datetime | None:
    """
    When the new key expires; None for never.

    Raises:
        Malformed: It would have expired already.
    """
    if asked.expires_at is not None:
        expires_at = from_rfc3339(asked.expires_at)
        if expires_at <= now:
            raise Malformed("`expires_at` is past.")
        return expires_at
    # One in its grace was made for longer than it has now, which is no harm: it is seldom rotated.
    return None if former.expires_at is None else now + (former.expires_at - former.created_at)
