"""
What an entry adds to the sums of what was spent. Pure.

The view `flows` says the same in SQL, from the journal alone: sums are checked against it, and were
filled from it. An entry's flow never changes afterwards, whatever becomes of its attempt.

Two rules decide what the sums mean.

- **Drift** is between the pinned price and what the provider is known to have charged. A posting
  says that, and so does an adjustment that is known by a bill: from then on it is what is posted.
  Any other adjustment says it only where it raises what is posted above all that was known; where
  it takes money back, it is a refund, and says nothing of the price. Nothing charged is no drift.
- **An edit is a job that was delivered**, and counts where it was delivered first. What a further
  delivery of the same job costs is posted and was avoided by nobody: it is lost.
"""

from collections.abc import Iterable
from datetime import datetime

from router.ledger.flow_rows import (
    TAGGED,
    EndingRow,
    Flow,
    FlowRow,
    Source,
    Span,
    TagKeyRow,
    bucket,
)
from router.ledger.rows import AttemptRow, EntryRow, JobRow
from router.model.job import AttemptState
from router.model.money import Money

SPANS: tuple[Span, ...] = ("quarter", "hour", "day", "ever", "tagged_quarter", "tagged_day")
DELIVERED = "delivered"
"""The outcome of an attempt that brought its image."""
_ENDS = frozenset({"post", "void", "presume"})
_STILL = frozenset({"hold", "doubt"})


def charged_then(charged: Money, posted: Money, source: Source | None) -> Money:
    """
    What a provider is known to have charged for an attempt after an entry.

    Args:
        charged: What was known before it.
        posted: What is posted after it.
        source: What the entry is known by.
    """
    return posted if source == "statement" else max(charged, posted)


def flows(
    before: AttemptRow,
    after: AttemptRow,
    entries: Iterable[EntryRow],
    at: datetime,
    *,
    is_again: bool = False,
) -> tuple[FlowRow, ...]:
    """
    Sum up what a command's entries add, for each of the times that sums are kept of.

    Args:
        before: The attempt as the command found it.
        after: As it leaves it.
        entries: The command's, in their order. Holds and doubts move no money that counts.
        at: Their instant.
        is_again: Whether another attempt has delivered the same job already.
    """
    flow, posted, charged = Flow(), before.posted, before.charged
    for entry in entries:
        if entry.kind not in _STILL:
            known = charged_then(charged, posted + entry.posted, entry.source)
            flow += _flow(before, after, entry, posted, is_again=is_again)
            flow += _drift(known, after.quoted) - _drift(charged, after.quoted)
            posted, charged = posted + entry.posted, known
    if not flow.entries:
        return ()
    return tuple(_row(span, at, after, flow) for span in SPANS)


def _drift(charged: Money, quoted: Money) -> Flow:
    """By how much a charge is not its price."""
    if charged == quoted or charged <= Money.ZERO:
        return Flow()
    return Flow(
        over=max(Money.ZERO, charged - quoted), under=max(Money.ZERO, quoted - charged), drifted=1
    )


def _flow(
    before: AttemptRow, after: AttemptRow, entry: EntryRow, posted: Money, *, is_again: bool
) -> Flow:
    """
    One entry's, but for its drift.

    Args:
        before: As the command found it.
        after: As it leaves it.
        entry: Neither a hold nor a doubt.
        posted: What was posted before this entry.
        is_again: Whether another attempt has delivered the same job already.
    """
    evidenced = entry.kind == "adjust" and before.state is AttemptState.POSTED_PRESUMED
    settles = entry.kind in {"post", "void"} or evidenced
    delivers = settles and after.outcome == DELIVERED and not is_again
    avoided = missed = Money.ZERO
    if after.outcome == DELIVERED:
        avoided = (after.dearest if delivers else Money.ZERO) - entry.posted
        if after.cheapest is not None:
            missed = entry.posted - (after.cheapest if delivers else Money.ZERO)
    return Flow(
        entries=1,
        attempts=int(entry.kind in _ENDS),
        delivered=int(delivers),
        posted=entry.posted,
        presumed=entry.presumed,
        list_cost=after.list_price * _counted(posted, posted + entry.posted),
        avoided=avoided,
        missed=missed,
        refunded=max(Money.ZERO, -entry.posted),
    )


def _counted(before: Money, after: Money) -> int:
    """An image has its list price while something is posted for it: once, whatever it is."""
    return int(after > Money.ZERO) - int(before > Money.ZERO)


def _row(span: Span, at: datetime, attempt: AttemptRow, flow: Flow) -> FlowRow:
    return FlowRow(
        span=span,
        bucket=bucket(span, at),
        provider=attempt.provider,
        model=attempt.model,
        resolution=attempt.resolution,
        tenant=attempt.tenant,
        tags=attempt.tags if span in TAGGED else (),
        key_id=attempt.key_id,
        entries=flow.entries,
        attempts=flow.attempts,
        delivered=flow.delivered,
        posted=flow.posted,
        presumed=flow.presumed,
        list_cost=flow.list_cost,
        avoided=flow.avoided,
        missed=flow.missed,
        refunded=flow.refunded,
        over=flow.over,
        under=flow.under,
        drifted=flow.drifted,
    )


def tag_keys(attempt: AttemptRow, at: datetime) -> tuple[TagKeyRow, ...]:
    """Which tags there are on a day, to choose from without looking at their values."""
    day = bucket("day", at)
    return tuple(TagKeyRow(day=day, tenant=attempt.tenant, tag=tag) for tag, _ in attempt.tags)


def endings(before: JobRow, after: JobRow) -> tuple[EndingRow, ...]:
    """Count a job's end; of one that ends anew, the former end counts no longer."""
    ended = (_ending(after, 1),)
    return ended if before.ended_at is None else (_ending(before, -1), *ended)


def _ending(job: JobRow, jobs: int) -> EndingRow:
    return EndingRow(
        model=job.model,
        resolution=job.resolution,
        outcome=job.error_code or job.state.value,
        jobs=jobs,
    )
