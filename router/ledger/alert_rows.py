"""Rows about alerts: thresholds that were reached, and how far people are told of them."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from router.ledger.outbox_rows import OutboxState
from router.model.alert import Basis, Threshold
from router.model.money import Money

_ID_DIGITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """A fact: a threshold of a budget's window is reached. Once for each window."""

    table: ClassVar[str] = "alerts"
    key_columns: ClassVar[tuple[str, ...]] = ("budget", "scope", "since")
    id: str
    """Made of the key, so that whoever records it first, it is the same."""
    budget: str
    scope: str
    window_start: datetime
    window_end: datetime
    rolling: int
    """1 if the window rolls: then no other that it overlaps has the same threshold again."""
    basis: Basis = "actual"
    percent: int
    """Of the limit; of a burn, of the pace at which the limit would last just to the end."""
    over_s: int = 0
    """Of a burn: over what time. Else 0."""
    at: datetime
    charged: Money
    """Posted and presumed, as it was found."""
    limit_amount: Money
    amount: Money | None = None
    """Of a forecast, what is expected; of a burn, what was charged within the time; of what is used
    up without being charged whole, what the edits would have cost that were refused; else None."""

    @property
    def is_used_up(self) -> bool:
        """Whether it is not a charge that reached it, but an edit that found no room."""
        return self.basis == "actual" and self.amount is not None

    @property
    def key(self) -> tuple[object, ...]:
        """The primary key."""
        window = (self.budget, self.scope, self.window_start, self.window_end)
        return (*window, self.basis, self.percent, self.over_s)

    @property
    def group(self) -> tuple[object, ...]:
        """What it is looked up by, among those whose window has not ended before an instant."""
        return (self.budget, self.scope)

    @property
    def threshold(self) -> Threshold:
        """What is reached."""
        return Threshold(self.basis, self.percent, self.over_s)


def alert_id(*key: object) -> str:
    """The id of the alert with a key: hexadecimal digits."""
    text = "\n".join(str(part) for part in key)
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLetterRow:
    """An alert that is to be told to where the policy says: made with it, in one commit."""

    table: ClassVar[str] = "alert_outbox"
    key_columns: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    """The alert's."""
    url: str = field(repr=False)
    format: str
    """`standard` or `slack`."""
    state: OutboxState
    tries: int = 0
    last_status: int | None = None
    """What the receiver answered last; None where it did not."""
    created_at: datetime
    tried_at: datetime | None = None
    next_at: datetime | None = None
    """When the next try is; None where there is none to come."""

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return (self.id,)

    @property
    def whose(self) -> str:
        """Whom telling takes a place from: alerts are nobody's tenant."""
        return ""

    @property
    def dialect(self) -> str:
        """In whose words: see `format`."""
        return self.format
