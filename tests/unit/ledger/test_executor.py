"""Executors: one piece of work at a time, in order, or several at once."""

import asyncio
import threading

import pytest

from router.ledger.executor import Executor, InlineExecutor, ThreadExecutor


@pytest.mark.parametrize("executor", [InlineExecutor(), ThreadExecutor("work")])
async def test_work_runs_and_gives_its_result(executor: Executor) -> None:
    """Or raises what it raised."""
    assert await executor.run(lambda: 6 * 7) == 42
    with pytest.raises(ZeroDivisionError):
        await executor.run(lambda: 1 // 0)
    executor.close()


async def test_a_threads_work_never_overlaps() -> None:
    """It is all done by the one thread of that name, before close returns."""
    executor = ThreadExecutor("writer")
    names = [await executor.run(lambda: threading.current_thread().name) for _ in range(3)]
    executor.close()

    assert names == ["writer_0"] * 3


async def test_several_threads_work_at_the_same_time() -> None:
    """Two pieces of work that wait for each other both come to their end."""
    executor = ThreadExecutor("images", threads=2)
    meeting = threading.Barrier(2)
    places = await asyncio.gather(*(executor.run(lambda: meeting.wait(timeout=5)) for _ in "ab"))
    executor.close()

    assert sorted(places) == [0, 1]
