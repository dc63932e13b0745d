"""What providers billed and did not deliver."""

from aiohttp import web

from router.finance.claims import as_document, claims
from router.ledger.rows import BEGINNING, END
from router.web.problems import json_response
from router.web.spending import read_instant
from router.web.visit import Visit


async def list_claims(visit: Visit) -> web.Response:
    """`GET /v1/claims`: attempts of `[from, to)` that were billed and not delivered."""
    query = visit.query("provider", "from", "to")
    since, until = read_instant(query, "from", BEGINNING), read_instant(query, "to", END)
    rows = await visit.services.ledger.undelivered(since, until)
    return json_response(as_document(claims(rows, query.get("provider"))))
