"""
How long each offer's jobs take, and how often they fail: learnt from attempts as they are settled.

Kept for each provider, model there and resolution, over five windows that fade. What little was
seen counts little: each window leans on the week's, and that on what the price book states, as if
either were so many jobs. Whoever was slow and is not asked for a while is thus soon taken for what
it was all week, and in the end for what is stated; where nothing is stated either, it is unknown,
and never zero.

What counts as how long is dispatch to delivery, of delivered attempts alone: how long it took to
fail says nothing of an image. That an attempt failed is counted apart. One that is still under way
at its job's deadline goes on to be collected, and counts with all that it took once it delivers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from router.dispatch.settlement import DELIVERED
from router.model.durations import Distribution, FadingCount, Histogram
from router.model.errors import (
    ProviderFailed,
    ProviderInDoubt,
    ProviderUnreachable,
    ResultUnavailable,
)
from router.model.job import Resolution
from router.model.latency import WINDOW_S, WINDOWS_S, Latency
from router.model.offer import Offer
from router.upstream.polling import ANYTHING

SEEDED_FROM = timedelta(days=30)
"""How far back the ledger is read at a start: what is older counts for next to nothing."""
SEEDED_MOST = 500
"""How many attempts of each offer are read at a start."""
LEANS = 20.0
"""Of as many jobs, a window goes half by what it saw itself and half by what it leans on."""
KNOWN_FROM = 5.0
"""Of so many jobs at least something is known where the price book states nothing."""
FAILING = 0.02
"""How many attempts fail where nothing was seen: two of a hundred. Assumed."""
_FAILURES_FADE_S = WINDOWS_S[2] / 2
_KEPT_S = 5.0
_STALE = 50
# The provider's failures. Not those that say nothing of the next job: a refused picture, a key that
# is no good, a job that was called off.
_FAILED = frozenset(
    {ProviderFailed.code, ProviderInDoubt.code, ProviderUnreachable.code, ResultUnavailable.code}
)


class Timed(Protocol):
    """What is learnt from: an attempt of the ledger, whole or as far as it is about time."""

    @property
    def provider(self) -> str: ...
    @property
    def slug(self) -> str: ...
    @property
    def resolution(self) -> Resolution: ...
    @property
    def outcome(self) -> str | None: ...
    @property
    def dispatched_at(self) -> datetime | None: ...
    @property
    def accepted_at(self) -> datetime | None: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def queue_s(self) -> float | None: ...
    @property
    def execution_s(self) -> float | None: ...


Key = tuple[str, str, Resolution]
"""Provider, the model's name there, and resolution."""


def _histograms() -> tuple[Histogram, ...]:
    # Fading so, what counts is on average as old as in a plain window of that length.
    return tuple(Histogram(window_s / 2) for window_s in WINDOWS_S)


@dataclass(slots=True)
class _Seen:
    """What was seen of one offer."""

    whole: tuple[Histogram, ...] = field(default_factory=_histograms)
    """From dispatch to delivery, as a client waits."""
    ready: tuple[Histogram, ...] = field(default_factory=_histograms)
    """From dispatch until the provider had the image, as far as it tells: polls go by it."""
    queue: tuple[Histogram, ...] = field(default_factory=_histograms)
    execution: tuple[Histogram, ...] = field(default_factory=_histograms)
    ended: FadingCount = field(default_factory=lambda: FadingCount(_FAILURES_FADE_S))
    failed: FadingCount = field(default_factory=lambda: FadingCount(_FAILURES_FADE_S))
    changes: int = 0


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was made of it, until more is seen or time has passed."""

    changes: int
    at_s: float
    stated: tuple[float, float] | None
    latency: Latency | None
    ready: Distribution

    def is_stale(self, changes: int, at_s: float) -> bool:
        """Whether a fiftieth more was seen since, or seconds have passed: making it is slow."""
        more = changes - self.changes
        return more > self.changes // _STALE or abs(at_s - self.at_s) > _KEPT_S


class Latencies:
    """What is known of how long offers take. In memory; the ledger seeds it."""

    def __init__(self) -> None:
        self._seen: dict[Key, _Seen] = {}
        self._kept: dict[Key, _Kept] = {}

    def seed(self, settled: Iterable[Timed]) -> None:
        """Take what the ledger has of lately, in any order: after a start."""
        for attempt in settled:
            self.settled(attempt)

    def settled(self, attempt: Timed) -> None:
        """Learn from an attempt that was settled. One never sent tells nothing."""
        began_at, ended_at = attempt.dispatched_at, attempt.ended_at
        is_delivered = attempt.outcome == DELIVERED
        if began_at is None or not (is_delivered or attempt.outcome in _FAILED):
            return
        at_s = (ended_at or began_at).timestamp()
        seen = self._seen.setdefault(_key(attempt), _Seen())
        seen.changes += 1
        seen.ended.add(at_s)
        if not is_delivered:
            seen.failed.add(at_s)
            return
        whole_s = at_s - began_at.timestamp()
        _add(seen.whole, at_s, whole_s)
        if attempt.queue_s is not None:
            _add(seen.queue, at_s, attempt.queue_s)
        if attempt.execution_s is not None:
            _add(seen.execution, at_s, attempt.execution_s)
        _add(seen.ready, at_s, _ready_s(attempt, began_at, whole_s))

    def offer(self, offer: Offer, resolution: Resolution, at: datetime) -> Offer:
        """
        Put what is known into an offer.

        Args:
            offer: Its latency is what the price book states.
            resolution: Of the job.
            at: Now: what was seen fades.
        """
        key = (offer.provider, offer.slug, resolution)
        kept = self._look(key, offer.stated, at.timestamp())
        seen = self._seen.get(key)
        share = FAILING if seen is None else _failing(seen, at.timestamp())
        return replace(offer, latency=kept.latency, failing=round(share, 4))

    def expected_s(
        self, key: Key, stated: tuple[float, float] | None, at: datetime
    ) -> float | None:
        """
        How long from dispatch to delivery, on average over the last hour.

        Args:
            key: Of the offer.
            stated: What the price book states of it.
            at: Now.

        Returns:
            None where nothing is known.
        """
        latency = self._look(key, stated, at.timestamp()).latency
        return None if latency is None else latency.mean_s

    def ready(self, provider: str, slug: str, resolution: Resolution, at: datetime) -> Distribution:
        """How long after dispatch a provider has a job's image, for whoever asks it then."""
        key = (provider, slug, resolution)
        kept = self._kept.get(key)
        return self._look(key, kept.stated if kept else None, at.timestamp()).ready

    def _look(self, key: Key, stated: tuple[float, float] | None, at_s: float) -> _Kept:
        seen, kept = self._seen.get(key), self._kept.get(key)
        changes = seen.changes if seen is not None else 0
        if kept is None or kept.stated != stated or kept.is_stale(changes, at_s):
            kept = self._kept[key] = _made(seen, changes, stated, at_s)
        return kept


def _key(attempt: Timed) -> Key:
    return attempt.provider, attempt.slug, attempt.resolution


def _add(histograms: tuple[Histogram, ...], at_s: float, seconds: float) -> None:
    for one in histograms:
        one.add(at_s, seconds)


def _ready_s(attempt: Timed, began_at: datetime, whole_s: float) -> float:
    """
    Until the provider had it: by its own word, else until we knew.

    The latter is late by what it took to ask, and to fetch where that was needed. It does not add
    up: what is learnt from it is late by that once, however often it is learnt from.
    """
    if attempt.execution_s is None:
        return whole_s
    accepted_at = attempt.accepted_at or began_at
    told_s = (accepted_at - began_at).total_seconds() + (attempt.queue_s or 0.0)
    return min(told_s + attempt.execution_s, whole_s)


def _failing(seen: _Seen, at_s: float) -> float:
    failed, ended = seen.failed.at(at_s), seen.ended.at(at_s)
    return (failed + FAILING * LEANS) / (ended + LEANS)


def _made(
    seen: _Seen | None, changes: int, stated: tuple[float, float] | None, at_s: float
) -> _Kept:
    prior = Distribution.lognormal(*stated) if stated is not None else None
    if seen is None or seen.whole[-1].seen() is None:
        latency = Latency.stated(*stated) if stated is not None else None
        return _Kept(changes, at_s, stated, latency, prior or ANYTHING)
    place = WINDOWS_S.index(WINDOW_S)
    over, queue, execution = (
        _over(seen.whole, at_s, prior),
        _over(seen.queue, at_s, None),
        _over(seen.execution, at_s, None),
    )
    latency = None
    if over is not None:
        latency = Latency.of(
            over,
            samples=round(seen.whole[-1].count(at_s)),
            queue=queue[place] if queue is not None else None,
            execution=execution[place] if execution is not None else None,
        )
    ready = _over(seen.ready, at_s, prior or ANYTHING)
    assert ready is not None, "there is something to lean on"
    return _Kept(changes, at_s, stated, latency, ready[place])


def _over(
    histograms: tuple[Histogram, ...], at_s: float, stated: Distribution | None
) -> list[Distribution] | None:
    """What is known over each window; None where that is nothing."""
    *shorter, longest = histograms
    week = _leaning(longest, at_s, stated)
    if week is None:
        return None
    return [*(_leaning(one, at_s, week) or week for one in shorter), week]


def _leaning(histogram: Histogram, at_s: float, base: Distribution | None) -> Distribution | None:
    """What a window saw, with what it leans on; None where that is nothing."""
    seen, count = histogram.seen(), histogram.count(at_s)
    if seen is None:
        return base
    if base is None:
        return seen if count >= KNOWN_FROM else None
    return base.mixed(seen, count / (count + LEANS))
