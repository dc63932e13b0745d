"""The ledger's verbs on alerts: to record what a budget has reached, and how far telling it is."""

from dataclasses import dataclass, field
from datetime import datetime

from router.ledger.outbox_rows import OutboxState
from router.model.alert import Threshold
from router.model.budget import Limit
from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """
    A threshold that is reached by more than charges, as somebody has found: by what is to be
    expected, or, of all of a limit, by an edit that found no room in what is left.
    """

    limit: Limit
    threshold: Threshold
    amount: Money
    """What is expected; of a burn, what was charged within the time; of what is used up, what was
    refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where people are told."""

    url: str = field(repr=False)
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Record the thresholds of limits that are reached, and were not recorded before."""

    at: datetime
    limits: tuple[Limit, ...] = ()
    """Of these the ledger itself looks what is reached."""
    foreseen: tuple[Foreseen, ...] = ()
    receiver: Receiver | None = None
    """Who is to be told of what is recorded, in the same commit; None for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of one try to tell somebody."""

    at: datetime
    number: int
    """Which try it was, from 1."""
    state: OutboxState
    status: int | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTold:
    """Note what came of telling an alert."""

    at: datetime
    alert_id: str
    tried: Tried
