"""
The dispatcher on a stage: real ledger and policy, virtual time, providers that act a script.

A test says what each create meets, lets the play run in virtual seconds, and reads the books.
"""

import itertools
import json
import random
from collections import defaultdict
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from router.dispatch.alert_desk import AlertDesk
from router.dispatch.alert_mail import AlertMail
from router.dispatch.alerting import Alerts
from router.dispatch.callbacks import Callbacks
from router.dispatch.client_mail import ClientMail
from router.dispatch.dispatcher import Dispatcher
from router.dispatch.drift import STOPPED
from router.dispatch.errand import Admission
from router.dispatch.finishing import Finisher
from router.dispatch.forgetting import Forgetting
from router.dispatch.health import Health
from router.dispatch.hosting import Hosting, PublicLinks
from router.dispatch.latency import Latencies
from router.dispatch.outbox import Postman
from router.dispatch.pacing import Pacing
from router.dispatch.placing import Placer
from router.dispatch.ports import Carrier, Fetcher, Poster
from router.dispatch.reconcile import Sweep
from router.dispatch.recovery import Recovery
from router.dispatch.sending import Sender
from router.dispatch.survey import Survey
from router.dispatch.telling import Teller
from router.dispatch.turns import Turns
from router.dispatch.watching import JobView, Watcher
from router.finance.alert_letters import AlertWriter
from router.finance.foresight import foreseen
from router.images.keeping import FolderResults
from router.images.links import Links
from router.ledger.commands import Idempotency
from router.ledger.decide import Decider, decide
from router.ledger.executor import InlineExecutor
from router.ledger.inputs import Inputs
from router.ledger.ledger import Ledger
from router.ledger.outbox_rows import OutboxRow
from router.ledger.rows import AttemptRow
from router.ledger.sqlite import SqliteStore
from router.ledger.writer import Writer
from router.model.charge import Reported
from router.model.errors import Ending, ProviderFailed, ProviderInDoubt
from router.model.ids import Ids, JobId, ProviderRef
from router.model.job import Job, Resolution
from router.model.money import Money
from router.model.offer import Offer, ProviderState, ProviderTerms
from router.model.tasks import TaskRegistry
from router.observe.events import Alarm, Event
from router.policy.policy import Policy
from router.providers.catalog import CODECS
from router.providers.wire import Delivered, Pending
from router.upstream.doorbell import Doorbell
from router.upstream.fetcher import FetchFailed, Posted
from router.upstream.traffic import Traffic
from router.web.callback_bodies import render_callback
from router.web.picturing import Pictures
from tests.fakes import a_job
from tests.ledger_kit import a_sqlite_store, usd
from tests.policy_files import a_policy
from tests.virtual_time import VirtualClock, run

T = TypeVar("T")
RING_URL = "https://farebox.example"
PICTURE = "https://results.example/green-sky.png"
FOREVER_S = 1e9


@dataclass
class Act:
    """What one create meets, and what becomes of its job there."""

    refuses: Exception | None = None
    """What the create ends with, instead of an id."""
    answers_after_s: float = 0.2
    ref: str | None = None
    """The id that its job is given; one of its own if None."""
    quote: Reported | None = None
    ends: Exception | None = None
    """How its job ends, instead of with a picture."""
    ends_after_s: float = 6.0
    charge: Reported | None = None
    """What the final answer says it costs."""
    images: tuple[str, ...] = (PICTURE,)


def reported(amount: str, raw: str | None = None) -> Reported:
    """Build what a provider says: an amount, `"?"` for one that is none."""
    parsed = None if amount == "?" else usd(amount)
    return Reported(raw=raw or amount, source="output.cost", amount=parsed)


def failed(*, how: Ending = Ending.FAILED, **options: Any) -> ProviderFailed:
    """Build the end of a job without a picture."""
    return ProviderFailed("it broke", how=how, **options)


@dataclass
class Sent:
    """One create as it left."""

    attempt_token: str | None
    provider: str
    job: Job
    offer: Offer
    at_s: float


class Troupe:
    """The providers: a `Carrier` that acts what it was told to."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self.acts: dict[str, list[Act]] = defaultdict(list)
        """By provider, for its next creates in turn; then all goes well."""
        self.always: dict[str, Act] = {}
        """By provider, for every create that has no act of its own."""
        self.jobs: dict[str, tuple[float, Act]] = {}
        """What each id stands for: when its job began, and its act."""
        self.sent: list[Sent] = []
        self.asked: list[str] = []
        self.cancelled: list[str] = []
        self.confirms_cancel = False
        self.rings: list[Doorbell] = []

    async def carry(
        self,
        job: Job,
        offer: Offer,
        terms: ProviderTerms,
        *,
        callback_url: str | None,
        create_deadline_s: float,
        horizon_s: float,
        doorbell: Doorbell,
        accepted: Callable[[Pending | Delivered], Awaitable[None]],
    ) -> Delivered:
        """See `Carrier`."""
        assert terms.name == offer.provider
        token = callback_url.rpartition("/")[2] if callback_url else None
        now_s = self._clock.monotonic_s()
        self.sent.append(Sent(token, offer.provider, job, offer, now_s))
        queue = self.acts[offer.provider]
        act = queue.pop(0) if queue else self.always.get(offer.provider, Act())
        ref = ProviderRef(act.ref or f"{offer.provider}-{next(self._numbers)}")
        self.jobs.setdefault(ref, (now_s, act))
        await self._clock.sleep_s(min(act.answers_after_s, create_deadline_s))
        if act.refuses is not None:
            raise act.refuses
        await accepted(Pending(ref=ref, stage="queued", reported=act.quote))
        return await self.collect(
            offer.provider,
            offer.slug,
            ref,
            resolution=job.resolution,
            age_s=act.answers_after_s,
            horizon_s=horizon_s,
            doorbell=doorbell,
        )

    async def collect(
        self,
        provider: str,
        slug: str,
        ref: ProviderRef,
        *,
        resolution: Resolution,
        age_s: float,
        horizon_s: float,
        doorbell: Doorbell,
    ) -> Delivered:
        """See `Carrier`."""
        assert resolution in Resolution
        assert age_s >= 0
        assert slug in {"google/nano-banana-2/edit", "google-nano-banana-2-edit"}, provider
        self.asked.append(ref)
        self.rings.append(doorbell)
        while (now_s := self._clock.monotonic_s()) < horizon_s:
            began_s, act = self.jobs.get(ref, (FOREVER_S, Act()))
            left_s = began_s + act.ends_after_s - now_s
            if left_s <= 0:
                if act.ends is not None:
                    raise act.ends
                return Delivered(
                    ref=ref,
                    images=act.images,
                    reported=act.charge,
                    queue_s=0.5,
                    execution_s=5.5,
                )
            await doorbell.wait(min(left_s, horizon_s - now_s))
        raise ProviderInDoubt("no end before the horizon")

    async def cancel(self, provider: str, slug: str, ref: ProviderRef) -> bool:
        """See `Carrier`."""
        del provider, slug
        self.cancelled.append(ref)
        if self.confirms_cancel:
            began_s, act = self.jobs[ref]
            end = failed(how=Ending.CANCELLED, ref=ref)
            self.jobs[ref] = began_s, replace(act, ends=end, ends_after_s=0.0)
        return self.confirms_cancel


@dataclass
class Audience:
    """An observer that remembers."""

    events: list[Event] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        """Remember."""
        self.events.append(event)

    def heard(self, name: str) -> list[Any]:
        """What was told under a name, in order."""
        return [event for event in self.events if event.name == name]

    @property
    def alarms(self) -> list[str]:
        """What a person should look at."""
        return [event.what for event in self.events if isinstance(event, Alarm)]


@dataclass
class Post:
    """One callback as it arrived at a client's server."""

    url: str
    body: Any
    headers: Mapping[str, str]
    at_s: float


class Mailbox:
    """The clients' servers: a `Poster` that answers what it was told to, or else 204."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.posts: list[Post] = []
        self.answers: dict[str, list[Posted | Exception]] = defaultdict(list)
        """By URL, for the next posts in turn; an exception is raised."""
        self.always: dict[str, Posted | Exception] = {}
        """By URL, for every post that has no answer of its own."""
        self.takes_s: dict[str, float] = {}
        """By URL, how long an answer takes; 0 if it is not named."""

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], deadline_s: float
    ) -> Posted:
        """See `Poster`."""
        self.posts.append(Post(url, json.loads(body), headers, self._clock.monotonic_s()))
        await self._clock.sleep_s(min(self.takes_s.get(url, 0.0), deadline_s))
        queue = self.answers[url]
        answer = queue.pop(0) if queue else self.always.get(url, Posted(204))
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def times(self) -> list[float]:
        """When each post came, in seconds since the clock began."""
        return [post.at_s for post in self.posts]


class Shape:
    """Sees every picture as equally wide and high, or not at all; at once, or after a while."""

    def __init__(self) -> None:
        self.size: tuple[int, int] | None = (1024, 1024)
        self.looking: Callable[[], Awaitable[None]] | None = None
        """What there is to wait for before a picture is seen."""

    async def shape_of(self, url: str) -> tuple[int, int] | None:
        """See `Shapes`."""
        assert url
        if self.looking is not None:
            await self.looking()
        return self.size


class Gallery:
    """Where results hang: a `Fetcher` that shows what it was told to."""

    def __init__(self) -> None:
        self.shows: dict[str, bytes | Exception] = {}
        """By URL: its bytes, or what fetching it ends with. There is nothing else."""
        self.fetched: list[str] = []
        """What was fetched, whole or not."""

    async def fetch_prefix(self, url: str, bytes_max: int) -> bytes:
        """See `Fetcher`."""
        return (await self._shown(url))[:bytes_max]

    async def fetch(self, url: str, bytes_max: int, *, deadline_s: float) -> bytes:
        """See `Fetcher`."""
        data = await self._shown(url)
        assert deadline_s > 0
        if len(data) > bytes_max:
            raise FetchFailed("The URL shows more than is read here.", may_pass=False)
        return data

    async def _shown(self, url: str) -> bytes:
        self.fetched.append(url)
        shown = self.shows.get(url, FetchFailed("The URL answered 404."))
        if isinstance(shown, Exception):
            raise shown
        return shown


class Stage:
    """One Farebox without faces: everything real between the policy and the carrier."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: VirtualClock | None = None,
        policy: Policy | None = None,
        carrier: Carrier | None = None,
        poster: Poster | None = None,
        fetcher: Fetcher | None = None,
        results: type[FolderResults] = FolderResults,
        decider: Decider = decide,
        recovery: type[Recovery] = Recovery,
        callbacks: bool = True,
        hosts: bool = False,
        slots: int = 50,
        connected: Iterable[str] = ("shortapi", "runpod"),
        entropy: random.Random | None = None,
    ) -> None:
        self.folder = folder
        self.clock = clock or VirtualClock()
        self.policy = policy or a_policy()
        self.troupe = Troupe(self.clock)
        self._carrier = carrier
        self._decider, self._recovery_type = decider, recovery
        self.shape = Shape()
        self.mailbox = Mailbox(self.clock)
        self._poster: Poster = poster or self.mailbox
        self._results_type = results
        self.audience = Audience()
        self.crashes: list[BaseException] = []
        self.entropy = entropy or random.Random(7)
        self.ids = Ids(self.clock, self.entropy)
        self._hosts = hosts
        self.gallery = Gallery()
        self._fetcher: Fetcher = fetcher or self.gallery
        self._callbacks_url = RING_URL if callbacks else None
        self._slots = slots
        self._connected = frozenset(connected)
        self.open()

    def open(self) -> None:
        """Open the ledger's file and put everything together on it."""
        clock, audience = self.clock, self.audience
        self.dying = False
        self.tasks = TaskRegistry(self.crashed)
        self.housekeeping = TaskRegistry(self.crashed)
        self._open_books()
        self.health = Health(
            clock,
            self.changed,
            on_stop=lambda offer: self.teller.alarm(STOPPED, offer.words),
        )
        self.latencies = Latencies()
        self.teller = Teller(clock, audience)
        self.traffic = Traffic(
            clock,
            self._terms(),
            on_wait=self.teller.took_turn,
            on_queue=self.teller.queue_changed,
        )
        self.slots = self.traffic.slots
        pacing = Pacing(clock, self.latencies, lambda: self.policy)
        self.turns = Turns(clock, self.slots, self.health, expected_s=pacing.expected_s)
        self._open_images()
        self._open_planning()
        self.sender = Sender(
            clock,
            self.ledger,
            self._carrier or self.troupe,
            self.health,
            self.turns,
            self.teller,
            self.hosting,
            self.finisher,
            callbacks_url=self._callbacks_url,
        )
        self.dispatcher = Dispatcher(
            clock,
            self.ledger,
            self.inputs,
            self.placer,
            self.sender,
            self.health,
            self.tasks,
            self.teller,
            callbacks=self._callbacks_url is not None,
        )
        self.recovery = self._recovery_type(
            clock,
            self.ledger,
            self.inputs,
            self.dispatcher,
            self.health,
            audience,
            policy=lambda _hash: self.policy,
        )
        self._open_evidence()
        self.changes: list[tuple[str, ProviderState, str]] = []

    def _open_evidence(self) -> None:
        """Put together what learns of ends later, and tells of them."""
        clock, audience = self.clock, self.audience
        self.callbacks = Callbacks(self.ledger, self.dispatcher, self.recovery, CODECS, audience)
        self.watcher = Watcher(self.ledger, self.dispatcher)
        self.sweep = Sweep(
            clock,
            self.ledger,
            self.dispatcher,
            self.recovery,
            self.health,
            self.teller,
            Forgetting(clock, self.ledger, self.inputs, self.results, policy=lambda: self.policy),
            Alerts(clock, self.ledger, audience, self.tasks, lambda: self.policy, foreseen),
        )
        self.postman = self.a_postman()

    def _terms(self) -> list[ProviderTerms]:
        """The price book's rows, with as many slots as the test says."""
        prices = self.policy.prices
        rows = {name: prices.terms(name) for name in prices.provider_names}
        return [
            replace(rows.get(name, ProviderTerms(name=name)), creates_in_flight_max=self._slots)
            for name in ("shortapi", "runpod")
        ]

    def a_desk(self, secret: bytes | None = None) -> AlertDesk:
        """Open the desk where alerts are set up, and have their postman told of what is due."""
        clock, tasks = self.clock, self.tasks
        writer = AlertWriter(clock, self.ledger, lambda: self.policy)
        mail = AlertMail(self.ledger, writer.write, self.teller, secret=secret)
        self.alert_postman = Postman(
            clock, mail, self.mailbox, tasks, self.teller, rng=random.Random(12)
        )
        self.ledger.listen_for_alerts(self.alert_postman.due)
        return AlertDesk(clock, self.ids, mail, self.mailbox, writer.sample)

    def a_postman(self) -> Postman[OutboxRow]:
        """Hire who tells clients of their jobs' end; a test that wants it sets them to work."""
        clock, tasks, rng = self.clock, self.tasks, random.Random(11)
        render = partial(render_callback, Pictures(self.links, self.results, RING_URL))
        mail = ClientMail(self.ledger, render, self.teller)
        postman = Postman(clock, mail, self._poster, tasks, self.teller, rng=rng)
        self.ledger.listen_for_callbacks(postman.due)
        return postman

    def _open_books(self) -> None:
        """Open the ledger, and what is kept beside it of what clients sent."""
        self.store = self.open_store()
        self.writer = Writer(self.clock, self.store, lambda *_: None, self.broke)
        self.ledger = self.open_ledger()
        self.inputs = Inputs(self.folder / "inputs", InlineExecutor())

    def _open_planning(self) -> None:
        """Put together what surveys and places."""
        self.survey = Survey(
            self.health,
            self.shape,
            self._connected,
            self.turns,
            latencies=self.latencies,
            supplied=self.hosting.supplies,
        )
        self.placer = Placer(
            self.clock,
            self.ids,
            self.ledger,
            self.survey,
            self.health,
            self.turns,
            in_force=lambda: self.policy,
        )

    def _open_images(self) -> None:
        """Put together what happens to images on their way in and out."""
        self.links = Links(b"a key of the stage's own")
        hosted = PublicLinks(self.links, RING_URL) if self._hosts else None
        self.hosting = Hosting(self.clock, self.inputs, hosted)
        self.results = self._results_type(self.folder / "results", InlineExecutor())
        self.finisher = Finisher(
            self.clock,
            self._fetcher,
            self.results,
            InlineExecutor(),
            self.teller,
            policy=lambda: self.policy,
        )

    def open_store(self) -> SqliteStore:
        """Open the ledger's file."""
        return a_sqlite_store(self.folder / "ledger.db", decider=self._decider)

    def open_ledger(self) -> Ledger:
        """Open the books on the store."""
        return Ledger(self.store, self.writer)

    def changed(self, provider: str, state: ProviderState, reason: str) -> None:
        """Remember a provider's new state."""
        self.changes.append((provider, state, reason))

    def crashed(self, name: str, error: BaseException) -> None:
        """Note a task that failed, unless everything is coming down."""
        if not self.dying:
            error.add_note(f"in task {name}")
            self.crashes.append(error)

    def broke(self) -> None:
        """Note that the ledger gave up."""
        self.crashes.append(AssertionError("the ledger broke"))

    def begin(self) -> None:
        """Start the ledger's writer."""
        self.housekeeping.start("writer", self.writer.run())

    async def kill(self) -> None:
        """End everything at once, as a crash would, but for the file."""
        self.dying = True
        await self.tasks.stop()
        await self.housekeeping.stop()
        self.store.close()

    async def restart(self) -> None:
        """Crash, open the file again, and recover."""
        await self.kill()
        self.open()
        self.begin()
        await self.recovery.run()

    def job(self, **overrides: Any) -> Job:
        """Build a new job with an id of its own, as of now; any field can be overridden."""
        now = self.clock.now()
        fields = {
            "id": self.ids.job(),
            "aspect_ratio": "16:9",
            "created_at": now,
            "deadline_at": now + timedelta(seconds=self.policy.deadline_s),
            **overrides,
        }
        return a_job(**fields)

    async def submit(self, key: str | None = None, fingerprint: str = "f1", **job: Any) -> JobId:
        """Submit a new job; gives its id, or the earlier one's."""
        return (await self.admit(self.job(**job), key, fingerprint)).row.id

    async def admit(
        self,
        job: Job,
        key: str | None = None,
        fingerprint: str = "f1",
        copies: Sequence[JobId] = (),
    ) -> Admission:
        """Submit a job, with so many copies of it."""
        promise = Idempotency(key=key, fingerprint=fingerprint) if key else None
        return await self.dispatcher.submit(job, self.policy, promise, copies=copies)

    async def see(self, job_id: JobId, wait_s: float = FOREVER_S) -> JobView:
        """Read a job that exists, when it has ended."""
        view = await self.watcher.watch(job_id, wait_s)
        assert view is not None
        return view

    async def attempts(self, job_id: JobId) -> list[AttemptRow]:
        """Read a job's attempts."""
        return await self.ledger.attempts_of(job_id)

    async def books(self, job_id: JobId) -> list[str]:
        """Tell a job's attempts in short: `shortapi posted 0.04`."""
        return [_told(one) for one in await self.attempts(job_id)]

    async def ring(self, attempt: AttemptRow, ref: str | None, *, token: str = "") -> bool:
        """Ring an attempt's bell, naming an id."""
        named = {"id": ref, "data": {"job_id": ref}} if ref else {}
        token_ = token or attempt.callback_token
        return await self.callbacks.ring(
            attempt.provider, type(attempt.callback_token)(token_), named
        )

    async def pause(self, seconds: float) -> None:
        """Let virtual seconds pass."""
        await self.clock.sleep_s(seconds)

    async def used(self, budget: str = "monthly") -> Money:
        """Read what counts against a budget now."""
        balances = await self.ledger.balances_at(self.clock.now())
        return sum((row.usage.used for row in balances if row.budget == budget), Money.ZERO)


def _told(attempt: AttemptRow) -> str:
    amount = attempt.posted if attempt.state.value == "posted" else attempt.quoted
    return f"{attempt.provider} {attempt.state.value} {amount}"


@asynccontextmanager
async def open_stage(stage: Stage) -> AsyncIterator[Stage]:
    """Play: afterwards the books must balance, and no task may have crashed."""
    stage.begin()
    try:
        yield stage
        assert await stage.ledger.imbalance() == Money.ZERO
    finally:
        await stage.kill()
    assert not stage.crashes, stage.crashes


def play(
    folder: Path, story: Callable[[Stage], Coroutine[Any, Any, T]], *, seed: int = 1, **setting: Any
) -> T:
    """Run a story on a new stage in virtual time."""

    async def main() -> T:
        async with open_stage(Stage(folder, **setting)) as stage:
            return await story(stage)

    return run(main(), seed)
