"""What everything stands on: time, the policy in force, who is told, what is kept, who dials."""

import asyncio
import os
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from router.dispatch.latency import Latencies
from router.dispatch.pacing import Pacing
from router.dispatch.reloading import Reloader, all_terms
from router.dispatch.resolving import Resolver
from router.dispatch.telling import Teller
from router.finance.accounts import Accounts
from router.finance.snapshot import BooksCheck
from router.images.archive import BadArchive, open_results
from router.images.keeping import ResultStore
from router.images.links import Links
from router.ledger.executor import ThreadExecutor
from router.ledger.inputs import Inputs
from router.ledger.ledger import Ledger
from router.model.clock import Clock, SystemClock
from router.model.tasks import TaskRegistry
from router.observe.events import Observer, Polled
from router.observe.metrics import Metrics
from router.observe.observers import Observers
from router.policy.current import Current
from router.policy.loader import read_policy, shipped_policy_path
from router.policy.problems import PolicyError
from router.providers.catalog import CODECS
from router.settings import BadSetting, Settings
from router.upstream.client import Upstream
from router.upstream.fetcher import GuardedFetcher
from router.upstream.guard import GuardPolicy
from router.upstream.traffic import Traffic
from router.upstream.transport import Endpoint, HttpTransport
from router.web.dashboard.press import Press

DARKROOM_THREADS = max(2, min(4, os.cpu_count() or 1))
"""How many images are decoded at the same time: a 4k result takes a second, and 70 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What everything stands on."""

    clock: SystemClock
    current: Current
    policy_path: Path
    traffic: Traffic
    reloader: Reloader
    metrics: Metrics
    observer: Observer
    teller: Teller
    tasks: TaskRegistry
    broken: asyncio.Event
    """Set when the disk has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """What is kept, and links to it."""

    ledger: Ledger
    inputs: Inputs
    results: ResultStore
    links: Links
    darkroom: ThreadExecutor
    """Where images are decoded."""
    desk: ThreadExecutor
    """Where bills are read and compared."""
    pages: ThreadExecutor
    """Where pages are written."""
    press: Press
    """Where the largest one is."""
    check: BooksCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Roads:
    """Everything that dials out."""

    guard: GuardPolicy
    fetcher: GuardedFetcher
    upstream: Upstream
    latencies: Latencies
    """What offers go by."""
    pacing: Pacing
    """What polls and queues go by."""


def lay_ground(
    stack: AsyncExitStack, settings: Settings, observers: tuple[Observer, ...]
) -> Ground:
    """
    Read the policy, and make what everything else is given.

    Raises:
        PolicyError: The policy's files cannot be in force.
    """
    policy_path = settings.policy or shipped_policy_path()
    reading = read_policy(policy_path)
    policy = reading.outcome
    if isinstance(policy, PolicyError):
        raise policy
    clock = SystemClock()
    current = Current(policy, clock.now())
    files = ThreadExecutor("policy-reader")
    stack.callback(files.close)
    metrics = Metrics(clock, providers=policy.prices.provider_names)
    observer = Observers(metrics, *observers)
    teller = Teller(clock, observer)
    traffic = Traffic(
        clock, all_terms(policy), on_wait=teller.took_turn, on_queue=teller.queue_changed
    )
    return Ground(
        clock=clock,
        current=current,
        policy_path=policy_path,
        traffic=traffic,
        reloader=Reloader(clock, policy_path, reading, current, traffic, observer, files),
        metrics=metrics,
        observer=observer,
        teller=teller,
        tasks=TaskRegistry(teller.crashed),
        broken=asyncio.Event(),
    )


def guard_of(settings: Settings) -> GuardPolicy:
    """
    What may be dialled on a stranger's word.

    Raises:
        BadSetting: FAREBOX_FETCH_ALLOW cannot be meant.
    """
    try:
        return GuardPolicy(
            settings.fetch_allow, allow_http=bool(settings.fetch_allow), own_ports=[settings.port]
        )
    except ValueError as error:
        raise BadSetting(f"FAREBOX_FETCH_ALLOW: {error}") from error


async def open_rooms(
    stack: AsyncExitStack, settings: Settings, ledger: Ledger, clock: Clock
) -> Rooms:
    """
    Open where images are kept: what clients sent beside the ledger, results where it is said.

    Raises:
        BadSetting: FAREBOX_ARCHIVE cannot be meant, or not be used here.
        LedgerUnavailable: The key of links can be neither read nor made.
    """

    def worker(name: str, threads: int = 1) -> ThreadExecutor:
        made = ThreadExecutor(name, threads=threads)
        stack.callback(made.close)
        return made

    path = settings.database_path
    press = Press(path)
    stack.push_async_callback(press.close)
    beside = path.with_name(path.name + ".results")
    try:
        results = open_results(settings.archive, beside, worker("results"))
    except BadArchive as error:
        raise BadSetting(f"FAREBOX_ARCHIVE {error}") from error
    return Rooms(
        ledger=ledger,
        inputs=Inputs(path.with_name(path.name + ".inputs"), worker("inputs")),
        results=results,
        links=Links(await ledger.secret("links")),
        darkroom=worker("images", DARKROOM_THREADS),
        desk=worker("statements"),
        pages=worker("pages"),
        press=press,
        check=BooksCheck(ledger, clock),
    )


def open_accounts(ground: Ground, rooms: Rooms, resolver: Resolver) -> Accounts:
    """What deals with providers' accounts, by the policy in force."""
    alarm, current = ground.teller.alarm, ground.current
    return Accounts.of(
        ground.clock, rooms.ledger, resolver, rooms.desk, alarm, lambda: current.policy
    )


async def open_roads(
    stack: AsyncExitStack, settings: Settings, ground: Ground, latencies: Latencies
) -> Roads:
    """
    Open everything that dials out: to the providers, and to where clients say.

    Raises:
        BadSetting: FAREBOX_FETCH_ALLOW cannot be meant.
    """
    guard = guard_of(settings)
    fetcher = await stack.enter_async_context(
        GuardedFetcher(guard, egress_proxy=settings.egress_proxy)
    )
    endpoints = {
        name: Endpoint(one.url, one.key) for name, one in settings.providers.items() if one.key
    }
    transport = await stack.enter_async_context(
        HttpTransport(endpoints, egress_proxy=settings.egress_proxy)
    )
    pacing = Pacing(ground.clock, latencies, lambda: ground.current.policy)
    upstream = Upstream(
        ground.clock,
        transport,
        CODECS,
        ground.traffic.reads,
        rng=random.Random(),  # noqa: S311 - it spreads polls; no secret comes of it.
        on_poll=lambda provider: ground.observer.tell(Polled(provider=provider)),
        pace=pacing,
    )
    return Roads(
        guard=guard, fetcher=fetcher, upstream=upstream, latencies=latencies, pacing=pacing
    )
