"""
The whole house in one virtual minute: the real router, the real emulators, and chance as a seed.

A seed draws a policy, a set of faults with their probabilities, who asks for what and when, who
goes away or calls a job off, which settlements come twice, how slowly images are seen, and when the
router is killed; and which clients want to be told of the end, at servers that answer now and then.
Then everything heals, and time runs until nothing is open any more, and everybody was told.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from router.dispatch.errand import Admission
from router.dispatch.latency import SEEDED_FROM, SEEDED_MOST
from router.dispatch.recovery import Recovery
from router.dispatch.reloading import all_terms
from router.images.keeping import FolderResults
from router.ledger.decide import Decider, decide
from router.model.errors import BudgetExceeded, IdempotencyConflict, RouterError
from router.model.ids import CallbackToken, JobId
from router.model.job import ClientCallback, Job, Resolution, Response
from router.model.tasks import TaskRegistry
from router.observe.events import Polled
from router.policy.policy import Policy
from router.providers.catalog import CODECS
from router.sandbox import RunpodSettings, Sandbox, Settings, ShortApiSettings
from router.sandbox.faults import FAULTS, Kind, Operation
from router.upstream.client import Upstream
from router.upstream.traffic import Traffic
from tests.ledger_kit import at_once
from tests.policy_files import a_policy
from tests.simulation.client_servers import ClientServers
from tests.simulation.judge import Judge
from tests.simulation.learnt_pace import LearntPace
from tests.simulation.picture_fetcher import PictureFetcher
from tests.simulation.second_collector import TwiceToldStage
from tests.simulation.simulated_wire import Network
from tests.virtual_time import VirtualClock

PRICES = Path(__file__).parents[2] / "policies" / "prices.yaml"
CANARY = "canary-prompt-7f3a"
TICK_S = 5.0
ASKS_AGAIN_S = 2.0
QUIET_S = 3 * 3600.0
"""Longer than any horizon: a job's life at ShortAPI, its retention, and the margin."""

TELLING_S = 600.0
"""How often to look whether everybody was told, once nothing is open."""

_OF_PROVIDERS = tuple(
    (fault.name, operation.value)
    for fault in FAULTS.values()
    for operation in fault.at
    # By the shipped terms a 503 proves that nothing was taken on.
    if (fault.name, operation) != ("503_after_accept", Operation.CREATE)
)
# Runpod's terms say that failures are free: one that bills them is found by its billing data only.
_CONTRADICTS_TERMS = frozenset({"fail_job_unrefunded"})
# Only one provider tells what it charged, and it is set aside after two charges above its price.
_CHANCES = {"cost_drift": 0.6}
_TOGETHER = (1, 1, 1, 2, 4)
"""How many edits a request asks for."""
_STAGES: tuple[dict[str, Any], ...] = (
    {"prefer": "lowest_price"},
    {"price_max": "$0.10"},
    {"resolution_max": "2k"},
    {"stop": "true"},
)


@dataclass
class Draw:
    """What a seed has drawn."""

    policy: Policy
    faults: list[dict[str, Any]]
    settings: Settings
    jobs: int
    minutes: float
    kills: int
    slots: int
    fickle: float
    """How many of the clients change their mind, of those that got an answer."""
    looks_s: float
    """How long it takes to see an image's shape, where a provider must be told of one."""
    deaf: float
    """How many callbacks the clients' servers do not take."""


def drawn(entropy: random.Random) -> Draw:
    """Draw a run: swarm, so that each has some faults often and most of them never."""
    return Draw(
        policy=_policy(entropy),
        faults=_faults(entropy),
        settings=Settings(
            picture_side_max=8,
            shortapi=ShortApiSettings(
                refund_delay_s=entropy.choice((0.0, 0.0, 45.0)),
                errors=entropy.choice(("envelope", "http")),
                callback_id=entropy.choice(("data", "both", "top", "none")),
            ),
            runpod=RunpodSettings(output_key=entropy.choice(("result", "image_url", "both"))),
        ),
        jobs=entropy.randint(20, 80),
        minutes=entropy.choice((0.5, 2.0, 5.0)),
        kills=entropy.choice((0, 2, 4, 8)),
        slots=entropy.choice((1, 3, 50)),
        fickle=entropy.choice((0.1, 0.3, 0.8)),
        looks_s=entropy.choice((0.0, 0.5, 5.0)),
        deaf=entropy.choice((0.0, 0.3, 0.9)),
    )


def _policy(entropy: random.Random) -> Policy:
    at_limit = {"on_limit": entropy.choice(("reject", "downshift"))}
    of_tenants = {"who": "each_tenant", "per": entropy.choice(("day", "rolling 2 days"))}
    budgets: list[dict[str, Any]] = [
        {
            "name": "everyone",
            "who": "everyone",
            "limit": _dollars(entropy, 1, 20),
            "per": "month",
            **at_limit,
        },
        {"name": "tenants", "limit": _dollars(entropy, 1, 6), **of_tenants, **at_limit},
        {
            "name": "runpod",
            "who": {"provider": "runpod"},
            "limit": _dollars(entropy, 0.1, 5),
            "per": "day",
        },
    ]
    failover = {
        "providers_max": entropy.choice(("1", "2", "2")),
        "double_spend_max": entropy.choice(("$0", "$0.30 per day", "$2.00 per day")),
        "on_content_refusal": entropy.choice(("true", "false")),
    }
    create_s = entropy.choice((5, 15, 30))
    budgets = entropy.sample(budgets, entropy.randint(1, 3))
    names = {budget["name"] for budget in budgets} - {"runpod"}
    stages = [
        {"when": f"{percent}% of {name} is used", **entropy.choice(_STAGES)}
        for name in sorted(names)
        for percent in (40, 80)
    ]
    return a_policy(
        stages=entropy.choice(([], [], stages)),
        prices=PRICES.read_text(encoding="utf-8"),
        prefer=entropy.choice(("lowest_price", {"order": ["runpod", "shortapi"]})),
        budgets=budgets,
        failover=failover,
        deadline=f"{entropy.choice((40, 90, 300))}s",
        create_deadline=f"{create_s}s",
    )


def _dollars(entropy: random.Random, least: float, most: float) -> str:
    return f"${entropy.randint(int(least * 100), int(most * 100)) / 100:.2f}"


def _faults(entropy: random.Random) -> list[dict[str, Any]]:
    chosen = [one for one in _OF_PROVIDERS if entropy.random() < _CHANCES.get(one[0], 0.2)]
    return [_rule(entropy, fault, operation) for fault, operation in chosen]


def _rule(entropy: random.Random, fault: str, operation: str) -> dict[str, Any]:
    provider = entropy.choice(("shortapi", "runpod", None))
    if fault in _CONTRADICTS_TERMS:
        provider = "shortapi"
    rule: dict[str, Any] = {"fault": fault, "operation": operation, "provider": provider}
    rule["probability"] = entropy.choice((0.03, 0.1, 0.3, 0.6))
    takes_seconds = "seconds" in FAULTS[fault].options
    if takes_seconds and FAULTS[fault].at[Operation(operation)] is not Kind.VIEW:
        rule["seconds"] = entropy.choice((0.5, 8.0, 70.0))
    return {name: value for name, value in rule.items() if value is not None}


@dataclass
class World:
    """Emulators, network, clients and one router at a time."""

    folder: Path
    entropy: random.Random
    policy: Policy
    sandbox_settings: Settings = field(default_factory=Settings)
    slots: int = 50
    fickle: float = 0.2
    looks_s: float = 0.0
    deaf: float = 0.0
    decider: Decider = decide
    recovery: type[Recovery] = Recovery
    results: type[FolderResults] = FolderResults

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.crashes: list[BaseException] = []
        # The world's own: requests on their way, clients, the postman. A kill leaves them alone.
        self.tasks = TaskRegistry(self._crashed)
        self.sandbox = Sandbox(
            self.clock, random.Random(self.entropy.random()), self.sandbox_settings
        )
        self.network = Network(
            self.clock, self.sandbox, self.entropy, self.tasks, self._check_intent
        )
        pace = LearntPace()
        upstream = Upstream(
            self.clock,
            self.network,
            CODECS,
            Traffic(self.clock, all_terms(self.policy)).reads,
            rng=self.entropy,
            on_poll=lambda provider: self.stage.audience.tell(Polled(provider=provider)),
            pace=pace,
        )
        self.clients = ClientServers(self.clock, self.entropy, self._told, failing=self.deaf)
        self.stage = pace.stage = TwiceToldStage(
            self.folder,
            clock=self.clock,
            policy=self.policy,
            carrier=upstream,
            poster=self.clients,
            fetcher=PictureFetcher(self.clock, self.sandbox, self.network),
            results=self.results,
            decider=self.decider,
            recovery=self.recovery,
            slots=self.slots,
            entropy=self.entropy,
        )
        self.stage.shape.looking = self._look
        self._hasten()
        self.judge = Judge(self.folder / "ledger.db", self.policy, self.clock, self.sandbox)
        self.judge.heard = self.clients.heard
        self.is_up = True

    def _crashed(self, name: str, error: BaseException) -> None:
        error.add_note(f"in task {name}")
        self.crashes.append(error)

    async def _look(self) -> None:
        if self.looks_s:
            await self.clock.sleep_s(self.entropy.uniform(0.0, self.looks_s))

    def _hasten(self) -> None:
        """A kill leaves the page cache as it is, so that here no sync needs to be waited for."""
        self.stage.store._database.pragma("synchronous", "off")

    def _check_intent(self, provider: str, token: str | None) -> None:
        """I6: look into the file itself, the moment before a create's first byte."""
        self.judge.check_intent(provider, token)

    def _told(self, told: Mapping[str, Any]) -> None:
        """I19: look into the file itself, the moment a callback arrives."""
        self.judge.told_client(told)

    def begin(self) -> None:
        """Start the router and the postman."""
        self.stage.begin()
        self._start_rounds()
        self.tasks.start("postman", self.sandbox.deliver_callbacks(self._post))

    def _start_rounds(self) -> None:
        self.stage.housekeeping.start("sweep", self.stage.sweep.run())
        self.stage.housekeeping.start("tell", self.stage.postman.run())

    async def kill_and_restart(self, down_s: float) -> None:
        """Kill the router in the middle of everything; start it again after a while."""
        self.is_up = False
        await self.stage.kill()
        self.judge.check()
        await self.clock.sleep_s(down_s)
        self.stage.open()
        self._hasten()
        self.stage.begin()
        since = self.clock.now() - SEEDED_FROM
        self.stage.latencies.seed(await self.stage.ledger.timed(since, most=SEEDED_MOST))
        await self.stage.recovery.run()
        self._start_rounds()
        self.judge.restarted()
        self.is_up = True

    async def _post(self, url: str, body: bytes) -> int:
        """Deliver a callback to whichever router is up."""
        await self.network.pass_by()
        if not self.is_up:
            raise ConnectionRefusedError
        *_, provider, token = url.split("/")
        if self.entropy.random() < 0.02:
            token = f"{self.entropy.getrandbits(128):032x}"
        ringing = self.stage.tasks.start(
            "ring",
            self.stage.callbacks.ring(provider, CallbackToken(token), json.loads(body)),
            answers=RouterError,
        )
        await asyncio.wait({ringing})
        if ringing.cancelled() or ringing.exception() is not None:
            raise ConnectionResetError
        return 200 if ringing.result() else 404

    async def ask(
        self, job: Job, key: str | None = None, fingerprint: str = "f1", edits: int = 1
    ) -> JobId | None:
        """Submit a job as a client does; None when it got no answer, or a refusal."""
        copies = [self.stage.ids.job() for _ in range(edits - 1)]
        self.judge.asks_together(job.id, edits)
        asking = self.stage.tasks.start(
            "client", self.stage.admit(job, key, fingerprint, copies), answers=RouterError
        )
        try:
            await asyncio.wait({asking})
        except asyncio.CancelledError:
            # The client hangs up: its handler ends, wherever it is.
            asking.cancel()
            raise
        if asking.cancelled():
            return None
        error = asking.exception()
        promise = f"{job.tenant} {key}" if key else None
        if isinstance(error, IdempotencyConflict):
            self.judge.conflicted(promise, fingerprint)
        if isinstance(error, BudgetExceeded):
            self.judge.refused(job.id)
        if error is not None:
            assert isinstance(error, RouterError), error
            return None
        return self._admitted(job, asking.result(), promise, fingerprint)

    def _admitted(
        self, job: Job, admission: Admission, promise: str | None, fingerprint: str
    ) -> JobId:
        """Have the judge note what a client was answered, and what it was promised."""
        first, *others = admission.rows
        self.judge.admitted(first.id, promise, fingerprint)
        for row in others:
            self.judge.admitted(row.id, None, fingerprint)
        for row in () if admission.replayed else admission.rows:
            if job.callback is not None:
                self.judge.promises_to_tell(row.id)
            if job.response is Response.BASE64:
                self.judge.promises_bytes(row.id)
        return first.id

    async def client(self, arrives_s: float, draw: random.Random, keys: Mapping[int, str]) -> None:
        """Be one client: ask, perhaps again, perhaps go away or change one's mind."""
        await self.clock.sleep_s(arrives_s)
        key = keys.get(draw.randrange(40))
        fingerprint = draw.choice(("f1", "f1", "f1", "f2")) if key else "f1"
        # Of the same request by the same key there are always as many.
        edits = _TOGETHER[int(arrives_s * 1000) % len(_TOGETHER)] if key is None else 1
        job_id = None
        for _ in range(draw.choice((1, 1, 2))):
            if not self.is_up:
                await self.clock.sleep_s(draw.uniform(1.0, 20.0))
                continue
            asking = self.tasks.start("asks", self.ask(self._job(draw), key, fingerprint, edits))
            patience_s = draw.choice((None, None, 0.0, 0.001))
            await asyncio.wait({asking}, timeout=patience_s)
            if not asking.done():
                asking.cancel()
                await asyncio.wait({asking})
                continue
            job_id = asking.result()
        if job_id and draw.random() < self.fickle:
            await self.clock.sleep_s(draw.uniform(0.0, draw.choice((0.5, 3.0, 15.0))))
            await self._change_mind(job_id)

    async def _change_mind(self, job_id: JobId) -> None:
        """Call a job off, and say so again until there is an answer."""
        self.judge.changed_mind(job_id)
        answered = False
        while not answered:
            if self.is_up:
                calling = self.stage.tasks.start("cancel", self._call_off(job_id))
                await asyncio.wait({calling})
                answered = not calling.cancelled()
            if not answered:
                await self.clock.sleep_s(ASKS_AGAIN_S)

    async def _call_off(self, job_id: JobId) -> None:
        """Be the router's side of a cancel, up to its answer."""
        if await self.stage.dispatcher.cancel(job_id):
            self.judge.told_called_off(job_id)

    def _job(self, draw: random.Random) -> Job:
        return self.stage.job(
            tenant=draw.choice(("acme", "beta", "gamma")),
            resolution=draw.choice(tuple(Resolution)),
            aspect_ratio=draw.choice(("16:9", "1:1", "8:1", None)),
            prompt=CANARY,
            images=("https://pictures.example/canary-cat.png?signature=canary",),
            response=draw.choice((Response.URL, Response.URL, Response.BASE64)),
            callback=draw.choice((None, ClientCallback(url=f"https://app.example/{CANARY}"))),
            deadline_at=self.clock.now() + timedelta(seconds=self.policy.deadline_s),
        )

    async def watch(self, seconds: float, tick_s: float = TICK_S) -> None:
        """Let time pass, and judge at every tick."""
        ends_s = self.clock.monotonic_s() + seconds
        while (left_s := ends_s - self.clock.monotonic_s()) > 0:
            await self.clock.sleep_s(min(tick_s, left_s))
            self.judge.check(is_up=self.is_up)

    def heal(self) -> None:
        """No more faults: what is lost is lost, and the rest must come to its end."""
        self.sandbox.faults.clear()
        self.clients.failing = 0.0

    def open_attempts(self) -> int:
        """How many holds are open."""
        return len(at_once(self.stage.ledger.open_attempts()))

    async def settle_down(self) -> None:
        """Run without faults until nothing can be open any more, and judge the whole."""
        self.heal()
        await self.watch(400.0)
        if self.open_attempts():
            await self.watch(QUIET_S, tick_s=300.0)
        while self.judge.untold():
            await self.watch(TELLING_S, tick_s=TELLING_S)
        self.judge.check_at_rest(self.stage.audience.events)


@asynccontextmanager
async def open_world(world: World) -> AsyncIterator[World]:
    """Live: afterwards nothing may have crashed, in the router or outside."""
    world.begin()
    try:
        yield world
    finally:
        await world.stage.kill()
        await world.tasks.stop()
        world.judge.close()
    assert not world.stage.crashes, world.stage.crashes
    assert not world.crashes, world.crashes


async def live(folder: Path, seed: int, **bugs: Any) -> World:
    """Live through one seed, from its first client to the last open hold."""
    entropy = random.Random(seed)
    draw = drawn(entropy)
    world = World(
        folder,
        entropy,
        draw.policy,
        draw.settings,
        draw.slots,
        draw.fickle,
        draw.looks_s,
        draw.deaf,
        **bugs,
    )
    for rule in draw.faults:
        world.sandbox.faults.inject(**rule)
    busy_s = draw.minutes * 60.0
    async with open_world(world):
        keys = {number: f"key-{number % 4}" for number in range(8)}
        clients = [
            world.tasks.start(
                "client", world.client(entropy.uniform(0.0, busy_s), random.Random(seed + n), keys)
            )
            for n in range(draw.jobs)
        ]
        killings = sorted(entropy.uniform(1.0, busy_s + 60.0) for _ in range(draw.kills))
        murderer = world.tasks.start("murderer", _kill(world, killings, entropy))
        await world.watch(busy_s + 90.0)
        await asyncio.wait({murderer, *clients})
        await world.settle_down()
    return world


async def _kill(world: World, at: list[float], entropy: random.Random) -> None:
    for instant_s in at:
        await world.clock.sleep_s(max(0.0, instant_s - world.clock.monotonic_s()))
        await world.kill_and_restart(entropy.choice((0.0, 1.0, 40.0)))
