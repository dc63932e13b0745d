"""Waiting that a ring ends."""

import asyncio

import pytest

from router.upstream.doorbell import Doorbell
from tests.virtual_time import VirtualClock, run


async def _ring_after(clock: VirtualClock, doorbell: Doorbell, seconds: float) -> None:
    await clock.sleep_s(seconds)
    doorbell.ring()


def test_nobody_rings(seed: int) -> None:
    """Without a ring the wait takes its time."""

    async def story() -> None:
        clock = VirtualClock()

        assert not await Doorbell(clock).wait(7)
        assert clock.monotonic_s() == 7

    run(story(), seed)


def test_a_ring_ends_the_wait(seed: int) -> None:
    """A ring during the wait ends it at once, and is used up."""

    async def story() -> None:
        clock = VirtualClock()
        doorbell = Doorbell(clock)
        async with asyncio.TaskGroup() as group:
            group.create_task(_ring_after(clock, doorbell, 2))
            assert await doorbell.wait(7)
        assert clock.monotonic_s() == 2
        assert not await doorbell.wait(7)
        assert clock.monotonic_s() == 9

    run(story(), seed)


def test_a_ring_is_kept_for_the_next_wait() -> None:
    """A callback that comes while nobody waits is not lost; two are one."""

    async def story() -> None:
        clock = VirtualClock()
        doorbell = Doorbell(clock)
        doorbell.ring()
        doorbell.ring()

        assert await doorbell.wait(7)
        assert clock.monotonic_s() == 0
        assert not await doorbell.wait(7)

    run(story(), seed=1)


def test_a_cancelled_wait_leaves_nothing(seed: int) -> None:
    """Cancelling the one who waits raises the cancellation, and the bell can be used again."""

    async def story() -> None:
        clock = VirtualClock()
        doorbell = Doorbell(clock)
        waiting = asyncio.get_running_loop().create_task(doorbell.wait(7))
        await clock.sleep_s(1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await clock.sleep_s(0.5)
        assert len(asyncio.all_tasks()) == 1
        assert not await doorbell.wait(3)
        assert clock.monotonic_s() == 4.5

    run(story(), seed)


def test_a_clock_that_fails_is_heard() -> None:
    """What the clock raises reaches the one who waits."""

    class Broken(VirtualClock):
        async def sleep_s(self, seconds: float) -> None:
            raise LookupError(seconds)

    async def story() -> None:
        with pytest.raises(LookupError):
            await Doorbell(Broken()).wait(7)

    run(story(), seed=1)
