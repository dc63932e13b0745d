"""Placing a hold: the first tender that fits every limit, in the order of the plan, or none."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from router.ledger import outbox
from router.ledger.answers import AllPlaced, Conflict, Done, Placed, Refused, Replayed, Stale
from router.ledger.commands import Accept, AcceptAll, Hold, Refuse, Tender
from router.ledger.decided import Decided
from router.ledger.moves import Move, moved
from router.ledger.page import Page
from router.ledger.room import in_force, usage_of
from router.ledger.rows import AttemptRow, IdempotencyRow, JobRow, RefusalRow, Row, Window
from router.model.budget import Limit, Usage
from router.model.job import AttemptState, JobState
from router.model.money import Money, total


def accept(page: Page, command: Accept) -> Decided:
    """Take a job with its first hold; or find the job its idempotency key stands for."""
    job, idempotency = command.job, command.idempotency
    if idempotency is not None:
        known = page.get(IdempotencyRow, job.tenant, idempotency.key)
        if known is not None:
            same = known.fingerprint == idempotency.fingerprint
            return Decided(Replayed(job_id=known.job_id) if same else Conflict())
    placed = _place(page, job, command)
    if not isinstance(placed.answer, Placed):
        return placed
    changes = (*placed.changes, *outbox.opened(command))
    if idempotency is None:
        return Decided(placed.answer, changes)
    promise = IdempotencyRow(
        tenant=job.tenant,
        idempotency_key=idempotency.key,
        fingerprint=idempotency.fingerprint,
        job_id=job.id,
        created_at=command.at,
    )
    return Decided(placed.answer, (*changes, promise))


def accept_all(page: Page, command: AcceptAll) -> Decided:
    """
    Take each job on the books as the one before leaves them; at the first that does not fit, none.

    A refusal is told of all of them: what is asked for together is refused together.
    """
    sketch = page.sketch()
    placed: list[Placed] = []
    changes: list[Row] = []
    for accepting in command.accepts:
        decided = accept(sketch, accepting)
        if isinstance(decided.answer, Refused):
            return _all_refused(page, command, decided.answer)
        if not isinstance(decided.answer, Placed):
            return decided
        sketch.apply(decided.changes)
        placed.append(decided.answer)
        changes.extend(decided.changes)
    return Decided(AllPlaced(placed=tuple(placed)), tuple(changes))


def _all_refused(page: Page, command: AcceptAll, refused: Refused) -> Decided:
    """The refusal of one as that of all: what is used without them, and what all would cost."""
    told = replace(
        refused,
        usage=usage_of(page, refused.limit),
        asked=total([_cheapest(one).attempt.quoted for one in command.accepts]),
        jobs=len(command.accepts),
    )
    return Decided(told, (_counted(page, told, command.at),) if told.is_counted else ())


def hold(page: Page, command: Hold) -> Decided:
    """Place a further attempt's hold, unless the job has ended or was called off."""
    job = page.get(JobRow, command.job_id)
    again = any(page.get(AttemptRow, tender.attempt.id) for tender in command.tenders)
    if job is None or job.state.is_final or job.called_off_at is not None or again:
        return Decided(Stale(job=job))
    return _place(page, job, command)


def _place(page: Page, job: JobRow, command: Accept | Hold) -> Decided:
    """Take the first tender whose hold fits every limit; with none, count the refusal."""
    no_room: dict[str, str] = {}
    for tender in command.tenders:
        failing = _failing(page, tender, command)
        if failing is None:
            decided_so = _explained(job, no_room) if isinstance(command, Accept) else job
            return _placed(page, decided_so, tender, command)
        no_room[tender.attempt.provider] = failing[0].budget
    cheapest = _cheapest(command)
    failing = _failing(page, cheapest, command)
    assert failing is not None, "no tender fits, so neither does the cheapest"
    limit, usage = failing
    refused = Refused(limit=limit, usage=usage, asked=cheapest.attempt.quoted)
    if isinstance(command, Accept) and limit.budget in command.uncounted:
        return Decided(replace(refused, is_counted=False))
    return Decided(refused, (_counted(page, refused, command.at),))


def _cheapest(command: Accept | Hold) -> Tender:
    return min(command.tenders, key=lambda tender: tender.attempt.quoted)


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


def _explained(job: JobRow, no_room: Mapping[str, str]) -> JobRow:
    """A new job, whose decision tells for which offers before the one that it takes was no room."""
    if not no_room:
        return job
    decision = {**json.loads(job.decision), "no_room": no_room}
    return replace(job, decision=json.dumps(decision, ensure_ascii=False))


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
    return Decided(Done(), (_counted(page, command.refused, command.at),))


def _counted(page: Page, refused: Refused, at: datetime) -> RefusalRow:
    """Refusals are free and leave no row of their own; they are counted by budget and hour."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    budget, scope = refused.limit.budget, refused.limit.scope
    row = page.get(RefusalRow, budget, scope, hour)
    row = row or RefusalRow(budget=budget, scope=scope, hour=hour)
    return replace(row, jobs=row.jobs + refused.jobs, amount=row.amount + refused.asked)
