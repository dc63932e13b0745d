"""
The dispatcher: all control flow of the money, from an admitted job to its settled bill.

    submit ─ survey ─ choose ─ hold ──► dispatch ─ carry ─ settle ──► onward
                                 ▲                                      │
                                 └────── the next offer's hold ◄────────┘

Clients are observers: what `submit` has started goes on without them.
"""

import asyncio
from collections.abc import Sequence

from router.dispatch.admitting import alike, ask, recognise, replayed
from router.dispatch.conclusion import can_still_deliver, conclusion, expiry, may_be_gone
from router.dispatch.correction import book_after_void
from router.dispatch.errand import HEARD_PATIENCE_S, JOBS_IN_HAND_MAX, Admission, Arriving, Errand
from router.dispatch.health import Health
from router.dispatch.placing import Placer
from router.dispatch.ports import Books, InputStore
from router.dispatch.sending import Sender
from router.dispatch.settlement import Onward, Settlement, may_go_on, onward_of
from router.dispatch.telling import Teller
from router.ledger.answers import Answer, Done, Placed, Refused, Replayed, Stale, holds
from router.ledger.commands import CallOff, Command, End, Idempotency, JobEnd
from router.ledger.rows import AttemptRow
from router.model.clock import Clock
from router.model.errors import Overloaded, RouterError
from router.model.ids import JobId, ProviderRef
from router.model.job import AttemptState, Job, JobState
from router.model.tasks import TaskRegistry
from router.policy.policy import Policy


class Dispatcher:
    """Buys each job once, and sees it through to its settled bill."""

    def __init__(
        self,
        clock: Clock,
        books: Books,
        inputs: InputStore,
        placer: Placer,
        sender: Sender,
        health: Health,
        tasks: TaskRegistry,
        teller: Teller,
        *,
        callbacks: bool,
    ) -> None:
        """
        Args:
            callbacks: Whether providers can ring: then a create whose answer was lost may be found.
        """
        self._clock, self._books, self._inputs = clock, books, inputs
        self._placer, self._sender, self._health = placer, sender, health
        self._tasks, self._teller, self._callbacks = tasks, teller, callbacks
        self.errands: dict[JobId, Errand] = {}
        """Jobs in hand."""
        self.arriving = Arriving()

    # Stops 2 to 5: recognise, survey, choose, hold.

    async def submit(
        self,
        job: Job,
        policy: Policy,
        idempotency: Idempotency | None = None,
        *,
        copies: Sequence[JobId] = (),
        look_s: float | None = None,
    ) -> Admission:
        """
        Make a job durable with its first hold, and start it.

        Whoever calls may be cancelled: the job is then durable and started, or there is no trace.

        Args:
            job: What the client wants.
            policy: In force for it.
            idempotency: The client's promise, if it made one.
            copies: The same job again, under these ids: all are held for together, or none.
            look_s: For how long to look at an image whose shape matters. See `Survey.offers`.

        Raises:
            BudgetExceeded, NobodyQualifies, IdempotencyConflict, LedgerUnavailable, Overloaded:
                There is no job, no hold, and nothing was sent.
        """
        work = self._admit(alike(job, copies), policy, idempotency, look_s)
        admitting = self._tasks.start(f"admit {job.id}", work, answers=RouterError)
        return await asyncio.shield(admitting)

    async def _admit(
        self,
        jobs: Sequence[Job],
        policy: Policy,
        idempotency: Idempotency | None,
        look_s: float | None,
    ) -> Admission:
        known = await recognise(self._books, jobs[0].tenant, idempotency)
        if known is not None:
            return known
        if len(self.errands) + len(jobs) > JOBS_IN_HAND_MAX:
            self._teller.overloaded()
            raise Overloaded
        wanted = (jobs, policy, idempotency)
        with self.arriving.expect(job.id for job in jobs):
            asked = await ask(self._placer, self._inputs, self._teller, *wanted, look_s=look_s)
            placed = holds(asked.answer)
            for errand, hold in zip(asked.errands, placed, strict=False):
                self._teller.admitted(hold.attempt)
                self.take_up(errand)
                self.start(errand, hold.attempt)
        if isinstance(asked.answer, Replayed):
            return await replayed(self._books, asked.answer.job_id)
        return Admission(tuple(hold.job for hold in placed), replayed=False)

    def take_up(self, errand: Errand) -> None:
        """Have a job in hand, until its deadline at least."""
        self.errands[errand.job.id] = errand
        if not errand.row.state.is_final:
            errand.expiry = self._tasks.start(f"expiry {errand.job.id}", self._expire(errand))

    # Stops 6 to 8: dispatch, carry, settle.

    def start(self, errand: Errand, attempt: AttemptRow) -> None:
        """Work on an attempt that is provably unsent, or whose dispatch was committed just now."""
        errand.bell(attempt.id, self._clock)
        self._tasks.start(f"attempt {attempt.id}", self._work(errand, attempt))

    async def _work(self, errand: Errand, attempt: AttemptRow) -> None:
        """Send one attempt and see it through. Whatever is unforeseen leaves the hold in place."""
        try:
            is_held = attempt.state is AttemptState.HELD
            sent = await self._sender.dispatch(errand, attempt) if is_held else attempt
            if isinstance(sent, AttemptRow):
                sent = await self._sender.carry(errand, sent)
            await self.settle(errand, sent)
        finally:
            self._leave(errand, attempt)

    def gather(
        self, errand: Errand, attempt: AttemptRow, ref: ProviderRef, patience_s: float = 0.0
    ) -> None:
        """Collect an attempt that the provider has named: after a restart, or on a callback."""
        errand.bell(attempt.id, self._clock)
        self._tasks.start(f"gather {attempt.id}", self._gather(errand, attempt, ref, patience_s))

    async def _gather(
        self, errand: Errand, attempt: AttemptRow, ref: ProviderRef, patience_s: float
    ) -> None:
        try:
            settlement = await self._sender.collect(errand, attempt, ref, patience_s)
            await self.settle(errand, settlement)
        finally:
            self._leave(errand, attempt)

    def _leave(self, errand: Errand, attempt: AttemptRow) -> None:
        self._health.abandoned(attempt.provider, attempt.id)
        errand.working.pop(attempt.id, None)
        self._let_go(errand)

    def _let_go(self, errand: Errand) -> None:
        """A job that has ended is in hand only while a task works on it."""
        if errand.row.state.is_final and not errand.working:
            self.errands.pop(errand.job.id, None)

    async def settle(self, errand: Errand, settlement: Settlement) -> None:
        """Book what became of an attempt, and go on with its job. Twice is as once."""
        answer = await self._submit(errand, settlement.command)
        assert isinstance(answer, Done | Stale), answer
        settled = answer.attempt
        assert settled is not None, "what is settled is in the ledger"
        if isinstance(answer, Done):
            self._placer.learn(settled)
            self._teller.settled(settled)
        elif (charge := settlement.charge_after_void(settled)) is not None:
            await book_after_void(self._books, self._teller, settled, charge)
            if charge.end is not None:
                await self._end(errand, charge.end)
            return
        elif not settlement.repeats(settled):
            return
        if await self._heard(errand, settled):
            return
        await self._onward(errand, settled, settlement.onward)
        # A callback may have come meanwhile: to it, this task was still at work.
        await self._heard(errand, settled)

    async def _heard(self, errand: Errand, attempt: AttemptRow) -> bool:
        """Collect an attempt whose create's answer was lost, if a callback has named its job."""
        ref = errand.heard.pop(attempt.id, None)
        if ref is None or not can_still_deliver(attempt, callbacks=True):
            return False
        await self._gather(errand, attempt, ref, HEARD_PATIENCE_S)
        return True

    # What follows: the next offer, or the end.

    async def go_on(self, errand: Errand) -> None:
        """Take a job that nobody works on to its next offer or its end, if that was not decided."""
        attempts = await self._books.attempts_of(errand.job.id)
        if errand.undecided and attempts:
            await self._onward(errand, attempts[-1], onward_of(attempts[-1]))
        else:
            await self.conclude(errand)

    async def _onward(self, errand: Errand, attempt: AttemptRow, onward: Onward) -> None:
        errand.undecided = True
        if may_go_on(onward, attempt, errand.policy) and not errand.cancelling:
            following = await self._fail_over(errand, attempt, onward)
            if following is not None:
                self.start(errand, following)
                errand.undecided = False
                return
        await self.conclude(errand)
        errand.undecided = False

    async def _fail_over(
        self, errand: Errand, attempt: AttemptRow, onward: Onward
    ) -> AttemptRow | None:
        """Place the next offer's hold; under the double-spend limit when money may be gone."""
        attempts = await self._books.attempts_of(errand.job.id)
        busy = any(one.id != attempt.id and one.id in errand.working for one in attempts)
        over = errand.row.state.is_final or errand.job.deadline_at <= self._clock.now()
        if busy or over or not errand.complete:
            return None
        pays_twice = onward is Onward.PAYING_TWICE or any(map(may_be_gone, attempts))
        failover = errand.policy.failover_for(errand.job)
        if pays_twice and not failover.double_spend_max:
            return None
        answer = await self._placer.follow(errand, pays_twice=pays_twice)
        if isinstance(answer, Refused):
            self._teller.refused(errand.job, answer)
        if not isinstance(answer, Placed):
            return None
        self._teller.failed_over(attempt, answer.attempt, pays_twice=pays_twice)
        return answer.attempt

    async def conclude(self, errand: Errand) -> None:
        """End a job without an image, unless one of its attempts may still bring it."""
        if errand.row.state.is_final:
            self._let_go(errand)
            return
        attempts = await self._books.attempts_of(errand.job.id)
        if not any(can_still_deliver(one, callbacks=self._callbacks) for one in attempts):
            await self._end(errand, conclusion(attempts, cancelled=errand.cancelling))

    async def _expire(self, errand: Errand) -> None:
        """At the deadline the job fails; what was sent stays in hand until it is settled."""
        left = errand.job.deadline_at - self._clock.now()
        await self._clock.sleep_s(max(0.0, left.total_seconds()))
        errand.expiry = None
        attempts = await self._books.attempts_of(errand.job.id)
        end = expiry(attempts)
        await self._void_unsent(errand, attempts, end)
        await self._end(errand, end)
        await self._sender.recall(errand, attempts, only_if_free=True)

    async def cancel(self, job_id: JobId) -> bool:
        """
        Want a job no longer: nothing more is bought for it. Whoever calls may go away.

        Returns:
            Whether it had not ended. What a provider goes on with is settled as ever, and may even
            be delivered.
        """
        errand = self.errands.get(job_id)
        if errand is None or errand.row.state.is_final:
            return False
        errand.cancelling = True
        await asyncio.shield(self._tasks.start(f"cancel {job_id}", self._call_off(errand)))
        return True

    async def _call_off(self, errand: Errand) -> None:
        # Durable before anybody is told: no hold or dispatch passes it, nor after a crash.
        await self._submit(errand, CallOff(at=self._clock.now(), job_id=errand.job.id))
        attempts = await self._books.attempts_of(errand.job.id)
        await self._void_unsent(errand, attempts, JobEnd(state=JobState.CANCELLED))
        await self._sender.recall(errand, attempts, only_if_free=False)
        await self.conclude(errand)

    async def _void_unsent(self, errand: Errand, attempts: list[AttemptRow], end: JobEnd) -> None:
        """Void what was not sent, and end the job with it."""
        for attempt in attempts:
            if attempt.state is AttemptState.HELD:
                await self.settle(errand, Settlement.unsent(attempt, self._clock.now(), end))

    async def _end(self, errand: Errand, end: JobEnd) -> None:
        await self._submit(errand, End(at=self._clock.now(), job_id=errand.job.id, end=end))

    async def _submit(self, errand: Errand, command: Command) -> Answer:
        """Make a command durable, and take note of a job's end that came with it."""
        answer = await self._books.submit(command)
        if isinstance(answer, Done | Stale) and errand.saw(answer.job):
            self._teller.ended(errand.row)
            self._let_go(errand)
        return answer
