"""
What `/metrics` shows of the books: one reading of the ledger, as a value.

`observe` stands below the ledger and does not know it; `finance.snapshot` reads, `app` injects.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from router.model.job import Resolution
from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Money of all attempts that share these four names, since the ledger began."""

    provider: str
    model: str
    resolution: Resolution
    tenant: str
    posted: Money
    """Net of what was refunded."""
    refunded: Money
    presumed: Money
    held: Money
    in_doubt: Money
    in_doubt_attempts: int
    delivered: int
    """How many jobs were delivered, each once."""
    avoided: Money
    """Against the dearest qualifying offers; negative where a charge was above them."""
    missed: Money = Money.ZERO
    """Against the cheapest qualifying offers: what always taking those would have saved besides."""
    list_cost: Money = Money.ZERO
    """What the providers' public prices would have come to for what is posted."""
    over: Money
    """Charges above the price that was pinned."""
    under: Money
    drifted: int
    """How many charges were not the price that was pinned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUsed:
    """One budget's window of one scope."""

    budget: str
    scope: str
    limit: Money
    window_start: datetime | None = None
    """None for a lifetime."""
    window_end: datetime | None
    """None for a lifetime, and for a window that rolls."""
    posted: Money
    presumed: Money
    held: Money
    in_doubt: Money
    refused: bool = False
    """Whether edits were refused within the window, and what is left is too little for them."""
    forecast: Money | None = None
    """What the window is expected to be charged by its end; None where too little is known."""
    exhausted_at: datetime | None = None
    """When the limit is reached at the present pace; None: not within the window."""
    burns: tuple[tuple[timedelta, float], ...] = ()
    """Over how long, and how fast: at 1 the limit is used up just as the window ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A threshold that one scope's window of a budget reached, and people were told of."""

    budget: str
    scope: str
    basis: str
    """`actual`, `forecast`, or `burn`."""
    percent: int
    """Of the limit; of a burn, of the pace that lasts to the end."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMoney:
    """Attempts of one provider whose money is open."""

    provider: str
    money: str
    """`held`, or `in_doubt`."""
    attempts: int
    oldest: datetime
    """When the oldest of these holds was placed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLeft:
    """What is left at a provider whose credit was ever read."""

    provider: str
    left: Money
    is_low: bool
    """Whether somebody should top it up, by what the price book says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsEnded:
    """How many jobs ended in one way, since the ledger began."""

    model: str
    resolution: Resolution
    outcome: str
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneySnapshot:
    """The books at one scrape."""

    policy: str
    policy_hash: str
    spent: tuple[Spent, ...]
    budgets: tuple[BudgetUsed, ...]
    denied: tuple[tuple[str, Money], ...]
    """By budget, since the ledger began; configured budgets that denied nothing are there too."""
    jobs: tuple[JobsEnded, ...]
    double_spent: Money
    """Posted for jobs beyond the dearest of each one's postings."""
    imbalance: Money | None
    """Journal minus balances: zero, or the books are wrong. None: it was not looked at yet."""
    reached: tuple[Reached, ...] = ()
    """Of late."""
    credits: tuple[CreditLeft, ...] = ()
    balances_read: tuple[tuple[str, datetime | None], ...] = ()
    """When the balance of each prepaid provider was read last; None: never."""
    open: tuple[OpenMoney, ...] = ()
    began: datetime | None = None
    """When the first hold was placed; None before that. Until then all sums were zero."""
