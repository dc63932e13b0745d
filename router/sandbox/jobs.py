"""
A job at a provider. What it is doing is a pure function of the clock: nothing runs in between.

Queued until `started_s`, running until `ended_s`, then over; forgotten after its retention, or
when its time to live ran out first.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any


class Ending(Enum):
    """How a job ends."""

    IMAGE = "image"
    NO_IMAGE = "no_image"
    """It succeeds, says so, and there is nothing: how resellers may render a refusal."""
    FAILED = "failed"


class Stage(Enum):
    """What a provider can say of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    GONE = "gone"
    """The id is not known: not yet, or no longer."""
    UNKNOWN = "unknown"
    """A state that no document names."""


TERMINAL = frozenset({Stage.SUCCEEDED, Stage.FAILED, Stage.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will become of a job, fixed when it is created. Faults bend it."""

    queue_s: float
    execution_s: float
    price_nanos: int
    """The list price."""
    charge_nanos: int
    """What the provider will bill, and say it bills, unless `garbage` is set."""
    ending: Ending = Ending.IMAGE
    error: str = ""
    """The provider's sentence when it fails."""
    failure_is_billed: bool = False
    """A failure that costs what a success costs, and is not refunded."""
    garbage: str | None = None
    """Say this kind of nonsense instead of the charge."""
    picture_fault: str | None = None
    """What is wrong with the result's URL, for good."""
    picture_location: str | None = None
    """Where it redirects to, when that is what is wrong."""
    unknown_s: float = 0.0
    """For how long its state is one that no document names."""
    hidden_s: float = 0.0
    """For how long a query answers 404."""
    regresses: int = 0
    """How many answers say "running" after the first that said it is over."""
    reuse_ref: bool = False
    """It is given the id of the provider's latest job."""
    hopeless: bool = False
    """The input itself is at fault: it fails however often it is tried."""
    early_s: float = 0.0
    """The job is over at once, and the create's reply comes this much later."""


@dataclass(slots=True, kw_only=True)
class Job:
    """One accepted create."""

    provider: str
    ref: str
    create: int
    """Its create's number in the truth."""
    model: str
    plan: Plan
    created_s: float
    created_at: datetime
    picture_url: str
    callback_url: str | None = None
    echo: Mapping[str, Any] | None = field(default=None, repr=False)
    """Runpod: the input, which the webhook carries back."""
    worker: str = ""
    as_base64: bool = False
    ttl_s: float = math.inf
    execution_timeout_s: float = math.inf
    retention_s: float = math.inf
    cancelled_s: float | None = None
    retries: int = 0
    regressed: int = 0
    shown_terminal: bool = False
    streamed: bool = False

    @property
    def started_s(self) -> float:
        """When it leaves the queue."""
        return self.created_s + self.plan.queue_s

    @property
    def ended_s(self) -> float:
        """When it is over, unless somebody ends it earlier."""
        return self.started_s + min(self.plan.execution_s, self.execution_timeout_s)

    @property
    def timed_out(self) -> bool:
        """Whether it needs longer than its `executionTimeout` allows."""
        return self.plan.execution_s > self.execution_timeout_s

    @property
    def ending(self) -> Ending:
        """How it ends, if it gets that far."""
        return Ending.FAILED if self.timed_out else self.plan.ending

    def at(self, instant_s: float) -> datetime:
        """Wall time of a monotonic instant in this job's life."""
        return self.created_at + timedelta(seconds=instant_s - self.created_s)

    def stage(self, now_s: float) -> Stage:
        """Say what it is doing."""
        if self.cancelled_s is not None:
            return self._kept(Stage.CANCELLED, self.cancelled_s, now_s)
        expires_s = self.created_s + self.ttl_s
        if now_s >= self.ended_s and self.ended_s <= expires_s:
            over = Stage.FAILED if self.ending is Ending.FAILED else Stage.SUCCEEDED
            return self._kept(over, self.ended_s, now_s)
        if now_s >= expires_s:
            return Stage.GONE
        return Stage.RUNNING if now_s >= self.started_s else Stage.QUEUED

    def _kept(self, stage: Stage, since_s: float, now_s: float) -> Stage:
        return stage if now_s < since_s + self.retention_s else Stage.GONE


_EARLIER = {
    Stage.SUCCEEDED: Stage.RUNNING,
    Stage.FAILED: Stage.RUNNING,
    Stage.CANCELLED: Stage.RUNNING,
    Stage.RUNNING: Stage.QUEUED,
}


def shown(job: Job, now_s: float, view: str | None) -> Stage:
    """
    Say what a query is told: the stage, unless a fault of this query or of the job intervenes.

    Args:
        job: Remembers that its end was shown.
        now_s: The instant of the query.
        view: This query's own fault: `query_404_for_a_while`, `unknown_status`, `status_regress`.
    """
    stage, age_s, plan = job.stage(now_s), now_s - job.created_s, job.plan
    hidden = view == "query_404_for_a_while" or age_s < plan.hidden_s
    if hidden or stage is Stage.GONE:
        return Stage.GONE
    if view == "unknown_status" or age_s < plan.unknown_s:
        return Stage.UNKNOWN
    if view == "status_regress":
        return _EARLIER.get(stage, stage)
    return _regressed(job, stage) if stage in TERMINAL else stage


def _regressed(job: Job, stage: Stage) -> Stage:
    """Show the end once, then take it back as often as the plan says."""
    if job.shown_terminal and job.regressed < job.plan.regresses:
        job.regressed += 1
        return Stage.RUNNING
    job.shown_terminal = True
    return stage
