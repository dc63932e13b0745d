"""
The ledger on SQLite: a writer's connection, two readers', and a lock file.

WAL with `synchronous=FULL`, so what is answered is on the disk; `BEGIN IMMEDIATE`, STRICT tables,
and apsw, whose wheels bundle a SQLite without the WAL-reset bug (fixed in 3.51.3).
"""

import fcntl
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import apsw

from router.ledger.answers import Answer
from router.ledger.commands import Command, Spending
from router.ledger.decide import Decider, decide, decide_all
from router.ledger.executor import Executor
from router.ledger.mapping import decode, encode
from router.ledger.page import Key, Page, balances, subjects
from router.ledger.reserve import Reserve
from router.ledger.sql import LONG, migrations, queries
from router.ledger.sqlite_connection import connect, rows_of
from router.ledger.store import (
    COMMAND_FAULTS,
    Contradiction,
    StoreBroken,
    StoreFull,
    StoreUnavailable,
)

Outcome = Answer | Contradiction

# SQLite's extended codes of a sync that failed: file, directory, and the truncation of a log.
SYNC_FAILURES = frozenset(
    {apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC, apsw.SQLITE_IOERR_TRUNCATE}
)


class AlreadyOpen(Exception):
    """Another process has this ledger open."""


class NotALedger(Exception):
    """A file that cannot be opened as a ledger; the text names it and says why."""


class SqliteStore:
    """A ledger in one file. Opened by one process at a time."""

    def __init__(
        self,
        path: Path,
        writer: Executor,
        reader: Executor,
        *,
        looker: Executor | None = None,
        scanner: Executor | None = None,
        decider: Decider = decide,
        reserve: Reserve | None = None,
        updating: Callable[[int], None] = lambda _: None,
    ) -> None:
        """
        Args:
            path: The database file; made with its tables when it is not there.
            writer: Runs everything that writes, in order.
            reader: Runs queries beside the writer.
            looker: Runs those that may take long; None: the reader does.
            scanner: Runs those that read everything, beside both. None: the reader does.
            decider: What decides commands.
            reserve: The space kept for settlements on a full disk.
            updating: Told by how many steps a file is older, before they are taken, which may be
                minutes; and 0 when it is up to date.

        Raises:
            AlreadyOpen: Another process has the file.
            NotALedger: It is no database, or cannot be opened or made.
        """
        self._writer, self._reader = writer, reader
        self._scanner, self._looker = scanner or reader, looker or reader
        self._closing = False
        self._decider = decider
        self._queries = queries("sqlite")
        self._reserve = reserve or Reserve(path.with_name(path.name + ".reserve"))
        try:
            self._lock = self._open(path, updating)
        except (apsw.Error, OSError) as error:
            message = f"{path} cannot be opened as a ledger: {_why(error)}"
            raise NotALedger(message) from error
        self._reserved = self._reserve.restore()

    def _open(self, path: Path, updating: Callable[[int], None]) -> TextIO:
        """All connections, or none of them and no lock."""
        with ExitStack() as opened:
            lock = opened.enter_context(_lock(path.with_name(path.name + ".lock")))
            self._database = connect(path)
            opened.callback(self._database.close)
            self._migrate(updating)
            self._readable = connect(path, read_only=True)
            opened.callback(self._readable.close)
            self._long = connect(path, read_only=True)
            opened.callback(self._long.close)
            self._scannable = connect(path, read_only=True)
            opened.callback(self._scannable.close)
            # An interrupt that comes before the query does nothing: it is asked every now and then.
            self._scannable.set_progress_handler(lambda: self._closing, 100_000)
            opened.pop_all()
        return lock

    def close(self) -> None:
        """Close the file and let others open it."""
        # Nobody waits for it any more, and it may take minutes.
        self._closing = True
        for executor in (self._writer, self._reader, self._looker, self._scanner):
            executor.close()
        for database in (self._long, self._scannable, self._readable, self._database):
            database.close()
        self._lock.close()

    async def commit(self, commands: Sequence[Command]) -> list[Outcome]:
        """See `Store.commit`."""
        return await self._writer.run(lambda: self._commit_with_reserve(commands))

    async def fetch(self, query: str, /, **parameters: Any) -> list[Mapping[str, Any]]:
        """See `Store.fetch`."""
        if query in LONG:
            # What an edit asks, as whose its key is, does not wait behind a page or a scrape.
            return await self._looker.run(lambda: self._run(self._long, query, parameters))
        return await self._reader.run(lambda: self._run(self._readable, query, parameters))

    async def scan(self, query: str, /, **parameters: Any) -> list[Mapping[str, Any]]:
        """See `Store.scan`."""
        return await self._scanner.run(lambda: self._run(self._scannable, query, parameters))

    async def execute(self, query: str, /, **parameters: Any) -> None:
        """See `Store.execute`."""
        await self._writer.run(lambda: self._run(self._database, query, parameters))

    async def make_room(self) -> bool:
        """See `Store.make_room`."""
        self._reserved = await self._writer.run(self._reserve.restore)
        return self._reserved

    def _run(
        self, database: apsw.Connection, query: str, parameters: Mapping[str, Any]
    ) -> list[Mapping[str, Any]]:
        try:
            return rows_of(database, self._queries[query], parameters)
        except apsw.Error as error:
            raise StoreUnavailable(str(error)) from error

    def _commit_with_reserve(self, commands: Sequence[Command]) -> list[Outcome]:
        """On a full disk the reserve is released, for settlements only until it is restored."""
        if not self._reserved and _admits(commands):
            raise StoreFull("the space that is left is kept for settlements")
        try:
            return self._commit_or_isolate(commands)
        except apsw.FullError as error:
            self._reserve.release()
            self._reserved = False
            if _admits(commands):
                raise StoreFull(str(error)) from error
        try:
            return self._commit_or_isolate(commands)
        except apsw.FullError as error:
            raise StoreFull(str(error)) from error

    def _commit_or_isolate(self, commands: Sequence[Command]) -> list[Outcome]:
        """Commit a batch; where commands contradict the books, commit the others without them."""
        try:
            return self._commit(commands, self._together)
        except (apsw.ConstraintError, *COMMAND_FAULTS):
            return self._commit(commands, self._one_by_one)

    def _commit(
        self, commands: Sequence[Command], work: Callable[[Sequence[Command]], list[Outcome]]
    ) -> list[Outcome]:
        batch = uuid.uuid4().hex
        answers: list[Outcome] = []
        try:
            self._database.execute("BEGIN IMMEDIATE")
            answers = work(commands)
            self._database.execute(self._queries["mark_batch"], {"batch": batch})
            self._database.execute("COMMIT")
        except apsw.Error as error:
            failure = _translated(error)
            if not isinstance(failure, StoreBroken) and self._is_durable(batch):
                return answers
            raise failure from error
        finally:
            self._roll_back()
        return answers

    def _together(self, commands: Sequence[Command]) -> list[Outcome]:
        page = self._load(commands)
        answers = decide_all(page, commands, self._decider)
        for row in page.changed:
            self._database.execute(self._queries[f"put_{row.table}"], encode(row))
        return list(answers)

    def _one_by_one(self, commands: Sequence[Command]) -> list[Outcome]:
        """As one transaction still, so that the batch is in the books whole or not at all."""
        answers: list[Outcome] = []
        for command in commands:
            self._database.execute("SAVEPOINT one")
            try:
                answers.extend(self._together([command]))
            except (apsw.ConstraintError, *COMMAND_FAULTS) as error:
                self._database.execute("ROLLBACK TO one")
                answers.append(Contradiction(str(error)))
            self._database.execute("RELEASE one")
        return answers

    def _is_durable(self, batch: str) -> bool:
        """An exception from COMMIT does not mean "not committed": look the batch up."""
        self._roll_back()
        try:
            row = self._database.execute(self._queries["last_batch"]).fetchone()
        except apsw.Error as error:
            raise StoreBroken from error
        return row is not None and row["batch"] == batch

    def _roll_back(self) -> None:
        # SQLite itself has rolled back after a full disk: a second ROLLBACK would raise.
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")

    def _load(self, commands: Sequence[Command]) -> Page:
        page = Page()
        first = {key for command in commands for key in subjects(command)}
        self._load_keys(page, first)
        self._load_keys(page, {key for command in commands for key in balances(command, page)})
        return page

    def _load_keys(self, page: Page, keys: set[Key]) -> None:
        for kind, key in keys:
            parameters = dict(zip(kind.key_columns, key, strict=True))
            page.load(
                decode(kind, row)
                for row in rows_of(self._database, self._queries[f"get_{kind.table}"], parameters)
            )

    def _migrate(self, updating: Callable[[int], None]) -> None:
        done = self._database.pragma("user_version")
        steps = [(number, script) for number, script in migrations("sqlite") if number > done]
        # A new file has nothing to add up.
        is_older = done > 0 and bool(steps)
        if is_older:
            updating(len(steps))
        for number, script in steps:
            with self._database:
                self._database.execute(script)
                self._database.pragma("user_version", number)
        if is_older:
            updating(0)


def _why(error: apsw.Error | OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "its folder does not exist"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _admits(commands: Sequence[Command]) -> bool:
    return any(isinstance(command, Spending) for command in commands)


def _lock(path: Path) -> TextIO:
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        message = f"{path.name.removesuffix('.lock')} is open in another process"
        raise AlreadyOpen(message) from error
    return file


def _translated(error: apsw.Error) -> Exception:
    if isinstance(error, apsw.ConstraintError | apsw.FullError):
        return error
    if getattr(error, "extendedresult", 0) in SYNC_FAILURES:
        return StoreBroken(str(error))
    return StoreUnavailable(str(error))
