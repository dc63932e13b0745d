"""
How a `Call` reaches a provider and a `Reply` comes back.

Creates and reads never share a connection. A create travels on a fresh one, because on a
kept-alive one that the provider has just closed it cannot be told whether the request was seen;
it follows no redirect and is never repeated. Reads are pooled.
"""

import asyncio
import io
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import aiohttp
from yarl import URL

from router.model.errors import ProviderUnreachable
from router.providers.wire import Call, Reply, Unreadable
from router.upstream import faults

REPLY_BYTES_MAX = 4 * 1024 * 1024
"""Replies are small JSON; what is larger, decompressed, is not one."""


class Transport(Protocol):
    """Sends calls. The simulation has its own."""

    async def create(self, provider: str, call: Call, *, deadline_s: float) -> Reply:
        """
        Send the one request that buys, once.

        Args:
            provider: Its name in the price book.
            call: As its codec wrote it.
            deadline_s: Seconds for everything: connecting, sending, the whole reply.

        Raises:
            ProviderUnreachable: No connection was made; nothing was sent, nothing was spent.
            ProviderInDoubt: Anything else; money may be gone.
        """
        ...

    async def read(self, provider: str, call: Call, *, deadline_s: float) -> Reply:
        """
        Send a request that may be repeated.

        Raises:
            Unreadable: No whole reply came within `deadline_s` seconds.
        """
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is, and our credentials there."""

    base_url: str
    """`https://api.runpod.ai`; the calls' paths are appended."""
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketTimes:
    """
    Time limits of the single steps on a socket, in seconds.

    The deadline of a call covers all of them together. A `total` of aiohttp's is never set: its
    time-out does not say in which phase it struck.
    """

    connect_s: float = 10.0
    """For a connection, from waiting for its slot to the end of the TLS handshake."""
    sock_connect_s: float = 5.0
    """For one address of several."""
    sock_read_s: float = 30.0
    """Between two pieces of the reply. Starts only when the request is written."""


class HttpTransport:
    """Carries calls over HTTP. `async with`; close it after the last attempt has ended."""

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        *,
        egress_proxy: str | None = None,
        times: SocketTimes | None = None,
        reply_bytes_max: int = REPLY_BYTES_MAX,
    ) -> None:
        """
        Args:
            endpoints: By the provider's name. A provider without one is unreachable.
            egress_proxy: An HTTP proxy that is dialled instead of the provider. The environment's
                own proxy variables are never read.
            times: Limits of the single steps.
            reply_bytes_max: A larger reply, after decompression, is given up.
        """
        self._endpoints = dict(endpoints)
        self._egress_proxy = egress_proxy
        self._times = times or SocketTimes()
        self._reply_bytes_max = reply_bytes_max
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        # The number of creates in flight is bounded by `Slots`, not by a pool where they queue.
        fresh = aiohttp.TCPConnector(force_close=True, limit=0)
        self._creates = await self._open.enter_async_context(self._session(fresh))
        self._reads = await self._open.enter_async_context(self._session(aiohttp.TCPConnector()))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._open.aclose()

    def _session(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=self._times.connect_s,
                sock_connect=self._times.sock_connect_s,
                sock_read=self._times.sock_read_s,
            ),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": "farebox",
            },
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            proxy=self._egress_proxy,
            trace_configs=[faults.trace_connections()],
        )

    async def create(self, provider: str, call: Call, *, deadline_s: float) -> Reply:
        """Send the one request that buys, once, on a connection of its own."""
        # aiohttp sends a GET again when its connection breaks; a POST never.
        assert call.method == "POST", "a create is a POST"
        endpoint = self._endpoints.get(provider)
        if endpoint is None:
            message = f"No address and key are configured for {provider}."
            raise ProviderUnreachable(message, is_ours=True)
        creating = faults.Creating()
        with creating:
            async with asyncio.timeout(deadline_s):
                return await self._exchange(self._creates, endpoint, call, creating)
        raise creating.fault()

    async def read(self, provider: str, call: Call, *, deadline_s: float) -> Reply:
        """Send a request that may be repeated, on a pooled connection."""
        endpoint = self._endpoints.get(provider)
        if endpoint is None:
            raise Unreadable(f"No address and key are configured for {provider}.")
        reading = faults.Reading()
        with reading:
            async with asyncio.timeout(deadline_s):
                return await self._exchange(self._reads, endpoint, call, reading)
        raise reading.fault()

    async def _exchange(
        self, session: aiohttp.ClientSession, endpoint: Endpoint, call: Call, context: object
    ) -> Reply:
        assert call.path.startswith("/"), "a path from the root cannot change the host"
        headers = {"Authorization": f"Bearer {endpoint.key}"}
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        async with session.request(
            call.method,
            URL(endpoint.base_url.rstrip("/") + call.path, encoded=True),
            # Not the bytes themselves: aiohttp would write a large body in one piece.
            data=None if call.body is None else io.BytesIO(call.body),
            headers=headers,
            # aiohttp would send a POST again to wherever a 307 points.
            allow_redirects=False,
            trace_request_ctx=context,
        ) as response:
            return Reply(
                status=response.status,
                headers={name.lower(): value for name, value in response.headers.items()},
                # Some quote the key that they do not accept, and their words are shown to clients.
                body=(await read_capped(response, self._reply_bytes_max)).replace(
                    endpoint.key.encode(), b"[hidden]"
                ),
            )


async def read_capped(response: aiohttp.ClientResponse, bytes_max: int) -> bytes:
    """
    Read a whole body.

    Raises:
        ReplyTooLarge: It is longer than `bytes_max`, counted after decompression.
    """
    body = bytearray()
    async for piece in response.content.iter_chunked(64 * 1024):
        body += piece
        if len(body) > bytes_max:
            raise faults.ReplyTooLarge
    return bytes(body)
