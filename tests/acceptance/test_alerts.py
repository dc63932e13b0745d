"""People who are told of budgets: a real router, a real receiver, a real verifier."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook

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

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes, ok").decode()
VARIABLES = {"FAREBOX_ALERT_SECRET": SECRET}


@dataclass
class Receiver:
    """Whoever is told: keeps what it was posted, and answers as it is said to."""

    url: str = ""
    answers: list[int] = field(default_factory=list[int])
    """Statuses for the next posts in turn; then 200."""
    posts: list[tuple[dict[str, str], str]] = field(
        default_factory=list[tuple[dict[str, str], str]]
    )

    async def take(self, request: web.Request) -> web.Response:
        """Take a post."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.posts.append((headers, await request.text()))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    async def told(self, count: int) -> None:
        """Wait until so many posts came."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.posts) < count:
                await CLOCK.sleep_s(POLL_S)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Have a receiver on loopback."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hooks", receiver.take)
    async with TestServer(app) as server:
        receiver.url = f"http://{LOOPBACK}:{server.port}/hooks?token=canary-t9"
        yield receiver


def write_policy(
    folder: Path, receiver: Receiver, format_: str = "standard", alerts: str = "[80%]"
) -> Path:
    """Write a policy whose one budget is four fifths used by an edit of four cents."""
    policies = folder / "policies"
    policies.mkdir(exist_ok=True)
    (policies / "prices.yaml").write_bytes((ROOT / "policies" / "prices.yaml").read_bytes())
    policy = policies / "told.yaml"
    policy.write_text(f"""\
policy: told
summary: A budget that an edit uses most of.
prefer: lowest_price
prices: prices.yaml
budgets:
  - {{name: tight, who: everyone, limit: $0.05, per: month, alerts: {alerts}}}
alerts: {{to: "{receiver.url}", format: {format_}}}
examples:
  - {{job: 1k, expect: shortapi at $0.04}}
""")
    return policy


@asynccontextmanager
async def serving(folder: Path, policy: Path) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """Have a router with the providers' stand-ins; it dies without a word at the end."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    arguments = ("serve", "--sandbox", "--speed", "20", "--port", str(port), "--policy", policy)
    async with (
        running(*arguments, folder=folder, variables=VARIABLES) as router,
        aiohttp.ClientSession() as session,
    ):
        await until_ready(session, url, router)
        yield url, session
        await router.kill()
        assert "canary-t9" not in "".join((*router.out, *router.err))
        assert SECRET not in "".join((*router.out, *router.err))


async def buy(session: aiohttp.ClientSession, url: str) -> int:
    """Buy an edit; the status of the answer."""
    async with session.post(f"{url}/v1/edits", json=EDIT) as reply:
        await reply.read()
        return reply.status


async def until_told(folder: Path, policy: Path, state: str) -> dict[str, Any]:
    """Wait until the one alert is told so far, as the command lists it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            arguments = ("alerts", "list", "--json", "--policy", policy)
            listed = await ran(*arguments, folder=folder, variables=VARIABLES)
            assert "canary-t9" not in listed.out
            alerts: list[dict[str, Any]] = json.loads(listed.out)["alerts"]
            assert len(alerts) <= 1
            for alert in alerts:
                if alert["delivery"]["state"] == state:
                    return alert


async def test_a_receiver_verifies_what_it_is_told_once(tmp_path: Path) -> None:
    """With the standard's own library; what was refused once is told again after kill -9."""
    async with receiving() as receiver:
        policy = write_policy(tmp_path, receiver)
        receiver.answers = [500]
        async with serving(tmp_path, policy) as (url, session):
            assert await buy(session, url) == 200
            await receiver.told(1)
            await until_told(tmp_path, policy, "due")
        async with serving(tmp_path, policy) as (url, session):
            await receiver.told(2)
            alert = await until_told(tmp_path, policy, "delivered")
            shown = await ran("alerts", "secret", folder=tmp_path, variables=VARIABLES)
        async with serving(tmp_path, policy) as (url, session):
            assert await buy(session, url) == 402
            async with session.get(f"{url}/v1/budgets") as reply:
                budgets = (await reply.json())["budgets"]

    assert shown.out.strip() == SECRET
    first, second = (Webhook(SECRET).verify(body, headers) for headers, body in receiver.posts)
    assert first["data"]["id"] == second["data"]["id"] == alert["id"]
    assert len({headers["webhook-id"] for headers, _ in receiver.posts}) == 1
    assert first["data"]["text"].startswith("Budget 'tight' has used 80 % ($0.04 of $0.05) with ")
    tight = next(line for line in budgets if line["name"] == "tight")
    assert tight["forecast"] is None
    assert tight["thresholds"][0]["reached_at"] is not None


async def test_an_edit_that_finds_no_room_tells_that_the_budget_is_used_up(tmp_path: Path) -> None:
    """A cent is left, which is too little: a sweep tells it, and no later one tells it again."""
    async with receiving() as receiver:
        policy = write_policy(tmp_path, receiver, alerts="[100%]")
        async with serving(tmp_path, policy) as (url, session):
            assert [await buy(session, url) for _ in range(2)] == [200, 402]
        for _ in range(2):
            async with serving(tmp_path, policy):
                await until_told(tmp_path, policy, "delivered")

    (told,) = (Webhook(SECRET).verify(body, headers) for headers, body in receiver.posts)
    text = "Budget 'tight' is used up: edits for $0.04 were refused; it has used $0.04 of $0.05"
    assert told["data"]["text"].startswith(text)
    assert (told["data"]["percent"], told["data"]["charged"]) == (100, "0.04")


async def test_slack_is_told_in_its_own_words(tmp_path: Path) -> None:
    """A sample as well, by command."""
    async with receiving() as receiver:
        policy = write_policy(tmp_path, receiver, "slack")
        async with serving(tmp_path, policy) as (url, session):
            assert await buy(session, url) == 200
            await receiver.told(1)
            sample = await ran("alerts", "test", folder=tmp_path, variables=VARIABLES)
            await receiver.told(2)

    assert (sample.code, sample.out) == (0, "127.0.0.1 has taken it: 200.\n")
    bodies = [json.loads(body) for _, body in receiver.posts]
    assert [list(body) for body in bodies] == [["text"], ["text"]]
    assert "'tight' has used 80 %" in bodies[0]["text"]
    assert "'sample-monthly' (tenant sample) has used 80 % ($80.12 of $100.00)" in bodies[1]["text"]
