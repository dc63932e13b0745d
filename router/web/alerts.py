"""Alerts: what people were told of budgets, a sample for their receiver, and the secret for it."""

from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from router.dispatch.signing import shown
from router.finance.alert_texts import alert_fields
from router.ledger.alert_rows import AlertLetterRow, AlertRow
from router.ledger.rows import END
from router.model.clock import rfc3339
from router.model.errors import InvalidJob, Malformed
from router.web.history import SHOWN
from router.web.problems import json_response
from router.web.spending import read_instant
from router.web.visit import Visit


async def list_alerts(visit: Visit) -> web.Response:
    """`GET /v1/alerts`: what was told in `[from, to)`, and how far telling it is; newest first."""
    query, ledger = visit.query("from", "to"), visit.services.ledger
    now = visit.services.clock.now()
    since, until = read_instant(query, "from", now - SHOWN), read_instant(query, "to", END)
    if until <= since:
        raise Malformed("`?from=` is not before `?to=`; without it, it is 30 days ago.")
    letters = {one.id: one for one in await ledger.alert_letters_between(since, until)}
    rows = reversed(await ledger.alerts_between(since, until))
    return json_response({"alerts": [_listed(row, letters.get(row.id)) for row in rows]})


async def send_sample(visit: Visit) -> web.Response:
    """`POST /v1/alerts/test`: posts a sample to where the policy says, now; nothing is recorded."""
    to = visit.services.policy().alerts
    if to is None:
        raise InvalidJob(
            "The policy does not say where people are told: write `alerts: {to: https://…}` in it."
        )
    trial = await visit.services.alert_desk.try_out(to)
    return json_response(
        {
            "id": trial.message_id,
            "host": urlsplit(to.to).hostname,
            "format": to.format,
            "delivered": trial.delivered,
            "status": trial.status,
            "detail": trial.detail,
        }
    )


async def read_secret(visit: Visit) -> web.Response:
    """`GET /v1/alerts/secret`: what alerts are signed with."""
    return json_response({"secret": shown(await visit.services.alert_desk.secret())})


def _listed(row: AlertRow, letter: AlertLetterRow | None) -> dict[str, Any]:
    return {
        "at": rfc3339(row.at),
        **alert_fields(row),
        "delivery": None if letter is None else _delivery(letter),
    }


def _delivery(letter: AlertLetterRow) -> dict[str, Any]:
    return {
        # Not the whole address: its path or query may be what keeps it secret.
        "host": urlsplit(letter.url).hostname,
        "format": letter.format,
        "state": letter.state.value,
        "tries": letter.tries,
        "last_status": letter.last_status,
        "tried_at": None if letter.tried_at is None else rfc3339(letter.tried_at),
        "next_at": None if letter.next_at is None else rfc3339(letter.next_at),
    }
