"""
A gateway between a client and Farebox that loses answers, as real ones do.

It forwards every request, and writes down what came by. What is lost is lost on both sides: the
connection to Farebox is closed before it has answered, so Farebox can know it; the client sees
its own connection cut, or the gateway's own 502.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from tests.processes import LOOPBACK

_OF_ONE_HOP = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "host",
        "keep-alive",
        "transfer-encoding",
    }
)
_BYTES_MAX = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request that came by."""

    method: str
    path: str
    retry_count: str | None
    """What `x-stainless-retry-count` says."""


@dataclass(slots=True, kw_only=True)
class Loss:
    """Which answers are lost, and how."""

    path: str
    """What the request's path holds."""
    when: Callable[[], Awaitable[object]]
    """Waits until the request has gone far enough to be cut."""
    times: int = 1
    status: int | None = None
    """What the client is told; None cuts its connection."""


Around = Callable[[str], AbstractAsyncContextManager[None]]
"""Takes a request's path."""


@dataclass(slots=True)
class Gateway:
    """Where it listens, what came by, and what is still to be lost."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list[Seen])
    losses: list[Loss] = field(default_factory=list[Loss])
    troubles: list[tuple[str, Around]] = field(default_factory=list[tuple[str, Around]])
    """By what the request's path holds: what is done before Farebox sees it, and after."""
    wait_ms: int | None = None
    """How long it lets `/runsync` hold, for clients that do not say; as a proxy's time-out."""

    def posts(self, ending: str) -> list[Seen]:
        """The POSTs to paths that end like this."""
        return [one for one in self.seen if one.method == "POST" and one.path.endswith(ending)]

    def takes(self, path: str) -> Loss | None:
        """Find what befalls a request, and use it up by one."""
        for loss in self.losses:
            if loss.path in path and loss.times > 0:
                loss.times -= 1
                return loss
        return None

    def trouble(self, path: str) -> AbstractAsyncContextManager[None]:
        """What goes on around a request."""
        found = [around for part, around in self.troubles if part in path]
        return found[0](path) if found else nullcontext()


@asynccontextmanager
async def gateway(upstream: str) -> AsyncGenerator[Gateway]:
    """Have a gateway listen in front of a router."""
    here = Gateway()
    async with aiohttp.ClientSession() as session:

        async def forward(request: web.Request) -> web.StreamResponse:
            return await _forward(here, session, upstream, request)

        app = web.Application(client_max_size=_BYTES_MAX)
        app.router.add_route("*", "/{anything:.*}", forward)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        try:
            await web.TCPSite(runner, LOOPBACK, 0).start()
            here.url = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
            yield here
        finally:
            await runner.cleanup()


async def _forward(
    here: Gateway, session: aiohttp.ClientSession, upstream: str, request: web.Request
) -> web.StreamResponse:
    count = request.headers.get("x-stainless-retry-count")
    here.seen.append(Seen(method=request.method, path=request.path, retry_count=count))
    query = dict(request.query)
    if here.wait_ms is not None and request.path.endswith("/runsync"):
        query.setdefault("wait", str(here.wait_ms))
    asking = _asking(session, f"{upstream}{request.path}", query, request, await request.read())
    loss = here.takes(request.path)
    if loss is None:
        async with here.trouble(request.path):
            return await asking
    task = asyncio.get_running_loop().create_task(asking)
    await loss.when()
    # A cancelled request of aiohttp's closes its connection.
    task.cancel()
    if loss.status is not None:
        return web.json_response({"error": "bad gateway"}, status=loss.status)
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _asking(
    session: aiohttp.ClientSession,
    url: str,
    query: dict[str, str],
    request: web.Request,
    body: bytes,
) -> web.StreamResponse:
    async with session.request(
        request.method,
        url,
        params=query,
        headers=_of_both_ends(request.headers.items()),
        data=body or None,
        allow_redirects=False,
    ) as reply:
        return web.Response(
            status=reply.status,
            headers=_of_both_ends(reply.headers.items()),
            body=await reply.read(),
        )


def _of_both_ends(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in _OF_ONE_HOP}
