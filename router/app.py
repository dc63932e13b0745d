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

from router.dispatch.callbacks import Callbacks
from router.dispatch.dispatcher import Dispatcher
from router.dispatch.drift import STOPPED, Above
from router.dispatch.finishing import Finisher
from router.dispatch.forgetting import Forgetting
from router.dispatch.health import Health
from router.dispatch.hosting import Hosting, PublicLinks
from router.dispatch.latency import SEEDED_FROM, SEEDED_MOST, Latencies
from router.dispatch.outbox import Postman
from router.dispatch.placing import Placer
from router.dispatch.reconcile import Sweep
from router.dispatch.recovery import Recovery
from router.dispatch.reloading import Reloader
from router.dispatch.resolving import Resolver
from router.dispatch.sending import Sender
from router.dispatch.survey import Survey
from router.dispatch.turns import Turns
from router.dispatch.watching import Watcher
from router.finance.snapshot import money_snapshot
from router.ground import Ground, Roads, Rooms, lay_ground, open_accounts, open_roads, open_rooms
from router.ledger.executor import ThreadExecutor
from router.ledger.ledger import Ledger
from router.ledger.outbox_rows import OutboxRow
from router.ledger.sqlite import SqliteStore
from router.ledger.writer import Writer
from router.model.ids import Ids
from router.model.offer import ProviderState
from router.model.tasks import TaskRegistry
from router.observe.events import Committed, Observer, ProviderChanged
from router.observe.ledger_events import LedgerUpdate
from router.postroom import Postroom, hire_postman, open_postroom
from router.providers.catalog import CODECS
from router.settings import Settings
from router.upstream.image_shapes import ImageShapes
from router.upstream.slots import Slots
from router.web.buying import restore_lost_answers
from router.web.lost_answers import LostAnswers
from router.web.picturing import Pictures
from router.web.services import Services

# The creates under way at the end are the dangerous ones: they are waited for, remote jobs are not.
CREATES_GRACE_S = 10.0


@dataclass(frozen=True, slots=True)
class House:
    """Everything that runs, for whoever puts a face on it."""

    services: Services
    recovery: Recovery
    sweep: Sweep
    post: Postroom
    postman: Postman[OutboxRow]
    reloader: Reloader
    tasks: TaskRegistry
    slots: Slots
    broken: asyncio.Event
    """Set when the disk has failed: the process must end, and recover from the file."""

    async def begin(self) -> None:
        """Take up what is unfinished, then be ready."""
        await restore_lost_answers(self.services)
        await self.reloader.keep_in(self.services.ledger)
        await self.recovery.run()
        await self.post.alerts.catch_up()
        self.tasks.start("sweep", self.sweep.run())
        self.tasks.start("postman", self.postman.run())
        self.tasks.start("alerts' postman", self.post.postman.run())
        self.tasks.start("watch policy", self.reloader.run())
        self.tasks.start("check books", self.services.check.run())
        self.tasks.start("watch accounts", self.services.accounts.watch.run())
        self.services.ready.set()

    def reload(self) -> None:
        """Read the policy anew, now; a broken one changes nothing."""
        self.tasks.start("reload policy", self.reloader.reload())


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
        ground = lay_ground(stack, settings, observers)
        ledger = await _open_ledger(stack, settings.database_path, ground)
        rooms = await open_rooms(stack, settings, ledger, ground.clock)
        ground.metrics.read_with(
            lambda: money_snapshot(
                ledger, ground.current.policy, ground.clock.now(), check=rooms.check
            ),
            ground.teller.alarm,
            writable=lambda: ledger.admitting,
        )
        latencies = Latencies()
        latencies.seed(await ledger.timed(ground.clock.now() - SEEDED_FROM, most=SEEDED_MOST))
        roads = await open_roads(stack, settings, ground, latencies)
        house = _furnish(settings, ground, rooms, roads)
        stack.push_async_callback(_wind_down, house)
        yield house


async def _open_ledger(stack: AsyncExitStack, path: Path, ground: Ground) -> Ledger:
    """Open the books, and never live before their last entry."""
    clock, observer = ground.clock, ground.observer
    writing, reading, scanning, looking = (
        ThreadExecutor(f"ledger-{name}") for name in ("writer", "reader", "scanner", "looker")
    )
    store = SqliteStore(
        *(path, writing, reading),
        scanner=scanning,
        looker=looking,
        updating=lambda steps: observer.tell(_update_of(steps)),
    )
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
    return ledger


def _update_of(steps: int) -> LedgerUpdate:
    """In words: it is read by whoever waits for an answer."""
    detail = (
        "bringing the ledger up to date: this may take minutes, and nothing listens meanwhile"
        if steps
        else "the ledger is up to date"
    )
    return LedgerUpdate(steps=steps, detail=detail)


def _furnish(settings: Settings, ground: Ground, rooms: Rooms, roads: Roads) -> House:
    """Put the dispatcher and its neighbours together."""
    ledger, inputs, results, current = rooms.ledger, rooms.inputs, rooms.results, ground.current
    clock, observer, teller, tasks = ground.clock, ground.observer, ground.teller, ground.tasks
    providers = tuple(name for name, one in settings.providers.items() if one.key)
    ids, health = Ids(clock), _open_health(ground)
    turns = Turns(clock, ground.traffic.slots, health, expected_s=roads.pacing.expected_s)
    callbacks_url = settings.public_url
    public = PublicLinks(rooms.links, callbacks_url) if callbacks_url is not None else None
    hosting = Hosting(clock, inputs, public)
    survey = Survey(
        health,
        ImageShapes(roads.fetcher),
        frozenset(providers) & CODECS.keys(),
        turns,
        latencies=roads.latencies,
        supplied=hosting.supplies,
    )
    placer = Placer(clock, ids, ledger, survey, health, turns, in_force=lambda: current.policy)
    sender = _hire_sender(ground, rooms, roads, health, turns, hosting, callbacks_url)
    dispatcher = Dispatcher(
        clock, ledger, inputs, placer, sender, health, tasks, teller, callbacks=public is not None
    )
    recovery = Recovery(clock, ledger, inputs, dispatcher, health, observer, policy=current.of_job)
    post = open_postroom(settings, ground, ledger, roads.fetcher)
    services = Services(
        clock=clock,
        ids=ids,
        policy=lambda: current.policy,
        standing=lambda: current.standing,
        policy_path=ground.policy_path,
        ledger=ledger,
        inputs=inputs,
        pictures=Pictures(rooms.links, results, settings.public_url),
        placer=placer,
        dispatcher=dispatcher,
        watcher=Watcher(ledger, dispatcher),
        callbacks=Callbacks(ledger, dispatcher, recovery, CODECS, observer),
        resolver=Resolver(clock, ledger, dispatcher, recovery),
        accounts=open_accounts(ground, rooms, Resolver(clock, ledger, dispatcher, recovery)),
        health=health,
        turns=turns,
        metrics=ground.metrics,
        observer=observer,
        providers=providers,
        guard=roads.guard,
        lost_answers=LostAnswers(clock),
        desk=rooms.pages,
        press=rooms.press,
        check=rooms.check,
        admin_key=settings.admin_key,
        alert_desk=post.desk,
    )
    forgetting = Forgetting(clock, ledger, inputs, results, policy=lambda: current.policy)
    sweep = Sweep(clock, ledger, dispatcher, recovery, health, teller, forgetting, post.alerts)
    postman = hire_postman(ground, ledger, roads.fetcher, services.pictures)
    reloader, slots, broken = ground.reloader, ground.traffic.slots, ground.broken
    return House(services, recovery, sweep, post, postman, reloader, tasks, slots, broken)


def _open_health(ground: Ground) -> Health:
    """Have people told what providers' health changes to, and which offers are stopped."""
    clock, current = ground.clock, ground.current

    def changed(provider: str, state: ProviderState, reason: str) -> None:
        ground.observer.tell(ProviderChanged(provider=provider, state=state, reason=reason))

    def stopped(offer: Above) -> None:
        ground.teller.alarm(STOPPED, offer.words)

    spread = random.Random()  # noqa: S311 - probes are no secret.
    health = Health(clock, changed, on_stop=stopped, rng=spread)
    ground.metrics.watch_offers(
        lambda: health.prices.count_stopped(current.policy.prices, clock.now())
    )
    return health


def _hire_sender(
    ground: Ground,
    rooms: Rooms,
    roads: Roads,
    health: Health,
    turns: Turns,
    hosting: Hosting,
    callbacks_url: str | None,
) -> Sender:
    """Whoever carries attempts, with what happens to images on the way."""
    finisher = Finisher(
        ground.clock,
        roads.fetcher,
        rooms.results,
        rooms.darkroom,
        ground.teller,
        policy=lambda: ground.current.policy,
    )
    return Sender(
        ground.clock,
        rooms.ledger,
        roads.upstream,
        health,
        turns,
        ground.teller,
        hosting,
        finisher,
        callbacks_url=callbacks_url,
    )


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
