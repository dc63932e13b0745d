"""
The door: how many connections there may be, and how long each may take to say what it wants.

A connection becomes aiohttp's only once its first headers are whole. One that says nothing, or says
it byte by byte, costs a buffer here, and is dropped in time.
"""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web

from router.web.limits import Limits

# aiohttp's own limit of headers is smaller; beyond this it shall refuse them in its own words.
_HEADERS_BYTES_MAX = 64 * 1024
_END_OF_HEADERS = b"\r\n\r\n"


class Speaker(web.RequestHandler):
    """aiohttp's side of a connection, but for its words on what is no HTTP."""

    def __init__(
        self,
        server: web.Server,
        unreadable: Callable[[], web.Response],
        options: Mapping[str, Any],
    ) -> None:
        """
        Args:
            server: The application's.
            unreadable: Makes the answer to what cannot be parsed.
            options: aiohttp's, of its connections.
        """
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self._unreadable = unreadable

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """See `web.RequestHandler`, whose answer quotes what was sent: a key may be in it."""
        response = super().handle_error(request, status, exc, message)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return response
        response = self._unreadable()
        response.force_close()
        return response


class Door:
    """Makes the protocols of new connections; what an event loop's server is given."""

    def __init__(
        self, server: web.Server, limits: Limits, speak: Callable[[web.Server], web.RequestHandler]
    ) -> None:
        self._server, self._limits, self._speak = server, limits, speak
        self._knocking: set[_Knock] = set()

    def __call__(self) -> asyncio.Protocol:
        """Make a protocol for a connection that is about to be made."""
        return _Knock(self, self._limits, self._knocking)

    def speaker(self) -> web.RequestHandler:
        """Make aiohttp's side of a connection that has said what it wants."""
        return self._speak(self._server)

    @property
    def connections(self) -> int:
        """How many there are, silent ones among them."""
        return len(self._knocking) + len(self._server.connections)

    def close(self) -> None:
        """Drop whoever has not said yet what it wants."""
        for knock in list(self._knocking):
            knock.drop()


class _Knock(asyncio.Protocol):
    """A connection until its first headers are whole."""

    def __init__(self, door: Door, limits: Limits, knocking: "set[_Knock]") -> None:
        self._door, self._limits, self._knocking = door, limits, knocking
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's in all but their class.
        self._transport = cast("asyncio.Transport", transport)
        loop = asyncio.get_running_loop()
        is_full = self._door.connections >= self._limits.connections_max
        self._knocking.add(self)
        if is_full:
            # Not at once: the event loop is in the middle of making the connection.
            loop.call_soon(self.drop)
            return
        self._deadline = loop.call_later(self._limits.header_deadline_s, self.drop)

    def data_received(self, data: bytes) -> None:
        self._received += data
        is_whole = _END_OF_HEADERS in self._received
        if not is_whole and len(self._received) <= _HEADERS_BYTES_MAX:
            return
        transport = self._transport
        assert transport is not None, "data comes from a connection"
        self._leave()
        handler = self._door.speaker()
        transport.set_protocol(handler)
        handler.connection_made(transport)
        handler.data_received(self._received)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name.
        self._leave()

    def drop(self) -> None:
        """End the connection without a word."""
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    def _leave(self) -> None:
        self._knocking.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
