"""Rules and dashboards against a real Prometheus that has scraped a router under load."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client.parser import text_string_to_metric_families

from deploy.grafana.generate import BOARDS, path_of
from tests.deploy_kit import DEPLOY, judged, metrics_in, panels, rules, tool
from tests.processes import free_port
from tests.watched import HAPPENED, Seen, watched

pytestmark = pytest.mark.slow


def health_check() -> tuple[str, ...]:
    """The image's own, as a command here."""
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    lines = [line.strip() for line in text.splitlines()]
    (command,) = [line for line in lines if line.startswith("CMD") and "-c" in line]
    python, *arguments = json.loads(command.removeprefix("CMD "))
    assert python == "python"
    return (sys.executable, *arguments)


@pytest.fixture(name="seen", scope="module")
def _seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    tool("prometheus")
    return asyncio.run(watched(tmp_path_factory.mktemp("watched"), health_check()))


def test_the_load_was_what_it_should_be(seen: Seen) -> None:
    """Nearly all edits were bought, and there was some of all that the dashboards show."""
    assert seen.statuses == {200: 19, 402: 1}
    assert [what for what, is_so in seen.happened.items() if not is_so] == []
    assert len(seen.happened) == len(HAPPENED)


def test_every_panel_returns_data(seen: Seen) -> None:
    """Each of its expressions has a series with a number."""
    assert seen.silent == {}
    assert seen.asked > 60


def test_sums_of_a_time_are_the_ledger_s(seen: Seen) -> None:
    """To the nano-dollar, with a tenant that began and a charge corrected between scrapes."""
    spent, tenants = (
        seen.sums["Spent in this time", "this time"],
        seen.sums["Tenants", "{{tenant}}"],
    )

    assert seen.sums == seen.told
    assert tenants.keys() == {"acme", "small", "fresh"}
    assert sum(tenants.values()) == spent[""] > 0
    assert seen.sums["Refunded in this time", "refunded"][""] > 0
    assert seen.sums["Denied by budgets", "{{budget}}"].keys() == {"small"}


def test_every_rule_is_evaluated(seen: Seen) -> None:
    """By Prometheus itself, without an error."""
    assert [rule["name"] for rule in seen.rules if rule.get("lastError")] == []
    assert {rule["health"] for rule in seen.rules} == {"ok"}
    assert len(seen.rules) == len(list(rules()))


def test_alerts_are_raised_by_what_happened(seen: Seen) -> None:
    """At once or after a while, as each says; and what is well raises none."""
    states = {one["labels"]["alertname"]: one["state"] for one in seen.alerts}

    assert states["FareboxBudgetThresholdReached"] == "firing"
    assert states["FareboxEditsDenied"] == "firing"
    assert states["FareboxCreditLow"] == "pending"
    assert states["FareboxBudgetForecastOver"] == "pending"
    well = {"Down", "Absent", "BooksOutOfBalance", "CreditGone", "LedgerNotWritable", "Presumed"}
    assert not {f"Farebox{name}" for name in well} & states.keys()
    for one in seen.alerts:
        assert "<error" not in json.dumps(one["annotations"])


def test_the_scrape_is_sound(seen: Seen) -> None:
    """By Prometheus' own linter."""
    assert judged("promtool", "check", "metrics", given=seen.scrape) == ""


def test_every_metric_that_is_named_is_there(seen: Seen) -> None:
    """In the scrape, with a sample; or recorded by a rule."""
    found = {
        sample.name
        for family in text_string_to_metric_families(seen.scrape.decode())
        for sample in family.samples
    }
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    expressions = [rule["expr"] for rule in rules()] + [
        target["expr"]
        for board in BOARDS
        for panel in panels(_read(path_of(board)))
        for target in panel["targets"]
    ]
    named = set().union(*map(metrics_in, expressions))

    assert named - found - recorded == set()
    assert len(named) > 50


def test_the_image_s_health_check_is_content(seen: Seen) -> None:
    """With a router that takes edits."""
    assert seen.health == 0


async def test_the_image_s_health_check_is_not_content() -> None:
    """Where the router takes no edits, and where nobody answers."""

    async def busy(request: web.Request) -> web.Response:
        assert request.path == "/readyz"
        return web.Response(status=503)

    app = web.Application()
    app.router.add_get("/{path:.*}", busy)
    codes = []
    async with TestServer(app) as server:
        for port in (server.port, free_port()):
            check = await asyncio.create_subprocess_exec(
                *health_check(),
                env={"FAREBOX_PORT": str(port)},
                stderr=asyncio.subprocess.DEVNULL,
            )
            codes.append(await check.wait())

    assert codes == [1, 1]


def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return read
