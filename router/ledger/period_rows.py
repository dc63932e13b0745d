"""Rows about a provider's billing account: money beside its charges, and months that are closed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import ClassVar, Literal

from router.model.money import Money

EventKind = Literal["topup", "credit"]
_DECEMBER = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEventRow:
    """A fact: money was paid in ahead of use, or the provider gave some back."""

    table: ClassVar[str] = "account_events"
    key_columns: ClassVar[tuple[str, ...]] = ("provider",)
    id: str
    provider: str
    kind: EventKind
    amount: Money
    """More than nothing, whichever way it went."""
    at: datetime
    """When the money moved: in a month that is not closed."""
    reference: str
    """The receipt's or the credit note's own number, which is booked once."""
    created_at: datetime
    who: str
    reason: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return (self.id,)

    @property
    def group(self) -> tuple[object, ...]:
        """What it is looked up by."""
        return (self.provider,)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodRow:
    """A fact: a provider's month is closed, with what it came to."""

    table: ClassVar[str] = "periods"
    key_columns: ClassVar[tuple[str, ...]] = ("provider",)
    provider: str
    month: str
    """`2026-11`, in UTC."""
    closed_at: datetime
    who: str
    reason: str | None = None
    """Why it was closed although attempts of it were open; None: none were."""
    account: str
    """The billing account's terms as they then were, as JSON; see `finance.focus.accounts`."""
    posted: Money
    """What its charges came to, corrections included: the sum of EffectiveCost of its usage."""
    billed: Money
    """The sum of BilledCost."""
    topped_up: Money
    credited: Money
    left_open: Money
    """Held, in doubt and presumed of attempts of that month: none of it is in the exports."""
    left_open_attempts: int
    charge_rows: int
    """How many rows its exports have."""
    sha256_focus_1_2: str
    """Of its export as CSV, as lower-case hexadecimal."""
    sha256_focus_1_4: str

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return (self.provider, self.month)

    @property
    def group(self) -> tuple[object, ...]:
        """What it is looked up by."""
        return (self.provider,)


def month_of(at: datetime) -> str:
    """The month in UTC that an instant lies in, as `2026-11`."""
    at = at.astimezone(UTC)
    return f"{at.year:04}-{at.month:02}"


@lru_cache(maxsize=256)
def month_bounds(month: str) -> tuple[datetime, datetime]:
    """
    The first instant of a month in UTC, and that of the next.

    Raises:
        ValueError: It is none such as `2026-11`.
    """
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    if month != month_of(start):
        message = f"{month!r} is no month such as 2026-11"
        raise ValueError(message)
    rolls_over = start.month == _DECEMBER
    year, following = (start.year + 1, 1) if rolls_over else (start.year, start.month + 1)
    return start, start.replace(year=year, month=following)
