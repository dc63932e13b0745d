"""Clients that are told of their edits' ends: a real router, a real receiver, a real verifier."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook

from router.dispatch.client_mail import ClientMail
from router.dispatch.outbox import Postman
from router.ledger.outbox_rows import OutboxRow
from router.model.ids import JobId
from router.model.job import ClientCallback
from router.upstream.fetcher import GuardedFetcher
from router.upstream.guard import GuardPolicy
from router.web.callback_bodies import render_callback
from tests.processes import (
    CLOCK,
    EDIT,
    LOOPBACK,
    PATIENCE_S,
    POLL_S,
    free_port,
    ran,
    running,
    until_ready,
)
from tests.raw_server import RawServer, Visit
from tests.web_stage import open_house

pytestmark = pytest.mark.slow


Posted = tuple[dict[str, str], str]
"""The headers and the body of one post."""


@dataclass
class Receiver:
    """A client's server: keeps what it was told, and answers as it is said to."""

    url: str = ""
    answers: list[int] = field(default_factory=list[int])
    """Statuses for the next posts in turn; then 204."""
    posts: list[Posted] = field(default_factory=list[Posted])

    async def take(self, request: web.Request) -> web.Response:
        """Take a post."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.posts.append((headers, await request.text()))
        return web.Response(status=self.answers.pop(0) if self.answers else 204)

    async def told(self, count: int) -> None:
        """Wait until so many posts came."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.posts) < count:
                await CLOCK.sleep_s(POLL_S)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Have a client's server on loopback."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hooks", receiver.take)
    async with TestServer(app) as server:
        receiver.url = f"http://{LOOPBACK}:{server.port}/hooks?token=canary-t7"
        yield receiver


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """Have a router with the providers' stand-ins; it dies without a word at the end."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    arguments = ("serve", "--sandbox", "--speed", "20", "--port", str(port))
    async with (
        running(*arguments, folder=folder) as router,
        aiohttp.ClientSession() as session,
    ):
        await until_ready(session, url, router)
        yield url, session
        await router.kill()
        assert "canary-t7" not in "".join((*router.out, *router.err))


async def bought(session: aiohttp.ClientSession, url: str, receiver: Receiver) -> dict[str, Any]:
    """Buy an edit whose end is to be told."""
    body = {**EDIT, "callback_url": receiver.url}
    async with session.post(f"{url}/v1/edits", json=body) as reply:
        edit: dict[str, Any] = await reply.json()
    assert reply.status == 200, edit
    return edit


async def told_of(session: aiohttp.ClientSession, url: str, job_id: str, state: str) -> Any:
    """Wait until a job says that its client was told."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with session.get(f"{url}/v1/edits/{job_id}") as reply:
                callback = (await reply.json())["callback"]
            if callback["state"] == state:
                return callback
            await CLOCK.sleep_s(POLL_S)


async def test_a_receiver_verifies_what_it_is_told(tmp_path: Path) -> None:
    """With the standard's own library and the secret that the command shows; again on command."""
    async with receiving() as receiver, serving(tmp_path) as (url, session):
        edit = await bought(session, url, receiver)
        await receiver.told(1)
        callback = await told_of(session, url, edit["id"], "delivered")
        shown = await ran("callbacks", "secret", folder=tmp_path)
        again = await ran("callbacks", "redeliver", edit["id"], folder=tmp_path)
        await receiver.told(2)
        listed = await ran("callbacks", "list", "--json", folder=tmp_path)
        async with session.get(f"{url}/metrics") as reply:
            metrics = await reply.text()

    messages = [
        Webhook(shown.out.strip()).verify(body, headers) for headers, body in receiver.posts
    ]
    assert messages[0] == messages[1]
    assert messages[0]["type"] == "edit.succeeded"
    assert messages[0]["data"] == {
        **{name: edit[name] for name in ("id", "status", "model", "resolution", "provider")},
        **{name: edit[name] for name in ("charged", "may_have_been_charged", "error")},
    }
    assert receiver.posts[0][0]["webhook-id"] == receiver.posts[1][0]["webhook-id"]
    assert receiver.posts[0][0]["content-type"] == "application/json"
    assert callback == {"state": "delivered", "tries": 1, "last_status": 204, "next_at": None}
    assert again.code == 0
    assert json.loads(listed.out)["callbacks"][0]["host"] == LOOPBACK
    assert "canary-t7" not in listed.out
    assert 'farebox_client_callbacks_total{verdict="delivered"}' in metrics


async def test_a_router_that_is_killed_tells_after_its_next_start(tmp_path: Path) -> None:
    """What could not be delivered before kill -9 comes when it is due, with the same id."""
    async with receiving() as receiver:
        receiver.answers = [500]
        async with serving(tmp_path) as (url, session):
            edit = await bought(session, url, receiver)
            await receiver.told(1)
            await told_of(session, url, edit["id"], "due")
        async with serving(tmp_path) as (url, session):
            await receiver.told(2)
            callback = await told_of(session, url, edit["id"], "delivered")
            shown = await ran("callbacks", "secret", "--tenant", "local", folder=tmp_path)

    (first, _), (second, body) = receiver.posts
    assert callback["tries"] == 2
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-timestamp"] != second["webhook-timestamp"]
    assert Webhook(shown.out.strip()).verify(body, second)["data"]["id"] == edit["id"]


async def refused(folder: Path, url: str, fetcher: GuardedFetcher) -> OutboxRow:
    """Have a job's end told through the real guard; gives the callback when it was refused."""
    async with open_house(folder) as front:
        stage = front.stage
        render = partial(render_callback, front.services.pictures)
        mail = ClientMail(stage.ledger, render, stage.teller)
        postman = Postman(stage.clock, mail, fetcher, stage.tasks, stage.teller)
        stage.ledger.listen_for_callbacks(postman.due)
        stage.tasks.start("postman", postman.run())
        job_id = await stage.submit(callback=ClientCallback(url=url))
        async with asyncio.timeout(PATIENCE_S):
            while True:
                row = await stage.ledger.callback_of(JobId(job_id))
                assert row is not None
                if row.state == "refused":
                    return row
                await CLOCK.sleep_s(POLL_S)


async def test_a_name_that_has_come_to_lead_inside_is_never_dialled(tmp_path: Path) -> None:
    """What it resolved to at admission does not count: the guard sits at the socket."""

    async def take(visit: Visit) -> None:
        await visit.answer()

    async with RawServer(take) as inside:
        policy = GuardPolicy(["public.example"], allow_http=True)
        async with GuardedFetcher(policy) as fetcher:
            by_name = await refused(tmp_path / "1", "https://localhost/hooks", fetcher)
            by_number = await refused(tmp_path / "2", inside.url, fetcher)

    assert inside.visits == []
    assert [(row.tries, row.last_status, row.next_at) for row in (by_name, by_number)] == [
        (1, None, None),
        (1, None, None),
    ]
