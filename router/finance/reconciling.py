"""
A provider's bill held against the books: what agrees, what differs, what it settles. Pure.

By the provider's own id first. A line without a known id is never taken for some attempt's: what it
may belong to is said, and a person decides. That something is absent proves that it was not
charged only where the bill is complete, covers all of the time in which it could have been charged,
and has no line left that nobody can explain. A line that says the same as another again is a charge
of its own or a mistake of the export, which no bill proves: a person decides that, too.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from router.dispatch.resolving import HOLDS_MAX
from router.finance.findings import SETTLED, UNSETTLED, Action, Finding, Kind, settle_line
from router.finance.statement_csv import Line
from router.ledger.views import BilledRow
from router.model.ids import ProviderRef
from router.model.job import AttemptState
from router.model.money import Money, total

RECENT = timedelta(hours=1)
"""A charge that ended so shortly before the bill's end may stand on the next one."""
SKEW = timedelta(minutes=5)
"""By how much the provider's clock and ours may differ."""
SUGGESTED_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The time that a bill is of: `[since, until)`."""

    since: datetime
    until: datetime
    is_complete: bool
    """Whether all that was billed within it is on the bill."""

    def covers(self, first: datetime, last: datetime) -> bool:
        """Whether whatever was billed from `first` to `last` must stand on it."""
        return self.is_complete and self.since <= first and last <= self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A bill held against the books."""

    findings: tuple[Finding, ...]
    recent: int
    """How many charges are not missed yet, because they are too recent."""


def compare(
    lines: Sequence[Line],
    earlier: Iterable[Line],
    attempts: Iterable[BilledRow],
    period: Period,
) -> Compared:
    """
    Hold a bill against the books.

    Args:
        lines: Of the bill, within its period.
        earlier: What other statements have of the same ids, and of the same time.
        attempts: All that were sent within the period or shortly before, and whichever else a line
            names.
        period: The bill's.

    Returns:
        A finding for each attempt that the bill says anything of, or should, and for each line that
        fits none: in the order of the lines, then of the attempts.
    """
    own = {line.id for line in lines}
    known = [*lines, *(line for line in earlier if line.id not in own)]
    billed: dict[ProviderRef, list[Line]] = {}
    for line in known:
        if line.ref is not None:
            billed.setdefault(line.ref, []).append(line)
    rows = {row.id: row for row in attempts}
    by_ref = {row.provider_ref: row for row in rows.values() if row.provider_ref is not None}
    strangers = [line for line in known if line.ref is None or line.ref not in by_ref]
    here = {line.ref for line in lines}
    named = [
        _named(row, billed[ref], own)
        for ref, row in by_ref.items()
        if ref in billed and (ref in here or row.state in UNSETTLED)
    ]
    named.sort(key=lambda finding: finding.lines)
    unnamed = [row for row in rows.values() if row.provider_ref not in billed]
    within = [row for row in unnamed if period.since <= row.dispatched_at < period.until]
    missed = [_missed(row, strangers, period) for row in within]
    return Compared(
        findings=(
            *named,
            *_unknown([line for line in strangers if line.id in own], unnamed),
            *(finding for finding in missed if finding is not None),
        ),
        recent=sum(_is_recent(row, period) for row in within),
    )


def _named(row: BilledRow, lines: Sequence[Line], own: Collection[str]) -> Finding:
    """What a bill says of an attempt that it names."""
    billed = total([line.amount for line in lines])
    here = [line for line in lines if line.id in own]
    found = Finding(
        kind=Kind.MATCHED,
        attempt=row.id,
        ref=row.provider_ref,
        state=row.state,
        billed=billed,
        posted=row.posted,
        quoted=row.quoted,
        gives_back=any(line.amount < Money.ZERO for line in lines),
        lines=tuple(line.number for line in here),
        raw=lines[0].raw if len(lines) == 1 else str(billed),
    )
    if billed < Money.ZERO:
        kind = Kind.UNDECIDED if row.state in UNSETTLED else Kind.AMOUNT_DIFFERS
        why = "more was given back than was billed: import the statement with the charge first"
        return replace(found, kind=kind, why=why)
    if row.state in UNSETTLED:
        action = Action.POST if billed else Action.VOID
        return _limited(replace(found, kind=Kind.BILLED, action=action), lines)
    if row.state not in SETTLED:
        return replace(found, kind=Kind.UNDER_WAY, why="it still runs here: compare again later")
    if billed == row.posted:
        return found
    return _limited(replace(found, kind=Kind.AMOUNT_DIFFERS, action=Action.ADJUST), lines)


def _limited(found: Finding, lines: Sequence[Line]) -> Finding:
    """Have a person decide what a bill says, but may well not mean."""
    once = {(line.amount, line.at): line.amount for line in lines}
    if len(once) < len(lines):
        why = _repeated(found, len(lines) - len(once), total(list(once.values())))
        return replace(found, action=None, why=why)
    # What is far above the hold is more likely a wrong column than a bill.
    if found.billed <= found.quoted * HOLDS_MAX:
        return found
    why = (
        f"more than {HOLDS_MAX} times the {found.quoted.usd} that were held; if it is so: "
        f"{_settled_at(found, found.billed)}"
    )
    return replace(found, action=None, why=why)


def _repeated(found: Finding, count: int, once: Money) -> str:
    """What to do about an attempt of whose lines some say the same again."""
    lines = "a line repeats another" if count == 1 else f"{count} lines repeat others"
    why = (
        f"{lines} to the letter: a further charge, or a mistake of the export; ask the provider. "
        f"If it was charged so: {_settled_at(found, found.billed)}"
    )
    if once < Money.ZERO or (found.state in SETTLED and once == found.posted):
        return why
    return f"{why}; if what is repeated was charged once: {_settled_at(found, once)}"


def _settled_at(found: Finding, amount: Money) -> str:
    return settle_line(
        found.attempt,
        amount or None,
        is_settled=found.state in SETTLED,
        big=amount > found.quoted * HOLDS_MAX,
    )


def _unknown(lines: Sequence[Line], rows: Sequence[BilledRow]) -> Iterator[Finding]:
    """Lines that no attempt is known by, each with what it may belong to."""
    nameless = [row for row in rows if row.provider_ref is None and row.state in _MAY_BE]
    by_price: dict[Money, list[BilledRow]] = {}
    for row in nameless:
        by_price.setdefault(row.quoted, []).append(row)
    for line in lines:
        same = by_price.get(line.amount, ()) if line.repeats is None else ()
        likely = [row for row in same if _may_be(row, line)]
        likely.sort(key=lambda row: (abs(row.dispatched_at - line.at), row.id))
        yield Finding(
            kind=Kind.MISSING_HERE,
            ref=line.ref,
            billed=line.amount,
            lines=(line.number,),
            raw=line.raw,
            suggested=tuple(row.id for row in likely[:SUGGESTED_MAX]),
            why=_perhaps(line, likely),
        )


_MAY_BE = frozenset({*UNSETTLED, AttemptState.VOIDED})
"""What may have been charged without our knowing its id there."""


def _may_be(row: BilledRow, line: Line) -> bool:
    return row.dispatched_at - SKEW <= line.at <= row.horizon_at + SKEW


def _perhaps(line: Line, likely: Sequence[BilledRow]) -> str:
    if line.repeats is not None:
        return f"repeats line {line.repeats} to the letter: see there, and ask the provider"
    if not likely:
        return "nothing here cost that much then: ask who else uses this account"
    first = likely[0]
    command = settle_line(first.id, line.amount, is_settled=first.state in SETTLED)
    more = len(likely) - 1
    others = f", or of {more} other{'s' * (more > 1)}" if more else ""
    return f"may be the charge of {first.id}{others}; if it is: {command}"


def _missed(row: BilledRow, strangers: Sequence[Line], period: Period) -> Finding | None:
    """What it means that a bill does not name an attempt; None where it means nothing."""
    found = Finding(
        kind=Kind.MISSING_THERE,
        attempt=row.id,
        ref=row.provider_ref,
        state=row.state,
        posted=row.posted,
        quoted=row.quoted,
    )
    if row.state is AttemptState.POSTED and row.posted:
        ended = row.ended_at or row.horizon_at
        if not period.covers(row.dispatched_at, ended + RECENT):
            return None
        command = settle_line(row.id, None, is_settled=True)
        return replace(found, why=f"ask the provider; if it was not charged: {command}")
    if row.state not in UNSETTLED:
        return None
    doubt = _doubtful(row, strangers, period)
    if doubt is not None:
        return replace(found, kind=Kind.UNDECIDED, why=doubt)
    return replace(found, kind=Kind.ABSENT, action=Action.VOID)


def _doubtful(row: BilledRow, strangers: Sequence[Line], period: Period) -> str | None:
    """Why the bill's silence does not prove that nothing was charged; None where it does."""
    if not period.is_complete:
        return "not on the bill, which nobody has said to be complete: --from and --to say so"
    if not period.covers(row.dispatched_at, row.horizon_at):
        return "not on the bill, but it may be on the next: it could still be charged"
    # An id that the provider has told rules out every line with another one.
    nameless = row.provider_ref is None
    for line in strangers:
        if (nameless or line.ref is None) and _may_be(row, line):
            return f"line {line.number} may be its charge: nothing else explains that line"
    return None


def _is_recent(row: BilledRow, period: Period) -> bool:
    if row.state is not AttemptState.POSTED or not row.posted or not period.is_complete:
        return False
    last = (row.ended_at or row.horizon_at) + RECENT
    return last > period.until
