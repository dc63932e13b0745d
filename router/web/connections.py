"""
The door: how many connections there may be, and how long each may take to say what it wants.

A connection becomes aiohttp's only once its first headers are whole. One that says nothing, or says
it byte by byte, costs a buffer here, and is dropped in time.
"""

import asyncio
from typing import cast

from aiohttp import web

from router.web.limits import Limits

# aiohttp's own limit of headers is smaller; beyond this it shall refuse them in its own words.
_HEADERS_BYTES_MAX = 64 * 1024
_END_OF_HEADERS = b"\r\n\r\n"


class Door:
    """Makes the protocols of new connections; what an event loop's server is given."""

    def __init__(self, server: web.Server, limits: Limits) -> None:
        self._server, self._limits = server, limits
        self._knocking: set[_Knock] = set()

    def __call__(self) -> asyncio.Protocol:
        """Make a protocol for a connection that is about to be made."""
        return _Knock(self, self._server, self._limits, self._knocking)

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

    def __init__(
        self, door: Door, server: web.Server, limits: Limits, knocking: "set[_Knock]"
    ) -> None:
        self._door, self._server, self._limits, self._knocking = door, server, limits, knocking
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
        handler = self._server()
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
