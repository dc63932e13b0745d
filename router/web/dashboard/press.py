"""
Where pages are made: in processes of their own, so that edits wait for none of it.

A page of a large house takes tenths of a second to read, add up and write, in which no thread
beside it gets far. A press is a child that is started when a page is asked for, is given work as
pickles on its standard input, reads the books through a connection of its own, as they are at one
moment, runs where nobody who buys wants the processor (`__main__`), and ends when its input does:
also when its parent was killed. It is given no secrets, changes nothing and dials nobody.
"""

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from router.ledger.books import Books
from router.ledger.sqlite_connection import SqliteReader
from router.ledger.store import StoreUnavailable
from router.model.errors import LedgerUnavailable, Malformed

T = TypeVar("T")
CHILDREN_MAX = 2
"""Whoever asks for a slow page keeps nobody else waiting."""
_LENGTH = 8
_SECRET = ("FAREBOX_", "SHORTAPI_", "RUNPOD_", "AWS_", "AZURE_", "GOOGLE_")
_UNREADABLE = {LedgerUnavailable.__name__, StoreUnavailable.__name__}


class PressFailed(Exception):
    """The press could not do a piece of work; the text says why."""


class Press:
    """A few children, each with one piece of work at a time."""

    def __init__(self, path: Path) -> None:
        """
        Args:
            path: The ledger's file, which has its tables.
        """
        self._path = path
        self._children: list[Process] = []
        self._idle: list[Process] = []
        self._room = asyncio.Semaphore(CHILDREN_MAX)

    async def run(self, work: Callable[[Books], Awaitable[T]]) -> T:
        """
        Have work done. Who does not want it any longer may be cancelled: then the reading ends.

        Args:
            work: A `partial` of a coroutine function of a module, with arguments that can be
                pickled: it lacks the books alone.

        Raises:
            LedgerUnavailable: The books cannot be read.
            Malformed: What is asked for cannot be made, in words for whoever asked.
            PressFailed: It raised something else, or the child ended twice.
        """
        sent = pickle.dumps(work)
        async with self._room:
            try:
                is_done, value = await self._asked(sent)
            except (asyncio.IncompleteReadError, ConnectionError):
                # It was ended from outside, for want of memory perhaps: another may do better.
                is_done, value = await self._asked_anew(sent)
        if is_done:
            return cast("T", value)
        if isinstance(value, Malformed):
            raise value
        if value in _UNREADABLE:
            raise LedgerUnavailable("The ledger cannot be read.")
        raise PressFailed(str(value))

    async def close(self) -> None:
        """End the children."""
        while self._children:
            await self._end(self._children[0])

    async def _asked_anew(self, sent: bytes) -> tuple[bool, object]:
        try:
            return await self._asked(sent)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise PressFailed("it ended twice") from error

    async def _asked(self, sent: bytes) -> tuple[bool, object]:
        child = self._idle.pop() if self._idle else await self._started()
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
            if is_whole:
                self._idle.append(child)
            else:
                # What it answers after this would be taken for the answer to something else.
                await self._end(child)
        answer: tuple[bool, object] = pickle.loads(told)  # noqa: S301 - of our own child.
        return answer

    async def _started(self) -> Process:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "router.web.dashboard", str(self._path)),
            stdin=PIPE,
            stdout=PIPE,
            env={name: value for name, value in os.environ.items() if not name.startswith(_SECRET)},
        )
        self._children.append(child)
        return child

    async def _end(self, child: Process) -> None:
        self._children.remove(child)
        with suppress(ValueError):
            self._idle.remove(child)
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def serve(path: Path, source: BinaryIO, sink: BinaryIO) -> None:
    """Do work until there is no more."""
    with asyncio.Runner() as runner, closing(_Shelf(path)) as shelf:
        while len(head := source.read(_LENGTH)) == _LENGTH:
            sent = source.read(int.from_bytes(head, "big"))
            try:
                told = pickle.dumps((True, runner.run(_done(shelf, sent))))
            except Malformed as error:
                told = pickle.dumps((False, error))
            except Exception as error:  # noqa: BLE001 - told to whoever asked, without its words.
                told = pickle.dumps((False, type(error).__name__))
            sink.write(len(told).to_bytes(_LENGTH, "big") + told)
            sink.flush()


async def _done(shelf: "_Shelf", sent: bytes) -> object:
    work: Callable[[Books], Awaitable[object]] = pickle.loads(sent)  # noqa: S301 - of our parent.
    with shelf.moment() as books:
        return await work(books)


class _Shelf:
    """Where the books stay open: they keep in mind what never changes any more."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: tuple[SqliteReader, Books] | None = None

    @contextmanager
    def moment(self) -> Generator[Books]:
        """Take the books as they are now; what could not be read is opened anew the next time."""
        if self._open is None:
            reader = SqliteReader(self._path)
            self._open = reader, Books(reader)
        reader, books = self._open
        try:
            with reader.moment():
                yield books
        except (LedgerUnavailable, StoreUnavailable):
            self.close()
            raise

    def close(self) -> None:
        """Let the file go."""
        former, self._open = self._open, None
        if former is not None:
            former[0].close()
