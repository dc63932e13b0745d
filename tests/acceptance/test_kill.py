"""The real process, killed at random moments under load, against emulators that outlive it."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import apsw
import pytest

from router.app import open_house
from router.ledger.executor import InlineExecutor
from router.ledger.ledger import Ledger
from router.ledger.rows import AttemptRow, JobRow
from router.ledger.sqlite import SqliteStore
from router.ledger.writer import Writer
from router.model.clock import SystemClock
from router.model.job import AttemptState
from router.model.money import Money, total
from router.settings import read_settings
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
from tests.simulation import judge

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
"""Noes, and creates that are not answered, so that some are on their way whenever a kill comes."""
SPEED = "50"
PROVIDERS_MAX = 2
POLICY = f"""\
policy: kill
summary: The cheapest provider, with money enough for a test.
prefer: lowest_price
failover: {{providers_max: {PROVIDERS_MAX}, double_spend_max: $50.00 per day}}
prices: prices.yaml
budgets:
  - {{name: everyone-daily, who: everyone, limit: $5000.00, per: day}}
examples:
  - {{job: 1k, expect: shortapi at $0.04}}
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


def prices() -> str:
    """The shipped prices, with room for all the doubt that twenty kills leave at a provider."""
    shipped = (ROOT / "policies" / "prices.yaml").read_text()
    assert shipped.count("in_doubt_max: $2.00") == 2
    return shipped.replace("in_doubt_max: $2.00", "in_doubt_max: $500.00")


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


async def outlive_every_horizon(
    folder: Path, variables: Mapping[str, str], books: Books, patch: pytest.MonkeyPatch
) -> None:
    """Open the real house after the last horizon, and sweep until nobody works on anything."""
    shift = max(one.horizon_at for one in books.attempts) - CLOCK.now() + timedelta(hours=1)
    patch.setattr("router.ground.SystemClock", lambda: SystemClock(lambda: CLOCK.now() + shift))
    patch.chdir(folder)
    async with open_house(read_settings(variables)) as house, asyncio.timeout(PATIENCE_S):
        await house.begin()
        while (await house.sweep.once()).worked_on or await house.services.ledger.unfinished_jobs():
            await CLOCK.sleep_s(POLL_S)


def check_ends(path: Path) -> None:
    """
    Read the file itself: every hold has had its end, every job an end for which there is a reason,
    and the balances are the journal's sum.
    """
    database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        books = judge.read_books(database)
    finally:
        database.close()
    judge.i1_balances_are_the_journals_sum(books)
    judge.i3_holds_and_open_attempts_are_the_same(books)
    judge.i4_one_hold_and_one_end(books)
    judge.i8_everything_has_ended(books)
    judge.i8_every_end_has_its_reason(books, frozenset())
    for key, (_posted, _presumed, held, in_doubt) in books.balances.items():
        assert held == in_doubt == 0, key


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
        assert create["accepted"] or attempt.outcome != "delivered"
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


def check_purchases(books: Books, truth: dict[str, Any]) -> None:
    """No job was sent to a provider twice, by whichever of its attempts, nor to too many."""
    by_token = {one.callback_token: one for one in books.attempts}
    sent = Counter(
        (by_token[create["callback_token"]].job_id, create["provider"])
        for create in truth["creates"]
    )
    assert not [where for where, times in sent.items() if times > 1], "a job was bought twice"
    tried = Counter(one.job_id for one in books.attempts)
    assert max(tried.values()) <= PROVIDERS_MAX


async def test_nothing_is_lost_and_nothing_is_bought_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Killed twenty times under load, it has every job it acknowledged, sent no job twice to a
    provider, holds no money past the last horizon, and its books cover the truth.
    """
    (tmp_path / "kill.yaml").write_text(POLICY)
    (tmp_path / "prices.yaml").write_text(prices())
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
        assert (await last.stop()).code == 0
        books = await read_books(tmp_path / "farebox.db")
        async with session.get(f"{sandbox_url}/_truth") as reply:
            truth = await reply.json()
        await outlive_every_horizon(tmp_path, variables, books, monkeypatch)
        async with session.get(f"{sandbox_url}/_truth") as reply:
            assert (await reply.json())["creates"] == truth["creates"], "bought after the end"
    settled = await read_books(tmp_path / "farebox.db")

    assert found > KILLS, "no kill met anything on its way: this test shows nothing"
    assert len(crowd.told) > 5 * KILLS
    assert any(one.state is AttemptState.IN_DOUBT for one in books.attempts)
    assert {500, 504}.isdisjoint(crowd.statuses)
    assert all(len(jobs) == 1 for jobs in crowd.told.values())
    assert {job for jobs in crowd.told.values() for job in jobs} <= {job.id for job in books.jobs}
    assert not [one for one in books.attempts if one.state in SETTLED_AT_ONCE]
    check_ends(tmp_path / "farebox.db")
    for found_at_rest in (books, settled):
        assert found_at_rest.imbalance == Money.ZERO
        check_truth(found_at_rest, truth)
        check_purchases(found_at_rest, truth)
