"""Placing a hold: the first tender that fits every limit, in the order of the plan, or none."""

from dataclasses import replace
from datetime import datetime

from router.ledger.commands import (
    Accept,
    Conflict,
    Done,
    Hold,
    Placed,
    Refuse,
    Refused,
    Replayed,
    Stale,
    Tender,
)
from router.ledger.decided import Decided
from router.ledger.moves import Move, moved
from router.ledger.page import Page
from router.ledger.room import in_force, usage_of
from router.ledger.rows import (
    AttemptRow,
    IdempotencyRow,
    JobRow,
    RefusalRow,
    Window,
)
from router.model.budget import Limit, Usage
from router.model.job import AttemptState, JobState
from router.model.money import Money


def accept(page: Page, command: Accept) -> Decided:
    """Take a job with its first hold; or find the job its idempotency key stands for."""
    job, idempotency = command.job, command.idempotency
    if idempotency is not None:
        known = page.get(IdempotencyRow, job.tenant, idempotency.key)
        if known is not None:
            same = known.fingerprint == idempotency.fingerprint
            return Decided(Replayed(job_id=known.job_id) if same else Conflict())
    placed = _place(page, job, command)
    if idempotency is None or not isinstance(placed.answer, Placed):
        return placed
    promise = IdempotencyRow(
        tenant=job.tenant,
        idempotency_key=idempotency.key,
        fingerprint=idempotency.fingerprint,
        job_id=job.id,
        created_at=command.at,
    )
    return Decided(placed.answer, (*placed.changes, promise))


def hold(page: Page, command: Hold) -> Decided:
    """Place a further attempt's hold, unless the job has ended or was called off."""
    job = page.get(JobRow, command.job_id)
    again = any(page.get(AttemptRow, tender.attempt.id) for tender in command.tenders)
    if job is None or job.state.is_final or job.called_off_at is not None or again:
        return Decided(Stale(job=job))
    return _place(page, job, command)


def _place(page: Page, job: JobRow, command: Accept | Hold) -> Decided:
    """Take the first tender whose hold fits every limit; with none, count the refusal."""
    for tender in command.tenders:
        if _failing(page, tender, command) is None:
            return _placed(page, job, tender, command)
    cheapest = min(command.tenders, key=lambda tender: tender.attempt.quoted)
    failing = _failing(page, cheapest, command)
    assert failing is not None, "no tender fits, so neither does the cheapest"
    limit, usage = failing
    asked = cheapest.attempt.quoted
    if isinstance(command, Accept) and limit.budget in command.uncounted:
        return Decided(Refused(limit=limit, usage=usage, asked=asked, is_counted=False))
    refused = Refused(limit=limit, usage=usage, asked=asked)
    return Decided(refused, (_counted(page, limit, asked, command.at),))


def _failing(page: Page, tender: Tender, command: Accept | Hold) -> tuple[Limit, Usage] | None:
    """
    The tightest limit that the tender's hold does not fit.

    One whose refusal is the last word is told before any that would let a smaller edit be tried:
    what a job comes to must not hang on which of two full budgets has a cent less left.
    """
    shrinking = command.uncounted if isinstance(command, Accept) else frozenset[str]()
    failing: list[tuple[bool, Money, Limit, Usage]] = []
    for limit in (in_force(page, limit, command.at) for limit in tender.limits):
        usage = usage_of(page, limit)
        available = usage.available(limit.limit)
        if available < tender.attempt.quoted:
            failing.append((limit.budget in shrinking, available, limit, usage))
    if not failing:
        return None
    _, _, limit, usage = min(failing, key=lambda found: found[:2])
    return limit, usage


def _placed(page: Page, job: JobRow, tender: Tender, command: Accept | Hold) -> Decided:
    ready = tender.attempt.provider in command.ready
    attempt = replace(
        tender.attempt,
        state=AttemptState.DISPATCHING if ready else AttemptState.HELD,
        dispatched_at=command.at if ready else None,
        # Two limits on one window are one window: its balance takes the hold once.
        windows=tuple(dict.fromkeys(Window.of(limit) for limit in tender.limits)),
    )
    if ready or job.state is JobState.RUNNING:
        job = replace(job, state=JobState.RUNNING)
    else:
        job = replace(job, state=JobState.QUEUED)
    moves = moved(page, attempt, Move("hold", held=attempt.quoted), at=command.at)
    return Decided(Placed(job=job, attempt=attempt), (job, attempt, *moves))


def refuse(page: Page, command: Refuse) -> Decided:
    """Count a refusal that no hold stands for."""
    return Decided(Done(), (_counted(page, command.limit, command.asked, command.at),))


def _counted(page: Page, limit: Limit, asked: Money, at: datetime) -> RefusalRow:
    """Refusals are free and leave no row of their own; they are counted by budget and hour."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    row = page.get(RefusalRow, limit.budget, limit.scope, hour)
    row = row or RefusalRow(budget=limit.budget, scope=limit.scope, hour=hour)
    return replace(row, jobs=row.jobs + 1, amount=row.amount + asked)
