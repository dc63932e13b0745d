"""
The ledger's verbs as values; `answers` has what they get.

A command names everything it needs, its instant included; `decide` turns it into changes.
"""

from dataclasses import dataclass, field
from datetime import datetime

from router.ledger.alert_commands import Alert, AlertTold
from router.ledger.answers import Refused
from router.ledger.flow_rows import Source
from router.ledger.key_rows import KeyRow
from router.ledger.limit_rows import RaiseRow
from router.ledger.outbox_rows import OutboxState
from router.ledger.period_rows import AccountEventRow, PeriodRow
from router.ledger.rows import AttemptRow, JobRow
from router.ledger.statement_rows import AccountFact
from router.model.budget import Limit
from router.model.charge import Reported
from router.model.ids import AttemptId, JobId, ProviderRef
from router.model.job import ClientCallback, JobState
from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Tender:
    """An attempt that could be made, and the limits that its hold must fit: all, or none."""

    attempt: AttemptRow
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """A client's promise that requests with this key are one request."""

    key: str
    fingerprint: str
    """SHA-256 of the canonical request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Take a job with its first hold: the first tender that fits. One commit, or no trace."""

    at: datetime
    job: JobRow
    tenders: tuple[Tender, ...]
    """In the order of the plan; at least one."""
    ready: frozenset[str] = frozenset()
    """Providers that can be sent to at once: their attempt starts as dispatching."""
    idempotency: Idempotency | None = None
    uncounted: frozenset[str] = frozenset()
    """Budgets whose refusal is not the last word: the job is then tried at a lower resolution."""
    callback: ClientCallback | None = None
    """Where the client is to be told of the job's end; None for nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptAll:
    """Take several jobs of one request, each with its first hold: all of them, or no trace."""

    at: datetime
    accepts: tuple[Accept, ...]
    """At least one; only the first may carry an idempotency key, which then stands for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Place the hold of a further attempt: the first tender that fits."""

    at: datetime
    job_id: JobId
    tenders: tuple[Tender, ...]
    ready: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Count a refusal that turned out to be the last word, though no hold was asked for with it."""

    at: datetime
    refused: Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """Note that the next thing to happen is the first byte."""

    at: datetime
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Note the provider's id, and the price it named when it took the job."""

    at: datetime
    attempt_id: AttemptId
    ref: ProviderRef
    quote: Reported | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnd:
    """How a job ends; carried by the settlement that ends it, so that both are one commit."""

    state: JobState
    error_code: str | None = None
    error_detail: str | None = None
    images: tuple[str, ...] = field(default=(), repr=False)
    images_expire_at: datetime | None = None
    delivered_by: AttemptId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Book a charge. Above the hold, the rest becomes an overage: a bill is a fact."""

    at: datetime
    attempt_id: AttemptId
    amount: Money
    outcome: str
    detail: str | None = None
    reported: Reported | None = None
    queue_s: float | None = None
    execution_s: float | None = None
    end: JobEnd | None = None
    who: str = "farebox"
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Void:
    """Book, on proof, that nothing was billed. Frees the whole hold."""

    at: datetime
    attempt_id: AttemptId
    outcome: str
    detail: str | None = None
    end: JobEnd | None = None
    who: str = "farebox"
    reason: str | None = None
    only_unsent: bool = False
    """The proof is that nothing was sent: it holds only while the attempt is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Note that an attempt was sent and its outcome is unknown. The hold stays."""

    at: datetime
    attempt_id: AttemptId
    outcome: str
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Presume:
    """Book as presumed what no evidence has settled by its horizon. It still counts."""

    at: datetime
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """End a job whose attempts are settled, or are left in doubt."""

    at: datetime
    job_id: JobId
    end: JobEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOff:
    """Buy nothing more for a job: no hold is placed and no attempt is sent from then on."""

    at: datetime
    job_id: JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjust:
    """Correct a settled attempt by a difference; negative frees money."""

    at: datetime
    attempt_id: AttemptId
    difference: Money
    who: str
    reason: str
    posted_before: Money | None = None
    """What it must be posted at: else somebody has corrected it meanwhile. None: whatever it is."""
    source: Source = "word"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveKey:
    """Store a new or changed API key."""

    at: datetime
    key: KeyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotate:
    """Put a new API key in another's place, which ends after a grace. Both, or no trace."""

    at: datetime
    former: KeyRow
    """As it was read before: it may have changed since."""
    key: KeyRow
    """Its successor."""
    ends: datetime
    """When the former one ends, unless it does before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """Raise a budget's limit until an instant, or end such a raise."""

    at: datetime
    row: RaiseRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Note money that passed between us and a provider beside its charges."""

    at: datetime
    row: AccountEventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close a provider's month, if nothing was noted of it since its sums were read."""

    at: datetime
    row: PeriodRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Note what came of telling a client that its job has ended."""

    at: datetime
    job_id: JobId
    number: int
    """Which try it was, from 1."""
    state: OutboxState
    status: int | None = None
    next_at: datetime | None = None
    ended_as: JobState | None = None
    """The end that was told: a try that told of another one than the job's does not count. None
    counts whatever was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeliver:
    """Tell a client of its job's end again, or at once."""

    at: datetime
    job_id: JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class Enter:
    """Put facts about a provider's account into the books; what is there already stays as it is."""

    at: datetime
    facts: tuple[AccountFact, ...]


Spending = Accept | AcceptAll | Hold
"""Verbs that place holds: refused where nothing can be written, as no other is."""
Settling = Dispatch | Run | Post | Void | Doubt | Presume | Adjust
"""Verbs on one attempt."""
Telling = Told | Redeliver
"""Verbs on a job's callback."""
Accounting = Record | Close
"""Verbs on a provider's billing account."""
Alerting = Alert | AlertTold
"""Verbs on what people are told of budgets."""
Noting = SaveKey | Rotate | Raise | Refuse | Enter
"""Verbs that note what was said or found."""
Command = Spending | CallOff | End | Noting | Accounting | Alerting | Telling | Settling
"""Every verb."""
