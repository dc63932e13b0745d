"""
The ledger's rows as frozen values; a change is a new value for a row's key.

Entries are the journal: facts, inserted and never changed. All other rows are what the entries and
the transitions add up to, kept in the same transaction.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Literal

from router.ledger.alert_rows import AlertLetterRow, AlertRow
from router.ledger.flow_rows import SUMS, Source, SumRow
from router.ledger.key_rows import KeyRow
from router.ledger.limit_rows import HOUR, BudgetHourRow, RaiseRow, RollingRow
from router.ledger.outbox_rows import OutboxRow
from router.ledger.period_rows import AccountEventRow, PeriodRow
from router.ledger.statement_rows import ACCOUNT_FACTS, AccountFact
from router.model.budget import Limit, Usage
from router.model.ids import AttemptId, CallbackToken, JobId, ProviderRef
from router.model.job import AttemptState, JobState, Resolution
from router.model.money import Money

# A lifetime budget's window, so that every balance has a key without nulls.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A budget's scope and window that an attempt counts against: the key of a balance."""

    budget: str
    scope: str
    start: datetime
    end: datetime

    @classmethod
    def of(cls, limit: Limit) -> "Window":
        """Where a hold under a limit counts: in its window, or in a rolling one's last hour."""
        return cls(
            budget=limit.budget,
            scope=limit.scope,
            start=limit.bucket_start or limit.window_start or BEGINNING,
            end=limit.window_end or END,
        )

    @property
    def key(self) -> tuple[str, str, datetime, datetime]:
        """The primary key of the window's balance."""
        return (self.budget, self.scope, self.start, self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One edit that a tenant asked for, and how it ended."""

    table: ClassVar[str] = "jobs"
    key_columns: ClassVar[tuple[str, ...]] = ("id",)
    id: JobId
    tenant: str
    key_id: str
    model: str
    resolution: Resolution
    tags: tuple[tuple[str, str], ...] = ()
    request: str = field(repr=False)
    """The job's other fields as JSON; see `dispatch.requests`."""
    decision: str = "{}"
    """Why the plan was as it was, as JSON; under `no_room`, by provider, budgets that were full."""
    policy_hash: str
    state: JobState
    created_at: datetime
    deadline_at: datetime
    called_off_at: datetime | None = None
    """When the client wanted it no longer: from then on nothing more is bought for it."""
    ended_at: datetime | None = None
    error_code: str | None = None
    error_detail: str | None = None
    images: tuple[str, ...] = field(default=(), repr=False)
    """The result's URLs."""
    images_expire_at: datetime | None = None
    delivered_by: AttemptId | None = None
    fingerprint: str = ""
    """SHA-256 of the canonical request: the same request again has the same."""
    batch: JobId | None = None
    """The first of the jobs that one request bought together; None for a job bought alone."""
    evidence: str | None = field(default=None, repr=False)
    """What the decision saw, as `policy.evidence` writes it; None in rows of earlier versions."""

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return (self.id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One try at one provider, with each amount apart."""

    table: ClassVar[str] = "attempts"
    key_columns: ClassVar[tuple[str, ...]] = ("id",)
    id: AttemptId
    job_id: JobId
    number: int
    tenant: str
    key_id: str = ""
    """The key that bought it."""
    tags: tuple[tuple[str, str], ...] = ()
    provider: str
    model: str
    slug: str
    resolution: Resolution
    aspect_ratio: str | None = None
    state: AttemptState
    quoted: Money
    """The price pinned when the hold was placed: also the hold's amount."""
    list_price: Money
    dearest: Money
    """What the dearest qualifying offer would have cost."""
    cheapest: Money | None = None
    """What the cheapest would have; None of one that was made before this was kept."""
    price_from: datetime
    windows: tuple[Window, ...]
    """The budgets' windows that this attempt counts against."""
    callback_token: CallbackToken
    created_at: datetime
    horizon_at: datetime
    """When no further evidence can come from the provider itself."""
    provider_ref: ProviderRef | None = None
    quote_raw: str | None = None
    """The amount the provider named when it took the job, as written."""
    quote_amount: Money | None = None
    reported_raw: str | None = None
    """What the provider's final answer says it charged, as written."""
    reported_source: str | None = None
    reported_amount: Money | None = None
    reported_at: datetime | None = None
    posted: Money = Money.ZERO
    """What was booked as charged, overage included; zero until posted."""
    charged: Money = Money.ZERO
    """What the provider is known to have charged, whatever it gave back of it; see `flows`."""
    outcome: str | None = None
    """`delivered`, or the error's code."""
    detail: str | None = None
    dispatched_at: datetime | None = None
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    queue_s: float | None = None
    execution_s: float | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return (self.id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRow:
    """What of one budget's window is used: the entries' sum, kept beside them."""

    table: ClassVar[str] = "balances"
    key_columns: ClassVar[tuple[str, ...]] = ("budget", "scope", "window_start", "window_end")
    budget: str
    scope: str
    window_start: datetime
    window_end: datetime
    posted: Money = Money.ZERO
    presumed: Money = Money.ZERO
    held: Money = Money.ZERO
    in_doubt: Money = Money.ZERO

    @property
    def key(self) -> tuple[str | datetime, ...]:
        """The primary key."""
        return (self.budget, self.scope, self.window_start, self.window_end)

    @property
    def window(self) -> Window:
        """The window whose balance it is."""
        return Window(
            budget=self.budget, scope=self.scope, start=self.window_start, end=self.window_end
        )

    @property
    def is_hour(self) -> bool:
        """Whether it is one of a rolling window's hours: no other window is so short."""
        return self.window_end - self.window_start == HOUR

    @property
    def usage(self) -> Usage:
        """The four amounts as a value of the model."""
        return Usage(
            posted=self.posted, presumed=self.presumed, held=self.held, in_doubt=self.in_doubt
        )


EntryKind = Literal["hold", "post", "overage", "void", "doubt", "presume", "adjust"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """A fact about an attempt's money: by how much each of the four amounts moved."""

    table: ClassVar[str] = "entries"
    key_columns: ClassVar[tuple[str, ...]] = ()
    at: datetime
    attempt_id: AttemptId
    kind: EntryKind
    posted: Money = Money.ZERO
    presumed: Money = Money.ZERO
    held: Money = Money.ZERO
    in_doubt: Money = Money.ZERO
    who: str = "farebox"
    """Whoever made the entry: a key's name or a system user, where it was a person."""
    reason: str | None = None
    source: Source | None = None
    """Of an adjustment; None in entries from before this was kept: their reason says it."""

    @property
    def key(self) -> tuple[str, ...]:
        """None: entries are only ever inserted."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyRow:
    """Which job a tenant's idempotency key stands for, and for what request."""

    table: ClassVar[str] = "idempotency"
    key_columns: ClassVar[tuple[str, ...]] = ("tenant", "idempotency_key")
    tenant: str
    idempotency_key: str
    fingerprint: str
    job_id: JobId
    created_at: datetime

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return (self.tenant, self.idempotency_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRow:
    """How many holds a budget refused within an hour, and what they would have cost."""

    table: ClassVar[str] = "refusals"
    key_columns: ClassVar[tuple[str, ...]] = ("budget", "scope", "hour")
    budget: str
    scope: str
    hour: datetime
    jobs: int = 0
    amount: Money = Money.ZERO

    @property
    def key(self) -> tuple[str | datetime, ...]:
        """The primary key."""
        return (self.budget, self.scope, self.hour)


Row = (
    JobRow
    | AttemptRow
    | BalanceRow
    | EntryRow
    | IdempotencyRow
    | RefusalRow
    | KeyRow
    | RaiseRow
    | AlertRow
    | RollingRow
    | BudgetHourRow
    | OutboxRow
    | AccountEventRow
    | PeriodRow
    | SumRow
    | AccountFact
    | AlertLetterRow
)
ROW_TYPES: tuple[type[Row], ...] = (
    JobRow,
    AttemptRow,
    BalanceRow,
    BudgetHourRow,
    EntryRow,
    IdempotencyRow,
    RefusalRow,
    KeyRow,
    RaiseRow,
    AlertRow,
    AlertLetterRow,
    OutboxRow,
    AccountEventRow,
    PeriodRow,
    *SUMS,
    *ACCOUNT_FACTS,
)
"""What is stored, those first that others refer to."""
