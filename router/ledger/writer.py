"""
One writer commits in groups: whatever queued during the last commit goes into the next.

A caller's future resolves after COMMIT. Its cancellation never reaches the transaction: the command
is queued, and whoever queued it may be gone when it is done.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from router.ledger.answers import Answer
from router.ledger.commands import Command, Spending
from router.ledger.store import Contradiction, Store, StoreBroken, StoreFull, StoreUnavailable
from router.model.clock import Clock
from router.model.errors import LedgerUnavailable

BATCH_MAX = 512
QUEUE_MAX = 20_000
RETRY_S = 0.5

Outcome = Answer | Contradiction
CommitObserver = Callable[[float, int], None]
"""Told how long a commit took, in seconds, and of how many commands."""


class Writer:
    """Queues commands and commits them in groups."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        on_commit: CommitObserver,
        on_broken: Callable[[], None],
    ) -> None:
        """
        Args:
            clock: Times the commits, and the pause before a settlement is tried again.
            store: What commits.
            on_commit: Observes each commit.
            on_broken: Called once when a sync failed, or we did: the process must end and recover.
        """
        self._clock, self._store = clock, store
        self._on_commit, self._on_broken = on_commit, on_broken
        self._queue: deque[tuple[Command, asyncio.Future[Outcome]]] = deque()
        self._work = asyncio.Event()
        self._closing = False
        self._stopped = False
        self.admitting = True
        """False while the disk is full or the ledger is broken: only settlements are taken."""

    async def submit(self, command: Command) -> Outcome:
        """
        Queue a command and wait until it is durable.

        Raises:
            LedgerUnavailable: It is not in the books. Only ever for Accept and Hold, but when the
                ledger is broken or closed: then what the books hold is found out at the next start.
        """
        if self._stopped:
            raise LedgerUnavailable
        if isinstance(command, Spending):
            self._check_room()
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.append((command, future))
        self._work.set()
        return await asyncio.shield(future)

    def _check_room(self) -> None:
        if not self.admitting or self._closing:
            raise LedgerUnavailable
        if len(self._queue) >= QUEUE_MAX:
            raise LedgerUnavailable("The ledger has more waiting to be written than it can bear.")

    async def run(self) -> None:
        """Commit batches until closed and drained, or broken; then take nothing more."""
        try:
            while not (self._stopped or (self._closing and not self._queue)):
                if not self._queue:
                    self._work.clear()
                    await self._work.wait()
                    continue
                size = min(BATCH_MAX, len(self._queue))
                await self._commit([self._queue.popleft() for _ in range(size)])
        finally:
            self._stop()

    def close(self) -> None:
        """Take no more holds; `run` ends when the queue is empty."""
        self._closing = True
        self._work.set()

    async def _commit(self, batch: list[tuple[Command, asyncio.Future[Outcome]]]) -> None:
        started_s = self._clock.monotonic_s()
        try:
            answers = await self._store.commit([command for command, _ in batch])
        except StoreFull:
            self.admitting = False
            # Also what is queued already: it must not take the room kept for settlements.
            queued = [*self._queue]
            self._queue.clear()
            self._fail_admissions([*batch, *queued])
            await self._clock.sleep_s(RETRY_S)
        except StoreUnavailable:
            self.admitting = False
            self._fail_admissions(batch)
            await self._clock.sleep_s(RETRY_S)
        except StoreBroken:
            self._break(batch)
        except asyncio.CancelledError:
            self._queue.extendleft(reversed(batch))
            raise
        except Exception:
            # A bug of ours: the process must end, and nobody may wait for an answer for ever.
            self._break(batch)
            raise
        else:
            self._on_commit(self._clock.monotonic_s() - started_s, len(batch))
            for (_, future), answer in zip(batch, answers, strict=True):
                future.set_result(answer)

    def _fail_admissions(self, batch: list[tuple[Command, asyncio.Future[Outcome]]]) -> None:
        """Refuse what would spend; put what settles back in front, to be tried for ever."""
        again: list[tuple[Command, asyncio.Future[Outcome]]] = []
        for command, future in batch:
            if isinstance(command, Spending):
                _fail(future, LedgerUnavailable())
            else:
                again.append((command, future))
        self._queue.extendleft(reversed(again))

    def _break(self, batch: list[tuple[Command, asyncio.Future[Outcome]]]) -> None:
        self._queue.extendleft(reversed(batch))
        self._stop()
        self._on_broken()

    def _stop(self) -> None:
        self._stopped = True
        self.admitting = False
        for _, future in self._queue:
            _fail(future, LedgerUnavailable())
        self._queue.clear()

    async def resume(self) -> bool:
        """Admit again if there is room again; whether holds are admitted. For the sweep to call."""
        if not (self.admitting or self._closing or self._stopped):
            self.admitting = await self._store.make_room()
        return self.admitting


def _fail(future: asyncio.Future[Outcome], error: Exception) -> None:
    future.set_exception(error)
    # Whoever waited may be gone; the failure is then nobody's to read.
    future.exception()
