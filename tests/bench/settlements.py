"""
Settlements: how many a second the ledger takes, where edits share their tags and where each has one
of its own, which is a further row of the sums that are told apart by tags. Rounds alternate.
"""

import asyncio
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from router.ledger.commands import Accept, Post, Tender
from router.ledger.executor import InlineExecutor
from router.ledger.sqlite import SqliteStore
from router.model.ids import AttemptId
from tests.fakes import EPOCH
from tests.ledger_kit import a_limit, an_accept, usd

EDITS, GROUP, ROUNDS = 2_000, 50, 5
KINDS = ("no tags", "a team", "an order of its own")
_TAGS = {"no tags": (), "a team": (("team", "ads"),)}


def measure() -> None:
    """Measure, and print one table."""
    rates: dict[str, list[float]] = {name: [] for name in KINDS}
    for number in range(ROUNDS):
        for name in KINDS if number % 2 else reversed(KINDS):
            rates[name].append(asyncio.run(_settled_per_second(name)))
    table = Table(title=f"Durable settlements a second, groups of {GROUP}, SQLite with full sync")
    for heading in ("tags", "lowest", "median", "highest"):
        table.add_column(heading, justify="left" if heading == "tags" else "right")
    for name, found in rates.items():
        figures = (min(found), statistics.median(found), max(found))
        table.add_row(name, *(f"{figure:,.0f}" for figure in figures))
    Console().print(table)


async def _settled_per_second(kind: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "bench.db", InlineExecutor(), InlineExecutor())
        accepts = [_accept(number, kind) for number in range(EDITS)]
        for first in range(0, EDITS, GROUP):
            await store.commit(accepts[first : first + GROUP])
        posts = [
            Post(at=EPOCH, attempt_id=AttemptId(f"j{n}.1"), amount=usd("0.04"), outcome="delivered")
            for n in range(EDITS)
        ]
        began_s = time.perf_counter()
        for first in range(0, EDITS, GROUP):
            await store.commit(posts[first : first + GROUP])
        took_s = time.perf_counter() - began_s
        store.close()
        return EDITS / took_s


def _accept(number: int, kind: str) -> Accept:
    tags = _TAGS.get(kind, (("order", f"A-{number}"),))
    accept = an_accept(f"j{number}", "0.04", a_limit(limit="900.00"), ready=frozenset({"shortapi"}))
    (tender,) = accept.tenders
    attempt = replace(tender.attempt, tags=tags)
    own = (Tender(attempt=attempt, limits=tender.limits),)
    return replace(accept, job=replace(accept.job, tags=tags), tenders=own)
