"""
The finance page over a million jobs: how long it takes, and what it costs the edits beside it.

A real `farebox serve` with the stand-ins, on a ledger of a million jobs; this process asks for
edits at a steady rate, and in every other round for the page, once a second. What is compared is
the time until an edit is durable and answered: `Prefer: respond-async`. The rounds alternate, so
that a machine that slows down slows both, and ratios are of neighbours. The check of the books,
20 s of some minutes, is in none of them.

With `--orders` each job has a tag of its own, the number of an order, as shops have it. What is
beyond its target is told, and the run fails.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.table import Table

from router.model.clock import SystemClock
from tests.bench.million import JOBS, POLICY, write_million
from tests.policy_files import PRICES, write_policy
from tests.processes import EDIT, LOOPBACK, free_port, running, until_ready

RATE = 12
"""Edits a second: the stand-ins take so many without a queue, which would be measured instead."""
ROUND_S = 20.0
TIMES = 5
"""How often each page is asked for."""
ROUNDS = 6
"""Pairs of rounds."""
EVERY_S = 1.0
PAGE_S = 2.0
"""Until a page is there: the median at most."""
MANY_S = 10.0
"""The same of one by a tag that has as many values as there are edits."""
P99_RATIO = 1.2
"""Of edits beside pages to edits without, each of all rounds together, at most."""
PAGES = {
    "/dashboard": PAGE_S,
    "/dashboard/jobs": PAGE_S,
    "/dashboard/operations?refresh=off": PAGE_S,
}
TEAMS = {"/dashboard?by=tag:team&period=90d": PAGE_S, "/dashboard?tag=team%3Dteam-1": PAGE_S}
ORDERS = {
    "/dashboard?by=tag:order": MANY_S,
    "/dashboard?by=tag:team&period=90d": MANY_S,
    "/dashboard?tag=order%3D100000007": MANY_S,
}
"""Beside `PAGES`: of a ledger with few tags, and of one with many."""
PATIENCE_S = 900.0


async def measure(jobs: int = JOBS, *, orders: bool = False) -> list[str]:
    """
    Measure, and print one table.

    Args:
        jobs: How many are in the ledger.
        orders: Whether each has a tag of its own.

    Returns:
        A sentence for each target that was missed.
    """
    pages = PAGES | (ORDERS if orders else TEAMS)
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began_s = clock.monotonic_s()
        write_million(folder / "farebox.db", clock.now(), jobs=jobs, orders=orders)
        Console().print(f"{jobs:,} jobs written in {clock.monotonic_s() - began_s:.0f} s")
        policy = write_policy(folder, policy=POLICY, prices=PRICES)
        port = free_port()
        words = ("serve", "--sandbox", "--policy", policy, "--port", str(port))
        async with (
            running(*words, folder=folder) as started,
            aiohttp.ClientSession(f"http://{LOOPBACK}:{port}") as session,
        ):
            async with asyncio.timeout(PATIENCE_S):
                # Opening it once adds up a million jobs: longer than any other start takes.
                await _opened(session, f"http://{LOOPBACK}:{port}", started)
            return await _compare(session, pages)


async def _opened(session: aiohttp.ClientSession, url: str, started: object) -> None:
    while True:
        try:
            await until_ready(session, url, started)  # type: ignore[arg-type]
        except TimeoutError:
            continue
        return


async def _compare(session: aiohttp.ClientSession, targets: Mapping[str, float]) -> list[str]:
    pages: dict[str, list[float]] = {path: [] for path in targets}
    await _settled(session)
    for path in [*targets] * TIMES:
        pages[path].append(await _page(session, path))
    without: list[float] = []
    beside: list[float] = []
    await _edits(session)
    for _ in range(ROUNDS):
        without += await _edits(session)
        beside += await _with_pages(session)
    _show({**pages, "an edit, no pages": without, "an edit, a page a second": beside})
    # A round's own p99 is hardly more than its slowest edit: chance.
    ratio = _p99(beside) / _p99(without)
    Console().print(
        f"p99 of {len(beside):,} edits beside pages is {_p99(beside) * 1000:.1f} ms, "
        f"{ratio:.2f} of that without, {_p99(without) * 1000:.1f} ms."
    )
    return missed(pages, targets, ratio)


async def _settled(session: aiohttp.ClientSession) -> None:
    """What a start brings is over, so that no round of either kind has it: alone, it is chance."""
    async with asyncio.timeout(PATIENCE_S):
        while not await _is_checked(session):
            continue
    # Gigabytes were written just now: they go to the disk.
    await asyncio.to_thread(os.sync)


async def _is_checked(session: aiohttp.ClientSession) -> bool:
    """Whether the books were looked at already; asked for now and then."""
    await asyncio.sleep(EVERY_S)
    async with session.get("/metrics") as answer:
        return "\nfarebox_ledger_check_usd " in await answer.text()


def missed(
    pages: Mapping[str, Sequence[float]], targets: Mapping[str, float], ratio: float
) -> list[str]:
    """
    Say which targets were missed.

    Args:
        pages: What each took, in seconds.
        targets: What the median of each may be at most.
        ratio: Of the p99 of edits beside pages to that without.
    """
    found = [
        f"{path} took {statistics.median(pages[path]):.2f} s (median): it may take {most_s:g} s."
        for path, most_s in targets.items()
        if statistics.median(pages[path]) > most_s
    ]
    if ratio > P99_RATIO:
        found.append(
            f"p99 of edits beside pages is {ratio:.2f} of that without: it may be {P99_RATIO:g}."
        )
    return found


def _show(rows: Mapping[str, Sequence[float]]) -> None:
    table = Table(title="How long they take")
    for heading in ("what", "lowest", "median", "highest"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for name, found in rows.items():
        figures = (min(found), statistics.median(found), max(found))
        table.add_row(name, *(f"{figure * 1000:,.0f} ms" for figure in figures))
    Console().print(table)


async def _with_pages(session: aiohttp.ClientSession) -> list[float]:
    looking = asyncio.get_running_loop().create_task(_look(session))
    try:
        return await _edits(session)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def _look(session: aiohttp.ClientSession) -> None:
    while True:
        await asyncio.gather(_page(session, "/dashboard"), asyncio.sleep(EVERY_S))


async def _page(session: aiohttp.ClientSession, path: str) -> float:
    began_s = time.perf_counter()
    async with session.get(path) as answer:
        text = await answer.read()
        assert answer.status == 200, text[:500]
    return time.perf_counter() - began_s


async def _edits(session: aiohttp.ClientSession) -> list[float]:
    """Ask for edits at a steady rate, whatever the answers take."""
    asked: list[asyncio.Task[float]] = []
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    for number in range(int(RATE * ROUND_S)):
        await asyncio.sleep(max(0.0, began_s + number / RATE - loop.time()))
        asked.append(loop.create_task(_edit(session)))
    return await asyncio.gather(*asked)


async def _edit(session: aiohttp.ClientSession) -> float:
    began_s = time.perf_counter()
    headers = {"Prefer": "respond-async"}
    async with session.post("/v1/edits", json=EDIT, headers=headers) as answer:
        text = await answer.text()
        assert answer.status in {200, 202}, text
    return time.perf_counter() - began_s


def _p99(found: list[float]) -> float:
    return statistics.quantiles(found, n=100)[98]
