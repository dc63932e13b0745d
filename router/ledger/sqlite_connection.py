"""Connections to a ledger's file: its process's own, and those of others that only read."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import apsw

from router.ledger.mapping import to_column
from router.ledger.sql import queries
from router.ledger.store import StoreUnavailable

BUSY_MS = 5000


class SqliteReader:
    """
    A ledger's file as another process reads it, beside the one that has it open.

    Nothing is written, migrated or locked: nobody who buys waits for it.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            StoreUnavailable: It cannot be opened.
        """
        self._queries = queries("sqlite")
        try:
            self._database = connect(path, read_only=True)
        except apsw.Error as error:
            raise StoreUnavailable(str(error)) from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def moment(self) -> Generator[None]:
        """Have all that is read meanwhile be the books of one moment."""
        self._database.execute("BEGIN")
        try:
            yield
        finally:
            # After a grave error SQLite itself has ended it.
            with suppress(apsw.SQLError):
                self._database.execute("ROLLBACK")

    async def fetch(self, query: str, /, **parameters: Any) -> list[Mapping[str, Any]]:
        """See `Reader.fetch`."""
        try:
            return rows_of(self._database, self._queries[query], parameters)
        except apsw.Error as error:
            raise StoreUnavailable(str(error)) from error

    async def scan(self, query: str, /, **parameters: Any) -> list[Mapping[str, Any]]:
        """See `Reader.scan`."""
        return await self.fetch(query, **parameters)


def connect(path: Path, *, read_only: bool = False) -> apsw.Connection:
    """
    Open a ledger's file.

    Raises:
        apsw.Error: It cannot be opened.
    """
    writing = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    flags = apsw.SQLITE_OPEN_READONLY if read_only else writing
    database = apsw.Connection(str(path), flags=flags)
    database.set_busy_timeout(BUSY_MS)
    database.row_trace = _named
    if not read_only:
        database.pragma("journal_mode", "wal")
        database.pragma("synchronous", "full")
        database.pragma("foreign_keys", 1)
    return database


def rows_of(
    database: apsw.Connection, query: str, parameters: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """
    Run a query, and take its rows by the names of their columns.

    Raises:
        apsw.Error: It cannot be run.
    """
    columns = {name: to_column(value) for name, value in parameters.items()}
    return cast("list[Mapping[str, Any]]", database.execute(query, columns).fetchall())


def _named(cursor: apsw.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.get_description(), row, strict=True)}
