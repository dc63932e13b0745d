"""Behind a notice: exactly the rows that it counts, with what they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from aiohttp import web

from router.ledger.books import Books
from router.ledger.rows import AttemptRow
from router.ledger.views import RefusedRow
from router.model.errors import Malformed, NotFound
from router.model.ids import AttemptId
from router.model.job import AttemptState
from router.model.money import Money, total
from router.web.dashboard.asked import Asked, asked
from router.web.dashboard.making import made
from router.web.dashboard.notices import told_apart
from router.web.dashboard.pages import common
from router.web.dashboard.reading import Question, paid_twice, read_refused
from router.web.dashboard.showing import answer, written
from router.web.visit import Visit

PAGE = 200
MOST = 20_000
"""So many rows of those that are meant are shown: no page is slow because a price has changed."""
TITLES = {
    "in_doubt": ("In doubt", "now, whenever it was sent"),
    "posted_presumed": ("Presumed", "now, whenever it was presumed"),
    "drifted": ("Price drift", "booked in the period"),
    "undelivered": ("Claims: billed, not delivered", "settled in the period"),
    "paid_twice": ("Paid twice", "booked in the period"),
    "denied": ("Denied for want of budget", "in the period, by whole hours of UTC"),
    "denied_shared": (
        "Denied by budgets that others share",
        "in the period, by whole hours of UTC; not of this filter alone",
    ),
}
"""What each kind is called, and of when it is."""
AMOUNTS = {
    "in_doubt": "Held for it",
    "posted_presumed": "Presumed",
    "drifted": "Above its price",
    "undelivered": "Billed",
    "paid_twice": "Beyond the dearest charge",
}

Counted: TypeAlias = "tuple[AttemptRow, Money]"
"""An attempt, and what of it a notice counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BehindPage:
    """All that the page shows."""

    asked: Asked
    kind: str
    title: str
    basis: str
    amount_name: str
    """Of the column that is added up; empty of refusals, which are no attempts."""
    sum: Money
    count: int
    is_cut: bool
    """Whether there are more than are shown."""
    attempts: tuple[Counted, ...]
    """Of this page, each with what counts."""
    refused: tuple[RefusedRow, ...]
    further: str
    """Where the next ones are; empty where there are none."""


async def show_behind(visit: Visit) -> web.Response:
    """`GET /dashboard/notices/{kind}`: what a notice counts, row by row."""
    wanted, more = asked(visit, "page")
    kind = visit.path("kind")
    if kind not in TITLES:
        raise NotFound
    number, values = _number(more.get("page", "1")), common(visit, "spend")
    work = partial(_behind_page, Question.of(visit, wanted), kind, number, values)
    return answer(await made(visit, work, wanted.filter))


async def _behind_page(
    question: Question, kind: str, number: int, values: dict[str, Any], books: Books
) -> str:
    wanted = question.asked
    if kind in AMOUNTS:
        rows = await _attempts(books, wanted, kind)
        # Cut only after that: what is not meant must not take the place of what is.
        meant = [(row, amount) for row, amount in rows if wanted.filter.takes(row)]
        page = _of_attempts(wanted, kind, meant[:MOST], number, is_cut=len(meant) > MOST)
    else:
        own, shared = told_apart(wanted, await read_refused(question, books))
        page = _of_refusals(wanted, kind, own if kind == "denied" else shared)
    return written("behind.html", page=page, **values)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST // PAGE):
        raise Malformed(f"`?page=` is a number from 1 to {MOST // PAGE}.")
    return int(text)


async def _attempts(books: Books, wanted: Asked, kind: str) -> list[Counted]:
    """All of a kind, of all time or of the period; of drift those meant, one more than is shown."""
    period = wanted.period
    match kind:
        case "in_doubt":
            rows = await books.open_attempts()
            return [(row, row.quoted) for row in rows if row.state is AttemptState.IN_DOUBT]
        case "posted_presumed":
            return [(row, row.quoted) for row in await books.presumed()]
        case "undelivered":
            rows = await books.undelivered(period.since, period.until)
            return [(row, row.posted) for row in rows]
        case "paid_twice":
            return await _paid_twice(books, wanted)
        case _:
            return await books.drifted(
                period.since,
                period.until,
                most=MOST + 1,
                tenant=wanted.filter.tenant or "",
                only=wanted.filter.only,
            )


async def _paid_twice(books: Books, wanted: Asked) -> list[Counted]:
    """The attempts by which a job came to be paid for once more."""
    beyond: dict[AttemptId, Money] = {}
    for row in await paid_twice(books, wanted):
        beyond[row.attempt_id] = beyond.get(row.attempt_id, Money.ZERO) + row.amount
    found = [(await books.attempt(attempt_id), amount) for attempt_id, amount in beyond.items()]
    return [(attempt, amount) for attempt, amount in found if attempt is not None]


def _of_attempts(
    wanted: Asked, kind: str, counted: Sequence[Counted], number: int, *, is_cut: bool
) -> BehindPage:
    title, basis = TITLES[kind]
    is_last = number * PAGE >= len(counted)
    return BehindPage(
        asked=wanted,
        kind=kind,
        title=title,
        basis=basis,
        amount_name=AMOUNTS[kind],
        sum=total([amount for _, amount in counted]),
        count=len(counted),
        is_cut=is_cut,
        attempts=tuple(counted[(number - 1) * PAGE : number * PAGE]),
        refused=(),
        further="" if is_last else wanted.link(f"/dashboard/notices/{kind}", page=str(number + 1)),
    )


def _of_refusals(wanted: Asked, kind: str, rows: Sequence[RefusedRow]) -> BehindPage:
    title, basis = TITLES[kind]
    return BehindPage(
        asked=wanted,
        kind=kind,
        title=title,
        basis=basis,
        amount_name="",
        sum=total([row.amount for row in rows]),
        count=sum(row.jobs for row in rows),
        is_cut=False,
        attempts=(),
        refused=tuple(rows),
        further="",
    )
