"""How far a long command is: a bar on a terminal, a line now and then anywhere else; on stderr."""

import sys
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as Bar,
)

from router.cli.show import console, warn

STEP_PERCENT = 20
_WHOLE = 100


class Progress:
    """Shows progress from when it is entered until it is left."""

    def __init__(self, doing: str) -> None:
        """
        Args:
            doing: What takes so long, as `replaying`.
        """
        self._doing = doing
        self._told = 0
        self._bar: Bar | None = None
        if sys.stderr.isatty():
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeRemainingColumn(),
                console=console(stderr=True),
                transient=True,
            )

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._bar.add_task(self._doing, total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, size: int) -> None:
        """Tell how much is done of how much."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, total=size)
            return
        percent = done * _WHOLE // size if size else _WHOLE
        if percent >= self._told + STEP_PERCENT:
            self._told = percent - percent % STEP_PERCENT
            warn(f"{self._doing}: {min(self._told, _WHOLE)} %")
