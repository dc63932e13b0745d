"""
The network between the router and the emulators: delays, losses, deadlines, and nothing real.

What the emulator says befalls a connection becomes what `HttpTransport` would have raised for it.
"""

import asyncio
import json
import random
from collections.abc import Callable
from typing import NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from router.model.clock import Clock
from router.model.errors import ProviderInDoubt, ProviderUnreachable
from router.model.tasks import TaskRegistry
from router.providers.wire import Call, Reply, Unreadable
from router.sandbox import Answer, Request, Sandbox, WireFault

LATENCY_S = 0.04
"""The median of one way; the spread is that of a lognormal with a sigma of 0.6."""
_LOST = frozenset({WireFault.RESET, WireFault.DISCONNECT, WireFault.TRUNCATE})


class NotWhole(Exception):
    """No whole answer came. Carries in words what was seen."""


class NotConnected(NotWhole):
    """There was no connection."""


class Network:
    """A `Transport` to the emulators. Outlives every router that uses it."""

    def __init__(
        self,
        clock: Clock,
        sandbox: Sandbox,
        entropy: random.Random,
        tasks: TaskRegistry,
        on_create: Callable[[str, str | None], None],
    ) -> None:
        """
        Args:
            on_create: Told provider and callback token the moment before a create's first byte.
        """
        self._clock, self._sandbox = clock, sandbox
        self._entropy, self._tasks = entropy, tasks
        self._on_create = on_create

    async def create(self, provider: str, call: Call, *, deadline_s: float) -> Reply:
        """See `Transport`."""
        self._on_create(provider, callback_token(call))
        connected = False
        try:
            async with asyncio.timeout(deadline_s):
                await self.pass_by()
                connected = True
                return await self._exchange(call)
        except (NotWhole, TimeoutError) as error:
            if connected and not isinstance(error, NotConnected):
                raise ProviderInDoubt(f"not answered whole: {error}") from None
            raise ProviderUnreachable(f"not reached: {error}") from None

    async def read(self, provider: str, call: Call, *, deadline_s: float) -> Reply:
        """See `Transport`."""
        assert provider
        try:
            async with asyncio.timeout(deadline_s):
                await self.pass_by()
                return await self._exchange(call)
        except (NotWhole, TimeoutError) as error:
            raise Unreadable(f"not read: {error}") from None

    async def pass_by(self) -> None:
        """Take as long as one way takes."""
        await self._clock.sleep_s(LATENCY_S * self._entropy.lognormvariate(0.0, 0.6))

    async def _exchange(self, call: Call) -> Reply:
        # Whatever becomes of the one who asks: what has left arrives, and is worked on there.
        answer = await asyncio.shield(self._tasks.start("request", self._arrive(call)))
        if answer.wire is not None:
            await self._befall(answer, answer.wire)
        await self.pass_by()
        if "content-encoding" in answer.headers:
            raise NotWhole("the reply is too large")
        return Reply(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=answer.body,
        )

    async def _arrive(self, call: Call) -> Answer:
        parts = urlsplit(call.path)
        request = Request(
            method=call.method,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query)),
            headers={"authorization": "Bearer canary-provider-key", "host": "sandbox.test"},
            body=call.body or b"",
        )
        return await self._sandbox.handle(request)

    async def _befall(self, answer: Answer, fault: WireFault) -> None:
        if fault is WireFault.REFUSE:
            raise NotConnected(fault.value)
        if fault is WireFault.HANG:
            await self._hang()
        if fault in _LOST:
            raise NotWhole(fault.value)
        if fault is WireFault.DRIP:
            pause_s = self._sandbox.settings.drip_pause_s
            await self._clock.sleep_s(pause_s * len(answer.body))

    async def _hang(self) -> NoReturn:
        while True:
            await self._clock.sleep_s(3600.0)


def callback_token(call: Call) -> str | None:
    """Read which attempt a create is for."""
    document = json.loads(call.body or b"{}")
    url = document.get("callback_url") or document.get("webhook") or ""
    return url.rpartition("/")[2] or None
