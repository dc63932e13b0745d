"""The event loop that commands run on."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

T = TypeVar("T")
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work to its end, on uvloop where there is one."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(work)


def _loop_factory() -> LoopFactory:
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop  # noqa: PLC0415 - it is not made for every platform.

    return cast("LoopFactory", uvloop.new_event_loop)
