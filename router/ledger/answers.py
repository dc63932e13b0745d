"""What the ledger's verbs are answered with."""

from dataclasses import dataclass

from router.ledger.alert_rows import AlertLetterRow, AlertRow
from router.ledger.key_rows import KeyRow
from router.ledger.outbox_rows import OutboxRow
from router.ledger.rows import AttemptRow, JobRow
from router.model.budget import Limit, Usage
from router.model.ids import JobId
from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The hold stands."""

    job: JobRow
    attempt: AttemptRow


@dataclass(frozen=True, slots=True, kw_only=True)
class AllPlaced:
    """The holds of all jobs stand, in the order in which they were asked for."""

    placed: tuple[Placed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The idempotency key is known, for the same request: this is its job, or its first."""

    job_id: JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """The idempotency key is known, for another request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No tender fits. This is the limit that the cheapest of them fails."""

    limit: Limit
    usage: Usage
    asked: Money
    is_counted: bool = True
    """Whether it stands among the refusals; not where it may not be the last word."""
    jobs: int = 1
    """How many jobs are refused together; `asked` is then what all of them would cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The change was made."""

    attempt: AttemptRow | None = None
    job: JobRow | None = None
    callback: OutboxRow | None = None
    """The client's callback, if this has changed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """Nothing was changed: the row is past the state in which the command means something."""

    attempt: AttemptRow | None = None
    job: JobRow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """The new key stands, and so does the former one's end."""

    key: KeyRow
    former: KeyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRotated:
    """Nothing was changed: the key is not there, or has ended, or another works beside it."""

    former: KeyRow | None
    beside: str | None = None
    """The other one: its predecessor or its successor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerted:
    """These thresholds are reached and recorded, for the first time. Often none."""

    alerts: tuple[AlertRow, ...]
    letters: tuple[AlertLetterRow, ...] = ()
    """How far telling them is; also the answer to a try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBooked:
    """Nothing was changed of a provider's account; the sentence says why."""

    why: str


def holds(answer: "Answer") -> tuple[Placed, ...]:
    """The holds that an answer tells of: one, several, or none."""
    match answer:
        case Placed():
            return (answer,)
        case AllPlaced(placed=placed):
            return placed
        case _:
            return ()


Admitted = Placed | AllPlaced | Replayed | Conflict | Refused
"""Answers to verbs that place holds; `Stale` apart."""
Answer = Admitted | Done | Stale | Alerted | Rotated | NotRotated | NotBooked
