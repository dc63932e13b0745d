"""What providers billed and did not deliver."""

from aiohttp import web

from router.finance.claims import as_document, claims
from router.web.filtering import check_names, filter_of
from router.web.problems import json_response
from router.web.spending import read_span
from router.web.visit import Visit


async def list_claims(visit: Visit) -> web.Response:
    """`GET /v1/claims`: attempts of `[from, to)` that were billed and not delivered."""
    query = visit.query("provider", "from", "to")
    since, until = read_span(query)
    meant = filter_of(visit, query)
    await check_names(visit, meant)
    rows = await visit.services.ledger.undelivered(since, until)
    return json_response(as_document(claims(rows, meant.provider)))
