"""A budget seen from the ledger: a limit, on what is used within one window of one scope."""

from dataclasses import dataclass
from datetime import datetime

from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """
    One budget's limit as it applies to one attempt. A hold passes only if all of its limits do.

    The window is half-open, `[window_start, window_end)`; both ends are None for a lifetime budget.
    A rolling window is the sum of its hours, each of which has a balance of its own.
    """

    budget: str
    """The budget's name in the policy."""
    scope: str
    """Whose money: `everyone`, `tenant:acme`, `provider:runpod`, `tenant:acme,provider:runpod`."""
    window_start: datetime | None
    window_end: datetime | None
    limit: Money
    bucket_start: datetime | None = None
    """Of a rolling window alone: where its last hour begins, in which a new hold is counted."""
    alerts: tuple[int, ...] = ()
    """Percentages of the limit that are recorded when what was charged reaches them."""

    @property
    def rolls(self) -> bool:
        """Whether the window is the last so many days: it has no end at which it begins anew."""
        return self.bucket_start is not None

    @property
    def begins_anew_at(self) -> datetime | None:
        """When nothing of the limit is used any more; None: at no known instant."""
        return None if self.rolls else self.window_end


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What of a budget's window is used, kept in the four amounts that are never mixed."""

    posted: Money = Money.ZERO
    presumed: Money = Money.ZERO
    held: Money = Money.ZERO
    in_doubt: Money = Money.ZERO

    @property
    def used(self) -> Money:
        """All that counts against the limit."""
        return self.posted + self.presumed + self.held + self.in_doubt

    def available(self, limit: Money) -> Money:
        """What a further hold may take; negative after an overage or a lowered limit."""
        return limit - self.used

    def __add__(self, other: "Usage") -> "Usage":
        """Add each amount to its own kind."""
        return Usage(
            posted=self.posted + other.posted,
            presumed=self.presumed + other.presumed,
            held=self.held + other.held,
            in_doubt=self.in_doubt + other.in_doubt,
        )

    def __sub__(self, other: "Usage") -> "Usage":
        """Take each amount from its own kind."""
        return Usage(
            posted=self.posted - other.posted,
            presumed=self.presumed - other.presumed,
            held=self.held - other.held,
            in_doubt=self.in_doubt - other.in_doubt,
        )

    @property
    def charged(self) -> Money:
        """What has been charged, presumed charges included: what thresholds are on."""
        return self.posted + self.presumed
