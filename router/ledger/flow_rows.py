"""
Rows that are sums of the journal: what flowed within a time, and how jobs ended.

They are added to and never read before they are written, so that several writers may add to one
row; their value as a change is what is added.
"""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import ClassVar, Literal

from router.model.job import Resolution
from router.model.money import Money

Span = Literal["quarter", "hour", "day", "ever", "tagged_quarter", "tagged_day"]
"""Of what time a sum is: a quarter of an hour, an hour or a day of UTC, or all time."""
TAGGED: frozenset[Span] = frozenset({"tagged_quarter", "tagged_day"})
"""Those that are told apart by tags too: of an order's number there are as many as edits."""

Source = Literal["statement", "refund", "word"]
"""
What an adjustment is known by: a bill that says what was charged, a bill by which money was given
back, or somebody's word.
"""

MINUTES = 15
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


def bucket(span: Span, at: datetime) -> datetime:
    """When the time begins that an instant lies in. Every zone's days begin with a quarter hour."""
    match span:
        case "quarter" | "tagged_quarter":
            return at.replace(minute=at.minute // MINUTES * MINUTES, second=0, microsecond=0)
        case "hour":
            return at.replace(minute=0, second=0, microsecond=0)
        case "day" | "tagged_day":
            return at.replace(hour=0, minute=0, second=0, microsecond=0)
        case _:
            return _ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What entries add to the sums. Open money is a state and no flow; see `AttemptRow`."""

    entries: int = 0
    """How many entries."""
    attempts: int = 0
    """How many attempts were settled or presumed."""
    delivered: int = 0
    """How many jobs were delivered: each once, where that was first."""
    posted: Money = Money.ZERO
    """Net of what was refunded."""
    presumed: Money = Money.ZERO
    """Less what is presumed no longer."""
    list_cost: Money = Money.ZERO
    """List prices of the attempts that something is posted for."""
    avoided: Money = Money.ZERO
    """
    What the dearest qualifying offers would have cost more, for what was delivered; all that a
    further delivery of the same job cost is taken off.
    """
    missed: Money = Money.ZERO
    """What the cheapest would have cost less, likewise: all that a further delivery cost is in."""
    refunded: Money = Money.ZERO
    """What later entries took back of what was posted, as a positive amount."""
    over: Money = Money.ZERO
    """By how much charges were above the price that was pinned; see `flows`."""
    under: Money = Money.ZERO
    drifted: int = 0
    """How many charges were not the price that was pinned."""

    def __add__(self, other: "Flow") -> "Flow":
        return Flow(**{name: getattr(self, name) + getattr(other, name) for name in FLOW_COLUMNS})

    def __sub__(self, other: "Flow") -> "Flow":
        return Flow(**{name: getattr(self, name) - getattr(other, name) for name in FLOW_COLUMNS})


FLOW_COLUMNS = tuple(field.name for field in fields(Flow))


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRow(Flow):
    """What flowed within a time, of attempts that share everything they are reported by."""

    table: ClassVar[str] = "spending"
    key_columns: ClassVar[tuple[str, ...]] = (
        "span",
        "bucket",
        "provider",
        "model",
        "resolution",
        "tenant",
        "tags",
        "key_id",
    )
    span: Span
    bucket: datetime
    provider: str
    model: str
    resolution: Resolution
    tenant: str
    tags: tuple[tuple[str, str], ...]
    """Empty but in the spans that are `TAGGED`."""
    key_id: str

    @property
    def key(self) -> tuple[object, ...]:
        """The primary key."""
        return tuple(getattr(self, name) for name in self.key_columns)

    def plus(self, other: "FlowRow") -> "FlowRow":
        """Both of one key, as one change."""
        return replace(
            self, **{name: getattr(self, name) + getattr(other, name) for name in FLOW_COLUMNS}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingRow:
    """How many jobs ended in one way."""

    table: ClassVar[str] = "endings"
    key_columns: ClassVar[tuple[str, ...]] = ("model", "resolution", "outcome")
    model: str
    resolution: Resolution
    outcome: str
    """`succeeded`, `cancelled`, or the error's code."""
    jobs: int

    @property
    def key(self) -> tuple[object, ...]:
        """The primary key."""
        return (self.model, self.resolution, self.outcome)

    def plus(self, other: "EndingRow") -> "EndingRow":
        """Both of one key, as one change."""
        return replace(self, jobs=self.jobs + other.jobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class TagKeyRow:
    """That a tenant had a tag on a day, whatever its value."""

    table: ClassVar[str] = "tag_keys"
    key_columns: ClassVar[tuple[str, ...]] = ("day", "tenant", "tag")
    day: datetime
    tenant: str
    tag: str

    @property
    def key(self) -> tuple[object, ...]:
        """The primary key."""
        return (self.day, self.tenant, self.tag)


SumRow = FlowRow | EndingRow | TagKeyRow
SUMS: tuple[type[SumRow], ...] = (FlowRow, EndingRow, TagKeyRow)
