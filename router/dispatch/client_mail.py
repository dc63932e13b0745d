"""Clients' callbacks, for the postman: whoever bought an edit is told that it has ended."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from router.dispatch.outbox import Message, Post
from router.dispatch.ports import Books
from router.dispatch.signing import MASTER, tenant_secret
from router.dispatch.telling import Teller
from router.dispatch.watching import JobView
from router.ledger.commands import Told
from router.ledger.outbox_rows import OutboxRow
from router.model.ids import JobId
from router.model.job import JobState

Render = Callable[[JobView, str], Awaitable[bytes]]
"""Writes what a client is told of a job, in a dialect's words."""


class ClientMail:
    """The outbox of jobs."""

    def __init__(self, books: Books, render: Render, teller: Teller) -> None:
        """
        Args:
            books: The outbox, and the jobs that are told of.
            render: What a client is told.
            teller: Told what came of each try.
        """
        self._books, self._render, self._teller = books, render, teller

    async def due(self, before: datetime, *, most: int) -> Sequence[OutboxRow]:
        """See `Mailbox.due`."""
        return await self._books.callbacks_due(before, most=most)

    async def find(self, name: str) -> OutboxRow | None:
        """See `Mailbox.find`."""
        return await self._books.callback_of(JobId(name))

    async def deliver(self, letter: OutboxRow, post: Post) -> None:
        """Tell a client of its job as it is now: a late result has perhaps come meanwhile."""
        job = await self._books.job(letter.job_id)
        assert job is not None, "a callback has a job"
        view = JobView(job, tuple(await self._books.attempts_of(letter.job_id)), letter)
        secret = tenant_secret(await self._books.secret(MASTER), letter.tenant)
        body = await self._render(view, letter.dialect)
        result = await post(letter, Message(message_id(job.id, job.state), secret, body))
        tried = result.tried
        await self._books.submit(
            Told(
                at=tried.at,
                job_id=job.id,
                number=tried.number,
                state=tried.state,
                status=tried.status,
                next_at=tried.next_at,
                ended_as=job.state,
            )
        )
        self._teller.client_told(letter, tried, result.word)


def message_id(job_id: JobId, state: JobState) -> str:
    """
    The id by which a receiver knows a message again.

    A failure that a late result turned into a success is another message.
    """
    return f"msg_{job_id}_{state.value}"
