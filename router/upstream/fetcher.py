"""
Fetches and posts what strangers name, through the guard.

With an egress proxy everything dials the proxy, which then resolves names and must guard addresses
by itself, as smokescreen does; of the guard, what can be told from the URL remains.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Literal, Self, TypeVar

import aiohttp

from router.upstream.addresses import Why
from router.upstream.faults import Catch, ReplyTooLarge
from router.upstream.guard import FetchRefused, GuardPolicy, guarded_connector, refusals
from router.upstream.transport import read_capped

T = TypeVar("T")
READ_S = 10.0
"""How long a host that is fetched from may be silent. Who is posted to has the whole deadline."""


class FetchFailed(Exception):
    """The host may be dialled and did not give what was asked."""

    def __init__(self, detail: str, *, may_pass: bool = True, is_gone: bool = False) -> None:
        """
        Args:
            detail: Why, without the URL.
            may_pass: Whether another try may go better.
            is_gone: The host answers that there is nothing by that address.
        """
        super().__init__(detail)
        self.may_pass, self.is_gone = may_pass, is_gone


@dataclass(frozen=True, slots=True)
class Posted:
    """What a host answered to what was posted; of its body nothing is read."""

    status: int
    retry_after: str | None = None
    """Its `Retry-After`, as written."""


class GuardedFetcher:
    """
    Fetches and posts what strangers name. `async with`.

    No redirects, no cookies, no credentials of ours, no proxy of the environment's; every step
    and the whole have a time limit, and every body a size limit. Its exceptions hold no URL.
    """

    def __init__(self, policy: GuardPolicy, *, egress_proxy: str | None = None) -> None:
        """
        Args:
            policy: What may be dialled.
            egress_proxy: Dialled instead of everything else.
        """
        self._policy = policy
        self._egress_proxy = egress_proxy
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        enter = self._open.enter_async_context
        if self._egress_proxy is not None:
            proxied = self._session(aiohttp.TCPConnector(force_close=True))
            self._strict = self._named = await enter(proxied)
            return self
        self._strict = await enter(self._session(guarded_connector(self._policy)))
        self._named = await enter(self._session(guarded_connector(self._policy, by_name=True)))
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
            timeout=_steps(READ_S),
            headers={"User-Agent": "farebox", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            proxy=self._egress_proxy,
        )

    async def fetch_prefix(self, url: str, bytes_max: int, *, deadline_s: float = 5.0) -> bytes:
        """
        Fetch the first `bytes_max` bytes of what a URL shows, or all if it is shorter.

        Raises:
            FetchRefused: The guard refused the URL or its host's addresses.
            FetchFailed: No whole answer in time, or one that is not 200 or 206.
        """

        async def read(response: aiohttp.ClientResponse) -> bytes:
            _must_be_ok(response)
            prefix = bytearray()
            async for piece in response.content.iter_any():
                prefix += piece
                if len(prefix) >= bytes_max:
                    break
            return bytes(prefix[:bytes_max])

        headers = {"Range": f"bytes=0-{bytes_max - 1}"}
        return await self._request("GET", url, read, headers=headers, deadline_s=deadline_s)

    async def fetch(self, url: str, bytes_max: int, *, deadline_s: float = 30.0) -> bytes:
        """
        Fetch what a URL shows, whole.

        Raises:
            FetchRefused: The guard refused the URL or its host's addresses.
            FetchFailed: As for a prefix, or it is longer than `bytes_max`.
        """

        async def read(response: aiohttp.ClientResponse) -> bytes:
            _must_be_ok(response)
            return await read_capped(response, bytes_max)

        return await self._request("GET", url, read, headers={}, deadline_s=deadline_s)

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], deadline_s: float = 15.0
    ) -> Posted:
        """
        Post JSON to a URL. Of the status only 2xx means success; a redirect is not followed.

        Raises:
            FetchRefused: The guard refused the URL or its host's addresses. Nothing was sent.
            FetchFailed: No answer in time. It may have arrived all the same.
        """

        async def read(response: aiohttp.ClientResponse) -> Posted:
            return Posted(response.status, response.headers.get("Retry-After"))

        headers = {"Content-Type": "application/json", **headers}
        return await self._request(
            "POST", url, read, headers=headers, deadline_s=deadline_s, body=body, read_s=deadline_s
        )

    async def _request(
        self,
        method: Literal["GET", "POST"],
        url: str,
        read: Callable[[aiohttp.ClientResponse], Awaitable[T]],
        *,
        headers: Mapping[str, str],
        deadline_s: float,
        body: bytes | None = None,
        read_s: float | None = None,
    ) -> T:
        target = self._policy.check_url(url)
        by_name = self._policy.allows_name(target.raw_host or "")
        session = self._named if by_name else self._strict
        refused: list[Why] = []
        token = refusals.set(refused)
        catch = Catch()
        try:
            with catch:
                async with (
                    asyncio.timeout(deadline_s),
                    session.request(
                        method,
                        target,
                        data=None if body is None else io.BytesIO(body),
                        headers=headers,
                        allow_redirects=False,
                        timeout=_steps(READ_S if read_s is None else read_s),
                    ) as response,
                ):
                    return await read(response)
        finally:
            refusals.reset(token)
        if isinstance(catch.error, FetchRefused | FetchFailed):
            raise catch.error
        if refused:
            raise FetchRefused(refused[0])
        if isinstance(catch.error, ReplyTooLarge):
            raise FetchFailed("The URL shows more than is read here.", may_pass=False)
        raise FetchFailed(f"The URL could not be fetched ({catch.name()}).")


def _steps(read_s: float) -> aiohttp.ClientTimeout:
    """Limits of a request's steps; the whole is bounded by its own deadline."""
    return aiohttp.ClientTimeout(total=None, connect=10.0, sock_connect=5.0, sock_read=read_s)


def _must_be_ok(response: aiohttp.ClientResponse) -> None:
    if response.status // 100 == HTTPStatus.MULTIPLE_CHOICES // 100:
        raise FetchRefused(Why.REDIRECT)
    if response.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        is_gone = response.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
        raise FetchFailed(f"The URL answered {response.status}.", is_gone=is_gone)
