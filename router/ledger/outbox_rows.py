"""The outbox: which clients are to be told that their job has ended, and how far that got."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol

from router.model.ids import JobId


class OutboxState(StrEnum):
    """How far a client's callback is."""

    WAITING = "waiting"  # Its job has not ended.
    DUE = "due"  # To be told at its instant, be it for the first time or again.
    DELIVERED = "delivered"
    FAILED = "failed"  # Given up.
    REFUSED = "refused"  # Its address is none that may be dialled.


class Letter(Protocol):
    """What somebody is to be told, and how far that got: a client, or whoever is told alerts."""

    @property
    def id(self) -> str: ...
    @property
    def whose(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def dialect(self) -> str: ...
    @property
    def state(self) -> OutboxState: ...
    @property
    def tries(self) -> int: ...
    @property
    def next_at(self) -> datetime | None: ...


UNTOLD = frozenset({OutboxState.WAITING, OutboxState.DUE})


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One job's callback: made with the job, and due by the transaction that ends it."""

    table: ClassVar[str] = "outbox"
    key_columns: ClassVar[tuple[str, ...]] = ("job_id",)
    job_id: JobId
    tenant: str
    url: str = field(repr=False)
    """Where to; empty once it is forgotten."""
    dialect: str
    """In whose words the client wants to be told."""
    state: OutboxState
    tries: int = 0
    last_status: int | None = None
    """What the client's server answered last; None where it did not."""
    created_at: datetime
    tried_at: datetime | None = None
    next_at: datetime | None = None
    """When the next try is; None where there is none to come."""

    @property
    def id(self) -> str:
        """The job's."""
        return self.job_id

    @property
    def whose(self) -> str:
        """Whom telling takes a place from: the tenant."""
        return self.tenant

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key."""
        return (self.job_id,)
