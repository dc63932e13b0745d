"""
The sweep: proves that every hold ends, by finding for each either who works on it or when it ends.

What is in doubt past its horizon is presumed posted; what nobody works on is taken up again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from router.dispatch.alerting import Alerts
from router.dispatch.dispatcher import Dispatcher
from router.dispatch.forgetting import Forgetting
from router.dispatch.health import Health
from router.dispatch.ports import Books
from router.dispatch.recovery import Recovery
from router.dispatch.telling import Teller
from router.ledger.answers import Done
from router.ledger.commands import Presume
from router.ledger.rows import AttemptRow
from router.model.clock import Clock
from router.model.ids import AttemptId
from router.model.job import AttemptState

SWEEP_S = 30.0
# An attempt this young may be between its commit and its task.
ORPHAN_AFTER = timedelta(seconds=20)
PROMISES_KEPT = timedelta(hours=48)
ASK_AGAIN_AFTER = timedelta(minutes=1)
# For how long to ask in vain past the horizon.
ASK_PATIENCE_S = 10.0
NEVER = datetime.max.replace(tzinfo=UTC)


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
        forgetting: Forgetting,
        alerts: Alerts,
    ) -> None:
        self._clock, self._books = clock, books
        self._dispatcher, self._recovery = dispatcher, recovery
        self._health, self._teller = health, teller
        self._forgetting, self._alerts = forgetting, alerts
        self._ask_at: dict[AttemptId, datetime] = {}
        self._admitted = True

    async def run(self) -> None:
        """Sweep for ever."""
        while True:
            await self._clock.sleep_s(SWEEP_S)
            try:
                await self.once()
            except Exception as error:  # noqa: BLE001 - a sweep that ends proves nothing any more.
                self._teller.crashed("sweep", error)

    async def once(self) -> Swept:
        """One sweep. Each open hold is counted in exactly one of the fields of the result."""
        await self._resume()
        now = self._clock.now()
        worked_on = waiting = presumed = taken_up = 0
        attempts = await self._books.open_attempts()
        for attempt in attempts:
            errand = self._dispatcher.errands.get(attempt.job_id)
            busy = errand is not None and attempt.id in errand.working
            if busy or await self._ask_again(attempt, now):
                worked_on += 1
            elif attempt.state is AttemptState.IN_DOUBT and now < attempt.horizon_at:
                waiting += 1
            elif attempt.state is AttemptState.IN_DOUBT:
                presumed += await self._presume(attempt)
            else:
                taken_up += 1
                await self._take_up(attempt)
        still_open = {attempt.id for attempt in attempts}
        self._ask_at = {one: at for one, at in self._ask_at.items() if one in still_open}
        await self._take_up_jobs()
        await self._alerts.catch_up()
        await self._books.forget_promises(now - PROMISES_KEPT)
        await self._forgetting.once()
        return Swept(worked_on, waiting, presumed, taken_up)

    async def _resume(self) -> None:
        """Admit again where the ledger could not be written; people are told of both turns."""
        if self._books.admitting and self._admitted:
            return
        if self._admitted:
            self._teller.alarm("admission_stopped", "the ledger cannot be written")
        self._admitted = await self._books.resume()
        if self._admitted:
            self._teller.alarm("admission_resumed", "the ledger can be written again")

    async def _ask_again(self, attempt: AttemptRow, now: datetime) -> bool:
        """
        Ask after an attempt in doubt that the provider has named: a refund may come late.

        After a minute, then whenever its age has doubled, and once more at its horizon.
        """
        began, horizon_at = attempt.dispatched_at or attempt.created_at, attempt.horizon_at
        due = self._ask_at.get(attempt.id, min(began + ASK_AGAIN_AFTER, horizon_at))
        ref = attempt.provider_ref if attempt.state is AttemptState.IN_DOUBT else None
        if ref is None or now < due:
            return False
        self._ask_at[attempt.id] = (
            NEVER if now >= horizon_at else min(now + (now - began), horizon_at)
        )
        errand = await self._recovery.errand(attempt.job_id)
        assert errand is not None, "an attempt has a job"
        self._dispatcher.gather(errand, attempt, ref, ASK_PATIENCE_S)
        return True

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
