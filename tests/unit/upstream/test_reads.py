"""Reads: how many at once, and how many of them for the second time."""

import asyncio
from contextlib import ExitStack

from router.model.offer import ProviderTerms, Rate
from router.upstream.paces import Operation, Paces
from router.upstream.reads import REPEATED_MIN, Reads, read_limits_of
from tests.fakes import FakeClock
from tests.virtual_time import VirtualClock, run

STATUS, CANCEL = Operation.STATUS, Operation.CANCEL


def test_no_more_reads_are_in_flight_than_allowed(seed: int) -> None:
    """Of each operation by itself; those without a limit are not counted."""

    async def story() -> None:
        reads = Reads(
            Paces(VirtualClock()),
            read_limits_of(
                ProviderTerms(name="p", statuses_in_flight_max=3, cancels_in_flight_max=1)
            ),
        )
        flying, most = {STATUS: 0, CANCEL: 0}, {STATUS: 0, CANCEL: 0}

        async def read(provider: str, operation: Operation) -> None:
            async with reads.one(provider, operation):
                flying[operation] += 1
                most[operation] = max(most[operation], flying[operation])
                await asyncio.sleep(1)
                flying[operation] -= 1

        async with asyncio.TaskGroup() as group:
            for operation in (STATUS, CANCEL) * 8:
                group.create_task(read("p", operation))
        assert most == {STATUS: 3, CANCEL: 1}
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(read("q", STATUS))
        assert most[STATUS] == 8

    run(story(), seed)


def test_reads_are_paced_and_held_off() -> None:
    """A read waits for its turn, and for the pause that the provider has asked for."""

    async def story() -> None:
        clock = VirtualClock()
        reads = Reads(Paces(clock, {("p", STATUS): Rate(1, 1.0)}), {("p", STATUS): 5})
        at_s = []
        for _ in range(3):
            async with reads.one("p", STATUS):
                at_s.append(round(clock.monotonic_s(), 6))
            if len(at_s) == 2:
                reads.hold_off("p", 30.0)
        assert at_s == [0.0, 1.1, 31.1]

    run(story(), seed=1)


def test_limits_can_change() -> None:
    """A higher limit binds at once; the same one again changes nothing."""

    async def story() -> None:
        reads = Reads(Paces(VirtualClock()), {("p", STATUS): 1})
        async with reads.one("p", STATUS):
            reads.set_limits({("p", STATUS): 1})
            waiting = asyncio.get_running_loop().create_task(reads.one("p", STATUS).__aenter__())
            await asyncio.sleep(1)
            assert not waiting.done()
            reads.set_limits({("p", STATUS): 2})
            async with reads.one("p", STATUS):
                pass
        await waiting

    run(story(), seed=1)


def test_repeating_is_on_a_budget() -> None:
    """Three at a time however few jobs are waited for, of many a fifth; each as long as it asks."""
    reads = Reads(Paces(FakeClock()))
    with ExitStack() as stack:
        asking = [stack.enter_context(reads.repeating("p")) for _ in range(9)]
        assert [one.may_repeat() for one in asking] == [True] * REPEATED_MIN + [False] * 6
        assert asking[0].may_repeat(), "it is counted already"
        assert stack.enter_context(reads.repeating("q")).may_repeat(), "of each provider by itself"
        for _ in range(25):
            stack.enter_context(reads.collecting("p"))
        assert [one.may_repeat() for one in asking] == [True] * 5 + [False] * 4
        asking[0].close()
        assert asking[8].may_repeat()
        assert not asking[7].may_repeat()
    with reads.repeating("p") as again:
        assert again.may_repeat()
