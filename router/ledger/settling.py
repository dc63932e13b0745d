"""
Moving an attempt on, from its first byte to its last cent, and ending its job.

Rules R1 to R6 of money stand here. A command that comes too late, or twice, changes nothing and is
answered `Stale`: settling is idempotent.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypedDict

from router.ledger import outbox
from router.ledger.answers import Done, Stale
from router.ledger.commands import (
    Adjust,
    CallOff,
    Dispatch,
    Doubt,
    End,
    JobEnd,
    Post,
    Presume,
    Run,
    Void,
)
from router.ledger.decided import Decided
from router.ledger.flows import DELIVERED, charged_then, endings
from router.ledger.moves import Move, moved
from router.ledger.outbox_rows import OutboxRow
from router.ledger.page import Page
from router.ledger.rows import AttemptRow, JobRow, Row
from router.model.job import AttemptState, JobState
from router.model.money import Money

SENT = frozenset({AttemptState.DISPATCHING, AttemptState.RUNNING, AttemptState.IN_DOUBT})


def dispatch(attempt: AttemptRow, job: JobRow, command: Dispatch) -> Decided:
    """Note that the next thing to happen is the first byte."""
    unwanted = job.state.is_final or job.called_off_at is not None
    if attempt.state is not AttemptState.HELD or unwanted:
        return Decided(Stale(attempt=attempt, job=job))
    # What the provider may still do is counted from the first byte, not from the hold.
    waited = command.at - attempt.created_at
    attempt = replace(
        attempt,
        state=AttemptState.DISPATCHING,
        dispatched_at=command.at,
        horizon_at=attempt.horizon_at + waited,
    )
    job = replace(job, state=JobState.RUNNING)
    return Decided(Done(attempt=attempt, job=job), (attempt, job))


def run(attempt: AttemptRow, command: Run) -> Decided:
    """An attempt in doubt that learns its id stays in doubt: the id is a means to evidence."""
    if attempt.state not in SENT or attempt.provider_ref is not None:
        return Decided(Stale(attempt=attempt))
    dispatching = attempt.state is AttemptState.DISPATCHING
    attempt = replace(
        attempt,
        state=AttemptState.RUNNING if dispatching else attempt.state,
        provider_ref=command.ref,
        quote_raw=command.quote.raw if command.quote else None,
        quote_amount=command.quote.amount if command.quote else None,
        accepted_at=command.at,
    )
    return Decided(Done(attempt=attempt), (attempt,))


def post(page: Page, attempt: AttemptRow, job: JobRow, command: Post) -> Decided:
    """Book a charge; above the hold, the rest is an overage."""
    presumed = attempt.state is AttemptState.POSTED_PRESUMED
    if attempt.state not in SENT and not presumed:
        return Decided(Stale(attempt=attempt, job=job))
    hold, charge = attempt.quoted, command.amount
    within = min(hold, charge)
    if presumed:
        moves = [Move("adjust", presumed=-hold, posted=within)]
    else:
        moves = [Move("post", posted=within, **_released(attempt))]
    if charge > hold:
        moves.append(Move("overage", posted=charge - hold))
    reported = command.reported
    posted = replace(
        attempt,
        state=AttemptState.POSTED,
        posted=charge,
        charged=charge,
        outcome=command.outcome,
        detail=command.detail,
        ended_at=command.at,
        queue_s=command.queue_s,
        execution_s=command.execution_s,
        reported_raw=reported.raw if reported else None,
        reported_source=reported.source if reported else None,
        reported_amount=reported.amount if reported else None,
        reported_at=command.at if reported else None,
    )
    entries = moved(
        page, attempt, *moves, at=command.at, after=posted, who=command.who, reason=command.reason
    )
    return _settled(page, job, posted, entries, command)


def void(page: Page, attempt: AttemptRow, job: JobRow, command: Void) -> Decided:
    """Free the whole hold, on proof."""
    presumed = attempt.state is AttemptState.POSTED_PRESUMED
    was_sent = attempt.state is not AttemptState.HELD
    if (command.only_unsent and was_sent) or not (attempt.state.is_open or presumed):
        return Decided(Stale(attempt=attempt, job=job))
    move = (
        Move("adjust", presumed=-attempt.quoted) if presumed else Move("void", **_released(attempt))
    )
    voided = replace(
        attempt,
        state=AttemptState.VOIDED,
        outcome=command.outcome,
        detail=command.detail,
        ended_at=command.at,
    )
    entries = moved(
        page, attempt, move, at=command.at, after=voided, who=command.who, reason=command.reason
    )
    return _settled(page, job, voided, entries, command)


def _settled(
    page: Page, job: JobRow, attempt: AttemptRow, entries: Sequence[Row], command: Post | Void
) -> Decided:
    """The settlement and the job's end are one commit, or the end is already behind us."""
    delivers = attempt.outcome == DELIVERED and job.delivered_by is None
    known = replace(job, delivered_by=attempt.id) if delivers else job
    ended = _ended(known, command.end, command) if command.end is not None else None
    if ended is None:
        changes = (attempt, *entries, known) if delivers else (attempt, *entries)
        return Decided(Done(attempt=attempt, job=known), changes)
    told, changes = _with_callback(page, job, ended, command)
    return Decided(Done(attempt=attempt, job=ended, callback=told), (attempt, *entries, *changes))


def _with_callback(
    page: Page, job: JobRow, ended: JobRow, command: Post | Void | End
) -> tuple[OutboxRow | None, tuple[Row, ...]]:
    """A job's end with what its client is told of it: in one commit, so that neither is lost."""
    told = outbox.due(page, ended.id, command.at)
    changes: tuple[Row, ...] = (ended, *endings(job, ended))
    return told, changes if told is None else (*changes, told)


class _Released(TypedDict, total=False):
    held: Money
    in_doubt: Money


def _released(attempt: AttemptRow) -> _Released:
    """Where the hold stands now, as the move that takes it away."""
    if attempt.state is AttemptState.IN_DOUBT:
        return {"in_doubt": -attempt.quoted}
    return {"held": -attempt.quoted}


def doubt(page: Page, attempt: AttemptRow, command: Doubt) -> Decided:
    """Keep the hold, as in doubt."""
    if attempt.state not in {AttemptState.DISPATCHING, AttemptState.RUNNING}:
        return Decided(Stale(attempt=attempt))
    doubted = replace(
        attempt,
        state=AttemptState.IN_DOUBT,
        outcome=command.outcome,
        detail=command.detail,
    )
    move = Move("doubt", held=-attempt.quoted, in_doubt=attempt.quoted)
    return Decided(Done(attempt=doubted), (doubted, *moved(page, attempt, move, at=command.at)))


def presume(page: Page, attempt: AttemptRow, command: Presume) -> Decided:
    """Only after the horizon: until then the provider itself may still tell."""
    if attempt.state is not AttemptState.IN_DOUBT or command.at < attempt.horizon_at:
        return Decided(Stale(attempt=attempt))
    presumed = replace(attempt, state=AttemptState.POSTED_PRESUMED, ended_at=command.at)
    move = Move("presume", in_doubt=-attempt.quoted, presumed=attempt.quoted)
    return Decided(Done(attempt=presumed), (presumed, *moved(page, attempt, move, at=command.at)))


def adjust(page: Page, attempt: AttemptRow, command: Adjust) -> Decided:
    """A bill that came later, or a credit: the attempt must be settled, and stays so."""
    is_settled = attempt.state in {AttemptState.POSTED, AttemptState.VOIDED}
    if not is_settled or command.posted_before not in {None, attempt.posted}:
        return Decided(Stale(attempt=attempt))
    posted = attempt.posted + command.difference
    adjusted = replace(
        attempt,
        state=AttemptState.POSTED,
        posted=posted,
        charged=charged_then(attempt.charged, posted, command.source),
    )
    move = Move("adjust", posted=command.difference, source=command.source)
    entries = moved(page, attempt, move, at=command.at, who=command.who, reason=command.reason)
    return Decided(Done(attempt=adjusted), (adjusted, *entries))


def call_off(page: Page, command: CallOff) -> Decided:
    """Note that a job is wanted no longer; the first time counts."""
    job = page.get(JobRow, command.job_id)
    if job is None or job.state.is_final or job.called_off_at is not None:
        return Decided(Stale(job=job))
    job = replace(job, called_off_at=command.at)
    return Decided(Done(job=job), (job,))


def end(page: Page, command: End) -> Decided:
    """End a job whose attempts are settled, or are left in doubt."""
    job = page.get(JobRow, command.job_id)
    ended = _ended(job, command.end, command) if job is not None else None
    if job is None or ended is None:
        return Decided(Stale(job=job))
    told, changes = _with_callback(page, job, ended, command)
    return Decided(Done(job=ended, callback=told), changes)


def _ended(job: JobRow, end: JobEnd, command: Post | Void | End) -> JobRow | None:
    """A job ends once; only a late result, already paid, still turns failed to succeeded."""
    harvest = job.state is JobState.FAILED and end.state is JobState.SUCCEEDED
    if job.state.is_final and not harvest:
        return None
    return replace(
        job,
        state=end.state,
        ended_at=command.at,
        error_code=end.error_code,
        error_detail=end.error_detail,
        images=end.images,
        images_expire_at=end.images_expire_at,
        delivered_by=job.delivered_by or end.delivered_by,
    )
