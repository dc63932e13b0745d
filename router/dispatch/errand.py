"""One job in hand: what the dispatcher knows of it in memory. The ledger knows the rest."""

import asyncio
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field

from router.ledger.rows import AttemptRow, JobRow
from router.model.clock import Clock
from router.model.ids import AttemptId, JobId, ProviderRef
from router.model.job import Job
from router.model.money import Money
from router.model.offer import ProviderTerms
from router.policy.policy import Policy
from router.upstream.doorbell import Doorbell

# Waiting jobs cost memory and polls; past this many, a client had better come back.
JOBS_IN_HAND_MAX = 10_000
# For how long to ask after a job that only a callback has named.
HEARD_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Admission:
    """Jobs of one request that are durable, and whether they were an earlier request's."""

    rows: tuple[JobRow, ...]
    replayed: bool

    @property
    def row(self) -> JobRow:
        """The job; of several, the first."""
        return self.rows[0]


class Arriving:
    """
    Jobs that are being admitted.

    Between a job's commit and the moment when it is in hand, another request may already ask for
    it by its idempotency key: whoever waits for a job waits for that moment first.
    """

    def __init__(self) -> None:
        self._expected: dict[JobId, asyncio.Event] = {}

    @contextmanager
    def expect(self, jobs: Iterable[JobId]) -> Generator[None]:
        """While jobs are being admitted: after it they are in hand, or there are none."""
        here = {job_id: asyncio.Event() for job_id in jobs}
        self._expected |= here
        try:
            yield
        finally:
            for job_id, event in here.items():
                del self._expected[job_id]
                event.set()

    async def wait(self, job_id: JobId) -> None:
        """Wait until a job is in hand, if it is being admitted now."""
        event = self._expected.get(job_id)
        if event is not None:
            await event.wait()


@dataclass(slots=True, kw_only=True)
class Errand:
    """A job on its way, with the policy it started with."""

    job: Job
    policy: Policy
    row: JobRow
    """The job as last seen in the ledger."""
    dearest: Money = Money.ZERO
    """The dearest qualifying offer's price when it was admitted."""
    cheapest: Money | None = None
    """The cheapest's; None where it is not known any more."""
    tried: set[str] = field(default_factory=set[str])
    """Providers that it was tried at."""
    attempts: int = 0
    """How many attempts were made."""
    working: dict[AttemptId, Doorbell] = field(default_factory=dict[AttemptId, Doorbell])
    """Attempts that a task is busy with, and their bells."""
    heard: dict[AttemptId, ProviderRef] = field(default_factory=dict[AttemptId, ProviderRef])
    """Ids that callbacks named before the create's reply did."""
    cancelling: bool = False
    """The client wants it no longer: nothing more is bought."""
    complete: bool = True
    """Its images are at hand; without them what was sent is collected, and nothing is sent."""
    undecided: bool = False
    """An attempt has ended, and whether the job goes on or ends is not settled yet."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    expiry: asyncio.Task[None] | None = None

    def terms(self, provider: str) -> ProviderTerms:
        """
        A provider's terms.

        One that the policy does not have any more, as after a restart, finishes its attempts under
        terms by which nothing is free.
        """
        prices = self.policy.prices
        known = provider in prices.provider_names
        return prices.terms(provider) if known else ProviderTerms(name=provider)

    def placed(self, row: JobRow, attempt: AttemptRow) -> None:
        """Take note of a hold."""
        self.row = row
        self.tried.add(attempt.provider)
        self.attempts = attempt.number

    def bell(self, attempt: AttemptId, clock: Clock) -> Doorbell:
        """The attempt's doorbell, for the task that begins to work on it."""
        return self.working.setdefault(attempt, Doorbell(clock))

    def ring(self, attempt: AttemptId) -> bool:
        """Ring the attempt's bell; whether a task is busy with it."""
        bell = self.working.get(attempt)
        if bell is not None:
            bell.ring()
        return bell is not None

    def saw(self, row: JobRow | None) -> bool:
        """Take the job's row as the ledger now has it; whether that ended the job just now."""
        if row is None or row.state is self.row.state:
            return False
        self.row = row
        if row.state.is_final:
            self.ended.set()
            if self.expiry is not None:
                self.expiry.cancel()
                self.expiry = None
        return row.state.is_final
