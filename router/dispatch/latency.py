"""
How long each offer's jobs take, and how often they fail: learnt from attempts as they are settled.

Kept for each provider, model there and resolution, over five windows that fade. What little was
seen counts little: each window leans on a longer one, and that on what the price book states, as if
either were so many jobs. Whoever was slow and is not asked for a while is thus soon taken for what
it usually is, and in the end for what is stated; where nothing is stated either, it
is unknown, and never zero. Jobs in a row that are all unusual are a change: see `latency_changes`.

What counts as how long is dispatch to delivery, of delivered attempts alone: how long it took to
fail says nothing of an image. That an attempt failed is counted apart. One that is still under way
at its job's deadline goes on to be collected, and counts with all that it took once it delivers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from router.dispatch.latency_changes import Job, Row, Side
from router.dispatch.latency_windows import LEANS, Windows
from router.dispatch.settlement import DELIVERED
from router.model.durations import Distribution, FadingCount
from router.model.errors import (
    ProviderFailed,
    ProviderInDoubt,
    ProviderUnreachable,
    ResultUnavailable,
)
from router.model.job import Resolution
from router.model.latency import WINDOWS_S, Latency
from router.model.offer import FAILING_ASSUMED, Offer
from router.upstream.polling import ANYTHING

SEEDED_FROM = timedelta(days=30)
"""How far back the ledger is read at a start: what is older counts for next to nothing."""
SEEDED_MOST = 500
"""How many attempts of each offer are read at a start."""
FAILING = FAILING_ASSUMED
"""How many attempts fail where nothing was seen; of few that were seen, what they lean on."""
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


@dataclass(slots=True)
class _Seen:
    """What was seen of one offer."""

    whole: Windows = field(default_factory=Windows)
    """From dispatch to delivery, as a client waits."""
    ready: Windows = field(default_factory=Windows)
    """From dispatch until the provider had the image, as far as it tells: polls go by it."""
    queue: Windows = field(default_factory=Windows)
    execution: Windows = field(default_factory=Windows)
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
        self._rows: dict[tuple[str, str], Row] = {}
        self._kept: dict[Key, _Kept] = {}

    def seed(self, settled: Iterable[Timed]) -> None:
        """Take what the ledger has of lately, in any order: after a start."""
        for attempt in sorted(settled, key=_at_s):
            self.settled(attempt)

    def settled(self, attempt: Timed) -> None:
        """Learn from an attempt that was settled. One never sent tells nothing."""
        began_at, ended_at = attempt.dispatched_at, attempt.ended_at
        is_delivered = attempt.outcome == DELIVERED
        if began_at is None or not (is_delivered or attempt.outcome in _FAILED):
            return
        at_s = (ended_at or began_at).timestamp()
        key = _key(attempt)
        seen = self._seen.setdefault(key, _Seen())
        seen.changes += 1
        seen.ended.add(at_s)
        if not is_delivered:
            seen.failed.add(at_s)
            return
        whole_s = at_s - began_at.timestamp()
        if attempt.queue_s is not None:
            seen.queue.add((at_s, attempt.queue_s))
        if attempt.execution_s is not None:
            seen.execution.add((at_s, attempt.execution_s))
        ready = at_s, _ready_s(attempt, began_at, whole_s)
        seen.whole.add((at_s, whole_s))
        seen.ready.add(ready)
        self._compare(key, Job(seen.whole, seen.ready, (at_s, whole_s), ready))

    def _compare(self, key: Key, job: Job) -> None:
        """Begin anew with all resolutions of a model whose provider has changed."""
        provider, slug, _ = key
        row = self._rows.setdefault((provider, slug), Row())
        since = row.add(job)
        if not since:
            return
        is_slow = row.side is Side.SLOW
        for other, seen in self._seen.items():
            if other[:2] == (provider, slug):
                mine = [one for one in since if one.whole is seen.whole]
                seen.whole.begin_anew([one.whole_timed for one in mine], is_slow=is_slow)
                seen.ready.begin_anew([one.ready_timed for one in mine], is_slow=is_slow)
                self._kept.pop(other, None)

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


def _at_s(attempt: Timed) -> float:
    at = attempt.ended_at or attempt.dispatched_at
    return 0.0 if at is None else at.timestamp()


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
    if seen is None or seen.whole.over[-1].seen() is None:
        latency = Latency.stated(*stated) if stated is not None else None
        return _Kept(changes, at_s, stated, latency, prior or ANYTHING)
    over = seen.whole.known(at_s, prior)
    latency = None
    if over is not None:
        latency = Latency.of(
            over,
            doubts=seen.whole.doubts(at_s),
            samples=round(seen.whole.over[-1].count(at_s)),
            queue=seen.queue.lately(at_s, None),
            execution=seen.execution.lately(at_s, None),
        )
    ready = seen.ready.lately(at_s, prior or ANYTHING)
    assert ready is not None, "there is something to lean on"
    return _Kept(changes, at_s, stated, latency, ready)
