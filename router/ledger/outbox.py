"""Deciding about the outbox: due with a job's end, in one commit, and each end told once."""

from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

from router.ledger.answers import Done, Stale
from router.ledger.commands import Accept, Redeliver, Told
from router.ledger.decided import Decided
from router.ledger.outbox_rows import OutboxRow, OutboxState
from router.ledger.page import Page
from router.ledger.rows import JobRow
from router.model.ids import JobId


def opened(command: Accept) -> tuple[OutboxRow, ...]:
    """The row of a job whose client wants to be told; none for any other."""
    if command.callback is None:
        return ()
    row = OutboxRow(
        job_id=command.job.id,
        tenant=command.job.tenant,
        url=command.callback.url,
        dialect=command.callback.dialect,
        state=OutboxState.WAITING,
        created_at=command.at,
    )
    return (row,)


def due(page: Page, job_id: JobId, at: datetime) -> OutboxRow | None:
    """
    Have the client told, now that its job ends; of a late result as well, as another message.

    Returns:
        None where nobody wants to know, or nobody can be told: the address is forgotten, or may not
        be dialled, or whoever was there is gone.
    """
    row = page.get(OutboxRow, job_id)
    if row is None or not _can_be_told(row):
        return None
    return replace(row, state=OutboxState.DUE, tries=0, next_at=at)


def _can_be_told(row: OutboxRow) -> bool:
    is_gone = row.state is OutboxState.FAILED and row.last_status == HTTPStatus.GONE
    return bool(row.url) and row.state is not OutboxState.REFUSED and not is_gone


def told(page: Page, command: Told) -> Decided:
    """Note what came of a try; of two that were the same one, the first counts."""
    row = page.get(OutboxRow, command.job_id)
    if row is None or row.state is not OutboxState.DUE or command.number != row.tries + 1:
        return Decided(Stale())
    job = page.get(JobRow, command.job_id)
    if command.ended_as is not None and job is not None and job.state is not command.ended_as:
        # A late result came while the failure was being told: that is still to be told.
        return Decided(Stale())
    row = replace(
        row,
        state=command.state,
        tries=command.number,
        last_status=command.status,
        tried_at=command.at,
        next_at=command.next_at,
    )
    return Decided(Done(callback=row), (row,))


def redeliver(page: Page, command: Redeliver) -> Decided:
    """Tell it at once; what had come to its end is told from the first try on."""
    row = page.get(OutboxRow, command.job_id)
    if row is None or row.state is OutboxState.WAITING or not row.url:
        return Decided(Stale())
    tries = row.tries if row.state is OutboxState.DUE else 0
    row = replace(row, state=OutboxState.DUE, tries=tries, next_at=command.at)
    return Decided(Done(callback=row), (row,))
