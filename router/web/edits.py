"""Edits: bought, waited for, read, cancelled, listed: all around one submit and one watch."""

import re
from typing import Any

from aiohttp import web

from router.dispatch.watching import JobView
from router.ledger.commands import Idempotency
from router.ledger.rows import JobRow
from router.model.errors import BudgetExceeded, Malformed, NotFound, Overloaded, RouterError
from router.model.ids import JobId
from router.model.job import JobState
from router.observe.events import Overhead
from router.web.picturing import image_body, shown_images
from router.web.preferences import Preference, idempotency_key, preference, read_wait
from router.web.problems import json_response
from router.web.reading import read_edit
from router.web.rendering import job_body, job_response
from router.web.showing import hide_others_amounts
from router.web.spending import remaining
from router.web.visit import BUYING, Visit

# The job is ended by its deadline's own task, a moment after whoever waits for it would give up.
MARGIN_S = 2.0
LISTED, LISTED_MAX = 20, 100
_COUNT = re.compile(r"[0-9]{1,3}")
_JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def create_edit(visit: Visit) -> web.Response:
    """`POST /v1/edits`: buy an edit, and answer when it has ended or the client's time is up."""
    if visit.services.draining.is_set():
        raise Overloaded("Farebox is about to stop; nothing was bought.")
    headers = visit.request.headers
    wanted = preference(headers.getall("Prefer", []))
    key = idempotency_key(headers.getall("Idempotency-Key", []))
    row, replayed = await _submit(visit, await visit.body(), key)
    view = await _watch(visit, row, wanted.wait_s)
    response = await _shown(visit, view, is_new=True)
    _say_what_applied(response, wanted, replayed=replayed)
    return response


async def _submit(visit: Visit, body: bytes, key: str | None) -> tuple[JobRow, bool]:
    services = visit.services
    asked = read_edit(services, visit.caller, body)
    idempotency = Idempotency(key=key, fingerprint=asked.fingerprint) if key is not None else None
    visit.request[BUYING] = asked.job.id
    try:
        admission = await services.dispatcher.submit(asked.job, asked.policy, idempotency)
    except RouterError as error:
        # The dispatcher's word: there is no job, no hold, and nothing was sent.
        del visit.request[BUYING]
        if isinstance(error, BudgetExceeded):
            hide_others_amounts(visit, error)
        raise
    visit.request[BUYING] = admission.row.id
    services.observer.tell(Overhead(seconds=visit.in_our_hands_s))
    return admission.row, admission.replayed


def _say_what_applied(response: web.Response, wanted: Preference, *, replayed: bool) -> None:
    if wanted.applied is not None:
        response.headers["Preference-Applied"] = wanted.applied
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"


async def read_one(visit: Visit) -> web.Response:
    """`GET /v1/edits/{id}`: a job as it is, or as it ends within `?wait=` seconds."""
    wait_s = read_wait(visit.query("wait").get("wait"))
    row = await _own_job(visit)
    view = await _watch(visit, row, wait_s)
    return await _shown(visit, view, is_new=False)


async def cancel(visit: Visit) -> web.Response:
    """`POST /v1/edits/{id}/cancel`: buy nothing more for a job, and ask its provider to stop."""
    row = await _own_job(visit)
    await visit.services.dispatcher.cancel(row.id)
    view = await _watch(visit, row, 0.0)
    return await _shown(visit, view, is_new=False)


async def list_edits(visit: Visit) -> web.Response:
    """`GET /v1/edits`: a tenant's jobs, the newest first."""
    query = visit.query("status", "after", "limit", "tenant")
    state, after = query.get("status", ""), query.get("after")
    if state and state not in set(JobState):
        raise Malformed(f"`?status=` is one of {', '.join(JobState)}.")
    if after is not None and not _JOB_ID.fullmatch(after):
        raise Malformed("`?after=` is the id of the last job of the page before.")
    most = _limit(query.get("limit"))
    ledger, tenant = visit.services.ledger, visit.tenant(query.get("tenant"))
    older = {"after": after} if after is not None else {}
    rows = await ledger.jobs_of(tenant, state=state, most=most, **older)
    edits: list[dict[str, Any]] = []
    for row in rows:
        view = JobView(row, tuple(await ledger.attempts_of(row.id)))
        # A page of images would be a page of megabytes.
        images = await shown_images(visit, view, with_bytes=False)
        edits.append(job_body(view, [image_body(one) for one in images]))
    following = rows[-1].id if len(rows) == most else None
    return json_response({"edits": edits, "after": following})


def _limit(text: str | None) -> int:
    if text is None:
        return LISTED
    if not _COUNT.fullmatch(text) or not 1 <= int(text) <= LISTED_MAX:
        raise Malformed(f"`?limit=` is a whole number from 1 to {LISTED_MAX}.")
    return int(text)


async def _own_job(visit: Visit) -> JobRow:
    """
    The job that the path names.

    Raises:
        NotFound: There is none, or it is another tenant's, which is not told apart.
    """
    job_id = visit.path("id")
    row = await visit.services.ledger.job(JobId(job_id)) if _JOB_ID.fullmatch(job_id) else None
    if row is None or not visit.caller.may_see(row.tenant):
        raise NotFound("There is no edit by that id.")
    return row


async def _shown(visit: Visit, view: JobView, *, is_new: bool) -> web.Response:
    """A job as the answer to its client, with its images as they were asked for."""
    images = [image_body(one) for one in await shown_images(visit, view)]
    left = await remaining(visit, view.row)
    return job_response(view, images, is_new=is_new, remaining=left)


async def _watch(visit: Visit, row: JobRow, wait_s: float | None) -> JobView:
    """Read a job, held for as long as the client wants, and no longer than it can take to end."""
    services = visit.services
    left = (row.deadline_at - services.clock.now()).total_seconds() + MARGIN_S
    held_s = left if wait_s is None else min(wait_s, left)
    view = await services.patience.watch(services.watcher, row.id, held_s)
    assert view is not None, "a job is never deleted"
    return view
