"""Where blocking work runs: in threads of its own, or, in the simulation, at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")


class Executor(Protocol):
    """Runs blocking work: one piece at a time, in order, unless it is made for several."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run and give the result. A cancelled caller leaves the work to end by itself."""
        ...

    def close(self) -> None:
        """Wait for the work in hand and take no more."""
        ...


class ThreadExecutor:
    """One thread; or several, where pieces of work need not wait for each other."""

    def __init__(self, name: str, *, threads: int = 1) -> None:
        """
        Args:
            name: Of the threads.
            threads: How many pieces of work are done at the same time; above 1 in no order.
        """
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """Run in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Wait for the work in hand and end the threads."""
        self._pool.shutdown(wait=True)


class InlineExecutor:
    """No thread: deterministic, for the simulation and for commands without a server."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run now."""
        return work()

    def close(self) -> None:
        """Nothing to wait for."""
