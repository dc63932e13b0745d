"""Rows about limits: sums over a rolling window, raises by people, thresholds that were reached."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from router.model.budget import Limit, Usage
from router.model.money import Money, total

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingRow:
    """What of an account's hours counts since an instant: read as a sum, and never written."""

    table: ClassVar[str] = "rolling"
    key_columns: ClassVar[tuple[str, ...]] = ("budget", "scope", "since")
    budget: str
    scope: str
    since: datetime
    posted: Money = Money.ZERO
    presumed: Money = Money.ZERO
    held: Money = Money.ZERO
    in_doubt: Money = Money.ZERO

    @property
    def key(self) -> tuple[str | datetime, ...]:
        """What it is the sum of."""
        return (self.budget, self.scope, self.since)

    @property
    def usage(self) -> Usage:
        """The four amounts as a value of the model."""
        return Usage(
            posted=self.posted, presumed=self.presumed, held=self.held, in_doubt=self.in_doubt
        )

    def plus(self, change: Usage) -> "RollingRow":
        """The sum after one of its hours has changed."""
        usage = self.usage + change
        return replace(
            self,
            posted=usage.posted,
            presumed=usage.presumed,
            held=usage.held,
            in_doubt=usage.in_doubt,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseRow:
    """A fact: somebody has raised a budget's limit, until an instant."""

    table: ClassVar[str] = "raises"
    key_columns: ClassVar[tuple[str, ...]] = ("budget",)
    id: str
    budget: str
    scope: str = ""
    """One account of the budget; empty: each of them."""
    amount: Money
    """By how much, within each window that it is in force in."""
    created_at: datetime
    until: datetime
    """Not in force from then on."""
    who: str
    reason: str

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return (self.id,)

    @property
    def group(self) -> tuple[object, ...]:
        """What it is looked up by."""
        return (self.budget,)

    def applies(self, limit: Limit, at: datetime) -> bool:
        """Whether it raises a limit at an instant."""
        of_it = self.budget == limit.budget and self.scope in {"", limit.scope}
        return of_it and self.created_at <= at < self.until


def raised(limit: Limit, raises: Iterable[RaiseRow], at: datetime) -> Limit:
    """The limit with all that raises it at an instant."""
    more = total([row.amount for row in raises if row.applies(limit, at)])
    return replace(limit, limit=limit.limit + more) if more else limit


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """A fact: what was charged has reached a threshold of a budget's window."""

    table: ClassVar[str] = "alerts"
    key_columns: ClassVar[tuple[str, ...]] = ("budget", "scope", "since")
    budget: str
    scope: str
    window_start: datetime
    window_end: datetime
    rolling: int
    """1 if the window rolls: then no other that it overlaps has the same threshold again."""
    percent: int
    at: datetime
    charged: Money
    """Posted and presumed, as it was found."""
    limit_amount: Money

    @property
    def key(self) -> tuple[object, ...]:
        """The primary key."""
        return (self.budget, self.scope, self.window_start, self.window_end, self.percent)

    @property
    def group(self) -> tuple[object, ...]:
        """What it is looked up by, among those whose window has not ended before an instant."""
        return (self.budget, self.scope)

    def is_of(self, limit: Limit) -> bool:
        """Whether it was told of this limit's window, or of one that rolls into it."""
        if (self.budget, self.scope) != (limit.budget, limit.scope):
            return False
        if limit.bucket_start is not None:
            return bool(self.rolling)
        return not self.rolling and (limit.window_start or self.window_start) == self.window_start

    def tells(self, other: "AlertRow") -> bool:
        """Whether another one would tell the same again."""
        if (self.budget, self.scope, self.percent) != (other.budget, other.scope, other.percent):
            return False
        if self.rolling and other.rolling:
            return self.window_end > other.window_start
        return self.key == other.key
