"""The routes of OpenAI's images API, around the one submit and the one watch."""

from datetime import datetime
from typing import Any

from aiohttp import web

from router.web.asking import asked_for
from router.web.buying import buy, watch_all
from router.web.dialects.openai.fields import read_edit
from router.web.dialects.openai.refusing import NAME, json_answer
from router.web.dialects.openai.rendering import Shot, answer
from router.web.dialects.openai.sizes import models_sold
from router.web.dialects.openai.wishing import find_model, wish_of
from router.web.picturing import shown_images
from router.web.preferences import idempotency_key
from router.web.spending import remaining
from router.web.visit import UNFINISHED, Visit

NOT_SERVED = (
    "Of OpenAI's addresses Farebox serves `POST /v1/images/edits`, which needs an image to begin "
    "with, `GET /v1/models` and `GET /v1/models/{id}`."
)


async def create_image_edit(visit: Visit) -> web.Response:
    """`POST /v1/images/edits`: buy one edit or several alike, and answer when all have ended."""
    headers, services = visit.request.headers, visit.services
    key = idempotency_key(headers.getall("Idempotency-Key", []))
    edit = read_edit(headers.get("Content-Type", ""), await visit.body())
    wish = wish_of(edit, services.policy(), services.clock.now())
    asked = asked_for(services, visit.caller, wish, dialect=NAME, edits=edit.n or 1)
    bought = await buy(visit, asked, key)
    views = await watch_all(visit, bought.rows)
    visit.request[UNFINISHED] = any(not view.row.state.is_final for view in views)
    shots = [Shot(view, await shown_images(visit, view)) for view in views]
    response = answer(shots, await remaining(visit, bought.row))
    if bought.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


async def list_models(visit: Visit) -> web.Response:
    """`GET /v1/models`: what can be bought, by the names under which it is asked for."""
    sold = models_sold(visit.services.policy(), visit.services.clock.now())
    told = [_model(name, since) for name, since in sold.items()]
    return json_answer({"object": "list", "data": told})


async def read_model(visit: Visit) -> web.Response:
    """`GET /v1/models/{id}`: one of them."""
    name, services = visit.path("id"), visit.services
    return json_answer(_model(name, find_model(name, services.policy(), services.clock.now())))


def _model(name: str, since: datetime) -> dict[str, Any]:
    created = int(since.timestamp())
    return {"id": name, "object": "model", "created": created, "owned_by": "farebox"}
