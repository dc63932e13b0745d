"""The providers' doorbell. What is said there is never believed; it makes us ask."""

import json
import re

from aiohttp import web

from router.model.errors import NotFound
from router.model.ids import CallbackToken
from router.web.problems import json_response
from router.web.visit import Visit

_TOKEN = re.compile(r"[0-9a-f]{32}")


async def ring(visit: Visit) -> web.Response:
    """`POST /callbacks/{provider}/{token}`: 200 for a token of ours, 404 for any other."""
    token = visit.path("token")
    body = await visit.body(visit.services.limits.callback_bytes_max)
    known = _TOKEN.fullmatch(token) and await visit.services.callbacks.ring(
        visit.path("provider"), CallbackToken(token), _parsed(body)
    )
    if not known:
        raise NotFound
    return json_response({})


def _parsed(body: bytes) -> object:
    """Whatever JSON it is; None when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
