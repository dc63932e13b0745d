"""Background tasks: kept alive, reported when they fail, never failing each other."""

import asyncio

from router.model.tasks import TaskRegistry
from tests.virtual_time import run


class Crashes(list[tuple[str, str]]):
    """Keeps who crashed and of what."""

    def __call__(self, name: str, error: BaseException) -> None:
        self.append((name, type(error).__name__))


async def _deliver(after_s: float, delivered: list[float]) -> None:
    await asyncio.sleep(after_s)
    delivered.append(after_s)


async def _crash() -> None:
    await asyncio.sleep(1)
    raise LookupError


def test_one_crash_stops_no_other_task() -> None:
    """A failed task is reported by name, and its neighbours go on to their end."""

    async def story() -> tuple[list[float], Crashes, int]:
        delivered: list[float] = []
        crashes = Crashes()
        registry = TaskRegistry(crashes)
        registry.start("paid-1", _deliver(2, delivered))
        registry.start("broken", _crash())
        registry.start("paid-2", _deliver(3, delivered))
        await asyncio.sleep(5)
        return delivered, crashes, len(registry)

    assert run(story(), seed=1) == ([2, 3], [("broken", "LookupError")], 0)


def test_stopping_waits_for_the_grace_and_cancels_the_rest() -> None:
    """Tasks that end within the grace end well; the others are cancelled, which is no crash."""

    async def story() -> tuple[list[float], Crashes, int, float]:
        delivered: list[float] = []
        crashes = Crashes()
        registry = TaskRegistry(crashes)
        registry.start("quick", _deliver(2, delivered))
        slow = registry.start("slow", _deliver(60, delivered))
        assert len(registry) == 2
        await registry.stop(grace_s=10)
        assert slow.cancelled()
        return delivered, crashes, len(registry), asyncio.get_running_loop().time()

    assert run(story(), seed=1) == ([2], [], 0, 10)


def test_stopping_without_grace_cancels_at_once() -> None:
    """Without a grace nothing is waited for, and an empty registry stops twice as well as once."""

    async def story() -> tuple[list[float], float]:
        delivered: list[float] = []
        registry = TaskRegistry(Crashes())
        registry.start("quick", _deliver(2, delivered))
        await registry.stop()
        await registry.stop(grace_s=3)
        return delivered, asyncio.get_running_loop().time()

    assert run(story(), seed=1) == ([], 0)


def test_a_started_task_gives_its_result() -> None:
    """Whoever started a task may await what it returns."""

    async def answer() -> str:
        await asyncio.sleep(1)
        return "delivered"

    async def story() -> str:
        return await TaskRegistry(Crashes()).start("one", answer())

    assert run(story(), seed=1) == "delivered"
