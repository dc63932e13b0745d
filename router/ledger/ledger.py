"""
The ledger as the rest of the house knows it: verbs that are durable when they return, and readings.

Every verb goes through the one writer; every reading sees only what is committed, and raises
`LedgerUnavailable` when the books cannot be read.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from router.ledger.alert_rows import AlertLetterRow
from router.ledger.answers import Alerted, Answer, Done
from router.ledger.browsing import Browsing
from router.ledger.budget_reading import BudgetReadings
from router.ledger.commands import Accept, AcceptAll, Adjust, Command, Post, Presume
from router.ledger.key_rows import KeyRow
from router.ledger.mapping import decode
from router.ledger.outbox_rows import OutboxRow
from router.ledger.paying_twice import PayingTwice
from router.ledger.reading import NEWEST
from router.ledger.rows import AttemptRow, IdempotencyRow, JobRow
from router.ledger.statement_reading import StatementReadings
from router.ledger.store import Contradiction, Store
from router.ledger.sums import Sums
from router.ledger.views import TimedRow
from router.ledger.writer import Writer
from router.model.clock import from_rfc3339
from router.model.errors import LedgerUnavailable
from router.model.ids import AttemptId, CallbackToken, JobId

Part = Literal["prompt", "images"]
"""Of what clients send, what is kept for a time of its own."""


class Ledger(Sums, BudgetReadings, StatementReadings, Browsing, PayingTwice):
    """The books of one Farebox."""

    def __init__(self, store: Store, writer: Writer) -> None:
        super().__init__(store)
        self._writer = writer
        self._booked: Callable[[AttemptRow], None] = lambda _: None
        self._due: Callable[[OutboxRow], None] = lambda _: None
        self._alert_due: Callable[[AlertLetterRow], None] = lambda _: None

    def listen(self, booked: Callable[[AttemptRow], None]) -> None:
        """Have every attempt told of that a charge was booked or corrected for, once durable."""
        self._booked = booked

    def listen_for_callbacks(self, due: Callable[[OutboxRow], None]) -> None:
        """Have every callback told of that has become due, or is due again, once durable."""
        self._due = due

    def listen_for_alerts(self, due: Callable[[AlertLetterRow], None]) -> None:
        """Have every alert told of that somebody is to be told of, once durable."""
        self._alert_due = due

    @property
    def admitting(self) -> bool:
        """Whether holds can be placed; false on a full disk or a broken one."""
        return self._writer.admitting

    async def submit(self, command: Command) -> Answer:
        """
        Have a command decided and made durable.

        Raises:
            LedgerUnavailable: It is not in the books, and nothing may be sent.
            Contradiction: It contradicts the books; nothing was changed.
        """
        answer = await self._writer.submit(command)
        if isinstance(answer, Contradiction):
            if isinstance(command, Accept | AcceptAll):
                raise LedgerUnavailable(str(answer))
            raise answer
        if isinstance(command, Post | Presume | Adjust) and isinstance(answer, Done):
            assert answer.attempt is not None
            self._booked(answer.attempt)
        if isinstance(answer, Done) and answer.callback is not None and answer.callback.next_at:
            self._due(answer.callback)
        if isinstance(answer, Alerted):
            for letter in answer.letters:
                self._alert_due(letter)
        return answer

    # Readings.

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
        """The two attempts posted last of each offer at each of its prices, the oldest first."""
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

    # Housekeeping.

    async def forget_promises(self, before: datetime) -> None:
        """
        Drop idempotency keys made before an instant whose job has ended.

        Raises:
            LedgerUnavailable: They are kept for now.
        """
        await self._change("forget_idempotency", before=before)

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

    async def forget_part(self, job_id: JobId, part: Part, request: str, at: datetime) -> None:
        """
        Replace what a job's client sent by what may be kept of it. The job has ended.

        Args:
            job_id: Whose.
            part: What is no longer kept.
            request: What is left.
            at: Now.

        Raises:
            LedgerUnavailable: It is kept for now.
        """
        await self._change(f"forget_{part}", id=job_id, request=request, at=at)

    async def resume(self) -> bool:
        """Admit again if the ledger can be written again; whether holds are admitted."""
        return await self._writer.resume()
