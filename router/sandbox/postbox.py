"""
Callbacks: the providers' way to say that a job is over.

A callback not answered 2xx is tried again after each of the provider's pauses, then dropped.
Source: Runpod docs, "Send requests", webhooks (three tries); ShortAPI documents no retry.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from router.sandbox.clock import Clock
from router.sandbox.jobs import Job
from router.sandbox.rules import Rule
from router.sandbox.truth import Told, Truth

Post = Callable[[str, bytes], Awaitable[int]]
"""Sends a JSON body to a URL; gives the HTTP status. `OSError` is a receiver out of reach."""

_LATE_S = 60.0
_TWICE_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One callback to be sent."""

    job: Job
    url: str
    due_s: float
    pauses_s: tuple[float, ...]
    write: Callable[[float], Awaitable[bytes | None]]
    """Writes the body as of an instant; None when there is nothing to tell after all."""
    forged: bool


def _seconds(rule: Rule, default: float) -> float:
    return default if rule.options.seconds is None else rule.options.seconds


_Times = tuple[tuple[float, bool], ...]

_TIMES: Mapping[str, Callable[[Job, Rule], _Times]] = {
    "callback_lost": lambda _job, _rule: (),
    "callback_duplicate": lambda job, _: ((job.ended_s, False), (job.ended_s + _TWICE_S, False)),
    "callback_late": lambda job, rule: ((job.ended_s + _seconds(rule, _LATE_S), False),),
    "callback_forged": lambda job, _: ((job.started_s, True), (job.ended_s, False)),
    "callback_early": lambda job, _: ((job.ended_s, False),),
}
"""When a spoilt callback is sent, and whether it is a forgery."""


def due_times(job: Job, rule: Rule | None) -> _Times:
    """Say when a job's end is told, and whether each telling is a forgery."""
    return ((job.ended_s, False),) if rule is None else _TIMES[rule.name](job, rule)


class Postbox:
    """Callbacks that wait for their instant, and the one that delivers them."""

    def __init__(self, clock: Clock, truth: Truth) -> None:
        self._clock = clock
        self._truth = truth
        self._waiting: asyncio.Queue[Delivery] = asyncio.Queue()

    def drop(self, delivery: Delivery) -> None:
        """Leave a callback to be delivered when it is due."""
        self._waiting.put_nowait(delivery)

    async def deliver(self, post: Post) -> NoReturn:
        """Deliver callbacks as they fall due, each on its own, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                delivery = await self._waiting.get()
                group.create_task(self._deliver(delivery, post))

    async def _deliver(self, delivery: Delivery, post: Post) -> None:
        await self._clock.sleep_s(max(0.0, delivery.due_s - self._clock.monotonic_s()))
        # Loops may wake a hair early; the callback must still see the job over.
        body = await delivery.write(max(self._clock.monotonic_s(), delivery.due_s))
        if body is None:
            return
        for attempt, pause_s in enumerate((0.0, *delivery.pauses_s), start=1):
            await self._clock.sleep_s(pause_s)
            status = await _status(post, delivery.url, body)
            self._truth.callbacks.append(
                Told(
                    at=self._clock.now(),
                    provider=delivery.job.provider,
                    ref=delivery.job.ref,
                    attempt=attempt,
                    forged=delivery.forged,
                    status=status,
                ),
            )
            if 200 <= status < 300:  # noqa: PLR2004 - A success is any 2xx.
                return


async def _status(post: Post, url: str, body: bytes) -> int:
    try:
        return await post(url, body)
    except OSError:  # TimeoutError is one.
        return 0
