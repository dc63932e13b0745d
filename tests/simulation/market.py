"""
One contender under one workload: the real router over the real emulators, in virtual time.

The emulators draw nothing: what becomes of each job at each of them is the workload's to say.
"""

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from router.dispatch.pacing import Pacing
from router.dispatch.reloading import all_terms
from router.model.durations import Distribution
from router.model.errors import RouterError
from router.model.ids import JobId
from router.model.job import AttemptState, Job, JobState, Resolution
from router.model.money import Money, total
from router.model.offer import ProviderState
from router.model.tasks import TaskRegistry
from router.policy.policy import Policy
from router.providers.catalog import CODECS
from router.sandbox import Sandbox, Settings
from router.sandbox.floor import Floor, Order
from router.sandbox.jobs import Ending, Plan
from router.sandbox.runpod import Runpod
from router.sandbox.settings import Latency
from router.sandbox.shortapi import ShortApi
from router.upstream.client import Upstream
from router.upstream.traffic import Traffic
from tests.simulation.simulated_wire import Network
from tests.simulation.workloads import Asked, Fates, Trouble
from tests.stage import Stage, open_stage
from tests.virtual_time import VirtualClock, run

TENANTS = 16
"""So many share the work, that nobody's daily budget is in the way."""
SLOTS = 20
_REST_S = 5.0


@dataclass(frozen=True, slots=True)
class Bought:
    """What became of one job."""

    asked: Asked
    delivered: bool
    """Before its deadline, whoever brought it."""
    seconds: float
    """From its arrival to its end; what was refused ended at once."""
    providers: tuple[str, ...] = ()
    """Whom it was given to, in turn."""
    cost: Money = Money.ZERO
    """Posted, presumed, and what is in doubt."""


@dataclass(frozen=True, slots=True)
class Change:
    """A provider's state, from an instant on."""

    at_s: float
    provider: str
    state: ProviderState
    reason: str


@dataclass(frozen=True, slots=True)
class Played:
    """A run."""

    bought: tuple[Bought, ...]
    changes: tuple[Change, ...] = ()
    polls: int = 0


class FatedFloor(Floor):
    """Where jobs take as long, cost and end as the workload says."""

    def __init__(self, clock: VirtualClock, settings: Settings, fates: Fates) -> None:
        super().__init__(clock, random.Random(fates.seed), settings)
        self._fates = fates

    def draw_plan(self, latency: Latency, order: Order) -> Plan:
        """Look up what will become of an order; its prompt names the job."""
        provider = "shortapi" if latency is self.settings.shortapi.latency else "runpod"
        number = int(order.prompt.rpartition(" ")[2])
        fate = self._fates.of(number, provider, Resolution(order.resolution), self.now_s())
        return Plan(
            queue_s=fate.queue_s,
            execution_s=fate.execution_s,
            price_nanos=fate.price.nanos,
            charge_nanos=fate.price.nanos,
            ending=Ending.IMAGE if fate.delivers else Ending.FAILED,
            error="" if fate.delivers else "Error submitting task: no worker could do it",
        )


class FatedSandbox(Sandbox):
    """Both providers, on that floor."""

    def __init__(self, clock: VirtualClock, fates: Fates) -> None:
        floor = FatedFloor(clock, Settings(picture_side_max=8), fates)
        self._floor = floor
        self._shortapi, self._runpod = ShortApi(floor), Runpod(floor)


class LearntPace:
    """What polls go by: what the router of now has learnt, which a restart replaces."""

    def __init__(self) -> None:
        self.stage: Stage

    def ready(self, provider: str, slug: str, resolution: Resolution) -> Distribution:
        """See `Pace`."""
        return self._pacing.ready(provider, slug, resolution)

    def polls_per_s_max(self, provider: str) -> float:
        """See `Pace`."""
        return self._pacing.polls_per_s_max(provider)

    @property
    def _pacing(self) -> Pacing:
        stage = self.stage
        return Pacing(stage.clock, stage.latencies, lambda: stage.policy)


class MarketStage(Stage):
    """A stage that remembers when providers' states changed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.told: list[Change] = []
        super().__init__(*args, **options)
        # Nothing here is killed, so that no sync needs to be waited for.
        self.store._database.pragma("synchronous", "off")

    def changed(self, provider: str, state: ProviderState, reason: str) -> None:
        """Remember."""
        self.told.append(Change(self.clock.monotonic_s(), provider, state, reason))


class Market:
    """Clients, one router, two providers."""

    def __init__(self, folder: Path, policy: Policy, fates: Fates) -> None:
        self._policy, self._fates = policy, fates
        self.clock = VirtualClock()
        self._crashes: list[BaseException] = []
        self._tasks = TaskRegistry(lambda _, error: self._crashes.append(error))
        self.sandbox = FatedSandbox(self.clock, fates)
        self._polls = 0
        rng, pace = random.Random(f"{fates.seed} wire"), LearntPace()
        upstream = Upstream(
            self.clock,
            Network(self.clock, self.sandbox, rng, self._tasks, _unheard),
            CODECS,
            Traffic(self.clock, all_terms(policy)).reads,
            rng=rng,
            on_poll=self._polled,
            pace=pace,
        )
        self.stage = pace.stage = MarketStage(
            folder,
            clock=self.clock,
            policy=policy,
            carrier=upstream,
            callbacks=False,
            slots=SLOTS,
            entropy=random.Random(f"{fates.seed} ids"),
        )

    def _polled(self, provider: str) -> None:
        assert provider
        self._polls += 1

    async def live(self) -> Played:
        """Live until every job has ended and is paid."""
        async with open_stage(self.stage):
            self.stage.housekeeping.start("sweep", self.stage.sweep.run())
            for provider, trouble in self._fates.workload.troubles.items():
                self._tasks.start("trouble", self._befall(provider, trouble))
            for asked in self._fates.asked:
                await self.clock.sleep_s(asked.at_s - self.clock.monotonic_s())
                job = self._job(asked)
                self._tasks.start("client", self.stage.admit(job), answers=RouterError)
            await self.clock.sleep_s(_REST_S)
            while self.stage.dispatcher.errands:
                await self.clock.sleep_s(_REST_S)
            bought = [await self._bought(asked) for asked in self._fates.asked]
        await self._tasks.stop()
        assert not self._crashes, self._crashes
        return Played(tuple(bought), tuple(self.stage.told), self._polls)

    async def _befall(self, provider: str, trouble: Trouble) -> None:
        if trouble.is_down:
            await self.clock.sleep_s(trouble.begins_min * 60)
            self.sandbox.faults.inject("refuse", provider=provider, probability=1.0)
            await self.clock.sleep_s((trouble.ends_min - trouble.begins_min) * 60)
            self.sandbox.faults.clear()

    def _job(self, asked: Asked) -> Job:
        job = self.stage.job(
            id=JobId(f"0199d6f0-{self._fates.seed:04x}-7000-8000-{asked.number:012x}"),
            tenant=f"tenant-{asked.number % TENANTS}",
            prompt=f"job {asked.number}",
            resolution=asked.resolution,
        )
        deadline_s = self._policy.deadline_for(job)
        return replace(job, deadline_at=job.created_at + timedelta(seconds=deadline_s))

    async def _bought(self, asked: Asked) -> Bought:
        """Read what became of a job; one that was refused is not in the books."""
        job_id = self._job(asked).id
        row = await self.stage.ledger.job(job_id)
        attempts = await self.stage.ledger.attempts_of(job_id)
        if row is None or row.ended_at is None:
            return Bought(asked, delivered=False, seconds=0.0)
        in_time = row.state is JobState.SUCCEEDED and row.ended_at <= row.deadline_at
        unsettled = {AttemptState.IN_DOUBT, AttemptState.POSTED_PRESUMED}
        return Bought(
            asked,
            delivered=in_time,
            seconds=(row.ended_at - row.created_at).total_seconds(),
            providers=tuple(one.provider for one in attempts),
            cost=total([one.quoted if one.state in unsettled else one.posted for one in attempts]),
        )


def _unheard(provider: str, token: str | None) -> None:
    """Whoever wants to know of creates is not here."""
    del provider, token


def play(policy: Policy, fates: Fates, folder: Path) -> Played:
    """Have a policy buy all of a workload's jobs."""

    async def main() -> Played:
        return await Market(folder, policy, fates).live()

    return run(main(), fates.seed)
