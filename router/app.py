"""
The composition root: builds everything, top to bottom, in the order of the layers, and ends it.

Nothing else constructs a collaborator. Read `open_house` to know what Farebox consists of.
"""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from router.dispatch.alerting import Alerts
from router.dispatch.callbacks import Callbacks
from router.dispatch.dispatcher import Dispatcher
from router.dispatch.forgetting import Forgetting
from router.dispatch.health import Health
from router.dispatch.placing import Placer
from router.dispatch.reconcile import Sweep
from router.dispatch.recovery import Recovery
from router.dispatch.reloading import Reloader, slot_limits
from router.dispatch.resolving import Resolver
from router.dispatch.sending import Sender
from router.dispatch.survey import Survey
from router.dispatch.telling import Teller
from router.dispatch.watching import Watcher
from router.finance.snapshot import BooksCheck, money_snapshot
from router.ledger.executor import ThreadExecutor
from router.ledger.inputs import Inputs
from router.ledger.ledger import Ledger
from router.ledger.sqlite import SqliteStore
from router.ledger.writer import Writer
from router.model.clock import SystemClock
from router.model.ids import Ids
from router.model.offer import ProviderState
from router.model.tasks import TaskRegistry
from router.observe.events import Committed, Observer, Observers, Polled, ProviderChanged
from router.observe.metrics import Metrics
from router.policy.current import Current
from router.policy.loader import read_policy, shipped_policy_path
from router.policy.problems import PolicyError
from router.providers.catalog import CODECS
from router.settings import BadSetting, Settings
from router.upstream.client import Upstream
from router.upstream.fetcher import GuardedFetcher
from router.upstream.guard import GuardPolicy
from router.upstream.image_shapes import ImageShapes
from router.upstream.slots import Slots
from router.upstream.transport import Endpoint, HttpTransport
from router.web.lost_answers import LostAnswers
from router.web.services import Services

# The creates under way at the end are the dangerous ones: they are waited for, remote jobs are not.
CREATES_GRACE_S = 10.0


@dataclass(frozen=True, slots=True)
class House:
    """Everything that runs, for whoever puts a face on it."""

    services: Services
    recovery: Recovery
    sweep: Sweep
    alerts: Alerts
    reloader: Reloader
    tasks: TaskRegistry
    slots: Slots
    broken: asyncio.Event
    """Set when the disk has failed: the process must end, and recover from the file."""

    async def begin(self) -> None:
        """Take up what is unfinished, then be ready."""
        await self.recovery.run()
        await self.alerts.catch_up()
        self.tasks.start("sweep", self.sweep.run())
        self.tasks.start("watch policy", self.reloader.run())
        self.services.ready.set()

    def reload(self) -> None:
        """Read the policy anew, now; a broken one changes nothing."""
        self.tasks.start("reload policy", self.reloader.reload())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What everything stands on."""

    clock: SystemClock
    current: Current
    policy_path: Path
    slots: Slots
    reloader: Reloader
    metrics: Metrics
    observer: Observer
    teller: Teller
    tasks: TaskRegistry
    broken: asyncio.Event


@asynccontextmanager
async def open_house(settings: Settings, *observers: Observer) -> AsyncGenerator[House]:
    """
    Build the router around its ledger; at the end, settle what is in hand and close the books.

    Args:
        settings: From the environment and the command line.
        observers: Told everything, beside the metrics.

    Raises:
        PolicyError, BadSetting, AlreadyOpen, NotALedger, OSError: What it says; nothing was
            started.
    """
    async with AsyncExitStack() as stack:
        ground = _lay_ground(stack, settings, observers)
        ledger, inputs = await _open_ledger(stack, settings.database_path, ground)
        check = BooksCheck(ledger)
        ground.metrics.read_with(
            lambda: money_snapshot(ledger, ground.current.policy, ground.clock.now(), check=check),
            ground.teller.alarm,
        )
        guard = _guard(settings)
        upstream, shapes = await _open_roads(stack, settings, ground, guard)
        house = _furnish(settings, ground, ledger, inputs, upstream, shapes, guard)
        stack.push_async_callback(_wind_down, house)
        yield house


def _lay_ground(
    stack: AsyncExitStack, settings: Settings, observers: tuple[Observer, ...]
) -> _Ground:
    policy_path = settings.policy or shipped_policy_path()
    reading = read_policy(policy_path)
    policy = reading.outcome
    if isinstance(policy, PolicyError):
        raise policy
    clock = SystemClock()
    current = Current(policy, clock.now())
    slots = Slots(slot_limits(policy))
    files = ThreadExecutor("policy-reader")
    stack.callback(files.close)
    metrics = Metrics(clock, providers=policy.prices.provider_names)
    observer = Observers(metrics, *observers)
    teller = Teller(clock, observer)
    return _Ground(
        clock=clock,
        current=current,
        policy_path=policy_path,
        slots=slots,
        reloader=Reloader(clock, policy_path, reading, current, slots, observer, files),
        metrics=metrics,
        observer=observer,
        teller=teller,
        tasks=TaskRegistry(teller.crashed),
        broken=asyncio.Event(),
    )


def _guard(settings: Settings) -> GuardPolicy:
    try:
        return GuardPolicy(
            settings.fetch_allow, allow_http=bool(settings.fetch_allow), own_ports=[settings.port]
        )
    except ValueError as error:
        raise BadSetting(f"FAREBOX_FETCH_ALLOW: {error}") from error


async def _open_ledger(stack: AsyncExitStack, path: Path, ground: _Ground) -> tuple[Ledger, Inputs]:
    """Open the books, and never live before their last entry."""
    clock, observer = ground.clock, ground.observer
    store = SqliteStore(path, ThreadExecutor("ledger-writer"), ThreadExecutor("ledger-reader"))
    stack.callback(store.close)
    writer = Writer(
        clock,
        store,
        lambda seconds, size: observer.tell(Committed(seconds=seconds, commands=size)),
        ground.broken.set,
    )
    # Apart from the other tasks: it ends last, when nobody can submit to it any more.
    books = TaskRegistry(ground.teller.crashed)
    books.start("ledger writer", writer.run())

    async def close() -> None:
        writer.close()
        await books.stop(grace_s=CREATES_GRACE_S)

    stack.push_async_callback(close)
    ledger = Ledger(store, writer)
    latest = await ledger.latest_instant()
    if latest is not None:
        clock.raise_floor(latest)
    files = ThreadExecutor("inputs")
    stack.callback(files.close)
    return ledger, Inputs(path.with_name(path.name + ".inputs"), files)


async def _open_roads(
    stack: AsyncExitStack, settings: Settings, ground: _Ground, guard: GuardPolicy
) -> tuple[Upstream, ImageShapes]:
    """Everything that dials out: to the providers, and to where a client's image is."""
    fetcher = await stack.enter_async_context(
        GuardedFetcher(guard, egress_proxy=settings.egress_proxy)
    )
    endpoints = {
        name: Endpoint(one.url, one.key) for name, one in settings.providers.items() if one.key
    }
    transport = await stack.enter_async_context(
        HttpTransport(endpoints, egress_proxy=settings.egress_proxy)
    )
    upstream = Upstream(
        ground.clock,
        transport,
        CODECS,
        rng=random.Random(),  # noqa: S311 - it spreads polls; no secret comes of it.
        on_poll=lambda provider: ground.observer.tell(Polled(provider=provider)),
    )
    return upstream, ImageShapes(fetcher)


def _furnish(
    settings: Settings,
    ground: _Ground,
    ledger: Ledger,
    inputs: Inputs,
    upstream: Upstream,
    shapes: ImageShapes,
    guard: GuardPolicy,
) -> House:
    """Put the dispatcher and its neighbours together."""
    clock, observer, teller, tasks = ground.clock, ground.observer, ground.teller, ground.tasks
    current, slots = ground.current, ground.slots
    providers = tuple(name for name, one in settings.providers.items() if one.key)

    def changed(provider: str, state: ProviderState, reason: str) -> None:
        observer.tell(ProviderChanged(provider=provider, state=state, reason=reason))

    ids = Ids(clock)
    health = Health(clock, changed)
    survey = Survey(health, shapes, frozenset(providers) & CODECS.keys())
    placer = Placer(clock, ids, ledger, survey, health, slots, in_force=lambda: current.policy)
    callbacks_url = settings.public_url
    sender = Sender(clock, ledger, upstream, health, slots, teller, callbacks_url=callbacks_url)
    dispatcher = Dispatcher(
        clock,
        ledger,
        inputs,
        placer,
        sender,
        health,
        tasks,
        teller,
        callbacks=callbacks_url is not None,
    )
    recovery = Recovery(clock, ledger, inputs, dispatcher, health, observer, policy=current.of_job)
    services = Services(
        clock=clock,
        ids=ids,
        policy=lambda: current.policy,
        standing=lambda: current.standing,
        policy_path=ground.policy_path,
        ledger=ledger,
        placer=placer,
        dispatcher=dispatcher,
        watcher=Watcher(ledger, dispatcher),
        callbacks=Callbacks(ledger, dispatcher, recovery, CODECS, observer),
        resolver=Resolver(clock, ledger, dispatcher, recovery),
        health=health,
        metrics=ground.metrics,
        observer=observer,
        providers=providers,
        guard=guard,
        lost_answers=LostAnswers(clock),
        admin_key=settings.admin_key,
    )
    forgetting = Forgetting(clock, ledger, inputs, policy=lambda: current.policy)
    alerts = Alerts(clock, ledger, observer, tasks, lambda: current.policy)
    sweep = Sweep(clock, ledger, dispatcher, recovery, health, teller, forgetting, alerts)
    ledger.listen(alerts.booked)
    return House(services, recovery, sweep, alerts, ground.reloader, tasks, slots, ground.broken)


async def _wind_down(house: House) -> None:
    """
    Start nothing more; let the creates in flight be answered, then leave the rest to the ledger.

    A second signal, or kill -9, is as safe: what is cut off here is taken up at the next start.
    """
    house.services.draining.set()
    clock = house.services.clock
    deadline_s = clock.monotonic_s() + CREATES_GRACE_S
    while house.slots.any_taken and clock.monotonic_s() < deadline_s:
        await clock.sleep_s(0.05)
    await house.tasks.stop()
