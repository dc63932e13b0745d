"""Where blocking work runs: in a thread of its own, or, in the simulation, at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")


class Executor(Protocol):
    """Runs blocking work one piece at a time, in order."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run and give the result. A cancelled caller leaves the work to end by itself."""
        ...

    def close(self) -> None:
        """Wait for the work in hand and take no more."""
        ...


class ThreadExecutor:
    """One thread."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """Run in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Wait for the work in hand and end the thread."""
        self._pool.shutdown(wait=True)


class InlineExecutor:
    """No thread: deterministic, for the simulation and for commands without a server."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run now."""
        return work()

    def close(self) -> None:
        """Nothing to wait for."""
