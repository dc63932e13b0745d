"""Stand-ins shared by the tests: a clock that moves when told, and builders of values."""

import asyncio
import heapq
import itertools
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from router.model.ids import JobId
from router.model.job import Job, Resolution
from router.model.money import Money
from router.model.offer import Offer

EPOCH = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
"""When every fake clock starts, unless told otherwise: a Friday morning."""


class FakeClock:
    """A `Clock` that stands still until `advance`."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

    def now(self) -> datetime:
        """The start, and what was advanced since."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic_s(self) -> float:
        """Seconds advanced since the start."""
        return self._elapsed_s

    async def sleep_s(self, seconds: float) -> None:
        """Wait until `advance` has passed the sleeper's instant."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waker = asyncio.get_running_loop().create_future()
        wakes_at_s = self._elapsed_s + seconds
        heapq.heappush(self._sleepers, (wakes_at_s, next(self._arrivals), waker))
        await waker

    def advance(self, seconds: float) -> None:
        """
        Move time and wake whom it reached, earliest first, equals in the order they lay down.

        They run when the caller next awaits; one that sleeps again counts from the new instant.
        """
        assert seconds >= 0, "time does not run backwards"
        self._elapsed_s += seconds
        while self._sleepers and self._sleepers[0][0] <= self._elapsed_s:
            _, _, waker = heapq.heappop(self._sleepers)
            if not waker.done():  # A cancelled sleeper's is.
                waker.set_result(None)

    @property
    def sleepers(self) -> int:
        """How many wait: a test that asserts it knows where its tasks stand."""
        return sum(not waker.done() for _, _, waker in self._sleepers)


class Middle(random.Random):
    """Chance that always falls in the middle."""

    def uniform(self, a: float, b: float) -> float:
        """The middle of the range."""
        return (a + b) / 2


def a_job(**overrides: Any) -> Job:
    """Build a plain 1k edit of one picture by tenant `acme`; any field can be overridden."""
    job = Job(
        id=JobId("0199d6f0-0000-7000-8000-000000000001"),
        tenant="acme",
        key_id="key-1",
        model="nano-banana-2-edit",
        prompt="make the sky green",
        images=("https://pictures.example/cat.png",),
        resolution=Resolution.ONE_K,
        aspect_ratio=None,
        output_format=None,
        tags=(),
        created_at=EPOCH,
        deadline_at=EPOCH + timedelta(seconds=300),
    )
    return replace(job, **overrides)


def an_offer(*, price: Money, **overrides: Any) -> Offer:
    """Build ShortAPI's offer at `price`; any field can be overridden, the list price too."""
    offer = Offer(
        provider="shortapi",
        model="nano-banana-2-edit",
        slug="google/nano-banana-2/edit",
        price=price,
        list_price=price,
        price_from=EPOCH - timedelta(days=30),
    )
    return replace(offer, **overrides)
