"""
Measurements, as ratios within one run: absolute numbers belong to the machine they were taken on.

    holds: how many durable holds a second the ledger takes from 100 tasks, committed in groups,
    against the same commands committed one by one. Rounds alternate, so that a machine that
    slows down slows both.

    The others are told of where they stand: `tests.bench.polls`, and so on.

    python -m tests.bench [holds] [polls] [choices] [forecast] [settlements]
        [outlooks] [rollups] [backtest] [page [--orders] [--jobs N]]

Without a word, all of them but those that take minutes: the last four. What has targets, and
misses them, is told, and the exit code is 1.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from router.ledger.executor import ThreadExecutor
from router.ledger.ledger import Ledger
from router.ledger.sqlite import SqliteStore
from router.ledger.writer import Writer
from router.model.clock import SystemClock
from tests.bench import (
    backtests,
    choices,
    forecasts,
    outlooks,
    pages,
    polls,
    rollups,
    settlements,
)
from tests.bench.million import JOBS
from tests.ledger_kit import a_lifetime_limit, an_accept

TASKS = 100
HOLDS = 2_000
ROUNDS = 5

Submit = Callable[[int], Awaitable[object]]


async def holds() -> None:
    """Measure, and print one table."""
    rates: dict[str, list[float]] = {"in groups": [], "one by one": []}
    for number in range(ROUNDS):
        for name in rates if number % 2 else reversed(rates):
            rates[name].append(await holds_per_second(one_by_one=name == "one by one"))
    table = Table(title=f"Durable holds a second, {TASKS} tasks, SQLite with full sync")
    for heading in ("committed", "lowest", "median", "highest"):
        table.add_column(heading, justify="left" if heading == "committed" else "right")
    for name, found in rates.items():
        figures = (min(found), statistics.median(found), max(found))
        table.add_row(name, *(f"{figure:,.0f}" for figure in figures))
    Console().print(table)
    pairs = zip(rates["in groups"], rates["one by one"], strict=True)
    ratio = statistics.median(grouped / single for grouped, single in pairs)
    Console().print(f"In groups is {ratio:.1f} times as fast (median of {ROUNDS} pairs).")


async def holds_per_second(*, one_by_one: bool) -> float:
    """Place holds from many tasks on one hot budget, each durable when it is answered."""
    with tempfile.TemporaryDirectory() as folder:
        clock = SystemClock()
        store = SqliteStore(
            Path(folder) / "bench.db", ThreadExecutor("writer"), ThreadExecutor("reader")
        )
        writer = Writer(clock, store, lambda *_: None, lambda: None)
        ledger = Ledger(store, writer)
        limit = a_lifetime_limit("all", "100000.00")
        work = asyncio.get_running_loop().create_task(writer.run())

        async def place(number: int) -> None:
            command = an_accept(f"j{number}", "0.04", limit)
            await (store.commit([command]) if one_by_one else ledger.submit(command))

        seconds = await _timed(place)
        writer.close()
        await work
        store.close()
        return HOLDS / seconds


async def _timed(place: Submit) -> float:
    numbers = iter(range(HOLDS))

    async def worker() -> None:
        for number in numbers:
            await place(number)

    started_s = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(TASKS)))
    return time.perf_counter() - started_s


def _holds() -> None:
    asyncio.run(holds())


QUICK: dict[str, Callable[[], None]] = {
    "choices": choices.measure,
    "polls": polls.measure,
    "forecast": forecasts.measure,
    "holds": _holds,
    "settlements": settlements.measure,
}
SLOW: dict[str, Callable[[], None]] = {
    "outlooks": outlooks.measure,
    "rollups": rollups.measure,
    "backtest": backtests.measure,
}
PAGE = "page"


def main(words: list[str]) -> None:
    """Measure what is asked for; without a word, everything that is quick."""
    benches = QUICK | SLOW
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="See the module.")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join([*benches, PAGE]))
    parser.add_argument("--jobs", type=int, default=JOBS, help="of `page`: how many there are")
    parser.add_argument("--orders", action="store_true", help="of `page`: each with its own tag")
    asked = parser.parse_args(words)
    if unknown := [name for name in asked.names if name not in {*benches, PAGE}]:
        sys.exit(f"{unknown[0]} is not measured; there are {', '.join([*benches, PAGE])}")
    missed: list[str] = []
    for name in asked.names or QUICK:
        if name == PAGE:
            missed += asyncio.run(pages.measure(asked.jobs, orders=asked.orders))
        else:
            benches[name]()
    if missed:
        sys.exit("\n".join(missed))


if __name__ == "__main__":
    main(sys.argv[1:])
