"""
The books as they are read: all that anybody asks of the ledger, and nothing that changes it.

Every reading sees only what is committed, and raises `LedgerUnavailable` when it cannot be had.
"""

from datetime import datetime
from typing import Literal

from router.ledger.browsing import Browsing
from router.ledger.budget_reading import BudgetReadings
from router.ledger.key_rows import KeyRow
from router.ledger.mapping import decode
from router.ledger.paying_twice import PayingTwice
from router.ledger.reading import NEWEST
from router.ledger.rows import AttemptRow, IdempotencyRow, JobRow
from router.ledger.statement_reading import StatementReadings
from router.ledger.sums import Sums
from router.ledger.views import TimedRow
from router.model.clock import from_rfc3339
from router.model.ids import AttemptId, CallbackToken, JobId

Part = Literal["prompt", "images"]
"""Of what clients send, what is kept for a time of its own."""


class Books(Sums, BudgetReadings, StatementReadings, Browsing, PayingTwice):
    """What stands in the books of one Farebox."""

    async def promise(self, tenant: str, idempotency_key: str) -> IdempotencyRow | None:
        """What an idempotency key stands for; None when it was never used."""
        rows = await self._read("promise", tenant=tenant, idempotency_key=idempotency_key)
        return decode(IdempotencyRow, rows[0]) if rows else None

    async def job(self, job_id: JobId) -> JobRow | None:
        """One job; None when there is none by that id."""
        rows = await self._read("job", id=job_id)
        return decode(JobRow, rows[0]) if rows else None

    async def jobs_of(
        self, tenant: str, *, state: str = "", after: str = NEWEST, most: int = 50
    ) -> list[JobRow]:
        """A tenant's jobs, the newest first, older than `after`."""
        rows = await self._read(
            "jobs_of_a_tenant", tenant=tenant, state=state, after=after, most=most
        )
        return [decode(JobRow, row) for row in rows]

    async def batch(self, first: JobId) -> list[JobRow]:
        """The jobs that one request bought together, by the first of them, in their order."""
        return [decode(JobRow, row) for row in await self._read("batch", id=first)]

    async def jobs_like(
        self, tenant: str, key_id: str, fingerprint: str, since: datetime
    ) -> list[JobRow]:
        """
        What a key's holder has bought by the same request since an instant, the oldest first.

        Of jobs bought together by one request only the first.
        """
        rows = await self._read(
            "jobs_like", tenant=tenant, key_id=key_id, fingerprint=fingerprint, since=since
        )
        return [decode(JobRow, row) for row in rows]

    async def unfinished_jobs(self) -> list[JobRow]:
        """Jobs that have not ended, the oldest first."""
        return [decode(JobRow, row) for row in await self._read("unfinished_jobs")]

    async def attempts_of(self, job_id: JobId) -> list[AttemptRow]:
        """A job's attempts in their order."""
        rows = await self._read("attempts_of_a_job", job_id=job_id)
        return [decode(AttemptRow, row) for row in rows]

    async def attempt(self, attempt_id: AttemptId) -> AttemptRow | None:
        """One attempt; None when there is none by that id."""
        rows = await self._read("attempt", id=attempt_id)
        return decode(AttemptRow, rows[0]) if rows else None

    async def attempt_by_token(self, provider: str, token: CallbackToken) -> AttemptRow | None:
        """The attempt that a callback's token names."""
        rows = await self._read("attempt_by_token", provider=provider, token=token)
        return decode(AttemptRow, rows[0]) if rows else None

    async def open_attempts(self) -> list[AttemptRow]:
        """Attempts whose money is held or in doubt, the oldest first."""
        return [decode(AttemptRow, row) for row in await self._read("open_attempts")]

    async def latest_posted(self) -> list[AttemptRow]:
        """Of each offer at each of its prices the latest ten charges told; the oldest first."""
        return [decode(AttemptRow, row) for row in await self._read("latest_posted")]

    async def undelivered(self, since: datetime, until: datetime) -> list[AttemptRow]:
        """Attempts that ended within `[since, until)`, billed and not delivered; oldest first."""
        rows = await self._read("undelivered", since=since, until=until)
        return [decode(AttemptRow, row) for row in rows]

    async def timed(self, since: datetime, *, most: int) -> list[TimedRow]:
        """Of each offer, what `most` attempts that ended or fell into doubt since then took."""
        return await self._views(TimedRow, "timed", since=since, most=most)

    async def latest_instant(self) -> datetime | None:
        """The last instant that the ledger knows; None when it is empty."""
        rows = await self._read("latest_instant")
        return from_rfc3339(rows[0]["at"]) if rows[0]["at"] is not None else None

    async def key(self, key_id: str) -> KeyRow | None:
        """One API key; None when there is none by that id."""
        rows = await self._read("key", id=key_id)
        return decode(KeyRow, rows[0]) if rows else None

    async def keys(self) -> list[KeyRow]:
        """All API keys, the oldest first."""
        return [decode(KeyRow, row) for row in await self._read("keys")]

    async def requests_kept(self, part: Part, before: datetime, *, most: int) -> list[JobRow]:
        """
        Ended jobs admitted before an instant that a part of was not forgotten, the oldest first.

        Args:
            part: Of what their clients sent.
            before: Exclusive.
            most: How many.
        """
        rows = await self._read(f"{part}_kept", before=before, most=most)
        return [decode(JobRow, row) for row in rows]
