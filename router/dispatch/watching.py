"""Looking on: waiting for a job's end, and reading it. Changes nothing, whoever goes away."""

import asyncio
from dataclasses import dataclass

from router.dispatch.dispatcher import Dispatcher
from router.dispatch.ports import Books
from router.ledger.outbox_rows import OutboxRow
from router.ledger.rows import AttemptRow, JobRow
from router.model.ids import JobId
from router.model.job import AttemptState
from router.model.money import Money, total


@dataclass(frozen=True, slots=True)
class JobView:
    """A job with its attempts, as the ledger has them."""

    row: JobRow
    attempts: tuple[AttemptRow, ...]
    callback: OutboxRow | None = None
    """How far its client was told of its end; None where nobody is to be told."""

    @property
    def charged(self) -> Money:
        """What was posted for the job, over all its attempts."""
        return total([attempt.posted for attempt in self.attempts])

    @property
    def may_have_been_charged(self) -> bool:
        """Whether money may be gone of which no provider has told."""
        unknown = {AttemptState.DISPATCHING, AttemptState.IN_DOUBT, AttemptState.POSTED_PRESUMED}
        if self.row.state.is_final:
            # Given up at its deadline, an edit may still be made, and billed.
            unknown.add(AttemptState.RUNNING)
        return any(attempt.state in unknown for attempt in self.attempts)

    @property
    def nothing_spent(self) -> bool:
        """Whether it is proven that nothing was charged, and nothing can be any more."""
        return all(attempt.state is AttemptState.VOIDED for attempt in self.attempts)


class Watcher:
    """Reads jobs, at once or when they have ended."""

    def __init__(self, books: Books, dispatcher: Dispatcher) -> None:
        self._books, self._dispatcher = books, dispatcher

    async def watch(self, job_id: JobId, wait_s: float = 0.0) -> JobView | None:
        """
        Read a job, waiting at most `wait_s` for its end.

        Returns:
            None when there is no such job.
        """
        if wait_s > 0:
            try:
                async with asyncio.timeout(wait_s):
                    await self._ended(job_id)
            except TimeoutError:
                pass
        row = await self._books.job(job_id)
        if row is None:
            return None
        return await view_of(self._books, row)

    async def _ended(self, job_id: JobId) -> None:
        """Wait for the end of a job that is in hand, or is about to be."""
        await self._dispatcher.arriving.wait(job_id)
        errand = self._dispatcher.errands.get(job_id)
        if errand is not None:
            await errand.ended.wait()


async def view_of(books: Books, row: JobRow) -> JobView:
    """A job that was read, with what else the ledger has of it."""
    attempts = tuple(await books.attempts_of(row.id))
    return JobView(row, attempts, await books.callback_of(row.id))
