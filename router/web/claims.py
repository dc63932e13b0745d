"""What providers billed and did not deliver."""

from aiohttp import web

from router.finance.claims import as_document, claims
from router.model.errors import InvalidJob
from router.policy.explain import closest
from router.web.problems import json_response
from router.web.spending import read_span
from router.web.visit import Visit


async def list_claims(visit: Visit) -> web.Response:
    """`GET /v1/claims`: attempts of `[from, to)` that were billed and not delivered."""
    query = visit.query("provider", "from", "to")
    since, until = read_span(query)
    rows = await visit.services.ledger.undelivered(since, until)
    provider = query.get("provider")
    known = {*visit.services.policy().prices.provider_names, *(row.provider for row in rows)}
    if provider is not None and provider not in known:
        hint = closest(provider, known)
        raise InvalidJob(f"The price book has no provider '{provider[:64]}'{hint}")
    return json_response(as_document(claims(rows, provider)))
