"""The writer: what queues together commits together, and nobody waits for ever."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from router.ledger.answers import Answer, Done
from router.ledger.commands import Command, Post
from router.ledger.store import Contradiction, StoreBroken, StoreFull, StoreUnavailable
from router.ledger.writer import BATCH_MAX, QUEUE_MAX, RETRY_S, Writer
from router.model.errors import LedgerUnavailable
from router.model.ids import AttemptId
from tests.fakes import EPOCH, FakeClock
from tests.ledger_kit import an_accept, usd


def a_post(number: int = 1) -> Post:
    """Build a settlement, each of its own amount."""
    amount = usd(f"0.{number:04d}")
    return Post(at=EPOCH, attempt_id=AttemptId(f"j{number}.1"), amount=amount, outcome="delivered")


class SlowStore:
    """A store whose commits last until `gate` opens, and fail as `failures` says."""

    def __init__(self) -> None:
        self.batches: list[list[Command]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failures: list[Exception] = []
        self.room = False

    async def commit(self, commands: Sequence[Command]) -> list[Answer | Contradiction]:
        """Note the batch, or raise the next failure."""
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append(list(commands))
        return [Done() for _ in commands]

    async def fetch(self, query: str, /, **parameters: Any) -> list[Mapping[str, Any]]:
        """Nothing is asked here."""
        raise NotImplementedError(query, parameters)

    async def scan(self, query: str, /, **parameters: Any) -> list[Mapping[str, Any]]:
        """Nothing is asked here."""
        raise NotImplementedError(query, parameters)

    async def execute(self, query: str, /, **parameters: Any) -> None:
        """Nothing is asked here."""
        raise NotImplementedError(query, parameters)

    async def make_room(self) -> bool:
        """As `room` says."""
        return self.room


class Desk:
    """A writer at work over a slow store."""

    def __init__(self) -> None:
        self.clock, self.store = FakeClock(), SlowStore()
        self.sizes: list[tuple[float, int]] = []
        self.broken = 0
        self.writer = Writer(
            self.clock, self.store, lambda s, size: self.sizes.append((s, size)), self._broke
        )

    def _broke(self) -> None:
        self.broken += 1

    def submit(self, command: Command) -> asyncio.Task[Any]:
        """Submit as a client's task."""
        return asyncio.get_running_loop().create_task(self.writer.submit(command))


@asynccontextmanager
async def at_work() -> AsyncIterator[Desk]:
    """Run a writer, and close it at the end."""
    desk = Desk()
    running = asyncio.get_running_loop().create_task(desk.writer.run())
    try:
        yield desk
    finally:
        desk.writer.close()
        desk.store.gate.set()
        await turns()
        # It may be pausing before a second try, if an assertion above has failed.
        desk.clock.advance(RETRY_S)
        with suppress(RuntimeError):
            await running


async def turns(count: int = 5) -> None:
    """Let everything that is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_queues_during_a_commit_goes_into_the_next_together() -> None:
    """One commit for the first, one for all that came meanwhile."""
    async with at_work() as desk:
        desk.store.gate.clear()
        tasks = [desk.submit(a_post(1))]
        await turns()
        tasks += [desk.submit(a_post(number)) for number in range(2, 42)]
        await turns()
        desk.clock.advance(0.25)
        desk.store.gate.set()
        answers = await asyncio.gather(*tasks)

    assert answers == [Done()] * 41
    assert desk.store.batches == [[a_post(1)], [a_post(number) for number in range(2, 42)]]
    assert desk.sizes == [(0.25, 1), (0.0, 40)]


async def test_a_batch_is_bounded() -> None:
    """A burst is committed in pieces, in its order."""
    async with at_work() as desk:
        await asyncio.gather(*(desk.submit(a_post(number)) for number in range(BATCH_MAX + 3)))

    assert [len(batch) for batch in desk.store.batches] == [BATCH_MAX, 3]


async def test_an_answer_waits_for_the_commit() -> None:
    """What is not durable is not answered."""
    async with at_work() as desk:
        desk.store.gate.clear()
        task = desk.submit(a_post())
        await turns()
        assert not task.done()
        desk.store.gate.set()
        assert await task == Done()


async def test_a_storm_of_cancellations_loses_and_repeats_nothing() -> None:
    """Callers come and go at random; every command lands exactly once, in order."""
    chance = random.Random(7)
    commands = [a_post(number) for number in range(300)]
    async with at_work() as desk:
        tasks: list[asyncio.Task[Any]] = []
        for command in commands:
            tasks.append(desk.submit(command))
            await turns(1)
            if chance.random() < 0.5:
                desk.store.gate.clear()
            if chance.random() < 0.5:
                chance.choice(tasks).cancel()
            if chance.random() < 0.5:
                desk.store.gate.set()
        desk.store.gate.set()
        done = await asyncio.gather(*tasks, return_exceptions=True)

    assert any(isinstance(answer, asyncio.CancelledError) for answer in done)
    assert [command for batch in desk.store.batches for command in batch] == commands


async def test_a_full_disk_refuses_admissions_and_retries_settlements() -> None:
    """What would spend is told at once; what settles is tried until it lands."""
    async with at_work() as desk:
        desk.store.gate.clear()
        desk.store.failures = [StoreFull(), StoreFull(), StoreUnavailable()]
        accept, post = desk.submit(an_accept("j1", "0.04")), desk.submit(a_post(2))
        await turns()
        queued, late = desk.submit(an_accept("j3", "0.05")), desk.submit(a_post(4))
        await turns()
        desk.store.gate.set()
        await turns()

        for task in (accept, queued):
            with pytest.raises(LedgerUnavailable):
                await task
        assert not desk.writer.admitting
        with pytest.raises(LedgerUnavailable):
            await desk.writer.submit(an_accept("j5", "0.06"))
        for _ in range(3):
            assert not post.done()
            desk.clock.advance(RETRY_S)
            await turns()
        assert [await post, await late] == [Done(), Done()]

    assert desk.store.batches == [[a_post(2), a_post(4)]]


async def test_a_store_that_cannot_be_reached_admits_nothing_until_it_can() -> None:
    """A client waits for no batch that may not pass; the sweep finds out when one will."""
    async with at_work() as desk:
        desk.store.failures = [StoreUnavailable()]
        with pytest.raises(LedgerUnavailable):
            await desk.submit(an_accept("j1", "0.04"))
        assert not desk.writer.admitting
        with pytest.raises(LedgerUnavailable):
            await desk.submit(an_accept("j2", "0.05"))
        desk.clock.advance(RETRY_S)
        desk.store.room = True
        assert await desk.writer.resume()
        assert await desk.submit(an_accept("j3", "0.06")) == Done()


async def test_admission_resumes_when_there_is_room_again() -> None:
    """The sweep asks; a ledger that was not full has nothing to resume."""
    async with at_work() as desk:
        assert await desk.writer.resume()
        desk.store.failures = [StoreFull()]
        with pytest.raises(LedgerUnavailable):
            await desk.submit(an_accept("j1", "0.04"))
        desk.clock.advance(RETRY_S)
        assert not await desk.writer.resume()
        assert not desk.writer.admitting
        desk.store.room = True
        assert await desk.writer.resume()
        assert desk.writer.admitting


@pytest.mark.parametrize("failure", [StoreBroken(), RuntimeError("a bug of ours")])
async def test_a_failed_sync_ends_the_process_and_answers_nobody(failure: Exception) -> None:
    """What the disk holds is unknown: everyone is told so, now and from then on."""
    async with at_work() as desk:
        desk.store.gate.clear()
        desk.store.failures = [failure]
        batch = desk.submit(a_post(1))
        await turns()
        queued, gone = desk.submit(a_post(2)), desk.submit(a_post(3))
        await turns()
        gone.cancel()
        await turns()
        desk.store.gate.set()

        for task in (batch, queued):
            with pytest.raises(LedgerUnavailable):
                await task
        with pytest.raises(LedgerUnavailable):
            await desk.writer.submit(a_post(4))
        desk.store.room = True
        await desk.writer.resume()
        assert not desk.writer.admitting
        assert desk.broken == 1

    assert desk.store.batches == []


async def test_a_contradiction_is_an_answer() -> None:
    """It is handed to whoever asked, and to nobody else."""
    async with at_work() as desk:
        contradiction = Contradiction("twice")

        async def commit(commands: Sequence[Command]) -> list[Answer | Contradiction]:
            return [contradiction for _ in commands]

        desk.store.commit = commit  # type: ignore[method-assign]  # A store of one answer.
        assert await desk.submit(a_post()) is contradiction


async def test_closing_drains_what_is_queued() -> None:
    """Settlements still land; holds are refused, and after the end everything is."""
    desk = Desk()
    desk.store.gate.clear()
    running = asyncio.get_running_loop().create_task(desk.writer.run())
    first = desk.submit(a_post(1))
    await turns()
    second = desk.submit(a_post(2))
    await turns()
    desk.writer.close()
    last = desk.submit(a_post(3))
    await turns()
    with pytest.raises(LedgerUnavailable):
        await desk.writer.submit(an_accept("j4", "0.04"))
    desk.store.gate.set()

    await running
    assert [await task for task in (first, second, last)] == [Done()] * 3
    with pytest.raises(LedgerUnavailable):
        await desk.writer.submit(a_post(5))


async def test_a_writer_that_is_cancelled_leaves_nobody_waiting() -> None:
    """What was in hand may be in the books or not: the next start finds out."""
    desk = Desk()
    desk.store.gate.clear()
    running = asyncio.get_running_loop().create_task(desk.writer.run())
    task = desk.submit(a_post())
    await turns()

    running.cancel()

    with pytest.raises(LedgerUnavailable):
        await task
    with pytest.raises(asyncio.CancelledError):
        await running
    assert desk.broken == 0


async def test_a_queue_that_is_too_long_takes_no_more_holds() -> None:
    """Overload is told before anything is bought."""
    desk = Desk()
    tasks = [desk.submit(a_post(1))]
    await turns()
    desk.writer._queue.extend([desk.writer._queue[0]] * QUEUE_MAX)

    with pytest.raises(LedgerUnavailable, match="more waiting"):
        await desk.writer.submit(an_accept("j1", "0.04"))

    for task in tasks:
        task.cancel()
