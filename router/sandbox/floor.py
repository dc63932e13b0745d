"""
What both providers stand on: one clock, one source of chance, one set of books.

Money moves by an agenda: whatever a job will cost or give back is entered at its instant, as soon
as anybody looks after that instant. Nothing runs in the background.
"""

import heapq
import itertools
import random
import string
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from router.sandbox.clock import Clock
from router.sandbox.faults import Kind, Operation
from router.sandbox.gallery import Gallery
from router.sandbox.jobs import Job, Plan
from router.sandbox.pictures import Picture, read_source
from router.sandbox.postbox import Delivery, Postbox, due_times
from router.sandbox.rules import Faults, Rule
from router.sandbox.settings import Latency, Settings
from router.sandbox.truth import Create, Entry, Facts, Truth
from router.sandbox.wire import Request, is_web_url, path_of

_WORKER_LETTERS = 14


class Refused(Exception):
    """The provider says no, and nothing was bought. Carries an HTTP-like status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a provider understood of a create."""

    prompt: str = field(repr=False)
    images: tuple[str, ...] = field(repr=False)
    resolution: str
    """Lower case; empty for a model of one size."""
    aspect_ratio: str | None
    output_format: Any
    """`png` or `jpeg`."""
    price_nanos: int


class Floor:
    """The shared state of the sandbox."""

    def __init__(self, clock: Clock, entropy: random.Random, settings: Settings) -> None:
        self.clock = clock
        self.entropy = entropy
        self.settings = settings
        self.truth = Truth()
        self.faults = Faults(entropy)
        self.gallery = Gallery()
        self.postbox = Postbox(clock, self.truth)
        self.balances = {
            "shortapi": settings.shortapi.balance_nanos,
            "runpod": settings.runpod.balance_nanos,
        }
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def now_s(self) -> float:
        """Seconds on the clock that jobs live by."""
        return self.clock.monotonic_s()

    def plan(self, due_s: float, action: Callable[[], None]) -> None:
        """Put down what happens at an instant."""
        heapq.heappush(self._agenda, (due_s, next(self._numbers), action))

    def advance(self) -> None:
        """Let everything happen that was due by now, in order."""
        now_s = self.now_s()
        while self._agenda and self._agenda[0][0] <= now_s:
            _, _, action = heapq.heappop(self._agenda)
            action()

    def arrive(self, provider: str, facts: Facts, *faults: str | None) -> Create:
        """Record a create that arrived, with the faults it met."""
        met = tuple(fault for fault in faults if fault)
        return self.truth.arrive(self.clock.now(), provider, facts, *met)

    def charge(self, job: Job, at_s: float, why: str) -> None:
        """Bill a job what its plan says."""
        self._enter(job, at_s, job.plan.charge_nanos, why, refund=False)

    def refund(self, job: Job, at_s: float, why: str) -> None:
        """Give back what a job was billed."""
        self._enter(job, at_s, job.plan.charge_nanos, why, refund=True)

    def _enter(self, job: Job, at_s: float, amount_nanos: int, why: str, *, refund: bool) -> None:
        self.balances[job.provider] += amount_nanos if refund else -amount_nanos
        self.truth.entries.append(
            Entry(
                at=job.at(at_s),
                provider=job.provider,
                kind="refund" if refund else "charge",
                amount_nanos=amount_nanos,
                create=job.create,
                ref=job.ref,
                why=why,
            ),
        )

    def draw_plan(self, latency: Latency, order: Order) -> Plan:
        """Draw what will become of an order if nothing goes wrong."""
        queue_s, execution_s = latency.draw(self.entropy, order.resolution, self.settings.speed)
        return Plan(
            queue_s=queue_s,
            execution_s=execution_s,
            price_nanos=order.price_nanos,
            charge_nanos=order.price_nanos,
        )

    def picture(self, order: Order) -> Picture:
        """Say what an order's result will look like."""
        return Picture(
            prompt=order.prompt,
            resolution=order.resolution,
            aspect_ratio=order.aspect_ratio,
            output_format=order.output_format,
            source=read_source(order.images[0]),
            side_max=self.settings.picture_side_max,
        )

    def hang(self, request: Request, provider: str, plan: Plan, picture: Picture) -> str:
        """Put up a result; gives its URL."""
        expires_s = self.now_s() + plan.queue_s + plan.execution_s
        expires_s += self.settings.picture_lifetime_s
        path = self.gallery.hang(self.new_id().hex, provider, plan, picture, expires_s)
        return self.base_url(request) + path

    def take_callback_fault(self, provider: str, url: str | None) -> Rule | None:
        """Find what will go wrong with the callback of a create that asked for one."""
        if url is None:
            return None
        return self.faults.take(provider, Operation.CALLBACK, Kind.CALLBACK)

    def announce(
        self,
        job: Job,
        rule: Rule | None,
        pauses_s: tuple[float, ...],
        write: Callable[[Job, float, bool], Awaitable[bytes | None]],
    ) -> None:
        """Leave a job's callbacks in the postbox, if it asked for any."""
        if job.callback_url is None:
            return
        for due_s, forged in due_times(job, rule):

            async def body(now_s: float, forged: bool = forged) -> bytes | None:  # noqa: FBT001
                return await write(job, now_s, forged)

            self.postbox.drop(
                Delivery(
                    job=job,
                    url=job.callback_url,
                    due_s=due_s,
                    pauses_s=pauses_s,
                    write=body,
                    forged=forged,
                ),
            )

    def base_url(self, request: Request) -> str:
        """Say where the client can reach the sandbox."""
        public = self.settings.public_url
        return public or f"http://{request.headers.get('host', 'sandbox.invalid')}"

    def new_id(self) -> uuid.UUID:
        """Make an id, from the seed."""
        return uuid.UUID(int=self.entropy.getrandbits(128), version=4)

    def new_worker(self) -> str:
        """Name a worker as Runpod names its own."""
        letters = string.ascii_lowercase + string.digits
        return "".join(self.entropy.choices(letters, k=_WORKER_LETTERS))


def is_input(url: Any) -> bool:
    """Whether a provider could read this as an image: a web URL, or a data-URL that decodes."""
    if not isinstance(url, str):
        return False
    return is_web_url(url) or (url.startswith("data:") and read_source(url) is not None)


def callback_token(url: Any) -> str | None:
    """Take the last segment of a callback URL's path, by which a router knows its attempt."""
    if not isinstance(url, str) or not is_web_url(url):
        return None
    return path_of(url).rstrip("/").rpartition("/")[2] or None


def key_of(request: Request) -> str:
    """Read the API key, with or without `Bearer`."""
    header = request.headers.get("authorization", "").strip()
    scheme, _, rest = header.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else header
