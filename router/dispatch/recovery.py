"""
Taking up again what the ledger says is unfinished: after a start, and whatever a task left behind.

    held         provably unsent: sent now if the deadline allows, else voided
    dispatching  may have been sent: in doubt, never sent again
    running      named by the provider: collected
    in doubt     collected if named; else it waits for a callback or its horizon
"""

from collections.abc import Callable

from router.dispatch.dispatcher import Dispatcher
from router.dispatch.errand import Errand
from router.dispatch.health import Health
from router.dispatch.health_seed import SEEDED_FROM, SEEDED_MOST
from router.dispatch.ports import Books, InputStore
from router.dispatch.requests import job_of, job_to_collect
from router.dispatch.settlement import Onward, Settlement
from router.ledger.commands import Doubt
from router.ledger.rows import AttemptRow
from router.ledger.views import TimedRow
from router.model.clock import Clock
from router.model.ids import JobId
from router.model.job import AttemptState
from router.model.money import Money
from router.observe.events import Observer, Recovered
from router.policy.policy import Policy


class Recovery:
    """Brings jobs back into hand."""

    def __init__(
        self,
        clock: Clock,
        books: Books,
        inputs: InputStore,
        dispatcher: Dispatcher,
        health: Health,
        observer: Observer,
        *,
        policy: Callable[[str], Policy],
    ) -> None:
        """
        Args:
            policy: The one that a job began under, by its hash; if nobody knows it, that in force.
        """
        self._clock, self._books, self._inputs = clock, books, inputs
        self._dispatcher, self._health, self._observer = dispatcher, health, observer
        self._policy = policy

    async def run(self) -> None:
        """Take up everything unfinished. Nothing may be admitted before this has returned."""
        await self._remember()
        open_attempts = await self._books.open_attempts()
        for attempt in open_attempts:
            if attempt.state is AttemptState.IN_DOUBT:
                self._health.doubted(attempt.provider, attempt.id, attempt.quoted)
        unfinished = await self._books.unfinished_jobs()
        jobs = {attempt.job_id for attempt in open_attempts} | {row.id for row in unfinished}
        for job_id in sorted(jobs):
            await self.resume(job_id)
        doubts = [one for one in open_attempts if one.state is AttemptState.IN_DOUBT]
        self._observer.tell(
            Recovered(jobs=len(jobs), attempts=len(open_attempts), in_doubt=len(doubts))
        )

    async def _remember(self) -> None:
        """Have health know which prices proved wrong, and what has failed in the last minutes."""
        self._health.prices.seed(await self._books.latest_posted())
        lately: dict[str, list[TimedRow]] = {}
        since = self._clock.now() - SEEDED_FROM
        for row in await self._books.timed(since, most=SEEDED_MOST):
            lately.setdefault(row.provider, []).append(row)
        self._health.seed(lately)

    async def resume(self, job_id: JobId) -> None:
        """Take up one job: whatever of its attempts nobody works on."""
        attempts = await self._books.attempts_of(job_id)
        errand = await self.errand(job_id)
        if errand is None:
            return
        idle = [one for one in attempts if one.state.is_open and one.id not in errand.working]
        for attempt in idle:
            # While one is taken up, a callback may have set a task to work on the next.
            if attempt.id not in errand.working:
                await self._resume(errand, attempt)
        if not errand.working:
            await self._dispatcher.go_on(errand)

    async def errand(self, job_id: JobId) -> Errand | None:
        """The job in hand, or taken in hand from the ledger; None when there is no such job."""
        known = self._dispatcher.errands.get(job_id)
        if known is not None:
            return known
        row = await self._books.job(job_id)
        if row is None:
            return None
        attempts = await self._books.attempts_of(job_id)
        whole = await job_of(row, self._inputs)
        if job_id in self._dispatcher.errands:
            # Someone else took it in hand while we read: one job, one errand.
            return self._dispatcher.errands[job_id]
        errand = Errand(
            job=whole or job_to_collect(row),
            complete=whole is not None,
            undecided=True,
            cancelling=row.called_off_at is not None,
            policy=self._policy(row.policy_hash),
            row=row,
            dearest=max((one.dearest for one in attempts), default=Money.ZERO),
            # All of a job's attempts were made beside the same offers.
            cheapest=next((one.cheapest for one in attempts), None),
            tried={one.provider for one in attempts},
            attempts=len(attempts),
        )
        self._dispatcher.take_up(errand)
        return errand

    async def _resume(self, errand: Errand, attempt: AttemptRow) -> None:
        match attempt.state:
            case AttemptState.HELD:
                await self._send(errand, attempt)
            case AttemptState.DISPATCHING:
                await self._doubt(errand, attempt)
            case _:
                if attempt.provider_ref is not None:
                    self._dispatcher.gather(errand, attempt, attempt.provider_ref)

    async def _send(self, errand: Errand, attempt: AttemptRow) -> None:
        """It was never sent: send it now, or give the money back."""
        reason, now = self._why_not(errand), self._clock.now()
        if reason is not None:
            unsent = Settlement.unsent(attempt, now, detail=reason)
            await self._dispatcher.settle(errand, unsent)
        elif attempt.provider not in errand.policy.prices.provider_names:
            gone = "the policy does not have its provider any more"
            withdrawn = Settlement.withdrawn(attempt, now, detail=gone)
            await self._dispatcher.settle(errand, withdrawn)
        else:
            self._dispatcher.start(errand, attempt)

    def _why_not(self, errand: Errand) -> str | None:
        row = errand.row
        if row.state.is_final or row.deadline_at <= self._clock.now():
            return "its job had ended before it could be sent"
        if errand.cancelling:
            return "its job was called off before it could be sent"
        return None if errand.complete else "its image is no longer at hand"

    async def _doubt(self, errand: Errand, attempt: AttemptRow) -> None:
        """Whether the first byte left cannot be known any more."""
        doubt = Doubt(
            at=self._clock.now(),
            attempt_id=attempt.id,
            outcome="provider_in_doubt",
            detail="Farebox stopped while it was being sent.",
        )
        await self._dispatcher.settle(errand, Settlement(doubt, Onward.PAYING_TWICE))
