"""
The postman: tells clients that their job has ended, from the outbox in the ledger.

Woken by the commit that makes a callback due, and at a start by what is due already. A delivery
that a crash cuts off is made again, with the same id: at least once, never at most once.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from router.dispatch.ports import Books, Poster
from router.dispatch.retrying import Verdict, refused, verdict
from router.dispatch.rounds import Rounds
from router.dispatch.signing import MASTER, signed_headers, tenant_secret
from router.dispatch.telling import Teller
from router.dispatch.watching import JobView
from router.ledger.outbox_rows import OutboxRow, OutboxState
from router.model.clock import Clock
from router.model.ids import JobId
from router.model.job import JobState
from router.model.tasks import TaskRegistry
from router.upstream.doorbell import Doorbell
from router.upstream.fetcher import FetchFailed
from router.upstream.guard import FetchRefused

CATCH_UP_S = 60.0
"""How often the ledger is asked for what is due and not in mind."""
CATCH_UP_MOST = 2000
DELIVERY_S = 15.0
"""How long a client's server may take to answer."""

Render = Callable[[JobView, str], Awaitable[bytes]]
"""Writes what a client is told of a job, in a dialect's words."""


class Postman:
    """Delivers what is due, and notes in the ledger what came of it."""

    def __init__(
        self,
        clock: Clock,
        books: Books,
        poster: Poster,
        render: Render,
        tasks: TaskRegistry,
        teller: Teller,
        *,
        rng: random.Random | None = None,
    ) -> None:
        """
        Args:
            clock: Times the tries.
            books: The outbox, and the jobs that are told of.
            poster: Dials only what the guard lets through.
            render: What a client is told.
            tasks: Each delivery is one of its own, so that none waits for another.
            teller: Told what came of each try.
            rng: Spreads the tries; a new one if None.
        """
        self._clock, self._books, self._poster = clock, books, poster
        self._render, self._tasks, self._teller = render, tasks, teller
        self._rng = rng or random.Random()  # noqa: S311 - no secret comes of it.
        self._rounds = Rounds()
        self._bell = Doorbell(clock)

    def due(self, row: OutboxRow) -> None:
        """Take note of a callback that is due, or will be: for the ledger to call."""
        if self._rounds.plan(row):
            self._bell.ring()

    async def run(self) -> None:
        """Deliver for ever."""
        asked_at = None
        while True:
            now = self._clock.now()
            if asked_at is None or now >= asked_at + timedelta(seconds=CATCH_UP_S):
                await self._catch_up()
                asked_at = now
            for job_id in self._rounds.take(self._clock.now()):
                self._tasks.start(f"tell {job_id}", self._deliver(job_id))
            await self._bell.wait(self._idle_s())

    async def _catch_up(self) -> None:
        """Plan what is due until the next time, so that nothing is lost with a process."""
        before = self._clock.now() + timedelta(seconds=CATCH_UP_S)
        try:
            rows = await self._books.callbacks_due(before, most=CATCH_UP_MOST)
        except Exception as error:  # noqa: BLE001 - who does not ask again tells nobody any more.
            self._teller.crashed("outbox", error)
            return
        for row in rows:
            self._rounds.plan(row)

    def _idle_s(self) -> float:
        if self._rounds.next_at is None:
            return CATCH_UP_S
        left_s = (self._rounds.next_at - self._clock.now()).total_seconds()
        return min(max(0.0, left_s), CATCH_UP_S)

    async def _deliver(self, job_id: JobId) -> None:
        """One try. Whatever goes wrong on our side, the callback stays due."""
        following: OutboxRow | None = None
        try:
            following = await self._tell(job_id)
        except Exception as error:  # noqa: BLE001 - the next catching-up begins anew.
            self._teller.crashed(f"tell {job_id}", error)
        finally:
            self._rounds.leave(job_id)
            if following is not None:
                self._rounds.plan(following)
            self._bell.ring()

    async def _tell(self, job_id: JobId) -> OutboxRow | None:
        """
        Tell a client of its job as it is now: a late result has perhaps come meanwhile.

        Returns:
            The callback as it is afterwards.
        """
        row = await self._books.callback_of(job_id)
        if row is None or row.state is not OutboxState.DUE:
            return None
        if row.next_at is not None and row.next_at > self._clock.now():
            return row
        job = await self._books.job(job_id)
        assert job is not None, "a callback has a job"
        view = JobView(job, tuple(await self._books.attempts_of(job_id)), row)
        result = await self._try(row, view)
        await self._books.submit(replace(result.told, ended_as=job.state))
        self._teller.client_told(row, result.told, result.word)
        return await self._books.callback_of(job_id)

    async def _try(self, row: OutboxRow, view: JobView) -> Verdict:
        secret = tenant_secret(await self._books.secret(MASTER), row.tenant)
        body = await self._render(view, row.dialect)
        named = message_id(row.job_id, view.row.state)
        headers = signed_headers(secret, named, self._clock.now(), body)
        try:
            posted = await self._poster.post(row.url, body, headers=headers, deadline_s=DELIVERY_S)
        except FetchRefused:
            return refused(row, self._clock.now())
        except FetchFailed:
            posted = None
        return verdict(row, self._clock.now(), posted, self._rng.random())


def message_id(job_id: JobId, state: JobState) -> str:
    """
    The id by which a receiver knows a message again.

    A failure that a late result turned into a success is another message.
    """
    return f"msg_{job_id}_{state.value}"
