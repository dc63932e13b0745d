"""The simulation's own loop: what it promises is what every simulated run rests on."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from router.model.clock import Clock
from tests.fakes import EPOCH, FakeClock
from tests.virtual_time import Deadlock, OutsideWorld, VirtualClock, VirtualTimeLoop, run


async def _ten_tasks_race() -> list[tuple[float, int, int]]:
    """Three steps of each of ten tasks, some at the same instant: when, who, which step."""
    trace: list[tuple[float, int, int]] = []
    loop = asyncio.get_running_loop()

    async def racer(number: int) -> None:
        for step in range(3):
            trace.append((loop.time(), number, step))
            await asyncio.sleep(0.5 * (number % 2))

    await asyncio.gather(*(racer(number) for number in range(10)))
    return trace


def test_one_seed_gives_one_run() -> None:
    """The same seed runs the same steps at the same instants in the same order."""
    assert run(_ten_tasks_race(), seed=7) == run(_ten_tasks_race(), seed=7)


def test_seeds_explore_interleavings() -> None:
    """Other seeds run the same steps in other orders."""
    traces = [run(_ten_tasks_race(), seed=seed) for seed in range(8)]

    assert len({tuple(trace) for trace in traces}) == len(traces)
    assert len({tuple(sorted(trace)) for trace in traces}) == 1


def test_cancelling_a_group_is_deterministic() -> None:
    """Tasks that asyncio keeps in a set are cancelled in an order that the seed alone decides."""

    async def fail_among_sleepers() -> list[int]:
        order: list[int] = []

        async def sleeper(number: int) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                order.append(number)

        async def fail() -> None:
            await asyncio.sleep(1)
            raise LookupError

        with contextlib.suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                for number in range(50):
                    group.create_task(sleeper(number))
                group.create_task(fail())
        return order

    first = run(fail_among_sleepers(), seed=3)
    padding = [object() for _ in range(1000)]  # Moves the addresses of what comes after.
    second = run(fail_among_sleepers(), seed=3)

    assert len(padding) == 1000
    assert sorted(first) == list(range(50))
    assert first == second


def test_a_thousand_seconds_take_no_time() -> None:
    """Virtual seconds pass at once, and the clock counts each of them."""
    clock: Clock = VirtualClock()

    async def sleep_for_long() -> tuple[float, timedelta]:
        for _ in range(100):
            await clock.sleep_s(10)
        return clock.monotonic_s(), clock.now() - EPOCH

    started_s = time.perf_counter()
    assert run(sleep_for_long(), seed=1) == (1000, timedelta(seconds=1000))
    assert time.perf_counter() - started_s < 60


def test_timers_fire_in_their_order() -> None:
    """Whatever the seed, an earlier timer runs before a later one."""

    async def three_sleepers() -> list[str]:
        heard: list[str] = []

        async def sleeper(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            heard.append(name)

        await asyncio.gather(sleeper("c", 3e6), sleeper("a", 0.1), sleeper("b", 0.2))
        return heard

    assert {"".join(run(three_sleepers(), seed)) for seed in range(10)} == {"abc"}


def test_a_timeout_is_virtual() -> None:
    """`asyncio.timeout` expires in virtual time, and a cancelled timer moves nothing."""

    async def give_up() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(40):
                await asyncio.Event().wait()
        async with asyncio.timeout(5000):
            await asyncio.sleep(2)
        return asyncio.get_running_loop().time()

    assert run(give_up(), seed=1) == 42


def test_a_deadlock_names_those_who_wait() -> None:
    """A wait that nothing can end fails at once, with each task and where it stands."""

    async def wait_for_nobody() -> None:
        await asyncio.Event().wait()

    async def deadlock() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(wait_for_nobody(), name="the-lost-one")

    with pytest.raises(Deadlock, match=r"the-lost-one: .*wait_for_nobody > Event\.wait at .*:\d+"):
        run(deadlock(), seed=1)


def test_spinning_without_time_is_a_deadlock() -> None:
    """A task that yields for ever and never lets time pass is found out."""

    async def spin() -> None:
        while True:  # noqa: ASYNC110 (spinning is the point)
            await asyncio.sleep(0)

    with pytest.raises(Deadlock, match="time stands still"):
        run(spin(), seed=1)


async def _use_a_thread() -> None:
    await asyncio.to_thread(int)


async def _use_a_socket() -> None:
    await asyncio.open_connection("127.0.0.1", 9)


async def _use_a_process() -> None:
    await asyncio.create_subprocess_exec("true")


@pytest.mark.parametrize("reach", [_use_a_thread, _use_a_socket, _use_a_process])
def test_the_outside_is_refused(reach: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Threads, sockets and processes fail at the call, by name."""
    with pytest.raises(OutsideWorld):
        run(reach(), seed=1)


def test_other_threads_may_not_call_in() -> None:
    """A thread started behind the loop's back cannot schedule anything on it."""

    async def let_a_stranger_call() -> list[str]:
        loop = asyncio.get_running_loop()
        heard: list[str] = []

        def stranger() -> None:
            try:
                loop.call_soon_threadsafe(heard.append, "scheduled")
            except OutsideWorld:
                heard.append("refused")

        thread = threading.Thread(target=stranger)
        thread.start()
        thread.join()
        loop.call_soon_threadsafe(heard.append, "our own")
        await asyncio.sleep(1)
        return heard

    assert run(let_a_stranger_call(), seed=1) == ["refused", "our own"]


def test_a_failure_nobody_looks_at_fails_the_run() -> None:
    """An exception in a callback is not lost in a log."""

    def fail() -> None:
        raise LookupError

    async def schedule_and_forget() -> None:
        asyncio.get_running_loop().call_later(1, fail)
        await asyncio.sleep(2)

    with pytest.raises(ExceptionGroup) as failure:
        run(schedule_and_forget(), seed=5)
    assert failure.group_contains(LookupError)


def test_what_main_leaves_behind_is_cancelled() -> None:
    """Tasks that still run when the main coroutine ends are cancelled before `run` returns."""
    ended: list[str] = []

    async def background() -> None:
        try:
            await asyncio.sleep(1_000_000)
        finally:
            ended.append("cancelled")

    async def main() -> str:
        task = asyncio.get_running_loop().create_task(background())
        await asyncio.sleep(1)
        return task.get_name()

    assert run(main(), seed=1).startswith("Task-")
    assert ended == ["cancelled"]


def test_a_loop_told_to_stop_stops() -> None:
    """Stopping an idle loop is no deadlock."""
    loop = VirtualTimeLoop(seed=1)
    loop.stop()
    loop.run_forever()
    loop.close()

    assert loop.is_closed()


async def test_a_fake_clock_wakes_sleepers_in_order() -> None:
    """The fake clock wakes those whose instant came, earliest first, and leaves the others."""
    clock = FakeClock()
    heard: list[str] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep_s(seconds)
        heard.append(name)

    async with asyncio.TaskGroup() as group:
        late = group.create_task(sleeper("late", 30))
        for name, seconds in (("second", 20), ("first", 10), ("at once", 0)):
            group.create_task(sleeper(name, seconds))
        await asyncio.sleep(0)
        assert clock.sleepers == 3
        clock.advance(25)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert heard == ["at once", "first", "second"]
        late.cancel()
        await asyncio.sleep(0)
        clock.advance(25)

    assert clock.sleepers == 0
    assert clock.now() == EPOCH + timedelta(seconds=50)
    assert clock.monotonic_s() == 50
