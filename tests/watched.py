"""A router under load that a real Prometheus watches, as it is deployed, but quicker."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from deploy.grafana.generate import BOARDS, path_of
from router.ledger.commands import Enter
from router.policy.loader import read_policy
from router.policy.policy import Policy
from tests.deploy_kit import DEPLOY, RULES, load, panels, tool
from tests.finance_kit import a_shop
from tests.ledger_kit import usd
from tests.processes import (
    CLOCK,
    EDIT,
    LOOPBACK,
    PATIENCE_S,
    ROOT,
    Running,
    free_port,
    running,
    until_ready,
)
from tests.statement_kit import READING
from tests.watched_sums import Figures, expected, expressions, shown, told

ADMIN = "an-admin-key-of-this-test-alone"
SCRAPE_S = 0.5
QUICKER = {
    "[1d:5m]": "[2s:500ms]",
    "offset -1d": "offset 1ms",
    "[1d]": "[2m]",
    "offset 30d": "offset 1ms",
    "$__rate_interval": "2m",
    "$budget": ".*",
}
"""A dashboard's times, for a load of seconds: nothing was scraped a day ago, nor will be."""
LOOK_S = 0.5
HAPPENED = {
    "a budget refused": 'increase(farebox_denied_usd_total{budget="small"}[2m]) > 0',
    "a charge drifted": 'farebox_price_drift_usd{provider="runpod", direction="over"} > 0',
    "an attempt is in doubt": 'farebox_in_doubt_attempts{provider="shortapi"} > 0',
    "a provider was ejected": 'max_over_time(farebox_provider_state{state="ejected"}[2m]) == 1',
    "an edit failed over": 'farebox_failovers_total{from="shortapi", to="runpod"} > 0',
    "a provider called back": "sum(increase(farebox_callbacks_total[2m])) > 0",
    "credit is low": 'farebox_provider_credit_low{provider="shortapi"} == 1',
    "a forecast is above its limit": 'budget:farebox_forecast:ratio{budget="ahead"} > 1',
}
KINDS = ("1k", "2k", "4k")
DAYS = 20
"""Of history, so that there is a forecast."""


@dataclass
class Seen:
    """What came of it."""

    scrape: bytes = b""
    silent: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Panels' expressions that returned nothing, by dashboard and title."""
    asked: int = 0
    rules: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    alerts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    happened: dict[str, bool] = field(default_factory=dict[str, bool])
    """What the load should have brought about: whether Prometheus has seen it."""
    statuses: dict[int, int] = field(default_factory=dict[int, int])
    sums: Figures = field(default_factory=dict)
    """What finance panels show of the time of the load."""
    told: Figures = field(default_factory=dict)
    """What the ledger says that they should show."""
    health: int = -1
    """The exit code of the image's own health check."""


def write_policy(folder: Path, now: datetime) -> Path:
    """Write a policy whose budgets are in all states: one ahead of its window, one soon used up."""
    (folder / "prices.yaml").write_bytes((ROOT / "policies" / "prices.yaml").read_bytes())
    # A window must be a tenth over before there is a forecast of it.
    begins = min((now - timedelta(days=10)).day, 28)
    path = folder / "policy.yaml"
    path.write_text(
        f"""\
policy: watched
summary: The cheapest that is up, under budgets that are noticed.
prefer: lowest_price
prices: prices.yaml
failover: {{providers_max: 2, double_spend_max: $2.00 per day}}
budgets:
  - {{name: ahead, who: everyone, limit: $60.00, per: month, month_start: {begins}}}
  - {{name: small, who: {{tenant: small}}, limit: $0.05, per: day, alerts: [50%]}}
examples:
  - {{job: 1k, expect: shortapi at $0.04}}
""",
        "utf-8",
    )
    return path


def write_past(folder: Path, path: Path, now: datetime) -> None:
    """Keep the books of the last weeks: edits three times a day, and a balance that is low."""
    policy = read_policy(path).outcome
    assert isinstance(policy, Policy)
    with a_shop(policy, folder) as shop:
        for number in range(3 * DAYS):
            at = now - timedelta(hours=8 * (3 * DAYS - number))
            shop.buy(f"past{number}", "0.90", at=at, tenant="acme")
            shop.post(f"past{number}.1", "0.90", at=at)
        read_at = now - timedelta(hours=9)
        # All but the last of these edits were charged before it was read.
        before = usd("0.90") * (3 * DAYS - 1)
        reading = replace(
            READING, at=read_at, recorded_at=read_at, amount=usd("5.00"), posted_before=before
        )
        shop.told(Enter(at=now - timedelta(hours=1), facts=(reading,)))


def write_prometheus(folder: Path, target: str, key: str) -> Path:
    """Write what is deployed, with addresses of this machine, a key of today, and less patience."""
    config = load(DEPLOY / "prometheus" / "prometheus.yaml")
    farebox = config["scrape_configs"][0]
    interval = f"{int(SCRAPE_S * 1000)}ms"
    config["global"] = {"scrape_interval": interval, "evaluation_interval": interval}
    config["scrape_configs"], config["alerting"] = [farebox], {}
    farebox["static_configs"] = [{"targets": [target]}]
    farebox["authorization"]["credentials_file"] = str(folder / "key")
    (folder / "key").write_text(key + "\n", "utf-8")
    (folder / "rules").mkdir()
    for rules in RULES.glob("*.yaml"):
        text = "\n".join(
            line for line in rules.read_text("utf-8").splitlines() if "interval: 30s" not in line
        )
        (folder / "rules" / rules.name).write_text(text + "\n", "utf-8")
    path = folder / "prometheus.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    return path


@dataclass
class Watch:
    """The router and the Prometheus that watches it."""

    session: aiohttp.ClientSession
    router: str
    stand_ins: str
    prometheus: str
    since: datetime = field(default_factory=CLOCK.now)
    """When the router was scraped at first: nothing was bought after that but by the load."""

    @property
    def range_s(self) -> int:
        """How long that is ago, in whole seconds: what Grafana would put in."""
        return int((CLOCK.now() - self.since).total_seconds())

    async def asked(self, key: str, path: str, **body: Any) -> tuple[int, Any]:
        """The router's answer: its status and what it says."""
        headers = {"Authorization": f"Bearer {key}"}
        async with self.session.post(f"{self.router}{path}", json=body, headers=headers) as reply:
            return reply.status, await reply.json()

    async def buy(self, key: str, **fields: Any) -> int:
        """Buy an edit; the status of the answer."""
        status, _ = await self.asked(key, "/v1/edits", **EDIT, **fields)
        return status

    async def key(self, **asked: str) -> str:
        """Make a key."""
        _, made = await self.asked(ADMIN, "/v1/keys", **asked)
        key: str = made["key"]
        return key

    async def breaks(self, *rules: Mapping[str, Any]) -> None:
        """Script what goes wrong at the providers from now on."""
        async with self.session.post(f"{self.stand_ins}/_faults", json=list(rules)) as reply:
            assert reply.ok, await reply.text()

    async def ask(self, expression: str) -> list[dict[str, Any]]:
        """An expression's series, those that are numbers."""
        async with self.session.get(
            f"{self.prometheus}/api/v1/query", params={"query": expression}
        ) as reply:
            told = await reply.json()
        assert told["status"] == "success", (expression, told)
        return [one for one in told["data"]["result"] if one["value"][1] != "NaN"]

    async def told(self, what: str) -> list[dict[str, Any]]:
        """All rules, or all alerts."""
        async with self.session.get(f"{self.prometheus}/api/v1/{what}") as reply:
            data: dict[str, list[dict[str, Any]]] = (await reply.json())["data"]
        return next(iter(data.values()))

    async def until(self, expression: str) -> None:
        """Wait until an expression has series."""
        async with asyncio.timeout(PATIENCE_S):
            while not await self.ask(expression):
                await CLOCK.sleep_s(LOOK_S)

    async def silent(self) -> tuple[int, dict[str, list[str]]]:
        """
        Ask all that the dashboards ask, again and again, until all of it is answered.

        Returns:
            How many expressions there are, and those that stayed without an answer.
        """
        left: list[tuple[str, str]] = []
        for board in BOARDS:
            for panel in panels(json.loads(path_of(board).read_text("utf-8"))):
                title = f"{board.uid}: {panel['title']}"
                left += [(title, target["expr"]) for target in panel["targets"]]
        asked, until_s = len(left), CLOCK.monotonic_s() + PATIENCE_S
        while left and CLOCK.monotonic_s() < until_s:
            left = [one for one in left if not await self.ask(quicker(one[1], self.range_s))]
            await CLOCK.sleep_s(LOOK_S)
        found: dict[str, list[str]] = {}
        for title, expression in left:
            found.setdefault(title, []).append(expression)
        return asked, found

    async def agreed(self, database: Path) -> tuple[Figures, Figures]:
        """
        Compare what finance panels show with the ledger, until they agree or patience ends.

        Returns:
            What they show, and what they should.
        """
        until_s = CLOCK.monotonic_s() + PATIENCE_S
        while True:
            found = {
                name: shown(await self.ask(quicker(expression, self.range_s)))
                for name, expression in expressions().items()
            }
            should = expected(await told(database, self.since))
            if found == should or CLOCK.monotonic_s() > until_s:
                return found, should
            await CLOCK.sleep_s(LOOK_S)


def quicker(expression: str, range_s: int) -> str:
    """A panel's expression as Grafana would send it, with shorter times."""
    ranged = {"$__range_s": str(range_s), "$__range": f"{range_s}s"}
    for former, later in {**QUICKER, **ranged}.items():
        expression = expression.replace(former, later)
    return expression


async def bought(watch: Watch) -> dict[int, int]:
    """
    Load the router for some seconds: with a drift, a failover, doubts, an ejection, a refusal.

    Returns:
        How many edits were answered with each status.
    """
    acme = await watch.key(tenant="acme", role="client", name="shop")
    small = await watch.key(tenant="small", role="client", name="tight")
    statuses: list[int] = []

    async def some(*keys: str, **fields: Any) -> None:
        edits = [watch.buy(key, resolution=kind, **fields) for key in keys for kind in KINDS]
        statuses.extend(await asyncio.gather(*edits))

    await some(acme, acme)
    statuses += [await watch.buy(small), await watch.buy(small)]
    await watch.breaks(
        {"fault": "cost_drift", "provider": "runpod", "factor": "1.25", "times": 1},
        {"fault": "reset_before_accept", "provider": "shortapi", "times": 3},
    )
    await some(acme, deadline_s=20)
    for _ in range(3):
        await some(acme)
    return {status: statuses.count(status) for status in sorted(set(statuses))}


async def began(watch: Watch) -> None:
    """Have a tenant begin at once with several edits, and take back some of one's charge."""
    fresh = await watch.key(tenant="fresh", role="client", name="first")
    answers = await asyncio.gather(
        *(watch.asked(fresh, "/v1/edits", **EDIT, resolution=kind) for kind in KINDS)
    )
    assert [status for status, _ in answers] == [200, 200, 200]
    (attempt, *_) = [
        one["id"] for one in answers[1][1]["attempts"] if one["charged"] not in {None, "0.00"}
    ]
    status, settled = await watch.asked(
        ADMIN,
        f"/v1/attempts/{attempt}/settle",
        posted="0.0123",
        reason="half a picture",
        force=True,
    )
    assert status == 200, settled


async def watched(folder: Path, health: Sequence[str]) -> Seen:
    """
    Have a router under load be watched for some seconds.

    Args:
        folder: Empty.
        health: The image's own health check, as a command with its environment's port last.
    """
    now, seen = CLOCK.now(), Seen()
    policy = write_policy(folder, now)
    write_past(folder, policy, now)
    async with _watching(folder, policy) as (watch, port):
        seen.statuses = await bought(watch)
        await began(watch)
        seen.asked, seen.silent = await watch.silent()
        seen.sums, seen.told = await watch.agreed(folder / "farebox.db")
        seen.happened = {what: bool(await watch.ask(one)) for what, one in HAPPENED.items()}
        await watch.until('ALERTS{alertname="FareboxBudgetThresholdReached"}')
        groups, seen.alerts = await watch.told("rules"), await watch.told("alerts")
        seen.rules = [rule for group in groups for rule in group["rules"]]
        headers = {"Authorization": f"Bearer {ADMIN}"}
        async with watch.session.get(f"{watch.router}/metrics", headers=headers) as reply:
            seen.scrape = await reply.read()
        check = await asyncio.create_subprocess_exec(*health, env={"FAREBOX_PORT": str(port)})
        seen.health = await check.wait()
    return seen


@asynccontextmanager
async def _watching(folder: Path, policy: Path) -> AsyncIterator[tuple[Watch, int]]:
    port, own = free_port(), free_port()
    secret = folder / "admin"
    secret.write_text(ADMIN, "utf-8")
    serve = ("serve", "--sandbox", "--speed", "20", "--port", str(port), "--policy", policy)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        running(*serve, folder=folder, variables={"FAREBOX_ADMIN_KEY_FILE": str(secret)}) as router,
    ):
        url = f"http://{LOOPBACK}:{port}"
        await until_ready(session, url, router)
        stand_ins = (await router.line("stand-ins")).split()[1].rstrip(":")
        watch = Watch(session, url, stand_ins, f"http://{LOOPBACK}:{own}")
        viewer = await watch.key(tenant="everyone", role="viewer", name="prometheus")
        config = write_prometheus(folder, f"{LOOPBACK}:{port}", viewer)
        async with running(
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address={LOOPBACK}:{own}",
            folder=folder,
            program=(tool("prometheus"),),
        ) as prometheus:
            await _until_it_answers(session, watch, prometheus)
            # Counters are seen before the load, so that what it adds is seen as well.
            await watch.until('up{job="farebox"} == 1 and on () farebox_spent_usd')
            # A range that Grafana sends begins within the second after this.
            watch.since = CLOCK.now()
            await CLOCK.sleep_s(2 * LOOK_S)
            yield watch, port


async def _until_it_answers(
    session: aiohttp.ClientSession, watch: Watch, prometheus: Running
) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            assert prometheus.process.returncode is None, "".join(prometheus.err[-20:])
            try:
                async with session.get(f"{watch.prometheus}/-/ready") as reply:
                    if reply.ok:
                        return
            except aiohttp.ClientError:
                pass
            await CLOCK.sleep_s(LOOK_S)
