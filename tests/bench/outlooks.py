"""
Outlooks: how long edits wait while every budget's window of a large house is forecast.

The house has a monthly budget for each of 1,000 tenants, each charged in every hour of the last
four weeks. What `/v1/budgets` and `/metrics` do is done, first with nothing in mind and then
again, beside a task that only wants the event loop's turn: told are how long it took, the longest
that the other task waited, and the most that was worked in such a while, which a machine that is
busy with something else does not change.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
from rich.console import Console
from rich.table import Table

from router.finance.budgets import budget_lines
from router.ledger.executor import ThreadExecutor
from router.ledger.ledger import Ledger
from router.ledger.sqlite import SqliteStore
from router.ledger.writer import Writer
from router.model.clock import rfc3339
from tests.fakes import FakeClock
from tests.policy_files import a_policy

TENANTS = 1_000
AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
DAYS = 28
HOUR = timedelta(hours=1)
ROUNDS = 5
EVERY_S = 0.001


def measure() -> None:
    """Measure, and print one table."""
    asyncio.run(_measure())


async def _measure() -> None:
    table = Table(title=f"Outlooks of {TENANTS:,} budgets charged every hour of {DAYS} days")
    for heading in ("asked", "took", "others waited at most", "work at most"):
        table.add_column(heading, justify="left" if heading == "asked" else "right")
    policy = a_policy(
        budgets=[{"name": "each", "who": "each_tenant", "limit": "$900.00", "per": "month",
                  "time_zone": "Europe/Berlin"}]
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        store = SqliteStore(path, ThreadExecutor("writer"), ThreadExecutor("reader"))
        with closing(apsw.Connection(str(path))) as database, database:
            _fill(database)
        ledger = Ledger(store, Writer(FakeClock(AT), store, lambda *_: None, lambda: None))
        for number in range(1 + ROUNDS):
            at = AT + timedelta(seconds=15 * number)
            waits: list[tuple[float, float]] = []
            other = asyncio.get_running_loop().create_task(_wait(waits))
            began_s = time.perf_counter()
            lines = await budget_lines(ledger, policy, at)
            took_s = time.perf_counter() - began_s
            other.cancel()
            assert len(lines) > TENANTS
            assert all(line.outlook is not None for line in lines)
            asked = "first" if number == 0 else "again"
            longest = [f"{max(one) * 1000:,.1f} ms" for one in zip(*waits, strict=True)]
            table.add_row(asked, f"{took_s * 1000:,.0f} ms", *longest)
        store.close()
    Console().print(table)


async def _wait(waits: list[tuple[float, float]]) -> None:
    """Note how late each turn was, and what was worked meanwhile."""
    loop = asyncio.get_running_loop()
    while True:
        turn, due_s = asyncio.Event(), loop.time() + EVERY_S
        began_s = time.thread_time()
        loop.call_at(due_s, turn.set)
        await turn.wait()
        waits.append((loop.time() - due_s, time.thread_time() - began_s))


def _fill(database: apsw.Connection) -> None:
    hours = list(_hours())
    month, following = (
        datetime(2026, 10, 31, 23, tzinfo=UTC),
        datetime(2026, 11, 30, 23, tzinfo=UTC),
    )
    for number in range(TENANTS):
        scope = f"tenant:t{number}"
        database.executemany(
            "INSERT INTO budget_hours VALUES ('each', ?, ?, ?)",
            [(scope, hour, 40_000_000 * (1 + (number * place) % 5)) for place, hour in hours],
        )
        database.execute(
            "INSERT INTO balances VALUES ('each', ?, ?, ?, ?, 0, 0, 0)",
            (scope, rfc3339(month), rfc3339(following), 40_000_000 * 800),
        )


def _hours() -> Iterator[tuple[int, str]]:
    first = AT.replace(minute=0) - DAYS * 24 * HOUR
    for place in range(DAYS * 24 + 1):
        yield place, rfc3339(first + place * HOUR)
