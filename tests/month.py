"""
A month of traffic in virtual time: the real dispatcher and ledger, the emulators, and faults.

The router is up for a quarter of an hour around each of the instants that clients are said to come
at, and killed after it. So a month takes seconds, and every burst begins with a recovery.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from router.dispatch.reloading import all_terms
from router.model.errors import RouterError
from router.model.ids import CallbackToken, JobId
from router.model.job import Resolution
from router.model.tasks import TaskRegistry
from router.policy.policy import Policy
from router.providers.catalog import CODECS
from router.sandbox import Sandbox, Settings
from router.upstream.client import Upstream
from router.upstream.traffic import Traffic
from tests.simulation.simulated_wire import Network
from tests.stage import Stage
from tests.virtual_time import VirtualClock, run

UP_S = 900.0
"""How long the router is up after the last client of a burst."""
TENANTS = ("acme", "beta", "gamma")
TEAMS = ("growth", "studio", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Clients that come around one instant."""

    at: datetime
    """Edits are asked for from ten seconds before until ten seconds after it."""
    edits: int
    faults: tuple[dict[str, Any], ...] = ()
    up_s: float = UP_S


@dataclass
class Town:
    """Emulators, the network to them, and one router at a time on one ledger."""

    folder: Path
    policy: Policy
    starts: datetime
    entropy: Random
    asked: list[JobId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = VirtualClock(self.starts)
        self.crashes: list[BaseException] = []
        self.tasks = TaskRegistry(lambda _, error: self.crashes.append(error))
        settings = Settings(picture_side_max=8)
        self.sandbox = Sandbox(self.clock, Random(self.entropy.random()), settings)
        network = Network(self.clock, self.sandbox, self.entropy, self.tasks, lambda *_: None)
        upstream = Upstream(
            self.clock,
            network,
            CODECS,
            Traffic(self.clock, all_terms(self.policy)).reads,
            rng=self.entropy,
            on_poll=lambda _: None,
        )
        self.stage = Stage(
            self.folder,
            clock=self.clock,
            policy=self.policy,
            carrier=upstream,
            entropy=self.entropy,
        )
        self.is_up = True

    async def live(self, bursts: Sequence[Burst]) -> None:
        """Live through bursts, in their order; between them the router is down."""
        self.tasks.start("postman", self.sandbox.deliver_callbacks(self._ring))
        for burst in bursts:
            begins = burst.at - timedelta(seconds=10)
            await self.clock.sleep_s((begins - self.clock.now()).total_seconds())
            await self._live_through(burst)
        await self.tasks.stop()
        assert not self.crashes, self.crashes
        assert not self.stage.crashes, self.stage.crashes

    async def _live_through(self, burst: Burst) -> None:
        if not self.is_up:
            self.stage.open()
        self.is_up = True
        # A kill leaves the page cache as it is, so that no sync needs to be waited for.
        self.stage.store._database.pragma("synchronous", "off")
        self.stage.begin()
        await self.stage.recovery.run()
        self.stage.housekeeping.start("sweep", self.stage.sweep.run())
        for rule in burst.faults:
            self.sandbox.faults.inject(**rule)
        clients = [self.tasks.start("client", self._ask()) for _ in range(burst.edits)]
        await self.clock.sleep_s(burst.up_s)
        assert all(client.done() for client in clients)
        self.sandbox.faults.clear()
        self.is_up = False
        await self.stage.kill()

    async def _ask(self) -> None:
        draw = self.entropy
        await self.clock.sleep_s(draw.uniform(0.0, 20.0))
        team = draw.choice(TEAMS)
        job = self.stage.job(
            tenant=draw.choice(TENANTS),
            resolution=draw.choice(tuple(Resolution)),
            aspect_ratio=draw.choice(("16:9", "1:1")),
            tags=(("team", team),) if team else (),
        )
        try:
            admission = await self.stage.admit(job)
        except RouterError:
            return
        self.asked.append(admission.row.id)

    async def _ring(self, url: str, body: bytes) -> int:
        """Deliver a provider's callback to whichever router is up."""
        if not self.is_up:
            raise ConnectionRefusedError
        *_, provider, token = url.split("/")
        named: Any = json.loads(body)
        ringing = self.stage.tasks.start(
            "ring",
            self.stage.callbacks.ring(provider, CallbackToken(token), named),
            answers=RouterError,
        )
        await asyncio.wait({ringing})
        if ringing.cancelled() or ringing.exception() is not None:
            raise ConnectionResetError
        return 200 if ringing.result() else 404


def live(folder: Path, policy: Policy, bursts: Sequence[Burst], *, seed: int) -> list[JobId]:
    """Live through bursts on the ledger in a folder; gives the jobs that were taken."""
    starts = bursts[0].at - timedelta(minutes=1)

    async def main() -> list[JobId]:
        town = Town(folder, policy, starts, Random(seed))
        await town.live(bursts)
        return town.asked

    return run(main(), seed)
