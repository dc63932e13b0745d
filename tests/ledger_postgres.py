"""Empty ledgers on PostgreSQL, each in a schema of its own."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from router.ledger.decide import Decider, decide
from router.ledger.postgres import PostgresStore
from router.model.clock import Clock, SystemClock
from tests.postgres_server import PostgresServer

_schemas = itertools.count(1)


async def a_schema(server: PostgresServer) -> str:
    """Make an empty schema; the address of connections that see only it."""
    schema = f"ledger_{next(_schemas)}"
    await run(server.url(), f"CREATE SCHEMA {schema}")
    return server.url(search_path=schema)


async def run(url: str, statement: str) -> None:
    """Run a statement on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def a_postgres_store(
    server: PostgresServer, *, clock: Clock | None = None, decider: Decider = decide
) -> AsyncIterator[PostgresStore]:
    """Open an empty ledger."""
    url = await a_schema(server)
    store = await PostgresStore.open(url, clock or SystemClock(), decider=decider)
    try:
        yield store
    finally:
        await store.close()
        # Each has a hundred files, which a server looks after while they are there.
        await run(server.url(), f"DROP SCHEMA {url.rpartition('=')[2]} CASCADE")
