"""
What the house tells of itself: facts as frozen values, without prompts, URLs, keys or secrets.

Money is not summed up from events: it is read from the ledger. Events are for counts, for time and
for the log.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from router.model.ids import AttemptId, JobId
from router.model.job import AttemptState, JobState, Resolution
from router.model.money import Money
from router.model.offer import ProviderState
from router.observe.alert_events import AlertDelivered, ThresholdReached
from router.observe.ledger_events import LedgerUpdate


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAdmitted:
    """A job and its first hold are durable."""

    name: ClassVar[str] = "job_admitted"
    job_id: JobId
    tenant: str
    model: str
    resolution: Resolution
    provider: str
    quoted: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRefused:
    """A job did not fit a budget; nothing was held."""

    name: ClassVar[str] = "job_refused"
    tenant: str
    budget: str
    scope: str
    asked: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptAccepted:
    """A provider has named an attempt."""

    name: ClassVar[str] = "attempt_accepted"
    attempt_id: AttemptId
    provider: str
    seconds: float
    """From the first byte to the id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSettled:
    """An attempt's money is posted or voided, or its outcome is in doubt."""

    name: ClassVar[str] = "attempt_settled"
    attempt_id: AttemptId
    job_id: JobId
    tenant: str
    provider: str
    model: str
    resolution: Resolution
    outcome: str
    money: AttemptState
    quoted: Money
    posted: Money
    seconds: float
    """From the first byte to the end."""
    queue_s: float | None
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDrifted:
    """A provider charged another amount than the price that was pinned."""

    name: ClassVar[str] = "price_drifted"
    attempt_id: AttemptId
    provider: str
    quoted: Money
    charged: Money
    """What was booked."""
    reported_raw: str | None
    """What the provider wrote; not booked as it stands where it is no plausible amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherwiseQuoted:
    """A provider named another price than the pinned one when it took an attempt."""

    name: ClassVar[str] = "otherwise_quoted"
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedOver:
    """A job goes on to its next offer."""

    name: ClassVar[str] = "failed_over"
    job_id: JobId
    source: str
    target: str
    reason: str
    may_pay_twice: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded:
    """A job has ended."""

    name: ClassVar[str] = "job_ended"
    job_id: JobId
    tenant: str
    model: str
    resolution: Resolution
    state: JobState
    outcome: str
    """`succeeded`, `cancelled`, or the error's code."""
    seconds: float
    """From admission to the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChanged:
    """A provider's health changed."""

    name: ClassVar[str] = "provider_changed"
    provider: str
    state: ProviderState
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRang:
    """Someone rang a provider's doorbell."""

    name: ClassVar[str] = "callback_rang"
    provider: str
    verdict: str
    """`known`, `evidence`, `settled`, or `unknown`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTold:
    """A client was to be told that its job has ended: what came of one try."""

    name: ClassVar[str] = "client_told"
    job_id: JobId
    tenant: str
    dialect: str
    verdict: str
    """`delivered`, `retried`, `given_up`, `gone`, or `refused`."""
    tries: int
    status: int | None
    """What its server answered; None where it did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """A provider was asked after a job."""

    name: ClassVar[str] = "polled"
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TookTurn:
    """A call to a provider may go, after it has waited for its turn."""

    name: ClassVar[str] = "took_turn"
    provider: str
    operation: str
    """`create`, `status` or `cancel`."""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChanged:
    """More or fewer creates wait for a slot, or for the rate."""

    name: ClassVar[str] = "queue_changed"
    provider: str
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflowed:
    """A job was refused before any hold, because too much waits or is in hand."""

    name: ClassVar[str] = "overflowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The ledger committed a batch."""

    name: ClassVar[str] = "committed"
    seconds: float
    commands: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overhead:
    """How long an edit's request was in our own hands before it was a durable job."""

    name: ClassVar[str] = "overhead"
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What a start found unfinished in the ledger."""

    name: ClassVar[str] = "recovered"
    jobs: int
    attempts: int
    in_doubt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReloaded:
    """The policy's files were read anew, and what they say is in force."""

    name: ClassVar[str] = "policy_reloaded"
    policy: str
    hash: str
    former: str
    """The hash of what was in force before; the same if they say the same."""
    providers: tuple[str, ...]
    """Of the price book."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRejected:
    """The policy's files were read anew and are broken: what was in force stays so."""

    name: ClassVar[str] = "policy_rejected"
    problems: int
    detail: str
    """The first of them, as `file:line:column: message`."""
    in_force: str
    """The hash of the policy that stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that a person should look at."""

    name: ClassVar[str] = "alarm"
    what: str
    detail: str


Event = (
    JobAdmitted
    | JobRefused
    | AttemptAccepted
    | AttemptSettled
    | PriceDrifted
    | OtherwiseQuoted
    | FailedOver
    | JobEnded
    | ProviderChanged
    | CallbackRang
    | ClientTold
    | Polled
    | TookTurn
    | QueueChanged
    | Overflowed
    | Committed
    | Overhead
    | Recovered
    | LedgerUpdate
    | ThresholdReached
    | AlertDelivered
    | PolicyReloaded
    | PolicyRejected
    | Alarm
)


class Observer(Protocol):
    """Whoever listens."""

    def tell(self, event: Event) -> None:
        """Take note. Never raises, never waits."""
        ...
