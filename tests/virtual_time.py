"""
An event loop without a machine: time jumps to the next timer, and chance is a seed.

One seed, one run: the callbacks that are ready at the same moment run in an order drawn from the
seed, so many seeds explore many interleavings, and a failing seed fails again. A thousand virtual
seconds take milliseconds. Threads, executors, sockets and processes are refused, because their
order is not ours to choose; so is waiting for what can never happen.
"""

import asyncio
import contextvars
import heapq
import itertools
import random
import threading
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Never, TypeVar, TypeVarTuple

from tests.fakes import EPOCH

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

TURNS_MAX = 100_000
"""Turns of the loop without time passing, after which something is taken to spin for ever."""

_OUTSIDE = (
    *("run_in_executor", "getaddrinfo", "getnameinfo"),
    *("create_connection", "create_server", "create_datagram_endpoint"),
    *("create_unix_connection", "create_unix_server", "connect_read_pipe", "connect_write_pipe"),
    *("subprocess_exec", "subprocess_shell", "add_reader", "add_writer", "add_signal_handler"),
    *("sock_recv", "sock_sendall", "sock_connect", "sock_accept"),
)


class Deadlock(AssertionError):
    """Nothing is ready, no timer is set, and tasks still wait; or they spin and time stands."""


class OutsideWorld(AssertionError):
    """The code under simulation reached for a thread, a socket or a process."""


class NumberedTask(asyncio.Task[Any]):
    """
    A task whose place in a set follows from its number, not from its address.

    asyncio keeps tasks in sets and cancels them in their order, which would differ between runs.
    """

    def __init__(self, coro: Coroutine[Any, Any, Any], *, number: int, **options: Any) -> None:
        self.number = number
        super().__init__(coro, **options)

    def __hash__(self) -> int:
        return self.number


class VirtualTimeLoop(asyncio.BaseEventLoop):
    """Runs tasks in virtual seconds, from zero, in the order that `seed` draws."""

    _ready: Any
    _scheduled: list[asyncio.TimerHandle]
    _stopping: bool
    _thread_id: int | None

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._now_s = 0.0
        self._turns = 0
        self._draw = random.Random(seed)
        numbers = itertools.count(1)
        self.set_task_factory(
            lambda loop, coro, **options: NumberedTask(
                coro, number=next(numbers), loop=loop, **options
            )
        )
        self.unhandled: list[Exception] = []
        """What callbacks and forgotten tasks raised, and nobody looked at."""
        self.set_exception_handler(self._remember)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now_s

    def call_soon_threadsafe(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """As `call_soon`: only this thread may call, as the handler of Ctrl-C does."""
        if threading.get_ident() != self._thread_id:
            _refuse("call_soon_threadsafe from another thread")
        return self.call_soon(callback, *args, context=context)

    def _run_once(self) -> None:
        """Run everything that is ready, shuffled; when nothing is, jump to the next timer."""
        self._wake_due()
        if not self._ready and not self._stopping:
            self._jump()
            self._wake_due()
        self._turns += 1
        if self._turns > TURNS_MAX:
            raise Deadlock(f"{TURNS_MAX} turns and time stands still:\n{self._waiting()}")
        batch: list[asyncio.Handle] = list(self._ready)
        self._ready.clear()
        self._draw.shuffle(batch)
        for handle in batch:
            if not handle.cancelled():
                handle._run()

    def _jump(self) -> None:
        if not self._scheduled:
            raise Deadlock(f"nothing can ever happen again:\n{self._waiting()}")
        self._now_s = self._scheduled[0].when()
        self._turns = 0

    def _wake_due(self) -> None:
        """Move the timers that are due to the ready ones, and forget the cancelled in front."""
        timers = self._scheduled
        while timers and (timers[0].cancelled() or timers[0].when() <= self._now_s):
            timer = heapq.heappop(timers)
            timer._scheduled = False  # type: ignore[attr-defined]  # As BaseEventLoop does.
            if not timer.cancelled():
                self._ready.append(timer)

    def _waiting(self) -> str:
        tasks = (task for task in asyncio.all_tasks(self) if isinstance(task, NumberedTask))
        lines = [_where(task) for task in sorted(tasks, key=lambda task: task.number)]
        return "\n".join(lines) or "  (no task waits)"

    def _remember(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        cause = context.get("exception")
        self.unhandled.append(
            cause if isinstance(cause, Exception) else RuntimeError(context["message"])
        )


def _refuse(what: str) -> Never:
    raise OutsideWorld(f"{what}: a simulation has no threads, sockets or processes")


def _refusing(name: str) -> Callable[..., Never]:
    def method(*_: object, **__: object) -> Never:
        _refuse(name)

    return method


for _name in _OUTSIDE:
    setattr(VirtualTimeLoop, _name, _refusing(_name))


def _where(task: NumberedTask) -> str:
    """Name a task and the coroutines it is in, outermost first, with the line it waits at."""
    path, place = [], "not started"
    inner: Any = task.get_coro()
    while frame := getattr(inner, "cr_frame", None):
        path.append(inner.__qualname__)
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        inner = inner.cr_await
    return f"  {task.get_name()}: {' > '.join(path)} at {place}"


def run(main: Coroutine[Any, Any, T], seed: int) -> T:
    """
    Run `main` to its end in virtual time, then cancel what it left behind.

    Raises:
        Deadlock: Nothing can happen any more, or tasks spin without time passing.
        OutsideWorld: The code reached for a thread, a socket or a process.
        ExceptionGroup: Callbacks or forgotten tasks failed and nobody looked.
    """
    loop = VirtualTimeLoop(seed)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(main)
    if loop.unhandled:
        raise ExceptionGroup(f"seed {seed}: failures that nobody looked at", loop.unhandled)
    return result


class VirtualClock:
    """The `Clock` of whatever virtual loop runs; made before or inside `run`."""

    def __init__(self, epoch: datetime = EPOCH) -> None:
        self._epoch = epoch

    def now(self) -> datetime:
        """The epoch and the loop's seconds."""
        return self._epoch + timedelta(seconds=self.monotonic_s())

    def monotonic_s(self) -> float:
        """The running loop's seconds."""
        return asyncio.get_running_loop().time()

    async def sleep_s(self, seconds: float) -> None:
        """Wait in virtual time."""
        await asyncio.sleep(seconds)
