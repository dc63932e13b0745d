"""Clients' callbacks: how far each is, telling again, and the secret that they are signed with."""

from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from router.dispatch.signing import MASTER, shown, tenant_secret
from router.ledger.commands import Redeliver
from router.ledger.outbox_rows import OutboxRow, OutboxState
from router.model.clock import rfc3339
from router.model.errors import InvalidJob, Malformed, NotFound
from router.web.buying import JOB_ID, own_job
from router.web.edits import page_size
from router.web.problems import json_response
from router.web.rendering import callback_body
from router.web.visit import Visit


async def list_callbacks(visit: Visit) -> web.Response:
    """`GET /v1/callbacks`: all tenants' callbacks, those of the newest edits first."""
    query = visit.query("state", "after", "limit")
    state, after = query.get("state", ""), query.get("after")
    if state and state not in set(OutboxState):
        raise Malformed(f"`?state=` is one of {', '.join(OutboxState)}.")
    if after is not None and not JOB_ID.fullmatch(after):
        raise Malformed("`?after=` is the id of the last edit of the page before.")
    most = page_size(query.get("limit"))
    older = {"after": after} if after is not None else {}
    rows = await visit.services.ledger.callbacks(state=state, most=most, **older)
    following = rows[-1].job_id if len(rows) == most else None
    return json_response({"callbacks": [_listed(row) for row in rows], "after": following})


async def redeliver(visit: Visit) -> web.Response:
    """`POST /v1/edits/{id}/callback/redeliver`: tell a client of its edit's end again, now."""
    job = await own_job(visit, visit.path("id"))
    ledger, now = visit.services.ledger, visit.services.clock.now()
    row = await ledger.callback_of(job.id)
    if row is None:
        raise NotFound("This edit has no callback: it was asked for without a `callback_url`.")
    if not row.url:
        raise InvalidJob("Where to is forgotten: the policy keeps it no longer than the prompt.")
    if row.state is OutboxState.WAITING:
        raise InvalidJob("The edit has not ended: its client is told when it does.")
    await ledger.submit(Redeliver(at=now, job_id=job.id))
    row = await ledger.callback_of(job.id)
    return json_response({"id": job.id, "callback": callback_body(row)})


async def read_secret(visit: Visit) -> web.Response:
    """`GET /v1/callbacks/secret`: what a tenant's callbacks are signed with."""
    tenant = visit.tenant(visit.query("tenant").get("tenant"))
    secret = tenant_secret(await visit.services.ledger.secret(MASTER), tenant)
    return json_response({"tenant": tenant, "secret": shown(secret)})


def _listed(row: OutboxRow) -> dict[str, Any]:
    tried_at = rfc3339(row.tried_at) if row.tried_at is not None else None
    return {
        "id": row.job_id,
        "tenant": row.tenant,
        # Not the whole address: its path or query may be what keeps it secret.
        "host": urlsplit(row.url).hostname,
        "dialect": row.dialect,
        "callback": callback_body(row),
        "tried_at": tried_at,
    }
