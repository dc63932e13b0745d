"""Rotation: a new key in a key's place, while the former one still works for a grace."""

from datetime import datetime, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from router.ledger.answers import NotRotated, Rotated
from router.ledger.commands import Rotate
from router.ledger.key_rows import KeyRow
from router.model.clock import from_rfc3339, rfc3339
from router.model.errors import InvalidJob, Malformed
from router.web.administration import FAR, check_instant, key_body, named_key
from router.web.explaining import read_as
from router.web.keys import Role, mint_key
from router.web.problems import json_response
from router.web.visit import Visit

GRACE_S = 7 * 86_400.0
GRACE_S_MAX = 90 * 86_400.0


class RotateRequest(BaseModel):
    """
    The body of `POST /v1/keys/{id}/rotate`.

    Without `expires_at` the new key lives as long as the former one was made for. Of keys
    that were put in each other's place no more than two ever work at once.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    grace_s: Annotated[float, Field(ge=0, le=GRACE_S_MAX, allow_inf_nan=False)] = GRACE_S
    expires_at: Annotated[str, AfterValidator(check_instant)] | None = None


async def rotate_key(visit: Visit) -> web.Response:
    """`POST /v1/keys/{id}/rotate`: make a key like this one, which ends after a grace."""
    asked = read_as(RotateRequest, await visit.body(), Malformed)
    former, now = await named_key(visit), visit.services.clock.now()
    if former.ended(now) is not None:
        raise _refusal(NotRotated(former=former), now)
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
    command = Rotate(at=now, former=former, key=row, ends=ends)
    answer = await visit.services.ledger.submit(command)
    if isinstance(answer, NotRotated):
        raise _refusal(answer, now)
    assert isinstance(answer, Rotated), answer
    told = {**key_body(answer.key), "key": key, "former": key_body(answer.former)}
    return json_response(told, status=201)


def _refusal(why: NotRotated, now: datetime) -> InvalidJob:
    """Why a key is not given a successor: it must not live on, nor may a third one work."""
    if why.beside is not None:
        return InvalidJob(
            f"The key {why.beside} works beside this one, and more than two at once may not: "
            "revoke it first, or wait for its end."
        )
    assert why.former is not None, "keys are never removed"
    ended_at = why.former.ended(now)
    assert ended_at is not None, why
    how = "was revoked" if ended_at == why.former.revoked_at else "expired"
    return InvalidJob(f"This key {how} at {rfc3339(ended_at)}: make a new one instead.")


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
    if former.expires_at is None:
        return None
    return now + min(former.expires_at - former.created_at, FAR - now)
