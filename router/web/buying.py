"""
The one `submit` and the one `watch` that every dialect stands around.

A request either buys, or is found to be one that has bought before: by its idempotency key, or,
without one, because its answer was lost.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from aiohttp import web

from router.dispatch.watching import JobView
from router.ledger.commands import Idempotency
from router.ledger.rows import JobRow
from router.model.errors import BudgetExceeded, NotFound, Overloaded, RouterError
from router.model.ids import JobId
from router.model.money import Money, total
from router.observe.events import Overhead
from router.web.asking import Asked
from router.web.lost_answers import ADOPTED_WITHIN_S, Asker, Owed
from router.web.services import Services
from router.web.showing import hide_others_amounts
from router.web.visit import ABOUT, BUYING, OWED, Visit

# The job is ended by its deadline's own task, a moment after whoever waits for it would give up.
MARGIN_S = 2.0
JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Bought:
    """The jobs that a request stands for: bought by it, or by an earlier one."""

    rows: tuple[JobRow, ...]
    replayed: bool

    @property
    def row(self) -> JobRow:
        """The job; of several, the first."""
        return self.rows[0]


async def buy(
    visit: Visit, asked: Asked, key: str | None = None, *, look_s: float | None = None
) -> Bought:
    """
    Buy what a request asks for, unless an earlier one has.

    From here on, whatever fails is answered so that nobody sends again.

    Args:
        visit: The request.
        asked: What for.
        key: The client's idempotency key; None for none.
        look_s: For how long to look at an image whose shape matters. See `Survey.offers`.

    Raises:
        BudgetExceeded, NobodyQualifies, IdempotencyConflict, LedgerUnavailable, Overloaded:
            Nothing was bought.
    """
    services, job = visit.services, asked.job
    if services.draining.is_set():
        raise Overloaded("Farebox is about to stop; nothing was bought.")
    asker: Asker = (job.tenant, job.key_id, job.fingerprint)
    if key is None:
        earlier = await _earlier(visit, asker)
        if earlier is not None:
            visit.request[BUYING] = earlier[0].id
            _owe(visit, asker, earlier[0].id).admitted.set()
            return Bought(earlier, replayed=True)
    promise = Idempotency(key=key, fingerprint=job.fingerprint) if key is not None else None
    visit.request[BUYING] = job.id
    owed = _owe(visit, asker, job.id)
    try:
        admission = await services.dispatcher.submit(
            job, asked.policy, promise, copies=asked.copies, look_s=look_s
        )
    except RouterError as error:
        if isinstance(error, BudgetExceeded):
            hide_others_amounts(visit, error)
        # The dispatcher's word: there is no job, no hold, and nothing was sent.
        del visit.request[BUYING]
        comes_again = error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        services.lost_answers.withdraw(owed, comes_again=comes_again)
        raise
    finally:
        owed.admitted.set()
    visit.request[BUYING] = admission.row.id
    services.observer.tell(Overhead(seconds=visit.in_our_hands_s))
    return Bought(admission.rows, admission.replayed)


def _owe(visit: Visit, asker: Asker, job_id: JobId) -> Owed:
    request = visit.request

    def is_gone() -> bool:
        transport = request.transport
        return transport is None or transport.is_closing()

    owed = visit.services.lost_answers.owe(asker, job_id, is_gone)
    request[OWED] = owed
    return owed


async def _earlier(visit: Visit, asker: Asker) -> tuple[JobRow, ...] | None:
    """The jobs of the earlier request that this one is again; None when it is a new one."""
    async for job_id, owed in _candidates(visit, asker):
        try:
            await visit.services.dispatcher.arriving.wait(job_id)
            rows = await _worth_having(visit, job_id)
        except BaseException:
            # Whoever sends this again, again, must still find it.
            if owed is not None:
                owed.give_back()
            raise
        if rows:
            return rows
    return None


async def _candidates(visit: Visit, asker: Asker) -> AsyncIterator[tuple[JobId, Owed | None]]:
    """Jobs of earlier, equal requests that this one may be again, the likeliest first."""
    answers = visit.services.lost_answers
    while (owed := answers.adopt(asker)) is not None:
        await owed.admitted.wait()
        yield owed.job_id, owed
    if not says_it_is_again(visit.request) or answers.adopt_refused(asker) is not None:
        return
    since = visit.services.clock.now() - timedelta(seconds=ADOPTED_WITHIN_S)
    for row in await visit.services.ledger.jobs_like(*asker, since):
        if row.id not in answers.knows(asker):
            yield row.id, None
    while (owed := answers.adopt_told(asker) or answers.adopt_live(asker)) is not None:
        await owed.admitted.wait()
        yield owed.job_id, owed


async def _worth_having(visit: Visit, job_id: JobId) -> tuple[JobRow, ...]:
    """A job, with those bought together with it; none when nothing came of them, nor can."""
    ledger = visit.services.ledger
    row = await ledger.job(job_id)
    if row is None:
        return ()
    rows = [row] if row.batch is None else await ledger.batch(row.batch)
    for one in rows:
        view = JobView(one, tuple(await ledger.attempts_of(one.id)))
        if not one.state.is_final or view.charged or not view.nothing_spent:
            return tuple(rows)
    return ()


async def restore_lost_answers(services: Services) -> None:
    """
    At a start: whoever waited for a job that was under way when the last process ended was not
    answered by it, and may send the whole request again.
    """
    since = services.clock.now() - timedelta(seconds=ADOPTED_WITHIN_S)
    for row in await services.ledger.unfinished_jobs():
        if row.fingerprint and row.created_at >= since and row.batch in {None, row.id}:
            asker = (row.tenant, row.key_id, row.fingerprint)
            services.lost_answers.restore(asker, row.id)


def says_it_is_again(request: web.Request) -> bool:
    """Whether a client says that it has sent this before, as OpenAI's do."""
    count = request.headers.get("x-stainless-retry-count", "0")
    return count.isascii() and count.isdigit() and int(count[:9]) > 0


async def own_job(visit: Visit, job_id: str) -> JobRow:
    """
    The caller's job by its id.

    Raises:
        NotFound: There is none, or it is another tenant's, which is not told apart.
    """
    visit.request[ABOUT] = (visit.caller.tenant, JobId(job_id))
    row = await visit.services.ledger.job(JobId(job_id)) if JOB_ID.fullmatch(job_id) else None
    if row is None or not visit.caller.may_see(row.tenant):
        raise NotFound("There is no edit by that id.")
    return row


async def watch(visit: Visit, row: JobRow, wait_s: float | None) -> JobView:
    """
    Read a job, held for as long as the client wants, and no longer than it can take to end.

    Args:
        visit: The request.
        row: The job.
        wait_s: In seconds; None for until the job's deadline.
    """
    services = visit.services
    left = (row.deadline_at - services.clock.now()).total_seconds() + MARGIN_S
    held_s = left if wait_s is None else min(wait_s, left)
    view = await services.patience.watch(services.watcher, row.id, held_s)
    assert view is not None, "a job is never deleted"
    return view


async def watch_all(visit: Visit, rows: tuple[JobRow, ...]) -> list[JobView]:
    """Read jobs of one request when all of them have ended, or their deadline has come."""
    return [await watch(visit, row, None) for row in rows]


def charged(views: list[JobView]) -> Money:
    """What was posted for several jobs together."""
    return total([view.charged for view in views])
