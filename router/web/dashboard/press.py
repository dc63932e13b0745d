"""
Where pages are made: in a process of their own, so that edits wait for none of it.

A page of a large house takes tenths of a second, in which no thread beside it gets far. The press
is a child that is started when the first page is asked for, is given work as pickles on its
standard input, yields the processor to whoever buys, and ends when its input does: also when its
parent was killed. It is given no secrets, reads no books and dials nobody.
"""

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, TypeVar, cast

T = TypeVar("T")
NICE = 10
_LENGTH = 8
_SECRET = ("FAREBOX_", "SHORTAPI_", "RUNPOD_", "AWS_", "AZURE_", "GOOGLE_")


class PressFailed(Exception):
    """The press could not do a piece of work; the text says why."""


class Press:
    """One child, one piece of work at a time."""

    def __init__(self) -> None:
        self._child: Process | None = None
        self._turn = asyncio.Lock()

    async def run(self, work: Callable[[], T]) -> T:
        """
        Have work done.

        Args:
            work: A `partial` of a function of a module, with arguments that can be pickled.

        Raises:
            PressFailed: It raised, or the child ended twice.
        """
        sent = pickle.dumps(work)
        async with self._turn:
            try:
                answer = await self._asked(sent)
            except (asyncio.IncompleteReadError, ConnectionError):
                # It was ended from outside, for want of memory perhaps: another may do better.
                await self._end()
                answer = await self._asked_anew(sent)
        is_done, value = answer
        if not is_done:
            raise PressFailed(str(value))
        return cast("T", value)

    async def close(self) -> None:
        """End the child."""
        async with self._turn:
            await self._end()

    async def _asked_anew(self, sent: bytes) -> tuple[bool, object]:
        try:
            return await self._asked(sent)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise PressFailed("it ended twice") from error

    async def _asked(self, sent: bytes) -> tuple[bool, object]:
        child = self._child
        if child is None or child.returncode is not None:
            child = self._child = await _started()
        assert child.stdin is not None
        assert child.stdout is not None
        is_whole = False
        try:
            child.stdin.write(len(sent).to_bytes(_LENGTH, "big") + sent)
            await child.stdin.drain()
            length = int.from_bytes(await child.stdout.readexactly(_LENGTH), "big")
            told = await child.stdout.readexactly(length)
            is_whole = True
        finally:
            if not is_whole:
                # What it answers after this would be taken for the answer to something else.
                with suppress(ProcessLookupError):
                    child.kill()
        answer: tuple[bool, object] = pickle.loads(told)  # noqa: S301 - of our own child.
        return answer

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def _started() -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "router.web.dashboard.press"),
        stdin=PIPE,
        stdout=PIPE,
        env={name: value for name, value in os.environ.items() if not name.startswith(_SECRET)},
        # Ctrl-C at a terminal is the parent's.
        start_new_session=True,
    )


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Do work until there is no more."""
    while len(head := source.read(_LENGTH)) == _LENGTH:
        sent = source.read(int.from_bytes(head, "big"))
        try:
            work: Callable[[], object] = pickle.loads(sent)  # noqa: S301 - of our own parent.
            told = pickle.dumps((True, work()))
        except Exception as error:  # noqa: BLE001 - told to whoever asked, without its words.
            told = pickle.dumps((False, type(error).__name__))
        sink.write(len(told).to_bytes(_LENGTH, "big") + told)
        sink.flush()


if __name__ == "__main__":
    os.nice(NICE)
    serve(sys.stdin.buffer, sys.stdout.buffer)
