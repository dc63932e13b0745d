"""One number, one source: wherever money is shown it is the same, and it is what was charged."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import apsw
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from router.model.money import Money, total
from tests.processes import (
    CLOCK,
    EDIT,
    LOOPBACK,
    PATIENCE_S,
    POLL_S,
    ROOT,
    free_port,
    ran,
    running,
    until_ready,
)

pytestmark = pytest.mark.slow

POLICY = """\
policy: agree
summary: The cheapest provider, and a budget of a size of the test's own.
prefer: lowest_price
failover: {providers_max: 2, double_spend_max: $3.00 per day}
prices: prices.yaml
budgets:
  - {name: everyone-daily, who: everyone, limit: LIMIT, per: day}
  - {name: each-tenant-monthly, who: each_tenant, limit: $61.00, per: month}
examples:
  - {job: 4k, expect: shortapi at $0.09}
"""


@dataclass
class Place:
    """A router on its emulators, both processes of their own."""

    session: aiohttp.ClientSession
    router: str
    sandbox: str
    folder: Path

    async def edit(self, **fields: Any) -> tuple[int, dict[str, Any]]:
        """Ask for one edit and wait for its end."""
        async with self.session.post(f"{self.router}/v1/edits", json={**EDIT, **fields}) as reply:
            return reply.status, await reply.json(content_type=None)

    async def get(self, url: str) -> Any:
        """Read JSON."""
        async with self.session.get(url) as reply:
            return await reply.json(content_type=None)

    async def breaks(self, *rules: dict[str, Any]) -> None:
        """Script what goes wrong."""
        async with self.session.post(f"{self.sandbox}/_faults", json=list(rules)) as reply:
            assert reply.ok, await reply.text()

    async def until_settled(self) -> None:
        """Wait until nothing is open any more."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.get(f"{self.router}/v1/attempts"))["attempts"]:
                await CLOCK.sleep_s(POLL_S)


@asynccontextmanager
async def a_place(folder: Path, *, limit: str) -> AsyncIterator[Place]:
    """Start both, with a budget of `limit` a day for everyone."""
    (folder / "policy.yaml").write_text(POLICY.replace("LIMIT", limit), "utf-8")
    (folder / "prices.yaml").write_bytes((ROOT / "policies" / "prices.yaml").read_bytes())
    ports = free_port(), free_port()
    sandbox, router = (f"http://{LOOPBACK}:{port}" for port in ports)
    variables = {
        "SHORTAPI_KEY": "ak-any",
        "RUNPOD_API_KEY": "rpa-any",
        "FAREBOX_SHORTAPI_URL": sandbox,
        "FAREBOX_RUNPOD_URL": sandbox,
        "FAREBOX_PUBLIC_URL": router,
    }
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        running("sandbox", "--port", str(ports[0]), "--speed", "30", folder=folder) as emulators,
    ):
        await emulators.line(str(ports[0]))
        serve = ("serve", "--policy", "policy.yaml", "--port", str(ports[1]))
        async with running(*serve, folder=folder, variables=variables) as started:
            await until_ready(session, router, started)
            yield Place(session, router, sandbox, folder)


async def sums(place: Place) -> dict[str, Money]:
    """What was posted, by everyone who says so."""
    journal, balance = _in_the_file(place.folder / "farebox.db")
    reported = await ran("report", "--format", "json", "--url", place.router, folder=place.folder)
    assert reported.code == 0, reported.err
    budgets = (await place.get(f"{place.router}/v1/budgets"))["budgets"]
    async with place.session.get(f"{place.router}/metrics") as reply:
        families = {one.name: one for one in text_string_to_metric_families(await reply.text())}
    posted = families["farebox_posted_usd"].samples
    refunded = families["farebox_refunded_usd"].samples
    spend = await place.get(f"{place.router}/v1/spend?by=provider")
    truth = await place.get(f"{place.sandbox}/_truth")
    return {
        "journal": journal,
        "balance": balance,
        "report": Money.parse(json.loads(reported.out)["total"]["posted"]),
        "/v1/spend": Money.parse(spend["total"]["posted"]),
        "/v1/budgets": Money.parse(
            next(one["posted"] for one in budgets if one["name"] == "everyone-daily")
        ),
        # A metric is a float; its shortest text is the decimal that it was made from.
        "/metrics": _summed(posted) - _summed(refunded),
        "truth": Money.parse(truth["net"]),
    }


def _summed(samples: Iterable[Sample]) -> Money:
    return total([Money.parse(repr(sample.value)) for sample in samples])


def _in_the_file(path: Path) -> tuple[Money, Money]:
    database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    ((journal,),) = database.execute("SELECT SUM(posted) FROM entries")
    ((balance,),) = database.execute("SELECT posted FROM balances WHERE budget = 'everyone-daily'")
    database.close()
    assert isinstance(journal, int)
    assert isinstance(balance, int)
    return Money(journal), Money(balance)


async def test_exactly_seven_of_a_hundred_fit(tmp_path: Path) -> None:
    """A hundred 4k edits at once, room for seven: seven reach a provider, 93 are told why not."""
    async with a_place(tmp_path, limit="$0.70") as place:
        replies = await asyncio.gather(*(place.edit(resolution="4k") for _ in range(100)))

        assert Counter(status for status, _ in replies) == {200: 7, 402: 93}
        for _, problem in (reply for reply in replies if reply[0] == 402):
            assert problem["code"] == "budget_exceeded"
            assert problem["budget"] == "everyone-daily"
            assert (problem["limit"], problem["asked"]) == ("0.70", "0.09")
            used = [Money.parse(problem[name]) for name in ("posted", "held", "in_doubt")]
            assert total(used) == Money.parse("0.63")
            assert problem["available"] == "0.07"
        truth = await place.get(f"{place.sandbox}/_truth")
        assert len(truth["creates"]) == 7
        assert set((await sums(place)).values()) == {Money.parse("0.63")}


async def test_everyone_says_the_same_after_much_went_wrong(tmp_path: Path) -> None:
    """Refusals, failures, lost answers, drifting prices: seven books agree to the nano-dollar."""
    async with a_place(tmp_path, limit="$47.00") as place:
        await place.breaks(
            {"fault": "status_429", "provider": "shortapi", "times": 2, "skip": 3},
            {"fault": "accept_then_reset", "provider": "shortapi", "times": 2, "skip": 4},
            {"fault": "502_after_accept", "provider": "runpod", "times": 1},
            {"fault": "fail_job", "provider": "shortapi", "times": 1, "skip": 2},
            {"fault": "cost_drift", "provider": "runpod", "times": 1, "amount": "0.0913"},
        )
        wanted = ("1k", "2k", "4k") * 5
        for start in range(0, len(wanted), 3):
            batch = wanted[start : start + 3]
            await asyncio.gather(*(place.edit(resolution=one) for one in batch))
        await place.until_settled()

        said = await sums(place)
        assert len(set(said.values())) == 1, said
        assert said["truth"] > Money.parse("0.95")
