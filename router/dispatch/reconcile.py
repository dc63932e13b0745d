"""
The sweep: proves that every hold ends, by finding for each either who works on it or when it ends.

What is in doubt past its horizon is presumed posted; what nobody works on is taken up again.
"""

from dataclasses import dataclass
from datetime import timedelta

from router.dispatch.dispatcher import Dispatcher
from router.dispatch.health import Health
from router.dispatch.ports import Books
from router.dispatch.recovery import Recovery
from router.dispatch.telling import Teller
from router.ledger.commands import Done, Presume
from router.ledger.rows import AttemptRow
from router.ledger.store import Contradiction
from router.model.clock import Clock
from router.model.errors import LedgerUnavailable
from router.model.job import AttemptState

SWEEP_S = 30.0
# An attempt this young may be between its commit and its task.
ORPHAN_AFTER = timedelta(seconds=20)
PROMISES_KEPT = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found."""

    worked_on: int = 0
    """Open attempts that a task is busy with."""
    waiting: int = 0
    """Attempts in doubt that wait for evidence until their horizon."""
    presumed: int = 0
    """Attempts in doubt whose horizon had passed."""
    taken_up: int = 0
    """Attempts that nobody worked on."""


class Sweep:
    """Goes over everything open, every half minute."""

    def __init__(
        self,
        clock: Clock,
        books: Books,
        dispatcher: Dispatcher,
        recovery: Recovery,
        health: Health,
        teller: Teller,
    ) -> None:
        self._clock, self._books = clock, books
        self._dispatcher, self._recovery = dispatcher, recovery
        self._health, self._teller = health, teller

    async def run(self) -> None:
        """Sweep for ever."""
        while True:
            await self._clock.sleep_s(SWEEP_S)
            try:
                await self.once()
            except (LedgerUnavailable, Contradiction) as error:
                # The next one finds what this one did not get to.
                self._teller.alarm("sweep_failed", str(error))

    async def once(self) -> Swept:
        """One sweep. Each open hold is counted in exactly one of the fields of the result."""
        await self._books.resume()
        now = self._clock.now()
        worked_on = waiting = presumed = taken_up = 0
        for attempt in await self._books.open_attempts():
            errand = self._dispatcher.errands.get(attempt.job_id)
            if errand is not None and attempt.id in errand.working:
                worked_on += 1
            elif attempt.state is AttemptState.IN_DOUBT and now < attempt.horizon_at:
                waiting += 1
            elif attempt.state is AttemptState.IN_DOUBT:
                presumed += await self._presume(attempt)
            else:
                taken_up += 1
                await self._take_up(attempt)
        await self._take_up_jobs()
        await self._books.forget_promises(now - PROMISES_KEPT)
        return Swept(worked_on, waiting, presumed, taken_up)

    async def _presume(self, attempt: AttemptRow) -> int:
        command = Presume(at=self._clock.now(), attempt_id=attempt.id)
        answer = await self._books.submit(command)
        if isinstance(answer, Done) and answer.attempt is not None:
            self._health.resolved(attempt.provider, attempt.id)
            self._teller.settled(answer.attempt)
            return 1
        return 0

    async def _take_up(self, attempt: AttemptRow) -> None:
        began = attempt.dispatched_at or attempt.created_at
        if self._clock.now() - began > ORPHAN_AFTER:
            self._teller.alarm("taken_up", f"nobody worked on attempt {attempt.id}")
            await self._recovery.resume(attempt.job_id)

    async def _take_up_jobs(self) -> None:
        """A job that nobody works on and nobody has ended."""
        for row in await self._books.unfinished_jobs():
            errand = self._dispatcher.errands.get(row.id)
            is_young = self._clock.now() - row.created_at <= ORPHAN_AFTER
            if is_young or (errand is not None and errand.working):
                continue
            if errand is None:
                self._teller.alarm("taken_up", f"nobody worked on job {row.id}")
            elif errand.expiry is None:
                # Its deadline's task could not write to the ledger.
                self._dispatcher.take_up(errand)
            await self._recovery.resume(row.id)
