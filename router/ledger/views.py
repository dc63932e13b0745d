"""What readers of the ledger get: sums and states as values, with the time they are of."""

from dataclasses import dataclass
from datetime import datetime

from router.model.job import Resolution
from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingRow:
    """Money and counts of a time that share everything they are reported by."""

    day: str
    """`2026-11-21`: of a week or a month the first; empty where the time is not cut."""
    provider: str
    model: str
    resolution: Resolution
    tenant: str
    tags: tuple[tuple[str, str], ...]
    """Empty where they are not told apart."""
    key_id: str
    """Empty where keys are not told apart."""
    attempts: int
    """How many were settled or presumed in that time, or are open since."""
    delivered: int
    posted: Money
    """Charged, net of what was refunded."""
    presumed: Money
    """Presumed charged in that time, less what is presumed no longer."""
    held: Money
    in_doubt: Money
    in_doubt_attempts: int
    list_cost: Money
    """List prices of what is posted."""
    avoided: Money
    """What the dearest qualifying offers would have cost more, for what was delivered."""
    missed: Money
    """What the cheapest qualifying offers would have cost less, for what was delivered."""
    refunded: Money
    """What was taken back of what was posted, in that time or before; a positive amount."""
    over: Money
    """Charges above the price that was pinned."""
    under: Money
    drifted: int
    """How many charges were not the price that was pinned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsEndedRow:
    """How many jobs ended in one way."""

    model: str
    resolution: Resolution
    outcome: str
    """`succeeded`, `cancelled`, or the error's code."""
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """What a budget has refused."""

    budget: str
    scope: str
    jobs: int
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedRow:
    """What an attempt that was sent tells of time: how long it took, and whether it delivered."""

    provider: str
    slug: str
    resolution: Resolution
    outcome: str | None
    dispatched_at: datetime | None
    accepted_at: datetime | None
    ended_at: datetime | None
    queue_s: float | None
    execution_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRow:
    """What is open now of attempts that share everything they are reported by."""

    provider: str
    model: str
    resolution: Resolution
    tenant: str
    tags: tuple[tuple[str, str], ...]
    money: str
    """`held`, or `in_doubt`."""
    attempts: int
    amount: Money
    oldest: datetime
    """When the oldest of these holds was placed."""
