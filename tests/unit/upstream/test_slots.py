"""Creates in flight, counted and queued."""

import asyncio
import random
from itertools import pairwise

import pytest

from router.model.offer import Rate
from router.upstream.paces import Operation, Paces
from router.upstream.slots import Slots
from tests.fakes import FakeClock
from tests.virtual_time import VirtualClock, run


def slots_of(limits: dict[str, int]) -> Slots:
    """Build slots of providers that may be called however often."""
    return Slots(limits, Paces(FakeClock()))


def test_slots_are_limited_per_provider() -> None:
    """Each provider has its own limit."""
    slots = slots_of({"shortapi": 2, "runpod": 1})

    assert [slots.try_take("shortapi") for _ in range(3)] == [True, True, False]
    assert slots.try_take("runpod")
    slots.release("shortapi")
    assert slots.try_take("shortapi")
    assert (slots.taken("shortapi"), slots.taken("runpod")) == (2, 1)


def test_a_slot_is_released_once() -> None:
    """Giving back what was not taken is a bug that is not passed over."""
    with pytest.raises(AssertionError, match="released once"):
        slots_of({"p": 1}).release("p")


def test_whoever_waits_is_served_in_order(seed: int) -> None:
    """First come, first served, and nobody overtakes by trying."""

    async def story() -> None:
        slots, served = slots_of({"p": 1}), list[int]()

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
        slots, chance, most = slots_of({"p": 2}), random.Random(seed), 0

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
        slots = slots_of({"p": 1})
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
        slots = slots_of({"p": 1})
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
        slots = slots_of({"p": 1})
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


def test_a_slot_is_no_leave_to_go_before_its_time(seed: int) -> None:
    """Creates leave no more often than the provider allows, however many slots are free."""

    async def story() -> None:
        clock = VirtualClock()
        slots = Slots({"p": 9}, Paces(clock, {("p", Operation.CREATE): Rate(2, 1.0)}))
        left_s: list[float] = []

        async def create() -> None:
            await slots.take("p")
            left_s.append(clock.monotonic_s())
            slots.release("p")

        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(create())
            await asyncio.sleep(0.1)
            assert not slots.try_take("p")
        pauses_s = [later - earlier for earlier, later in pairwise(left_s)]
        assert pauses_s == pytest.approx([0.55] * 5)
        assert slots.taken("p") == 0

    run(story(), seed)


def test_whoever_gives_up_while_it_waits_to_leave_gives_its_slot_back() -> None:
    """The next one has it."""

    async def story() -> None:
        slots = Slots({"p": 1}, Paces(VirtualClock(), {("p", Operation.CREATE): Rate(1, 1.0)}))
        assert slots.try_take("p")
        slots.release("p")
        loop = asyncio.get_running_loop()
        first = loop.create_task(slots.take("p"))
        await asyncio.sleep(0.1)
        second = loop.create_task(slots.take("p"))
        await asyncio.sleep(0.4)
        first.cancel()
        await second
        assert (slots.taken("p"), slots.waiting("p")) == (1, 0)

    run(story(), seed=1)


def test_after_a_429_one_goes_at_a_time_until_one_is_accepted() -> None:
    """None before the pause is over; then one tries, and those who wait are not all refused."""

    async def story() -> None:
        clock = VirtualClock()
        slots = Slots({"p": 5}, Paces(clock))
        slots.hold_off("p", 10.0)
        assert slots.wait_s("p") == 10.0
        loop, left_s = asyncio.get_running_loop(), list[float]()

        async def create() -> None:
            await slots.take("p")
            left_s.append(clock.monotonic_s())

        tasks = [loop.create_task(create()) for _ in range(4)]
        await asyncio.sleep(60.0)
        assert left_s == [10.0]
        slots.accepted("p")
        slots.accepted("p")
        await asyncio.wait(tasks)
        assert left_s == [10.0, 60.0, 60.0, 60.0]

    run(story(), seed=1)


def test_the_wait_is_foreseen_from_how_long_creates_take() -> None:
    """Who waits, who has booked, and creates that hang are counted; a free slot is no wait."""

    async def story() -> None:
        told: list[tuple[str, int]] = []
        slots = Slots({"p": 2}, Paces(VirtualClock()), lambda *one: told.append(one))
        assert slots.wait_s("p") == 0.0
        for _ in range(50):
            assert slots.try_take("p")
            await asyncio.sleep(4.0)
            slots.release("p")
        assert slots.wait_s("p") == 0.0
        assert all(slots.try_take("p") for _ in range(2))
        assert 1.9 < slots.wait_s("p") < 2.1, "one of two slots, of four seconds each"
        slots.book("p", "a")
        slots.book("p", "b")
        assert 5.8 < slots.wait_s("p") < 6.2
        slots.unbook("p", "a")
        waiting = asyncio.get_running_loop().create_task(slots.take("p"))
        await asyncio.sleep(0.1)
        assert 5.8 < slots.wait_s("p") < 6.2
        await asyncio.sleep(100.0)
        assert slots.wait_s("p") == pytest.approx(150.15), "they hang, so long already"
        slots.release("p")
        await waiting
        slots.unbook("p", "b")
        assert told == [("p", 1), ("p", 0)]
        assert slots.wait_s("nobody") == 0.0

    run(story(), seed=1)


def test_whoever_waits_too_long_leaves_the_queue(seed: int) -> None:
    """For a slot, or for its time to leave, and then at once; the others move up."""

    async def story() -> None:
        clock = VirtualClock()
        slots = Slots({"p": 1}, Paces(clock))
        assert await slots.take("p", 0.0)
        loop = asyncio.get_running_loop()
        waiting = [loop.create_task(slots.take("p", limit_s)) for limit_s in (5.0, 9.0)]
        await asyncio.sleep(6.0)
        assert (waiting[0].result(), slots.waiting("p")) == (False, 1)
        slots.release("p")
        assert await waiting[1]
        slots.release("p")
        slots.hold_off("p", 30.0)
        assert not await slots.take("p", 29.0)
        assert clock.monotonic_s() == 6.0
        assert (slots.taken("p"), slots.waiting("p")) == (0, 0)
        assert await slots.take("p", 31.0)
        assert clock.monotonic_s() == 36.0

    run(story(), seed)


def test_whoever_has_a_slot_and_waits_for_its_time_to_leave_is_seen(seed: int) -> None:
    """The queue is as long, and the wait as foreseen, whether slots or the rate are what is few."""

    async def story() -> None:
        told: list[int] = []
        paces = Paces(VirtualClock(), {("p", Operation.CREATE): Rate(1, 10.0)})
        slots = Slots({"p": 3}, paces, lambda _, waiting: told.append(waiting))
        assert slots.try_take("p")
        loop, tasks = asyncio.get_running_loop(), list[asyncio.Task[bool]]()
        for _ in range(3):
            tasks.append(loop.create_task(slots.take("p", 60.0)))
            await asyncio.sleep(0.1)
        assert (slots.taken("p"), slots.waiting("p")) == (3, 3), "two with a slot, one without"
        assert slots.wait_s("p") == pytest.approx(4 * 11.0 - 0.3)
        tasks[0].cancel()
        await asyncio.sleep(0.1)
        assert (slots.taken("p"), slots.waiting("p")) == (3, 2)
        assert slots.wait_s("p") == pytest.approx(3 * 11.0 - 0.4)
        await asyncio.sleep(40.0)
        assert all(task.result() for task in tasks[1:])
        assert (slots.waiting("p"), told[-1], max(told)) == (0, 0, 3)
        assert not await slots.take("p", 0.0), "it is given up at once, and uncounted"
        assert (slots.waiting("p"), told[-1]) == (0, 0)

    run(story(), seed)
