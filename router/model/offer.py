"""
What a provider offers for a job, on which terms, and the plan that a policy makes of the offers.

These are values: stored with the job, shown by `quote`, compared by tests.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from router.model.latency import Latency
from router.model.money import Money

FAILING_ASSUMED = 0.02
"""Which share of attempts fails where nothing was seen: two of a hundred."""


class ProviderState(StrEnum):
    """A provider's health, in Envoy's words."""

    SERVING = "serving"
    EJECTED = "ejected"
    PROBING = "probing"


@dataclass(frozen=True, slots=True)
class Rate:
    """How many calls a provider allows within any stretch of time of one length."""

    calls: int
    """One or more."""
    per_s: float
    """Above zero, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTerms:
    """A provider's row of the price book: how it bills, what it keeps, what it bears."""

    name: str
    billing: Literal["prepaid", "invoiced"] = "prepaid"
    failed_is_free: bool = False
    """A final failure is proof that nothing is billed."""
    cancelled_is_free: bool = False
    """A confirmed cancellation is proof that nothing is billed."""
    amount: Literal["quote", "charge"] = "quote"
    """What the amount in the reply to a create means."""
    origin_not_reached: frozenset[int] = frozenset()
    """Statuses from its edge that prove that the provider itself never saw the request."""
    creates_in_flight_max: int = 100
    statuses_in_flight_max: int = 100
    cancels_in_flight_max: int = 20
    create_rate: Rate | None = None
    """How often jobs may be created; None where nobody says."""
    status_rate: Rate | None = None
    """How often it may be asked how jobs are doing."""
    cancel_rate: Rate | None = None
    in_doubt_max: Money = field(default_factory=lambda: Money.parse("2.00"))
    """With more than this in doubt, the provider is ejected."""
    job_ttl_s: float = 3600.0
    """How long after its creation a job may still run, and so be charged, there."""
    retention_s: float = 1800.0
    """How long a finished job can be queried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What a provider's model can do."""

    aspect_ratios: tuple[str, ...] = ()
    """Empty: whatever is asked."""
    aspect_ratio_required: bool = False
    output_formats: tuple[str, ...] = ()
    """Formats it delivers on request; empty: it cannot be asked for one."""
    images_max: int = 14
    data_urls: bool = False
    """Whether images may travel inside the request."""
    body_bytes_max: int = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One provider's price for one job, now."""

    provider: str
    model: str
    slug: str
    """The model's name there."""
    price: Money
    """What this job would cost: contracted where negotiated, else list."""
    list_price: Money
    price_from: datetime
    """Since when the price-book row is in force: with the slug, its identity."""
    state: ProviderState = ProviderState.SERVING
    aspect_ratio: str | None = None
    """What will be sent; None sends none."""
    obstacle: str | None = None
    """Why it cannot serve this job, in words; None when it can."""
    busy_s: float | None = None
    """In how many seconds the obstacle may be gone, where it is only that too much is waiting."""
    stated: tuple[float, float] | None = None
    """What the price book states of its latency: the 50th and 95th percentile, in seconds."""
    latency: Latency | None = None
    """How long such a job is expected to take there; None: nothing is known."""
    failing: float = 0.0
    """Which share of its attempts is expected to fail: from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One offer and what became of it, for people."""

    provider: str
    price: Money
    verdict: str
    latency: Latency | None = None
    """What was expected of it; None: nothing was known."""
    failing: float = 0.0
    """Which share of its attempts was expected to fail."""
    state: ProviderState = ProviderState.SERVING
    """The provider's health, then."""

    @property
    def shown(self) -> dict[str, Any]:
        """As replies and the books tell it, as JSON."""
        return {
            "provider": self.provider,
            "price": str(self.price),
            "verdict": self.verdict,
            "latency": self.latency.shown if self.latency is not None else None,
            "failing": self.failing,
            "state": self.state.value,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Why the plan is as it is: a reason for the winner and for every loser."""

    policy: str
    policy_hash: str
    rule: str
    candidates: tuple[Candidate, ...]

    @property
    def shown(self) -> dict[str, Any]:
        """As the books keep it, as JSON; a job's row has the policy's hash beside it."""
        return {
            "policy": self.policy,
            "rule": self.rule,
            "candidates": [candidate.shown for candidate in self.candidates],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Offers in the order they will be tried, and why. May be empty."""

    offers: tuple[Offer, ...]
    decision: Decision
