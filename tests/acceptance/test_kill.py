"""The real process, killed at random moments under load, against emulators that outlive it."""

import asyncio
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from router.ledger.executor import InlineExecutor
from router.ledger.ledger import Ledger
from router.ledger.rows import AttemptRow, JobRow
from router.ledger.sqlite import SqliteStore
from router.ledger.writer import Writer
from router.model.clock import SystemClock
from router.model.job import AttemptState
from router.model.money import Money, total
from tests.processes import (
    CLOCK,
    EDIT,
    LOOPBACK,
    PATIENCE_S,
    POLL_S,
    ROOT,
    free_port,
    running,
    start,
    until_ready,
)

pytestmark = pytest.mark.slow

KILLS = 20
CLIENTS = 4
PAUSE_S = 0.03
"""Between two edits of a client."""
FAULTS = [
    {"fault": "accept_then_hang", "operation": "create", "probability": 0.05},
    {"fault": "hang_before_accept", "operation": "create", "probability": 0.02},
    {"fault": "accept_then_reset", "operation": "create", "probability": 0.05},
    {"fault": "status_503", "operation": "create", "probability": 0.1},
]
"""Creates that are never answered, so that some are on their way whenever a kill comes; and noes."""
SPEED = "50"
POLICY = """\
policy: kill
summary: The cheapest provider, with money enough for a test.
prefer: lowest_price
failover: {providers_max: 2, double_spend_max: $50.00 per day}
prices: prices.yaml
budgets:
  - {name: everyone-daily, who: everyone, limit: $5000.00, per: day}
examples:
  - {job: 1k, expect: shortapi at $0.04}
"""
SETTLED_AT_ONCE = {AttemptState.HELD, AttemptState.DISPATCHING, AttemptState.RUNNING}


@dataclass(slots=True)
class Crowd:
    """Clients that ask until they are answered, and remember what they were told."""

    url: str
    session: aiohttp.ClientSession
    rng: random.Random
    told: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Job ids by idempotency key: a promise holds if each has one."""
    statuses: list[int] = field(default_factory=list[int])
    over: bool = False

    async def ask(self, number: int) -> None:
        """Buy edits one after the other, each until it is acknowledged."""
        count = 0
        while not self.over:
            key = f"client-{number}-edit-{count}"
            body = {**EDIT, "resolution": self.rng.choice(("1k", "2k", "4k"))}
            await self._until_acknowledged(key, body)
            await CLOCK.sleep_s(PAUSE_S)
            count += 1

    async def _until_acknowledged(self, key: str, body: dict[str, Any]) -> None:
        while True:
            try:
                async with self.session.post(
                    f"{self.url}/v1/edits",
                    json=body,
                    headers={"Idempotency-Key": key, "Prefer": "respond-async"},
                ) as reply:
                    self.statuses.append(reply.status)
                    document = await reply.json(content_type=None)
                    if reply.status in {200, 202}:
                        self.told.setdefault(key, set()).add(document["id"])
                        return
                    assert reply.status in {502, 503}, document
                    if reply.status == 502:
                        self.told.setdefault(key, set()).add(document["job_id"])
                        return
            except aiohttp.ClientError:
                pass
            await CLOCK.sleep_s(POLL_S)


@dataclass(frozen=True, slots=True)
class Books:
    """What the ledger has in the end."""

    jobs: list[JobRow]
    attempts: list[AttemptRow]
    imbalance: Money


async def read_books(path: Path) -> Books:
    """Read the file that the last process left behind."""
    store = SqliteStore(path, InlineExecutor(), InlineExecutor())
    try:
        writer = Writer(SystemClock(), store, lambda _seconds, _size: None, lambda: None)
        ledger = Ledger(store, writer)
        jobs = await ledger.jobs_of("local", most=1_000_000)
        attempts = [one for job in jobs for one in await ledger.attempts_of(job.id)]
        return Books(jobs, attempts, await ledger.imbalance())
    finally:
        store.close()


async def until_quiet(session: aiohttp.ClientSession, url: str) -> None:
    """Wait until nothing is open but what only a person or the horizon can settle."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with session.get(f"{url}/v1/attempts") as reply:
                found = (await reply.json())["attempts"]
            if all(one["money"] == "in_doubt" for one in found):
                return
            await CLOCK.sleep_s(POLL_S)


def recovered(lines: list[str]) -> int:
    """How many open attempts a start has found, by its log."""
    events = [json.loads(line) for line in lines if line.startswith("{")]
    return sum(one["attempts"] for one in events if one["event"] == "recovered")


def check_truth(books: Books, truth: dict[str, Any]) -> None:
    """Compare the books with what the emulators know that they did."""
    by_token = {one.callback_token: one for one in books.attempts}
    charged: dict[int, Money] = {}
    for entry in truth["entries"]:
        sign = 1 if entry["kind"] == "charge" else -1
        amount = Money.parse(entry["amount"]) * sign
        charged[entry["create"]] = charged.get(entry["create"], Money.ZERO) + amount
    tokens = [create["callback_token"] for create in truth["creates"]]

    assert len(tokens) == len(set(tokens)), "an attempt was sent twice"
    assert set(tokens) <= set(by_token), "something was sent that is not in the books"
    for create in truth["creates"]:
        attempt = by_token[create["callback_token"]]
        cost = charged.get(create["number"], Money.ZERO)
        if attempt.state is AttemptState.POSTED:
            assert attempt.posted == cost
        elif attempt.state is AttemptState.VOIDED:
            assert cost == Money.ZERO
        else:
            assert cost <= attempt.quoted
    posted = total([one.posted for one in books.attempts])
    unsure = {AttemptState.IN_DOUBT, AttemptState.POSTED_PRESUMED}
    doubted = total([one.quoted for one in books.attempts if one.state in unsure])
    assert posted <= Money.parse(truth["net"]) <= posted + doubted


async def test_nothing_is_lost_and_nothing_is_bought_twice(tmp_path: Path) -> None:
    """
    Killed twenty times under load, it has every job it acknowledged, sent no attempt twice, holds
    no money without an end, and its books cover the truth.
    """
    (tmp_path / "kill.yaml").write_text(POLICY)
    (tmp_path / "prices.yaml").write_text((ROOT / "policies" / "prices.yaml").read_text())
    port, rng = free_port(), random.Random(7)
    url = f"http://{LOOPBACK}:{port}"
    found = 0
    async with (
        aiohttp.ClientSession() as session,
        running("sandbox", "--port", "0", "--speed", SPEED, "--seed", "7", folder=tmp_path) as box,
    ):
        sandbox_url = (await box.line("stand-ins listen on")).split()[5].rstrip(".")
        variables = {
            "SHORTAPI_KEY": "sandbox",
            "RUNPOD_API_KEY": "sandbox",
            "FAREBOX_SHORTAPI_URL": sandbox_url,
            "FAREBOX_RUNPOD_URL": sandbox_url,
            "FAREBOX_PUBLIC_URL": url,
            "FAREBOX_PORT": str(port),
            "FAREBOX_POLICY": "kill.yaml",
            "FAREBOX_LOG": "json",
        }
        crowd = Crowd(url, session, rng)
        async with session.post(f"{sandbox_url}/_faults", json=FAULTS) as reply:
            assert reply.ok
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(crowd.ask(number))
            for _ in range(KILLS):
                router = await start("serve", folder=tmp_path, variables=variables)
                await until_ready(session, url, router)
                await CLOCK.sleep_s(rng.uniform(0.02, 0.7))
                found += recovered((await router.kill()).err.splitlines())
            async with session.delete(f"{sandbox_url}/_faults") as reply:
                assert reply.ok
            last = await start("serve", folder=tmp_path, variables=variables)
            await until_ready(session, url, last)
            crowd.over = True
        await until_quiet(session, url)
        async with session.get(f"{sandbox_url}/_truth") as reply:
            truth = await reply.json()
        assert (await last.stop()).code == 0
    books = await read_books(tmp_path / "farebox.db")

    assert found > KILLS, "no kill met anything on its way: this test shows nothing"
    assert len(crowd.told) > 5 * KILLS
    assert any(one.state is AttemptState.IN_DOUBT for one in books.attempts)
    assert {500, 504}.isdisjoint(crowd.statuses)
    assert all(len(jobs) == 1 for jobs in crowd.told.values())
    assert {job for jobs in crowd.told.values() for job in jobs} <= {job.id for job in books.jobs}
    assert not [one for one in books.attempts if one.state in SETTLED_AT_ONCE]
    assert all(one.horizon_at > one.created_at for one in books.attempts)
    assert books.imbalance == Money.ZERO
    check_truth(books, truth)
