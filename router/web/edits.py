"""Edits: bought, waited for, read, cancelled, listed: all around one submit and one watch."""

import re
from typing import Any

from aiohttp import web

from router.dispatch.watching import JobView, view_of
from router.model.errors import InvalidJob, Malformed
from router.model.job import JobState
from router.web.asking import asked_for
from router.web.buying import JOB_ID, buy, own_job, watch
from router.web.explaining import read_as
from router.web.picturing import image_body, shown_images
from router.web.preferences import Preference, idempotency_key, preference, read_wait
from router.web.problems import json_response
from router.web.rendering import job_body, job_response
from router.web.spending import remaining
from router.web.visit import Visit
from router.web.wishes import EditRequest

LISTED, LISTED_MAX = 20, 100
_COUNT = re.compile(r"[0-9]{1,3}")


async def create_edit(visit: Visit) -> web.Response:
    """`POST /v1/edits`: buy an edit, and answer when it has ended or the client's time is up."""
    headers = visit.request.headers
    wanted = preference(headers.getall("Prefer", []))
    key = idempotency_key(headers.getall("Idempotency-Key", []))
    wish = read_as(EditRequest, await visit.body(), InvalidJob)
    bought = await buy(visit, asked_for(visit.services, visit.caller, wish), key)
    view = await watch(visit, bought.row, wanted.wait_s)
    response = await _shown(visit, view, is_new=True)
    _say_what_applied(response, wanted, replayed=bought.replayed)
    return response


def _say_what_applied(response: web.Response, wanted: Preference, *, replayed: bool) -> None:
    if wanted.applied is not None:
        response.headers["Preference-Applied"] = wanted.applied
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"


async def read_one(visit: Visit) -> web.Response:
    """`GET /v1/edits/{id}`: a job as it is, or as it ends within `?wait=` seconds."""
    wait_s = read_wait(visit.query("wait").get("wait"))
    row = await own_job(visit, visit.path("id"))
    view = await watch(visit, row, wait_s)
    return await _shown(visit, view, is_new=False)


async def cancel(visit: Visit) -> web.Response:
    """`POST /v1/edits/{id}/cancel`: buy nothing more for a job, and ask its provider to stop."""
    row = await own_job(visit, visit.path("id"))
    await visit.services.dispatcher.cancel(row.id)
    view = await watch(visit, row, 0.0)
    return await _shown(visit, view, is_new=False)


async def list_edits(visit: Visit) -> web.Response:
    """`GET /v1/edits`: a tenant's jobs, the newest first."""
    query = visit.query("status", "after", "limit", "tenant")
    state, after = query.get("status", ""), query.get("after")
    if state and state not in set(JobState):
        raise Malformed(f"`?status=` is one of {', '.join(JobState)}.")
    if after is not None and not JOB_ID.fullmatch(after):
        raise Malformed("`?after=` is the id of the last job of the page before.")
    most = page_size(query.get("limit"))
    ledger, tenant = visit.services.ledger, visit.tenant(query.get("tenant"))
    older = {"after": after} if after is not None else {}
    rows = await ledger.jobs_of(tenant, state=state, most=most, **older)
    edits: list[dict[str, Any]] = []
    for row in rows:
        view = await view_of(ledger, row)
        # A page of images would be a page of megabytes.
        images = await shown_images(visit, view, with_bytes=False)
        whole = visit.caller.sees_all
        edits.append(job_body(view, [image_body(one) for one in images], whole=whole))
    following = rows[-1].id if len(rows) == most else None
    return json_response({"edits": edits, "after": following})


def page_size(text: str | None) -> int:
    """
    Read how many are listed at once.

    Raises:
        Malformed: It is no number, or too large a one.
    """
    if text is None:
        return LISTED
    if not _COUNT.fullmatch(text) or not 1 <= int(text) <= LISTED_MAX:
        raise Malformed(f"`?limit=` is a whole number from 1 to {LISTED_MAX}.")
    return int(text)


async def _shown(visit: Visit, view: JobView, *, is_new: bool) -> web.Response:
    """A job as the answer to its client, with its images as they were asked for."""
    images = [image_body(one) for one in await shown_images(visit, view)]
    left = await remaining(visit, view.row)
    whole = visit.caller.sees_all
    return job_response(view, images, is_new=is_new, remaining=left, whole=whole)
