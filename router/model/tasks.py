"""Background tasks with an owner: kept alive, reported when they fail, never failing each other."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class TaskRegistry:
    """
    Owns tasks that must outlive whoever started them.

    Not a `TaskGroup`: there, one unexpected exception would cancel every paid create in flight.
    """

    def __init__(self, on_crash: Callable[[str, BaseException], None]) -> None:
        """
        Args:
            on_crash: Told the name and the exception of a task that failed. Must not raise.
        """
        self._tasks: set[asyncio.Task[Any]] = set()
        self._on_crash = on_crash

    def __len__(self) -> int:
        return len(self._tasks)

    def start(
        self,
        name: str,
        work: Coroutine[Any, Any, T],
        *,
        answers: type[Exception] | None = None,
    ) -> asyncio.Task[T]:
        """
        Run a coroutine as a task of this registry.

        Args:
            answers: Exceptions that are answers to whoever awaits the task, not crashes.
        """

        def ended(task: asyncio.Task[T]) -> None:
            self._tasks.discard(task)
            error = None if task.cancelled() else task.exception()
            if error is not None and not (answers and isinstance(error, answers)):
                self._on_crash(name, error)

        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(ended)
        return task

    async def stop(self, grace_s: float = 0.0) -> None:
        """Give the tasks `grace_s` to end by themselves, then cancel those that have not."""
        if self._tasks and grace_s > 0:
            await asyncio.wait(set(self._tasks), timeout=grace_s)
        remaining = set(self._tasks)
        for task in remaining:
            task.cancel()
        if remaining:
            await asyncio.wait(remaining)
