"""What is known of one provider's health, and what of it is shown to people."""

from dataclasses import dataclass, field
from datetime import datetime

from router.dispatch.health_window import Bucket, Share, Window
from router.model.ids import AttemptId
from router.model.money import Money
from router.model.offer import ProviderState


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A provider's health, for people."""

    state: ProviderState
    reason: str | None
    """Why it is not serving."""
    since: datetime
    """When the state began."""
    until: datetime | None
    """Ejected: when the next job may probe."""
    cooling_until: datetime | None
    """It answered 429, and no create goes there before; None where that is over."""
    share: Share
    """Of the last minutes' attempts. Those that still run count as good."""


@dataclass(slots=True)
class Probe:
    """The one real job that tries an ejected provider."""

    attempt: AttemptId
    began_s: float


@dataclass(slots=True)
class Record:
    """All that health counts of one provider. What ends in `_s` is of the monotonic clock."""

    since: datetime
    window: Window = field(default_factory=Window)
    begun: dict[AttemptId, Bucket] = field(default_factory=dict[AttemptId, Bucket])
    """Attempts on their way, and where they are counted."""
    creates_failed: int = 0
    """In a row; the next create that is answered with an id ends it."""
    jobs_failed: int = 0
    """In a row; the next delivery ends it."""
    doubts: int = 0
    """Creates in doubt, in a row."""
    in_doubt: dict[AttemptId, Money] = field(default_factory=dict[AttemptId, Money])
    reason: str = ""
    """Why it is ejected; empty while it serves."""
    is_hard: bool = False
    """Whether money is at risk, so that nothing may go there even if nobody else is left."""
    ejections: int = 0
    """How often of late; decays while it serves well."""
    ejected_until_s: float = 0.0
    ejected_until: datetime | None = None
    served_since_s: float = 0.0
    probe: Probe | None = None
    proofs: int = 0
    """Probes that went well since it was ejected, in a row."""
    throttles: int = 0
    """Cool-downs since a create was last answered with an id."""
    cooling_until_s: float = 0.0
    cooling_until: datetime | None = None
    shown: ProviderState = ProviderState.SERVING

    def begin(self, attempt: AttemptId, now_s: float) -> None:
        """Count an attempt as it starts."""
        self.begun[attempt] = self.window.begin(now_s)

    def end(self, attempt: AttemptId, *, failed: bool) -> None:
        """Count what became of an attempt."""
        bucket = self.begun.pop(attempt, None)
        if bucket is not None and failed:
            bucket.failed += 1

    def excuse(self, attempt: AttemptId) -> None:
        """Uncount an attempt that says nothing of its provider."""
        bucket = self.begun.pop(attempt, None)
        if bucket is not None:
            bucket.started -= 1

    def is_probe(self, attempt: AttemptId) -> bool:
        """Whether an attempt is the one that probes."""
        return self.probe is not None and self.probe.attempt == attempt
