"""
Rows about a provider's account: what it billed, by its own word, and how much credit it had.

All of them are facts, as entries are: inserted, never changed. The same fact again is the same row.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from router.model.ids import AttemptId, ProviderRef
from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """A provider's bill as it was imported: which file, and of what time."""

    table: ClassVar[str] = "statements"
    key_columns: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    """Of its provider, its content and its time: the same bill again is the same statement."""
    provider: str
    name: str
    """The file's."""
    since: datetime
    until: datetime
    complete: int
    """1 where whoever imported it said that all that was billed within its time is on it."""
    line_count: int
    total: Money
    recorded_at: datetime
    who: str

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return (self.id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLineRow:
    """One thing that a provider billed or refunded."""

    table: ClassVar[str] = "statement_lines"
    key_columns: ClassVar[tuple[str, ...]] = ("statement_id", "id")
    statement_id: str
    id: str
    """Of what it says: on whatever statements it stands, it is one fact."""
    number: int
    """Its line in that file, from 1."""
    provider: str
    provider_ref: ProviderRef | None
    """The provider's id of what it billed; None where the line names none."""
    amount: Money
    """Negative for a refund."""
    billed_at: datetime

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return (self.statement_id, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementOutcomeRow:
    """What a statement said of an attempt, or of a line that fits none, and what was done."""

    table: ClassVar[str] = "statement_outcomes"
    key_columns: ClassVar[tuple[str, ...]] = ("statement_id", "subject", "kind", "applied")
    statement_id: str
    subject: str
    """The attempt's id; of a line without one `line 7`."""
    kind: str
    attempt_id: AttemptId | None
    billed: Money
    posted: Money
    """As it was before."""
    applied: int
    """1 where the books were changed by it."""
    recorded_at: datetime
    who: str

    @property
    def key(self) -> tuple[str | int, ...]:
        """The primary key."""
        return (self.statement_id, self.subject, self.kind, self.applied)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementWithdrawalRow:
    """A statement was taken back, as one that was read wrongly: its lines count no more."""

    table: ClassVar[str] = "statement_withdrawals"
    key_columns: ClassVar[tuple[str, ...]] = ("statement_id",)
    statement_id: str
    reason: str
    recorded_at: datetime
    who: str

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return (self.statement_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceReadingRow:
    """How much credit a provider said that there was, at an instant."""

    table: ClassVar[str] = "balance_readings"
    key_columns: ClassVar[tuple[str, ...]] = ("provider", "at")
    provider: str
    at: datetime
    amount: Money
    posted_before: Money
    """What the ledger had posted at the provider up to that instant, since it began."""
    recorded_at: datetime
    who: str

    @property
    def key(self) -> tuple[str | datetime, ...]:
        """The primary key."""
        return (self.provider, self.at)


AccountFact = (
    StatementRow
    | StatementLineRow
    | StatementOutcomeRow
    | StatementWithdrawalRow
    | BalanceReadingRow
)
"""What is recorded of a provider's account."""
ACCOUNT_FACTS: tuple[type[AccountFact], ...] = (
    StatementRow,
    StatementLineRow,
    StatementOutcomeRow,
    StatementWithdrawalRow,
    BalanceReadingRow,
)
"""Those first that others refer to."""
