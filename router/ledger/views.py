"""What readers of the ledger get: sums and states as values, with the time they are of."""

from dataclasses import dataclass, field
from datetime import datetime

from router.model.ids import AttemptId, JobId, ProviderRef
from router.model.job import AttemptState, Resolution
from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Which money is meant; empty is all."""

    provider: str = ""
    model: str = ""
    resolution: str = ""
    tag: tuple[str, str] | None = None


EVERYTHING = Only()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Names to choose from, of what was spent within a time: in their order, and not too many."""

    providers: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    tag_keys: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    """Some of each key: there may be as many values as edits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Whom anything stands in the books under, whenever that was: all of them."""

    providers: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingRow:
    """Money and counts of a time that share everything they are reported by."""

    day: str
    """`2026-11-21`: of a week or a month the first; empty where the time is not cut."""
    provider: str
    model: str
    resolution: Resolution
    tenant: str
    """Empty where they are not told apart."""
    tags: tuple[tuple[str, str], ...]
    """Those that are told apart, all or of one key."""
    key_id: str
    """Empty where keys are not told apart."""
    attempts: int
    """How many were settled or presumed in that time, or are open since."""
    delivered: int
    """How many jobs were delivered: each once, where that was first."""
    posted: Money
    """Charged, net of what was refunded."""
    presumed: Money
    """Presumed charged in that time, less what is presumed no longer."""
    held: Money
    in_doubt: Money
    in_doubt_attempts: int
    list_cost: Money
    """List prices of what is posted."""
    avoided: Money
    """What the dearest qualifying offers would have cost more, for what was delivered first."""
    missed: Money
    """What the cheapest would have cost less, likewise; what a further delivery cost is in it."""
    refunded: Money
    """What was taken back of what was posted, in that time or before; a positive amount."""
    over: Money
    """By how much charges were above the price that was pinned, by what is known of each."""
    under: Money
    drifted: int
    """How many charges were not the price that was pinned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentHourRow:
    """What was charged within an hour of UTC, of everything that was meant."""

    hour: datetime
    """When it begins."""
    charged: Money
    """Posted and presumed; negative where more was given back than taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsEndedRow:
    """How many jobs ended in one way."""

    model: str
    resolution: Resolution
    outcome: str
    """`succeeded`, `cancelled`, or the error's code."""
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """What a budget has refused."""

    budget: str
    scope: str
    jobs: int
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedRow:
    """What an attempt that was sent tells of time: how long it took, and whether it delivered."""

    provider: str
    slug: str
    resolution: Resolution
    outcome: str | None
    dispatched_at: datetime | None
    accepted_at: datetime | None
    ended_at: datetime | None
    queue_s: float | None
    execution_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRow:
    """One entry of the journal by which what is posted for an attempt has changed, if at all."""

    seq: int
    """The entry's number: grows with time, and has gaps."""
    at: datetime
    who: str
    amount: Money
    """By how much; the overage that belongs to it is in it. Negative gives back."""
    so_far: Money
    """What was posted for the attempt before it."""
    first_at: datetime | None
    """When the first of that was posted; None: nothing was."""
    attempt_id: AttemptId
    job_id: JobId
    tenant: str
    tags: tuple[tuple[str, str], ...]
    provider: str
    model: str
    slug: str
    resolution: Resolution
    quoted: Money
    """The price that was pinned: contracted where negotiated, else list."""
    list_price: Money
    dearest: Money
    began_at: datetime
    """When it was sent."""
    reported_amount: Money | None
    """What the provider's final answer said."""
    decision: str = field(repr=False)
    policy_hash: str

    @property
    def stands(self) -> Money:
        """What is posted for the attempt from then on."""
        return self.so_far + self.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledRow:
    """What of an attempt that was sent is compared with the provider's bill."""

    id: AttemptId
    provider_ref: ProviderRef | None
    resolution: Resolution
    state: AttemptState
    quoted: Money
    posted: Money
    dispatched_at: datetime
    ended_at: datetime | None
    horizon_at: datetime


WITHDRAWN = "withdrawn"
"""Where a charge is known from, when that is a bill that was withdrawn and no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRow:
    """Every amount that is known of one charged attempt, each from its own source."""

    id: AttemptId
    provider: str
    model: str
    slug: str
    resolution: Resolution
    quoted: Money
    """The price book's, pinned when the hold was placed."""
    quote_amount: Money | None
    """What the provider named when it took the job."""
    reported_amount: Money
    """
    What it billed, or else said in the end that it charged. What a bill has changed that was
    withdrawn stays so, as what is posted does, until another bill says otherwise.
    """
    reported_source: str
    """Where it said so: `output.cost`, `statement`, or `WITHDRAWN`."""
    posted: Money
    dispatched_at: datetime

    @property
    def is_withdrawn(self) -> bool:
        """Whether nobody but a bill that was withdrawn has said it: no evidence of a price."""
        return self.reported_source == WITHDRAWN


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRow:
    """What a provider named as the price when it took an attempt of which no charge is known."""

    id: AttemptId
    provider: str
    model: str
    slug: str
    resolution: Resolution
    quoted: Money
    """The price book's."""
    quote_amount: Money
    """The provider's."""
    dispatched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidRow:
    """An entry by which something was posted for a job that several attempts were paid for."""

    at: datetime
    job_id: JobId
    attempt_id: AttemptId
    provider: str
    model: str
    resolution: Resolution
    tenant: str
    tags: tuple[tuple[str, str], ...]
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRow:
    """What is open now of attempts that share everything they are reported by."""

    provider: str
    model: str
    resolution: Resolution
    tenant: str
    tags: tuple[tuple[str, str], ...]
    money: str
    """`held`, `in_doubt` or `posted_presumed`."""
    attempts: int
    amount: Money
    oldest: datetime
    """When the oldest of these holds was placed."""
