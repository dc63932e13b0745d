"""Rows about limits: sums over a rolling window, what was charged by the hour, raises by people."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from router.model.budget import Limit, Usage
from router.model.money import NANOS_MAX, Money

HOUR = timedelta(hours=1)
_END = ".end"


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
class BudgetHourRow:
    """
    What an account of a budget was charged within an hour of UTC, presumed charges included.

    It counts at the instant of its entry, in whatever window the hold stood. As a change it is what
    is added to the hour: so nobody has to read it first.
    """

    table: ClassVar[str] = "budget_hours"
    key_columns: ClassVar[tuple[str, ...]] = ("budget", "scope", "hour")
    budget: str
    scope: str
    hour: datetime
    """When it begins."""
    charged: Money
    """Negative where more was given back than taken."""

    @property
    def key(self) -> tuple[str | datetime, ...]:
        """The primary key."""
        return (self.budget, self.scope, self.hour)

    def plus(self, more: Money) -> "BudgetHourRow":
        """The hour with more charged in it."""
        return replace(self, charged=self.charged + more)


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseRow:
    """
    A fact: somebody has raised a budget's limit, until an instant; or has ended such a raise.

    Of a window that begins anew, the limit of each window that it is in force in is higher by the
    amount. An end is an entry of its own beside the raise's, which is never changed.
    """

    table: ClassVar[str] = "raises"
    key_columns: ClassVar[tuple[str, ...]] = ("budget",)
    id: str
    """Of an end: the raise's own, and a word more, so that a raise ends once."""
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

    @property
    def ends(self) -> str | None:
        """The raise that it takes back; None: it is a raise."""
        return self.id.removesuffix(_END) if self.id.endswith(_END) else None

    def ended(self, *, at: datetime, who: str, reason: str) -> "RaiseRow":
        """The entry that takes it back from an instant on, which must be before its own end."""
        return replace(self, id=f"{self.id}{_END}", created_at=at, who=who, reason=reason)

    def applies(self, limit: Limit, at: datetime) -> bool:
        """Whether it is about a limit at an instant."""
        of_it = self.budget == limit.budget and self.scope in {"", limit.scope}
        return of_it and self.created_at <= at < self.until


def live(rows: Iterable[RaiseRow]) -> tuple[RaiseRow, ...]:
    """Of the entries about raises at an instant, the raises that nobody has ended."""
    known = tuple(rows)
    ended = {row.ends for row in known}
    return tuple(row for row in known if row.ends is None and row.id not in ended)


def raised(limit: Limit, raises: Iterable[RaiseRow], at: datetime) -> Limit:
    """
    The limit with all that raises it at an instant, and never beyond what money can be.

    A raise was checked against the limit of its day; the policy's file may have raised that since.
    """
    rows = live(row for row in raises if row.applies(limit, at))
    more = sum(row.amount.nanos for row in rows)
    if not more:
        return limit
    return replace(limit, limit=Money(min(limit.limit.nanos + more, NANOS_MAX)))
