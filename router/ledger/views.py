"""What readers of the ledger get: sums and states as values, with the time they are of."""

from dataclasses import dataclass
from datetime import datetime

from router.model.job import Resolution
from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingRow:
    """Money and counts of one day's attempts that share everything they are reported by."""

    day: str
    """`2026-11-21`, in UTC: of settlement, or of the hold where the money is still open."""
    provider: str
    model: str
    resolution: Resolution
    tenant: str
    tags: tuple[tuple[str, str], ...]
    attempts: int
    delivered: int
    posted: Money
    presumed: Money
    held: Money
    in_doubt: Money
    in_doubt_attempts: int
    avoided: Money
    """What the dearest qualifying offers would have cost more, for what was delivered."""
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
