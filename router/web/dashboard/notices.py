"""
What should be looked at: money of which not all is known, or that should not have gone.

Each notice leads to a page with exactly the rows that it counts: see `behind`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from router.finance.overview import Totals
from router.finance.report import Twice
from router.ledger.views import OpenRow, RefusedRow
from router.model.money import Money, total
from router.policy.scopes import account_parts
from router.web.dashboard.asked import Asked
from router.web.dashboard.budgeted import Budgeted
from router.web.dashboard.reading import FinanceReading, parts_of
from router.web.dashboard.showing import dollars, edits_refused, many, span

PATH = "/dashboard/notices/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that somebody should look at."""

    what: str
    amount: Money | None
    """None where it is of no amount, or of one that the caller may not know."""
    words: str
    link: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outstanding:
    """Money of one kind that is open now."""

    amount: Money
    attempts: int
    oldest: datetime | None

    @classmethod
    def of(cls, rows: Sequence[OpenRow]) -> "Outstanding":
        """Add rows up."""
        return cls(
            amount=total([row.amount for row in rows]),
            attempts=sum(row.attempts for row in rows),
            oldest=min((row.oldest for row in rows), default=None),
        )

    @classmethod
    def among(cls, rows: Iterable[OpenRow], money: str) -> "Outstanding":
        """Add those of one kind up."""
        return cls.of([row for row in rows if row.money == money])


def notices(asked: Asked, reading: FinanceReading, budgets: Iterable[Budgeted]) -> Iterator[Notice]:
    """What is loud: what is not bought any more, then the money of which least is known first."""
    yield from _stopped(asked, reading)
    yield from _uncertain(asked, reading)
    totals = Totals.of(reading.period)
    if totals.drifted:
        yield _shown(
            asked,
            "drifted",
            what="Price drift",
            amount=totals.over - totals.under,
            words=f"{many(totals.drifted, 'charge')} in the period not as priced: "
            f"{dollars(totals.over)} above, {dollars(totals.under)} below.",
        )
    if reading.undelivered:
        yield _shown(
            asked,
            "undelivered",
            what="Claims",
            amount=total([row.posted for row in reading.undelivered]),
            words=f"{many(len(reading.undelivered), 'attempt')} of the period billed and not "
            "delivered: to be claimed back.",
        )
    twice = Twice.of(reading.paid_twice)
    if twice.edits:
        yield _shown(
            asked,
            "paid_twice",
            what="Paid twice",
            amount=twice.amount,
            words=f"{many(twice.edits, 'edit')} of which more than the dearest charge was paid, "
            "booked in the period: an answer was lost, or a failure was billed. The double-spend "
            "budget counts otherwise: second attempts beside one in doubt, each whole.",
        )
    yield from _denied(asked, reading.refused)
    yield from _used_up(reading, budgets)


def told_apart(asked: Asked, rows: Iterable[RefusedRow]) -> tuple[list[RefusedRow], ...]:
    """
    Part refusals, which are kept as sums for each budget's account and no more.

    Returns:
        Those of accounts of what is filtered by alone, and those of accounts that others share.
    """
    wanted = parts_of(asked.filter).items()
    own, shared = list[RefusedRow](), list[RefusedRow]()
    for row in rows:
        (own if wanted <= account_parts(row.scope).items() else shared).append(row)
    return own, shared


def _uncertain(asked: Asked, reading: FinanceReading) -> Iterator[Notice]:
    in_doubt = Outstanding.among(reading.open, "in_doubt")
    if in_doubt.oldest is not None:
        age = span((asked.at - in_doubt.oldest).total_seconds())
        yield _shown(
            asked,
            "in_doubt",
            what="In doubt",
            amount=in_doubt.amount,
            words=f"{many(in_doubt.attempts, 'attempt')} sent, and nobody knows yet whether "
            f"{'it was' if in_doubt.attempts == 1 else 'they were'} billed. "
            f"The oldest for {age}. It counts against budgets until that is known.",
        )
    presumed = Outstanding.among(reading.open, "posted_presumed")
    if presumed.attempts:
        yield _shown(
            asked,
            "posted_presumed",
            what="Presumed",
            amount=presumed.amount,
            words=f"{many(presumed.attempts, 'attempt')} of which no evidence came in time: "
            "counted as charged until a bill says otherwise, and in no sum of what is posted.",
        )


def _stopped(asked: Asked, reading: FinanceReading) -> Iterator[Notice]:
    for one in reading.stopped:
        found = one.offer
        filtered = {"provider": found.provider, "resolution": found.resolution.value}
        yield Notice(
            what="Not bought any more",
            amount=None,
            words=one.words,
            link=asked.link(f"{PATH}drifted", **filtered, model=found.model),
            action="Show charges not as priced",
        )


def _used_up(reading: FinanceReading, budgets: Iterable[Budgeted]) -> Iterator[Notice]:
    full = [one for one in budgets if one.state == "full"]
    for one in full:
        why = f": {edits_refused(one.refused)} in its window" if one.refused else ""
        words = f"{one.line.name} of {one.line.scope} admits nothing more{why}"
        yield _about_budgets(f"{words}; {_left(one.line.available)}.")
    for shared in reading.shared:
        if shared.is_full:
            words = f"{shared.name} of {shared.scope}, which other tenants share, has no room."
            yield _about_budgets(words)


def _about_budgets(words: str) -> Notice:
    """Of no amount: other notices' amounts are of money that went, and this would be what stays."""
    what, action = "Budget used up", "Show it"
    return Notice(what=what, amount=None, words=words, link="#budgets", action=action)


def _left(available: Money) -> str:
    if not available:
        return "nothing is left"
    if available < Money.ZERO:
        return f"{dollars(-available)} more than its limit is used"
    return f"{dollars(available)} is left"


def _denied(asked: Asked, rows: Sequence[RefusedRow]) -> Iterator[Notice]:
    own, shared = told_apart(asked, rows)
    if own:
        yield _shown(
            asked,
            "denied",
            what="Denied",
            amount=total([row.amount for row in own]),
            words=f"{_refused(own)} in the period for want of budget: {_names(own)}.",
        )
    if shared:
        yield _shown(
            asked,
            "denied_shared",
            what="Denied to all",
            amount=total([row.amount for row in shared]),
            words=f"{_refused(shared)} in the period by budgets that others share: "
            f"{_names(shared)}. How much of it is of this filter is not known.",
        )


def _refused(rows: Sequence[RefusedRow]) -> str:
    return edits_refused(sum(row.jobs for row in rows))


def _names(rows: Sequence[RefusedRow]) -> str:
    return ", ".join(sorted({row.budget for row in rows}))


def _shown(asked: Asked, kind: str, *, what: str, amount: Money, words: str) -> Notice:
    link = asked.link(f"{PATH}{kind}")
    return Notice(what=what, amount=amount, words=words, link=link, action="Show them")
