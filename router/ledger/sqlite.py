"""
The ledger on SQLite: one writer's connection, one reader's, and a lock file.

WAL with `synchronous=FULL`, so what is answered is on the disk; `BEGIN IMMEDIATE`, STRICT tables,
and apsw, whose wheels bundle a SQLite without the WAL-reset bug (fixed in 3.51.3).
"""

import fcntl
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO, cast

import apsw

from router.ledger.commands import Accept, Answer, Command, Hold
from router.ledger.decide import Decider, decide, decide_all
from router.ledger.executor import Executor
from router.ledger.mapping import decode, encode, to_column
from router.ledger.page import Key, Page, balances, subjects
from router.ledger.reserve import Reserve
from router.ledger.sql import migrations, queries
from router.ledger.store import Contradiction, StoreBroken, StoreFull, StoreUnavailable

# SQLite's extended codes of a sync that failed: file, directory, and the truncation of a log.
SYNC_FAILURES = frozenset(
    {apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC, apsw.SQLITE_IOERR_TRUNCATE}
)


class AlreadyOpen(Exception):
    """Another process has this ledger open."""


class SqliteStore:
    """A ledger in one file. Opened by one process at a time."""

    def __init__(
        self,
        path: Path,
        writer: Executor,
        reader: Executor,
        *,
        decider: Decider = decide,
        reserve: Reserve | None = None,
    ) -> None:
        """
        Args:
            path: The database file; made with its tables when it is not there.
            writer: Runs everything that writes, in order.
            reader: Runs queries beside the writer.
            decider: What decides commands.
            reserve: The space kept for settlements on a full disk.

        Raises:
            AlreadyOpen: Another process has the file.
        """
        self._writer, self._reader = writer, reader
        self._decider = decider
        self._lock = _lock(path.with_name(path.name + ".lock"))
        self._queries = queries("sqlite")
        self._database = _connect(path)
        self._migrate()
        self._readable = _connect(path, read_only=True)
        self._reserve = reserve or Reserve(path.with_name(path.name + ".reserve"))
        self._reserve.restore()

    def close(self) -> None:
        """Close the file and let others open it."""
        self._writer.close()
        self._reader.close()
        self._readable.close()
        self._database.close()
        self._lock.close()

    async def commit(self, commands: Sequence[Command]) -> list[Answer | Contradiction]:
        """See `Store.commit`."""
        return await self._writer.run(lambda: self._commit_or_split(commands))

    async def fetch(self, query: str, /, **parameters: Any) -> list[Mapping[str, Any]]:
        """See `Store.fetch`."""
        return await self._reader.run(
            lambda: _rows(self._readable, self._queries[query], parameters)
        )

    async def execute(self, query: str, /, **parameters: Any) -> None:
        """See `Store.execute`."""
        await self._writer.run(lambda: _rows(self._database, self._queries[query], parameters))

    async def make_room(self) -> bool:
        """See `Store.make_room`."""
        return await self._writer.run(self._reserve.restore)

    def _commit_or_split(self, commands: Sequence[Command]) -> list[Answer | Contradiction]:
        """
        Commit a batch; where one command contradicts the books, commit the others without it.

        On a full disk the reserve is released and only settlements are tried again.
        """
        try:
            return list(self._commit(commands))
        except apsw.ConstraintError as error:
            if len(commands) == 1:
                return [Contradiction(str(error))]
            return [self._commit_or_split([command])[0] for command in commands]
        except apsw.FullError as error:
            self._reserve.release()
            if any(isinstance(command, Accept | Hold) for command in commands):
                raise StoreFull from error
            return self._commit_last_resort(commands)

    def _commit_last_resort(self, commands: Sequence[Command]) -> list[Answer | Contradiction]:
        try:
            return list(self._commit(commands))
        except apsw.FullError as error:
            raise StoreFull from error

    def _commit(self, commands: Sequence[Command]) -> list[Answer]:
        batch = uuid.uuid4().hex
        answers: list[Answer] = []
        try:
            self._database.execute("BEGIN IMMEDIATE")
            page = self._load(commands)
            answers = decide_all(page, commands, self._decider)
            for row in page.changed:
                self._database.execute(self._queries[f"put_{row.table}"], encode(row))
            self._database.execute(self._queries["mark_batch"], {"batch": batch})
            self._database.execute("COMMIT")
        except apsw.Error as error:
            if self._is_durable(batch):
                return answers
            raise _translated(error) from error
        except BaseException:
            self._roll_back()
            raise
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
                for row in _rows(self._database, self._queries[f"get_{kind.table}"], parameters)
            )

    def _migrate(self) -> None:
        done = self._database.pragma("user_version")
        for number, script in migrations("sqlite"):
            if number > done:
                with self._database:
                    self._database.execute(script)
                    self._database.pragma("user_version", number)


def _lock(path: Path) -> TextIO:
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        message = f"{path.name.removesuffix('.lock')} is open in another process"
        raise AlreadyOpen(message) from error
    return file


def _connect(path: Path, *, read_only: bool = False) -> apsw.Connection:
    writing = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    flags = apsw.SQLITE_OPEN_READONLY if read_only else writing
    database = apsw.Connection(str(path), flags=flags)
    database.set_busy_timeout(5000)
    database.row_trace = _named
    if not read_only:
        database.pragma("journal_mode", "wal")
        database.pragma("synchronous", "full")
        database.pragma("foreign_keys", 1)
    return database


def _rows(
    database: apsw.Connection, query: str, parameters: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    columns = {name: to_column(value) for name, value in parameters.items()}
    return cast("list[Mapping[str, Any]]", database.execute(query, columns).fetchall())


def _named(cursor: apsw.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.get_description(), row, strict=True)}


def _translated(error: apsw.Error) -> Exception:
    if isinstance(error, apsw.ConstraintError | apsw.FullError):
        return error
    if getattr(error, "extendedresult", 0) in SYNC_FAILURES:
        return StoreBroken(str(error))
    return StoreUnavailable(str(error))
