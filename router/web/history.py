"""What became of budgets' limits: raises, their ends, and thresholds that were reached."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from router.finance.alert_texts import alert_fields
from router.ledger.alert_rows import AlertRow
from router.ledger.limit_rows import RaiseRow
from router.ledger.rows import END
from router.model.clock import rfc3339
from router.model.errors import Malformed
from router.web.problems import json_response
from router.web.raising import raise_body
from router.web.spending import read_instant
from router.web.visit import Visit

SHOWN = timedelta(days=30)
"""How far back is told without `?from=`."""


async def budget_history(visit: Visit) -> web.Response:
    """`GET /v1/budgets/history`: what happened in `[from, to)`, the newest first."""
    query, ledger = visit.query("from", "to"), visit.services.ledger
    now = visit.services.clock.now()
    since, until = read_instant(query, "from", now - SHOWN), read_instant(query, "to", END)
    if until <= since:
        raise Malformed("`?from=` is not before `?to=`; without it, it is 30 days ago.")
    told = [_of_raise(row) for row in await ledger.raises_between(since, until)]
    told += [_of_alert(row) for row in await ledger.alerts_between(since, until)]
    return json_response({"history": _newest_first(told)})


def _newest_first(told: Iterable[tuple[datetime, dict[str, Any]]]) -> list[dict[str, Any]]:
    ordered = sorted(told, key=lambda one: one[0], reverse=True)
    return [{"at": rfc3339(at), **body} for at, body in ordered]


def _of_raise(row: RaiseRow) -> tuple[datetime, dict[str, Any]]:
    what = "raised" if row.ends is None else "raise_ended"
    return row.created_at, {"what": what, **raise_body(row), "id": row.ends or row.id}


def _of_alert(row: AlertRow) -> tuple[datetime, dict[str, Any]]:
    told = alert_fields(row)
    del told["id"]
    return row.at, {"what": "threshold_reached", **told}
