"""
Runpod's dialect: run, wait, ask, cancel, for each endpoint that the price book has a slug of.

From the purchase on every answer is a 200: a client that sends a paid run again pays again.

Source: Runpod docs, "Operation reference"; its packages for JavaScript and Go for `/status-sync`.
"""

import re

from aiohttp import web

from router.dispatch.watching import JobView
from router.ledger.rows import JobRow
from router.model.errors import Malformed, NotFound
from router.model.job import JobState
from router.model.offer import ProviderState
from router.web.asking import Asked, asked_for
from router.web.buying import Bought, buy, own_job, watch
from router.web.dialects.answering import headers_about
from router.web.dialects.reading import model_named, wish_of
from router.web.dialects.runpod_reading import fields_of, read_order
from router.web.dialects.runpod_telling import NAME, status_body
from router.web.picturing import shown_images
from router.web.preferences import idempotency_key
from router.web.problems import json_response
from router.web.visit import Visit

NOT_SERVED = (
    "Of Runpod's addresses Farebox serves /run, /runsync, /status/{id}, /status-sync/{id}, "
    "/cancel/{id} and /health under /v2/{endpoint}, with the methods that Runpod documents."
)
WAIT_MS, WAIT_MS_MIN, WAIT_MS_MAX = 90_000, 1_000, 300_000
LOOK_S = 0.7
"""Some clients give a run three seconds for its answer, and an image host may take that alone."""
_MS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


async def run(visit: Visit) -> web.Response:
    """`POST /v2/{slug}/run`: buy an edit, and answer at once with its id."""
    bought = await _bought(visit, look_s=LOOK_S)
    return await _shown(visit, await watch(visit, bought.row, 0.0), bought)


async def run_sync(visit: Visit) -> web.Response:
    """`POST /v2/{slug}/runsync`: buy an edit, and answer when it has ended, or `?wait=` has."""
    wait_s = _wait_s(visit)
    bought = await _bought(visit)
    return await _shown(visit, await watch(visit, bought.row, wait_s), bought)


async def read_status(visit: Visit) -> web.Response:
    """`GET /v2/{slug}/status/{id}`: a job as it is."""
    row = await _own_job(visit)
    return await _shown(visit, await watch(visit, row, 0.0))


async def hold_status(visit: Visit) -> web.Response:
    """`GET /v2/{slug}/status-sync/{id}`: a job when it has ended, or `?wait=` has."""
    wait_s = _wait_s(visit)
    row = await _own_job(visit)
    # Who has called a job off is told so, and does not wait for what its provider makes of it.
    wait_s = wait_s if row.called_off_at is None else 0.0
    return await _shown(visit, await watch(visit, row, wait_s))


async def cancel(visit: Visit) -> web.Response:
    """`POST /v2/{slug}/cancel/{id}`: buy nothing more for a job, and ask its provider to stop."""
    row = await _own_job(visit)
    await visit.services.dispatcher.cancel(row.id)
    return await _shown(visit, await watch(visit, row, 0.0))


async def health(visit: Visit) -> web.Response:
    """
    `GET /v2/{slug}/health`: how many jobs are in hand, and how those who make them are.

    Jobs are the caller's own; those that have ended are not counted here. A worker is a provider.
    """
    services, model = visit.services, _model(visit)
    states = [
        errand.row.state
        for errand in services.dispatcher.errands.values()
        if errand.job.model == model and visit.caller.may_see(errand.job.tenant)
    ]
    in_progress = states.count(JobState.RUNNING)
    workers = [services.health.state(provider) for provider in services.providers]
    serving = workers.count(ProviderState.SERVING)
    jobs = {
        "completed": 0,
        "failed": 0,
        "inProgress": in_progress,
        "inQueue": states.count(JobState.QUEUED),
        "retried": 0,
    }
    told = {
        "idle": 0 if in_progress else serving,
        "initializing": 0,
        "ready": serving,
        "running": in_progress,
        "throttled": 0,
        "unhealthy": len(workers) - serving,
    }
    return json_response({"jobs": jobs, "workers": told})


async def _bought(visit: Visit, look_s: float | None = None) -> Bought:
    key = idempotency_key(visit.request.headers.getall("Idempotency-Key", []))
    return await buy(visit, _asked(visit, await visit.body()), key, look_s=look_s)


def _asked(visit: Visit, body: bytes) -> Asked:
    policy, model = visit.services.policy(), _model(visit)
    fields = fields_of(read_order(body), visit.path("slug"), policy)
    wish = wish_of({"model": model, **fields})
    return asked_for(visit.services, visit.caller, wish, dialect=NAME, origin=visit.origin)


def _model(visit: Visit) -> str:
    model = model_named(visit.services.policy().prices, NAME, visit.path("slug"))
    if model is None:
        raise NotFound("There is no endpoint by that name: see the slugs of the price book.")
    return model


async def _own_job(visit: Visit) -> JobRow:
    model = _model(visit)
    row = await own_job(visit, visit.path("id"))
    if row.model != model:
        raise NotFound("There is no edit by that id.")
    return row


async def _shown(visit: Visit, view: JobView, bought: Bought | None = None) -> web.Response:
    body = status_body(view, await shown_images(visit, view))
    return json_response(body, headers=await headers_about(visit, view, bought))


def _wait_s(visit: Visit) -> float:
    """How long to hold, in seconds; what is out of Runpod's bounds is brought into them."""
    texts = visit.request.query.getall("wait", [])
    if not texts:
        return WAIT_MS / 1000
    if len(texts) > 1 or not _MS.fullmatch(texts[0]):
        raise Malformed("`?wait=` is a number of milliseconds, as 90000.")
    return min(max(float(texts[0]), WAIT_MS_MIN), WAIT_MS_MAX) / 1000
