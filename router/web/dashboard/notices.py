"""What should be looked at: money of which not all is known, or that should not have gone."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from router.finance.overview import Totals
from router.finance.report import Twice
from router.ledger.views import OpenRow, RefusedRow
from router.model.money import Money, total
from router.web.dashboard.asked import Asked
from router.web.dashboard.budgeted import Budgeted
from router.web.dashboard.reading import FinanceReading
from router.web.dashboard.showing import count, dollars, span


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that somebody should look at."""

    what: str
    amount: Money
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


def notices(
    asked: Asked, reading: FinanceReading, in_doubt: Outstanding, budgets: Iterable[Budgeted]
) -> Iterator[Notice]:
    """What is loud: the money of which least is known first."""
    totals = Totals.of(reading.period)
    if in_doubt.attempts:
        assert in_doubt.oldest is not None
        age = span((asked.at - in_doubt.oldest).total_seconds())
        yield Notice(
            what="In doubt",
            amount=in_doubt.amount,
            words=f"{_many(in_doubt.attempts, 'attempt')} sent, and nobody knows yet whether "
            f"{'it was' if in_doubt.attempts == 1 else 'they were'} billed. "
            f"The oldest for {age}. It counts against budgets until that is known.",
            link=asked.link("/dashboard/jobs", money="in_doubt", period="this-year"),
            action="Show them",
        )
    if totals.amounts.presumed:
        yield Notice(
            what="Presumed",
            amount=totals.amounts.presumed,
            words="No evidence came in time: counted as charged, and on no bill that was seen.",
            link=asked.link("/dashboard/jobs", money="posted_presumed"),
            action="Show them",
        )
    if totals.drifted:
        yield Notice(
            what="Price drift",
            amount=totals.over - totals.under,
            words=f"{_many(totals.drifted, 'charge')} in the period not as priced: "
            f"{dollars(totals.over)} above, {dollars(totals.under)} below.",
            link=asked.link("/dashboard/jobs", money="drifted"),
            action="Show them",
        )
    if reading.undelivered:
        yield Notice(
            what="Claims",
            amount=total([row.posted for row in reading.undelivered]),
            words=f"{_many(len(reading.undelivered), 'attempt')} of the period billed and not "
            "delivered: to be claimed back.",
            link=asked.link("/dashboard/jobs", money="undelivered"),
            action="Show them",
        )
    twice = Twice.of(reading.paid_twice)
    if twice.edits:
        yield Notice(
            what="Paid twice",
            amount=twice.amount,
            words=f"{_many(twice.edits, 'edit')} of which more than the dearest charge was paid, "
            "booked in the period: an answer was lost, or a failure was billed.",
            link=asked.link("/dashboard/jobs", money="paid_twice"),
            action="Show them",
        )
    yield from _denied(reading.refused)
    for one in budgets:
        if one.state == "full":
            yield Notice(
                what="Budget used up",
                amount=one.line.available,
                words=f"{one.line.name} of {one.line.scope} admits nothing more.",
            )


def _denied(rows: Sequence[RefusedRow]) -> Iterator[Notice]:
    if rows:
        jobs = sum(row.jobs for row in rows)
        names = ", ".join(sorted({row.budget for row in rows}))
        yield Notice(
            what="Denied",
            amount=total([row.amount for row in rows]),
            words=f"{_many(jobs, 'edit')} refused this month for want of budget: {names}.",
        )


def _many(number: int, word: str) -> str:
    return f"{count(number)} {word}{'' if number == 1 else 's'}"
