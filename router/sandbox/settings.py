"""
What can be set: mostly what no document says, so that both answers can be tried.

Durations are seconds of the sandbox's clock.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from router.sandbox.catalogue import RUNPOD_MODELS, SHORTAPI_MODELS, Model
from router.sandbox.money import nanos

HOUR_S = 3600.0
DAY_S = 86_400.0


def _execution(one: float, two: float, four: float) -> Mapping[str, float]:
    return {"1k": one, "2k": two, "4k": four}


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long a job takes: lognormal around medians, as real queues are."""

    queue_s: float
    """Median wait before execution."""
    execution_s: Mapping[str, float]
    """Median execution by resolution; other resolutions take as long as the quickest."""
    queue_spread: float = 0.5
    """Sigma of the logarithm."""
    execution_spread: float = 0.2

    def draw(self, entropy: random.Random, resolution: str, speed: float) -> tuple[float, float]:
        """Draw a job's queue and execution times, `speed` times quicker than they are."""
        median_s = self.execution_s.get(resolution, min(self.execution_s.values()))
        queue_s = entropy.lognormvariate(math.log(self.queue_s), self.queue_spread)
        execution_s = entropy.lognormvariate(math.log(median_s), self.execution_spread)
        return queue_s / speed, execution_s / speed


def _shortapi_latency() -> Latency:
    return Latency(queue_s=0.6, execution_s=_execution(6.0, 9.0, 14.0))


def _runpod_latency() -> Latency:
    return Latency(queue_s=0.4, execution_s=_execution(5.0, 7.0, 11.0))


def _shortapi_statuses() -> Mapping[str, object]:
    return {"queued": 0, "running": 1, "succeeded": 2, "failed": 3, "unknown": 7}


def _no_codes() -> Mapping[int, int]:
    return {}


def _no_bodies() -> Mapping[int, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortApiSettings:
    """How the stand-in for ShortAPI behaves where its documents are silent."""

    key: str | None = None
    """The one key that is let in; None lets any key in, but not a missing one."""
    models: tuple[Model, ...] = SHORTAPI_MODELS
    latency: Latency = field(default_factory=_shortapi_latency)
    balance_nanos: int = nanos("100000")
    """Prepaid. A create that costs more than what is left is refused."""
    amount: Literal["price", "sample"] = "price"
    """`sample` answers the documents' "0.02", whatever the price."""
    refunds: bool = True
    """Whether a failed job's charge comes back."""
    refund_delay_s: float = 0.0
    """From the failure to its refund."""
    errors: Literal["envelope", "http"] = "envelope"
    """Refusals come with HTTP 200 and a code in the body, or with a 4xx as well."""
    credit_gone_http: int = 402
    statuses: Mapping[str, object] = field(default_factory=_shortapi_statuses)
    """The value of `data.status` for queued, running, succeeded, failed and unknown."""
    codes: Mapping[int, int] = field(default_factory=_no_codes)
    """HTTP-like reason → the body's `code`; without an entry the reason itself."""
    bodies: Mapping[int, str] = field(default_factory=_no_bodies)
    """HTTP-like reason → a whole body that replaces the envelope."""
    extras: bool = False
    """Add `id`, `credit` and `finished_at`, which some clients have seen."""
    data_urls: bool = True
    """Whether `image_urls` may hold data-URLs."""
    output_format: Literal["png", "jpeg"] = "png"
    callback_id: Literal["data", "top", "both", "none"] = "data"
    """Where the callback's body names the job."""
    callback_pauses_s: tuple[float, ...] = (5.0, 15.0)
    """Between the tries of a callback that is not answered 2xx."""
    retention_s: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class RunpodSettings:
    """How the stand-in for Runpod behaves where its documents are silent."""

    key: str | None = None
    """The one key that is let in; None lets any key in, but not a missing one."""
    models: tuple[Model, ...] = RUNPOD_MODELS
    latency: Latency = field(default_factory=_runpod_latency)
    balance_nanos: int = nanos("100000")
    output_key: Literal["result", "image_url", "both"] = "result"
    """Live replies say `result`, the documents say `image_url`."""
    base64: Literal["data_url", "bare"] = "data_url"
    """How an image asked for as base64 stands in the output."""
    failed_http: int = 200
    """The HTTP status that a FAILED job's state comes with."""
    credit_gone_http: int = 402
    bodies: Mapping[int, str] = field(default_factory=_no_bodies)
    """HTTP status → a whole body that replaces `{"error": …}`."""
    policy_acts: bool = True
    """Whether `policy.ttl` and `policy.executionTimeout` do anything."""
    cancelled_running_is_free: bool = False
    """A cancel while queued is always free."""
    unknown_status: str = "PREEMPTED"
    retention_run_s: float = 1800.0
    retention_sync_s: float = 60.0
    callback_pauses_s: tuple[float, ...] = (5.0, 15.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The sandbox as a whole."""

    speed: float = 1.0
    """Divides queue and execution times. What a client names (wait, ttl) stays as named."""
    public_url: str | None = None
    """Where clients reach the sandbox; None takes each request's own Host."""
    picture_side_max: int | None = None
    """Shrinks every result to this many pixels a side: for simulations."""
    picture_lifetime_s: float = 7 * DAY_S
    """After which a result's URL is dead."""
    drip_pause_s: float = 0.25
    """Between two bytes of a slow drip."""
    shortapi: ShortApiSettings = field(default_factory=ShortApiSettings)
    runpod: RunpodSettings = field(default_factory=RunpodSettings)
