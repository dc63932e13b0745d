"""
The sandbox on a port: aiohttp around `core.Sandbox`.

Only here are there sockets, so only here are answers lost, cut, or dripped.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator
from typing import NamedTuple

import aiohttp
from aiohttp import web

from router.sandbox.core import Sandbox
from router.sandbox.pictures import Picture, paint
from router.sandbox.wire import Answer, Request, WireFault

BODY_BYTES_MAX = 32 * 1024 * 1024
"""Above what the providers take, so that they can refuse it themselves."""

_CALLBACK_TIMEOUT_S = 15.0
_SHUTDOWN_TIMEOUT_S = 0.2
"""Requests that hang on purpose are not waited for."""
_KEEPALIVE_TIMEOUT_S = 75.0
_HEADERS_OF_ITS_OWN = frozenset({"content-length", "transfer-encoding"})


class Serving(NamedTuple):
    """A sandbox that listens. `await runner.cleanup()` ends it."""

    runner: web.AppRunner
    port: int
    """The actual one."""


async def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> Serving:
    """Listen; port 0 takes a free one. Raises `OSError` when the port is taken."""
    runner = web.AppRunner(
        build_app(sandbox),
        access_log=None,
        # A request that hangs on purpose ends when its client leaves.
        handler_cancellation=True,
        shutdown_timeout=_SHUTDOWN_TIMEOUT_S,
        keepalive_timeout=_KEEPALIVE_TIMEOUT_S,
    )
    # Listened on here, since two that take one port in the same instant both bind it, and whoever
    # listens second is told so by the system, but not by every event loop.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return Serving(runner, runner.addresses[0][1])


def build_app(sandbox: Sandbox) -> web.Application:
    """Build the application: every path goes to the sandbox, callbacks go out while it runs."""

    async def answer(request: web.Request) -> web.StreamResponse:
        asked = Request(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        return await _send(sandbox, request, await sandbox.handle(asked))

    async def deliver(_: web.Application) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=_CALLBACK_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            # The one task of the sandbox; it is held, and ended, right here.
            task = asyncio.get_running_loop().create_task(_deliver(sandbox, session))
            try:
                yield
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app.router.add_route("*", "/{anything:.*}", answer)
    app.cleanup_ctx.append(deliver)
    sandbox.paint_with(_paint_elsewhere)
    return app


async def _paint_elsewhere(picture: Picture) -> bytes:
    return await asyncio.get_running_loop().run_in_executor(None, paint, picture)


async def _deliver(sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
    async def post(url: str, body: bytes) -> int:
        headers = {"content-type": "application/json", "user-agent": "Go-http-client/2.0"}
        try:
            async with session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as reply:
                return reply.status
        except (aiohttp.ClientError, ValueError) as error:
            raise ConnectionError(str(error)) from error

    await sandbox.deliver_callbacks(post)


async def _send(sandbox: Sandbox, request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send an answer, or do to the connection what it says."""
    headers = {
        name: value for name, value in answer.headers.items() if name not in _HEADERS_OF_ITS_OWN
    }
    match answer.wire:
        case None:
            return web.Response(status=answer.status, headers=headers, body=answer.body)
        case WireFault.HANG:
            await asyncio.Event().wait()
        case WireFault.RESET | WireFault.REFUSE:
            _reset(request)
        case WireFault.DISCONNECT:
            _close(request)
        case WireFault.TRUNCATE:
            half = answer.body[: len(answer.body) // 2]
            response = await _begin(request, answer, headers)
            await response.write(half)
            _close(request)
            return response
        case WireFault.DRIP:
            response = await _begin(request, answer, headers)
            for byte in answer.body:
                await response.write(bytes((byte,)))
                await sandbox.clock.sleep_s(sandbox.settings.drip_pause_s)
            await response.write_eof()
            return response
    return web.Response()


async def _begin(
    request: web.Request, answer: Answer, headers: dict[str, str]
) -> web.StreamResponse:
    """Send the head, which promises the whole body."""
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    return response


def _close(request: web.Request) -> None:
    """End the connection with a FIN, after what was written."""
    if request.transport is not None:
        request.transport.close()


def _reset(request: web.Request) -> None:
    """End the connection with an RST."""
    if request.transport is None:
        return
    original = request.transport.get_extra_info("socket")
    # The option belongs to the connection, not the descriptor; event loops differ in what
    # their own socket objects allow.
    with socket.socket(fileno=os.dup(original.fileno())) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
