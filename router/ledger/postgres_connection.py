"""Connections to PostgreSQL that keep what they answer, and the tables they find there."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, cast

import asyncpg

from router.ledger.mapping import to_column
from router.ledger.sql import migrations

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

CONNECT_S = 10.0
STATEMENT_S = 30.0
"""How long one statement may take, the wait for other writers' locks included."""
SCAN_S = 1800.0
"""How long a reading of everything may take."""
MIGRATION_S = 3600.0
"""How long a migration may take: it may add up a ledger of millions of entries."""
MIGRATION_LOCK = 0x_FA4E_B0_1ED6E4
"""The advisory lock under which one process at a time migrates: any number that is only ours."""


class NotDurable(Exception):
    """The server answers a COMMIT before it is on the disk: what is answered may be lost."""


async def connect(url: str, *, statement_s: float = STATEMENT_S) -> Connection:
    """
    Open a connection, on which sums come back as integers.

    Args:
        url: `postgresql://…`.
        statement_s: How long one statement may take.

    Raises:
        NotDurable: `fsync` or `synchronous_commit` is off there.
        asyncpg.PostgresError, OSError, TimeoutError: It cannot be reached, or refuses.
    """
    connection: Connection = await asyncpg.connect(
        url, timeout=CONNECT_S, command_timeout=statement_s
    )
    try:
        await _check_durable(connection)
        # The sum of a BIGINT column is NUMERIC; one that is no integer raises here.
        await connection.set_type_codec(
            "numeric", schema="pg_catalog", encoder=str, decoder=int, format="text"
        )
    except BaseException:
        connection.terminate()
        raise
    return connection


class Lane:
    """A connection for readings that take turns; it is opened for the first of them."""

    def __init__(self, url: str) -> None:
        self._url, self._turn = url, asyncio.Lock()
        self._open: Connection | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[Connection]:
        """
        Have the connection. A reading whose task is cancelled is cancelled at the server too.

        Raises:
            asyncpg.PostgresError, OSError, TimeoutError: As `connect`.
        """
        async with self._turn:
            if self._open is None or self._open.is_closed():
                self._open = await connect(self._url)
            yield self._open

    async def close(self) -> None:
        """Close it, when the reading in hand is done."""
        async with self._turn:
            if self._open is not None:
                await self._open.close()
            self._open = None


async def _check_durable(connection: Connection) -> None:
    for setting in ("fsync", "synchronous_commit"):
        if await connection.fetchval(f"SHOW {setting}") == "off":
            raise NotDurable(f"{setting} is off in this database: switch it on and try again")


async def migrate(connection: Connection) -> None:
    """Bring the tables up to date; of several processes that start at once, one does it."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)"
        )
        done = await connection.fetchval("SELECT MAX(version) FROM schema_version") or 0
        for number, script in migrations("postgres"):
            if number > done:
                await connection.execute(script, timeout=MIGRATION_S)
                await connection.execute("INSERT INTO schema_version VALUES ($1)", number)


def argument(value: Any) -> Any:
    """A parameter as PostgreSQL keeps it; a tuple is an array of one key column's values."""
    if isinstance(value, tuple):
        return [to_column(part) for part in cast("tuple[object, ...]", value)]
    return to_column(value)
