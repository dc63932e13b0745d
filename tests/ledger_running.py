"""A ledger whose writer is at work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.ledger.ledger import Ledger
from router.ledger.store import Store
from router.ledger.writer import Writer
from router.model.clock import SystemClock
from router.model.tasks import TaskRegistry


@asynccontextmanager
async def a_ledger(store: Store) -> AsyncIterator[Ledger]:
    """Put a writer to work on a store."""
    crashes: list[BaseException] = []
    tasks = TaskRegistry(lambda _, error: crashes.append(error))
    writer = Writer(SystemClock(), store, lambda *_: None, lambda: None)
    running = tasks.start("writer", writer.run())
    yield Ledger(store, writer)
    writer.close()
    await running
    assert crashes == []
