"""A move of money between the four amounts: its entry, and every balance that it changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from router.ledger.flow_rows import Source
from router.ledger.flows import flows, tag_keys
from router.ledger.limit_rows import BudgetHourRow
from router.ledger.page import Page
from router.ledger.rows import AttemptRow, BalanceRow, EntryKind, EntryRow, JobRow, Row
from router.model.clock import hour_of
from router.model.money import Money, total


@dataclass(frozen=True, slots=True)
class Move:
    """By how much each of the four amounts changes."""

    kind: EntryKind
    posted: Money = Money.ZERO
    presumed: Money = Money.ZERO
    held: Money = Money.ZERO
    in_doubt: Money = Money.ZERO
    source: Source | None = None


def moved(
    page: Page,
    attempt: AttemptRow,
    *moves: Move,
    at: datetime,
    who: str = "farebox",
    reason: str | None = None,
    after: AttemptRow | None = None,
) -> tuple[Row, ...]:
    """
    Write moves of an attempt's money into the journal, into each of its budgets' windows, and into
    the sums of what was spent.

    The windows are those of the hold, so a charge counts where its hold stood, even when the day
    has turned meanwhile; the hour that it counts in is that of the entry. What was spent counts at
    its entry's instant.

    Args:
        page: The books.
        attempt: As it stood.
        moves: In their order.
        at: Their instant.
        who: Whoever made them.
        reason: Why, where a person said so.
        after: The attempt as it is left, where that says more than the moves.
    """
    entries = [
        EntryRow(
            at=at,
            attempt_id=attempt.id,
            kind=move.kind,
            posted=move.posted,
            presumed=move.presumed,
            held=move.held,
            in_doubt=move.in_doubt,
            who=who,
            reason=reason,
            source=move.source,
        )
        for move in moves
    ]
    job = page.get(JobRow, attempt.job_id)
    first = job.delivered_by if job is not None else None
    balances: list[BalanceRow] = []
    for window in attempt.windows:
        row = page.get(BalanceRow, *window.key)
        row = row or BalanceRow(
            budget=window.budget,
            scope=window.scope,
            window_start=window.start,
            window_end=window.end,
        )
        for move in moves:
            row = _added(row, move)
        # An open hold cannot be less than nothing: if it is, an entry was made twice.
        assert row.held >= Money.ZERO, row
        assert row.in_doubt >= Money.ZERO, row
        balances.append(row)
    is_again = first not in {None, attempt.id}
    sums = flows(attempt, after or attempt, entries, at, is_again=is_again)
    return (
        *entries,
        *balances,
        *_hours(attempt, moves, at),
        *sums,
        *(tag_keys(attempt, at) if sums else ()),
    )


def _hours(attempt: AttemptRow, moves: Sequence[Move], at: datetime) -> Iterator[BudgetHourRow]:
    """What moves add to the hour, in each account that the attempt counts against."""
    charged = _charged(moves)
    if not charged:
        return
    for window in attempt.windows:
        yield BudgetHourRow(
            budget=window.budget, scope=window.scope, hour=hour_of(at), charged=charged
        )


def _charged(moves: Sequence[Move]) -> Money:
    return total([move.posted + move.presumed for move in moves])


def _added(row: BalanceRow, move: Move) -> BalanceRow:
    return replace(
        row,
        posted=row.posted + move.posted,
        presumed=row.presumed + move.presumed,
        held=row.held + move.held,
        in_doubt=row.in_doubt + move.in_doubt,
    )
