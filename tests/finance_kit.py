"""A shop with a policy and a ledger in a file, in which edits are bought by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from router.ledger.answers import Answer
from router.ledger.commands import Accept, Command, Doubt, Hold, JobEnd, Post, Presume, Tender
from router.ledger.ledger import Ledger
from router.ledger.sqlite import SqliteStore
from router.ledger.writer import Writer
from router.model.budget import Limit
from router.model.ids import AttemptId, JobId
from router.model.job import JobState
from router.policy.policy import Policy
from router.policy.scopes import JobFacts
from tests.fakes import EPOCH, FakeClock
from tests.ledger_kit import a_job_row, a_sqlite_store, an_attempt_row, at_once, usd

READY = frozenset({"shortapi", "runpod"})


class Shop:
    """Buys under a policy's limits; every amount is given, and every attempt is sent at once."""

    def __init__(self, policy: Policy, store: SqliteStore) -> None:
        self.policy, self._store = policy, store
        self.ledger = Ledger(store, Writer(FakeClock(), store, lambda *_: None, lambda: None))

    def buy(
        self,
        job: str,
        price: str,
        *,
        tenant: str = "acme",
        provider: str = "shortapi",
        at: datetime = EPOCH,
        **fields: Any,
    ) -> Answer:
        """Accept job `job` with its first attempt, `job.1`."""
        shared = {name: fields[name] for name in ("model", "resolution", "tags") if name in fields}
        key = fields.pop("key", "laptop")
        tender = self._tender(f"{job}.1", price, tenant, provider, at, (), fields, key=key)
        row = a_job_row(job, tenant=tenant, created_at=at, **shared)
        return self.told(Accept(at=at, job=row, tenders=(tender,), ready=READY))

    def buy_again(self, attempt: str, price: str, *, provider: str = "runpod") -> Answer:
        """Hold a further attempt of a job of acme's, beside one in doubt."""
        double = (self.policy.double_spend_limit(EPOCH),)
        tender = self._tender(attempt, price, "acme", provider, EPOCH, double, {})
        job = JobId(attempt.rpartition(".")[0])
        return self.told(Hold(at=EPOCH, job_id=job, tenders=(tender,), ready=READY))

    def post(self, attempt: str, amount: str, *, at: datetime = EPOCH) -> Answer:
        """Post an attempt that delivered, and end its job."""
        end = JobEnd(state=JobState.SUCCEEDED, delivered_by=AttemptId(attempt))
        return self.told(
            Post(
                at=at,
                attempt_id=AttemptId(attempt),
                amount=usd(amount),
                outcome="delivered",
                end=end,
            )
        )

    def doubt(self, attempt: str) -> Answer:
        """Leave an attempt in doubt."""
        name = AttemptId(attempt)
        return self.told(Doubt(at=EPOCH, attempt_id=name, outcome="provider_in_doubt"))

    def presume(self, attempt: str) -> Answer:
        """Presume an attempt in doubt posted, two hours later: past its horizon."""
        later = EPOCH + timedelta(hours=2)
        return self.told(Presume(at=later, attempt_id=AttemptId(attempt)))

    def told(self, command: Command) -> Answer:
        """Commit one command."""
        (answer,) = at_once(self._store.commit([command]))
        assert not isinstance(answer, Exception)
        return answer

    def _tender(
        self,
        attempt: str,
        price: str,
        tenant: str,
        provider: str,
        at: datetime,
        further: tuple[Limit, ...],
        fields: dict[str, Any],
        *,
        key: str = "laptop",
    ) -> Tender:
        row = an_attempt_row(
            attempt, price=usd(price), tenant=tenant, provider=provider, created_at=at, **fields
        )
        facts = JobFacts(tenant=tenant, key=key, model=row.model, tags=row.tags)
        limits = self.policy.limits(facts, provider, at)
        return Tender(attempt=row, limits=(*limits, *further))


@contextmanager
def a_shop(policy: Policy, folder: Path) -> Iterator[Shop]:
    """Open a shop with an empty ledger."""
    store = a_sqlite_store(folder / "farebox.db")
    try:
        yield Shop(policy, store)
    finally:
        store.close()
