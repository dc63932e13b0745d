"""How much is kept of results."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from router.images.keeping import Kept, NotKept
from router.model.clock import rfc3339
from router.model.errors import LedgerUnavailable
from router.web.problems import json_response
from router.web.visit import Visit


async def read_archive(visit: Visit) -> web.Response:
    """`GET /v1/archive`: how many results are kept, how large, whose, and until when."""
    visit.query()
    services = visit.services
    results = services.pictures.results
    try:
        found = await results.all()
    except NotKept as error:
        raise LedgerUnavailable(f"The archive cannot be read: {error}") from error
    # What is being written, or is somebody else's, has no hour.
    kept = [one for one in found if one.removed_at is not None]
    ends = [one.removed_at for one in kept if one.removed_at is not None]
    return json_response(
        {
            "where": results.where,
            "keep_s": services.policy().keep.results_s,
            **_sums(kept),
            "tenants": [
                {"tenant": name, **_sums(one for one in kept if one.tenant == name)}
                for name in sorted({one.tenant for one in kept})
            ],
            "oldest": rfc3339(min(one.at for one in kept)) if kept else None,
            "next_removal": rfc3339(min(ends)) if ends else None,
        }
    )


def _sums(kept: Iterable[Kept]) -> dict[str, Any]:
    sizes = [one.size_bytes for one in kept]
    return {"images": len(sizes), "bytes": sum(sizes)}
