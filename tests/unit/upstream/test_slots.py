"""Creates in flight, counted and queued."""

import asyncio
import random

import pytest

from router.upstream.slots import Slots
from tests.virtual_time import run


def test_slots_are_limited_per_provider() -> None:
    """Each provider has its own limit."""
    slots = Slots({"shortapi": 2, "runpod": 1})

    assert [slots.try_take("shortapi") for _ in range(3)] == [True, True, False]
    assert slots.try_take("runpod")
    slots.release("shortapi")
    assert slots.try_take("shortapi")
    assert (slots.taken("shortapi"), slots.taken("runpod")) == (2, 1)


def test_a_slot_is_released_once() -> None:
    """Giving back what was not taken is a bug that is not passed over."""
    with pytest.raises(AssertionError, match="released once"):
        Slots({"p": 1}).release("p")


def test_whoever_waits_is_served_in_order(seed: int) -> None:
    """First come, first served, and nobody overtakes by trying."""

    async def story() -> None:
        slots, served = Slots({"p": 1}), list[int]()

        async def visit(number: int) -> None:
            await asyncio.sleep(number)
            await slots.take("p")
            served.append(number)
            await asyncio.sleep(50)
            slots.release("p")

        async with asyncio.TaskGroup() as group:
            for number in (3, 1, 4, 2, 5):
                group.create_task(visit(number))
            await asyncio.sleep(49)
            assert slots.waiting("p") == 4
            assert not slots.try_take("p")
        assert served == [1, 2, 3, 4, 5]
        assert (slots.taken("p"), slots.waiting("p")) == (0, 0)

    run(story(), seed)


def test_a_storm_of_cancellations_loses_no_slot(seed: int) -> None:
    """However takers are cancelled, never too many slots are taken, and in the end none is."""

    async def story() -> None:
        slots, chance, most = Slots({"p": 2}), random.Random(seed), 0

        async def visit() -> None:
            nonlocal most
            await asyncio.sleep(chance.randrange(4))
            await slots.take("p")
            try:
                most = max(most, slots.taken("p"))
                await asyncio.sleep(chance.randrange(3))
            finally:
                slots.release("p")

        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(visit()) for _ in range(30)]
        for task in tasks:
            if chance.random() < 0.6:
                loop.call_later(chance.randrange(8), task.cancel)
        await asyncio.wait(tasks)
        assert (slots.taken("p"), slots.waiting("p")) == (0, 0)
        assert most == 2
        assert slots.try_take("p")

    run(story(), seed)


def test_a_slot_that_came_with_the_cancellation_is_passed_on(seed: int) -> None:
    """A waiter that is cancelled in the moment its slot comes gives it to the next."""

    async def story() -> None:
        slots = Slots({"p": 1})
        assert slots.try_take("p")
        loop = asyncio.get_running_loop()
        first = loop.create_task(slots.take("p"))
        await asyncio.sleep(1)
        second = loop.create_task(slots.take("p"))
        await asyncio.sleep(1)
        slots.release("p")
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await second

        assert (slots.taken("p"), slots.waiting("p")) == (1, 0)

    run(story(), seed)


def test_a_release_passes_over_a_waiter_that_was_just_cancelled() -> None:
    """A slot is not given to a waiter whose cancellation is under way."""

    async def story() -> None:
        slots = Slots({"p": 1})
        assert slots.try_take("p")
        waiting = asyncio.get_running_loop().create_task(slots.take("p"))
        await asyncio.sleep(1)
        waiting.cancel()
        slots.release("p")
        with pytest.raises(asyncio.CancelledError):
            await waiting

        assert (slots.taken("p"), slots.waiting("p")) == (0, 0)

    run(story(), seed=1)


def test_limits_can_change() -> None:
    """A higher limit serves who waits at once; a lower one waits for releases; new ones appear."""

    async def story() -> None:
        slots = Slots({"p": 1})
        assert slots.try_take("p")
        waiting = asyncio.get_running_loop().create_task(slots.take("p"))
        await asyncio.sleep(1)

        slots.set_limits({"p": 2, "q": 1})
        await waiting
        assert slots.taken("p") == 2
        assert slots.try_take("q")
        slots.set_limits({"p": 1})
        slots.release("p")
        assert not slots.try_take("p")
        slots.release("p")
        assert slots.try_take("p")

    run(story(), seed=1)
