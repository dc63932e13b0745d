import asyncio
import errno
import io
import json
import random
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import uvloop
from aiohttp import web
from PIL import Image

from router.model.clock import SystemClock
from router.sandbox import Sandbox, Settings
from router.sandbox.app import serve
from router.sandbox.money import nanos
from tests.sandboxes import SHORT_MODEL, SLUG, edit_args, edit_input

KEY = {"authorization": "Bearer key-1"}
QUICK = Settings(speed=1000.0, picture_side_max=64, drip_pause_s=0.001)


class Loopback:
    """A sandbox on a real port, and a client of it."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession, port: int) -> None:
        self.sandbox = sandbox
        self.port = port
        self._session = session

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send a request; gives the status and the parsed body."""
        async with self._session.request(
            method, f"http://127.0.0.1:{self.port}{path}", json=body, headers=KEY
        ) as reply:
            return reply.status, json.loads(await reply.read())

    async def run(self, **fields: Any) -> tuple[int, Any]:
        """Run a job at Runpod."""
        return await self.ask("POST", f"/v2/{SLUG}/run", {"input": edit_input(), **fields})

    async def fetch(self, url: str) -> bytes:
        """Fetch a URL that must be there."""
        async with self._session.get(url) as reply:
            assert reply.status == 200
            return await reply.read()


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    """Serve a quick sandbox on a free port."""
    sandbox = Sandbox(SystemClock(), random.Random(1), QUICK)
    serving = await serve(sandbox)
    timeout = aiohttp.ClientTimeout(total=None, sock_read=5.0)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Loopback(sandbox, session, serving.port)
    await serving.runner.cleanup()


async def net_of(loopback: Loopback) -> str:
    """Ask for what was really charged, net of refunds."""
    net: str = (await loopback.ask("GET", "/_truth"))[1]["net"]
    return net


async def test_both_providers_answer_on_one_port(loopback: Loopback) -> None:
    """From the create to the picture."""
    body = {"model": SHORT_MODEL, "args": edit_args()}
    status, created = await loopback.ask("POST", "/api/v1/job/create", body)
    assert (status, created["code"]) == (200, 0)
    _, ran = await loopback.ask("POST", f"/v2/{SLUG}/runsync?wait=5000", {"input": edit_input()})
    assert ran["status"] == "COMPLETED"
    path = f"/api/v1/job/query?id={created['data']['job_id']}"
    while (data := (await loopback.ask("GET", path))[1]["data"])["status"] != 2:
        pass

    for url in (ran["output"]["result"], data["result"]["images"][0]["url"]):
        assert Image.open(io.BytesIO(await loopback.fetch(url))).format == "PNG"
    assert (await loopback.ask("GET", "/_truth"))[1]["net"] == "0.1275"


@pytest.mark.parametrize(
    ("fault", "error", "net"),
    [
        ("accept_then_reset", aiohttp.ClientOSError, "0.0875"),
        ("reset_before_accept", aiohttp.ClientOSError, "0"),
        ("refuse", aiohttp.ClientOSError, "0"),
        ("accept_then_disconnect", aiohttp.ServerDisconnectedError, "0.0875"),
        ("disconnect_before_accept", aiohttp.ServerDisconnectedError, "0"),
        ("truncated", aiohttp.ClientPayloadError, "0.0875"),
    ],
)
async def test_the_wire_breaks_as_asked(
    loopback: Loopback, fault: str, error: type[Exception], net: str
) -> None:
    """And only once; the money says whether the job was taken."""
    loopback.sandbox.faults.inject(fault)

    with pytest.raises(error) as caught:
        await loopback.run()

    if error is aiohttp.ClientOSError:
        assert isinstance(caught.value, OSError)
        assert caught.value.errno == errno.ECONNRESET
    async with asyncio.timeout(5):
        while await net_of(loopback) != net:
            pass
    assert loopback.sandbox.truth.net_nanos() == nanos(net)
    assert (await loopback.run())[0] == 200


async def test_a_hanging_answer_never_comes(loopback: Loopback) -> None:
    """Until the client loses patience; the job was taken."""
    loopback.sandbox.faults.inject("accept_then_hang")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await loopback.run()

    assert loopback.sandbox.truth.creates[0].accepted
    assert (await loopback.run())[0] == 200


async def test_a_drip_arrives_in_the_end(loopback: Loopback) -> None:
    """Byte by byte, and whole."""
    loopback.sandbox.faults.inject("slow_drip")

    status, body = await loopback.run()

    assert (status, body["status"]) == (200, "IN_QUEUE")


async def test_a_gzip_bomb_inflates_at_the_client(loopback: Loopback) -> None:
    """It is declared as gzip, and a client that reads without a cap gets it all."""
    loopback.sandbox.faults.inject("gzip_bomb")
    url = f"http://127.0.0.1:{loopback.port}/v2/{SLUG}/run"

    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json={"input": edit_input()}, headers=KEY) as reply,
    ):
        first = await reply.content.readexactly(1_000_000)

    assert (reply.status, first.strip()) == (200, b"")


async def test_callbacks_go_out_over_http(loopback: Loopback) -> None:
    """With a JSON body, again when they are not taken, and not to nobody's harm."""
    answers, bodies, told = [503, 200], [], asyncio.Event()

    async def bell(request: web.Request) -> web.Response:
        bodies.append((request.headers["content-type"], await request.json()))
        told.set()
        return web.Response(status=answers.pop(0))

    app = web.Application()
    app.router.add_post("/callbacks/runpod/{token}", bell)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]

    _, ran = await loopback.run(webhook=f"http://127.0.0.1:{port}/callbacks/runpod/token-9")
    await loopback.run(webhook="http://127.0.0.1:1/unreachable")
    async with asyncio.timeout(5):
        await told.wait()
        while len((await loopback.ask("GET", "/_truth"))[1]["callbacks"]) < 2:
            pass
    await runner.cleanup()

    kind, body = bodies[0]
    assert (kind, body["id"], body["status"]) == ("application/json", ran["id"], "COMPLETED")
    assert sorted(told.status for told in loopback.sandbox.truth.callbacks) == [0, 503]
    assert loopback.sandbox.truth.creates[0].facts.callback_token == "token-9"


async def test_a_large_body_reaches_the_provider_itself(loopback: Loopback) -> None:
    """Which refuses it in its own words."""
    url = f"http://127.0.0.1:{loopback.port}/v2/{SLUG}/run"
    body = io.BytesIO(b" " * 10_000_001)

    async with aiohttp.ClientSession() as session:
        reply = await session.post(url, data=body, headers=KEY)
        answer = await reply.json()

    assert (reply.status, set(answer)) == (413, {"error"})


async def test_a_port_of_the_newer_family_will_do() -> None:
    """An address with colons in it is one of IPv6."""
    with socket.socket(socket.AF_INET6) as probe:
        if probe.connect_ex(("::1", 9)) == errno.EADDRNOTAVAIL:
            pytest.skip("this machine has no IPv6")
    serving = await serve(Sandbox(SystemClock(), random.Random(1), QUICK), host="::1")
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://[::1]:{serving.port}/_truth") as reply,
        ):
            assert reply.status == 200
    finally:
        await serving.runner.cleanup()


async def test_a_taken_port_is_an_error() -> None:
    """And leaves nothing behind."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        sandbox = Sandbox(SystemClock(), random.Random(1), QUICK)
        with pytest.raises(OSError, match="in use"):
            await serve(sandbox, port=taken.getsockname()[1])


def test_resets_are_resets_under_uvloop_too() -> None:
    """Event loops differ in what they let one do to a socket."""

    async def main() -> None:
        sandbox = Sandbox(SystemClock(), random.Random(1), QUICK)
        serving = await serve(sandbox)
        sandbox.faults.inject("accept_then_reset")
        try:
            async with aiohttp.ClientSession() as session:
                with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
                    await Loopback(sandbox, session, serving.port).run()
        finally:
            await serving.runner.cleanup()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
