"""The application and its listener: routes, problems and limits around the house's services."""

import asyncio
import logging
import os
import socket
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.hdrs import METH_HEAD

from router.model.errors import Malformed, Overloaded
from router.model.tasks import TaskRegistry
from router.observe import crashes
from router.observe.events import Alarm
from router.web.auth import LOCAL, Caller, who_asks
from router.web.connections import Door, Speaker
from router.web.dashboard.session import who_visits
from router.web.dialect import SELLING, SPOKEN, NotServed
from router.web.keys import Role
from router.web.limits import Limits
from router.web.noting import note_what_was_told
from router.web.openapi.document import openapi_text
from router.web.problems import Handler, problem, tell_problems
from router.web.routes import ROUTES, UNSERVED, Access, Route, Unserved
from router.web.services import OPENAPI, SERVICES, Services
from router.web.visit import Visit

BACKLOG = 1024
_NOBODY = Caller(tenant=LOCAL, key_id="none", role=Role.VIEWER, who="nobody")
"""Who takes a public route."""


def build_app(services: Services) -> web.Application:
    """The application with all its routes. Starts nothing before a runner does."""
    app = web.Application(
        middlewares=[_write_in_time, tell_problems], client_max_size=services.limits.body_bytes_max
    )
    app[SERVICES] = services
    app[OPENAPI] = openapi_text()
    app.cleanup_ctx.append(_hurry_when_draining)
    app.on_response_prepare.append(_sign)
    for route in ROUTES:
        handler = _handler(route)
        app.router.add_route(route.method, route.path, handler)
        if route.with_head:
            # The server itself leaves out the body.
            app.router.add_route(METH_HEAD, route.path, handler)
    for rest in UNSERVED:
        app.router.add_route("*", rest.path, _refuser(rest))
    return app


def _handler(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A route as aiohttp takes it: who asks is known before anything is read."""

    async def handle(request: web.Request) -> web.StreamResponse:
        services = request.app[SERVICES]
        request[SPOKEN], request[SELLING] = route.dialect, route.buys
        arrived_s = services.clock.monotonic_s()
        if not route.before_ready and not services.ready.is_set():
            raise Overloaded("Farebox is taking up what was unfinished; ask again in a moment.")
        caller = _NOBODY
        if route.access is not Access.PUBLIC:
            asks = who_visits if route.by_session else who_asks
            caller = await asks(services, request)
            route.access.check(caller)
        visit = Visit(services=services, request=request, arrived_s=arrived_s, caller=caller)
        return await route.handler(visit)

    return handle


@web.middleware
async def _write_in_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write the answer here, and drop a client that does not take it."""
    response = await handler(request)
    is_whole, is_cut = False, False
    try:
        async with asyncio.timeout(request.app[SERVICES].limits.write_deadline_s):
            await response.prepare(request)
            await response.write_eof()
        is_whole = True
    except TimeoutError:
        is_cut = True
        if request.transport is not None:
            request.transport.abort()
    except ConnectionError:
        # Whoever asked is gone, which aiohttp finds out again when it is given the answer.
        pass
    finally:
        note_what_was_told(request, response, is_whole=is_whole, is_cut=is_cut)
    return response


async def _sign(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001
    _signed(response)


def _signed(response: web.StreamResponse) -> None:
    """What every answer carries: results hold signed URLs, which nobody on the way may keep."""
    response.headers["Server"] = "farebox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")


async def _hurry_when_draining(app: web.Application) -> AsyncIterator[None]:
    """While the application runs: when the house drains, let no request be held any longer."""
    services = app[SERVICES]

    async def hurry() -> None:
        await services.draining.wait()
        services.patience.hurry()

    def crashed(name: str, error: BaseException) -> None:
        detail = f"{name}: {crashes.told(error)}"
        services.observer.tell(Alarm(what="crashed", detail=detail))

    tasks = TaskRegistry(crashed)
    tasks.start("hurry", hurry())
    yield
    await tasks.stop()


def _refuser(rest: Unserved) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Tell whoever asks for what a dialect has, and we have not; no key is looked at."""

    async def refuse(request: web.Request) -> web.StreamResponse:
        request[SPOKEN] = rest.dialect
        raise NotServed(rest.detail)

    return refuse


class Listener:
    """Where the application listens: an address, and the operator's socket."""

    def __init__(self, services: Services, runner: web.AppRunner) -> None:
        """
        Args:
            services: Their limits are the connections'.
            runner: Set up.
        """
        assert runner.server is not None, "the runner is set up"
        self._services, self._runner = services, runner
        options = _options(services.limits)
        self._door = Door(
            runner.server, services.limits, lambda server: Speaker(server, _unreadable, options)
        )
        self._servers: list[asyncio.Server] = []
        self._unix_socket: Path | None = None

    @property
    def port(self) -> int:
        """The port of the address; the one that the machine gave when zero was asked for."""
        port: int = self._servers[0].sockets[0].getsockname()[1]
        return port

    @property
    def connections(self) -> int:
        """How many connections there are, silent ones among them."""
        return self._door.connections

    async def listen(self, host: str, port: int) -> None:
        """Take connections at an address; several, if the name has several."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._door, host, port, backlog=BACKLOG)
        self._servers.append(server)

    async def listen_to_operator(self, path: Path) -> None:
        """
        Take connections at a socket that only our own user may use: whoever is there is an admin.

        Raises:
            OSError: There is another kind of file, or the path is too long for a socket.
        """
        bound = _private_socket(path)
        self._unix_socket = path
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_unix_server(self._door, sock=bound))

    async def close(self) -> None:
        """Take no more connections, let the requests in hand be answered, and end the rest."""
        self._services.draining.set()
        for server in self._servers:
            server.close()
        if self._unix_socket is not None:
            self._unix_socket.unlink(missing_ok=True)
        self._door.close()
        await self._runner.cleanup()


@asynccontextmanager
async def serve_on(
    app: web.Application, host: str, port: int, *, unix_socket: Path | None = None
) -> AsyncGenerator[Listener]:
    """
    Serve an application until the context ends.

    Args:
        app: From `build_app`.
        host: Without keys in the store, a loopback address.
        port: Zero for any that is free.
        unix_socket: Made with mode 0600; beside the database. None for none.

    Raises:
        OSError: The address or the path is not to be had.
    """
    services = app[SERVICES]
    limits = services.limits
    runner = web.AppRunner(
        app,
        # A client that goes away changes nothing about its job.
        handler_cancellation=False,
        shutdown_timeout=limits.shutdown_s,
    )
    await runner.setup()
    listener = Listener(services, runner)
    try:
        await listener.listen(host, port)
        if unix_socket is not None:
            await listener.listen_to_operator(unix_socket)
        yield listener
    finally:
        await listener.close()


def _options(limits: Limits) -> dict[str, Any]:
    """What aiohttp is told of each connection."""
    return {
        "keepalive_timeout": limits.keepalive_s,
        "lingering_time": limits.lingering_s,
        "auto_decompress": False,
        # Paths hold callbacks' tokens; what is worth knowing is told to the observer.
        "access_log": None,
        "logger": _logger(),
    }


def _unreadable() -> web.Response:
    response = problem(Malformed("This is not HTTP that can be read: see its lines and headers."))
    _signed(response)
    return response


def _logger() -> logging.Logger:
    """Where aiohttp tells of requests that it could not parse."""
    logger = logging.getLogger("farebox.http")
    logger.addFilter(_without_quotation)
    return logger


def _without_quotation(record: logging.LogRecord) -> bool:
    """Its errors quote the bytes that they are about: a key may stand among them."""
    if record.exc_info:
        kind = record.exc_info[0]
        record.msg = f"{record.msg} ({kind.__name__ if kind is not None else 'unknown'})"
        record.exc_info = record.exc_text = None
    return True


def _private_socket(path: Path) -> socket.socket:
    """Bind a socket that is never anyone else's, not even for a moment."""
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise FileExistsError(f"{path} is there, and is no socket")
    # The ledger's lock says that no other server lives: what is there is a dead one's.
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        bound.bind(str(path))
    except OSError:
        bound.close()
        raise
    finally:
        os.umask(before)
    return bound
