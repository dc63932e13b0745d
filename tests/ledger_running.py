"""A ledger whose writer is at work, and stories told to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.ledger.ledger import Ledger
from router.ledger.store import Store
from router.ledger.writer import Writer
from router.model.budget import Limit, Usage
from router.model.clock import SystemClock
from router.model.money import Money
from router.model.tasks import TaskRegistry
from tests.fakes import EPOCH
from tests.ledger_story import tell_to


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


async def used(ledger: Ledger, limit: Limit) -> Usage:
    """What of a limit's window is used."""
    for row in await ledger.balances_at(limit.window_start or EPOCH):
        if (row.budget, row.scope) == (limit.budget, limit.scope):
            return row.usage
    return Usage()


async def tell(ledger: Ledger, script: str) -> None:
    """Tell a story to a ledger; its books must be in balance after it."""
    await tell_to(ledger.submit, lambda limit: used(ledger, limit), script)
    assert await ledger.imbalance() == Money.ZERO
