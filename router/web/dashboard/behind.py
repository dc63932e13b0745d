"""Behind a notice: exactly the rows that it counts, with what they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from router.ledger.rows import AttemptRow
from router.ledger.views import RefusedRow
from router.model.errors import Malformed, NotFound
from router.model.job import AttemptState
from router.model.money import Money, total
from router.web.dashboard.asked import Asked, asked
from router.web.dashboard.notices import told_apart
from router.web.dashboard.pages import common
from router.web.dashboard.reading import read_refused
from router.web.dashboard.showing import answer, written
from router.web.visit import Visit

PAGE = 200
MOST = 20_000
"""So many rows are looked at: no page is slow because a price has changed."""
TITLES = {
    "in_doubt": ("In doubt", "now, whenever it was sent"),
    "posted_presumed": ("Presumed", "now, whenever it was presumed"),
    "drifted": ("Price drift", "settled in the period"),
    "undelivered": ("Claims: billed, not delivered", "settled in the period"),
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
}


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
    """Whether there are more than were read."""
    attempts: tuple[tuple[AttemptRow, Money], ...]
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
    number = _number(more.get("page", "1"))
    if kind in AMOUNTS:
        rows = await _attempts(visit, wanted, kind)
        meant = [row for row in rows[:MOST] if wanted.filter.takes(row)]
        page = _of_attempts(wanted, kind, meant, number, is_cut=len(rows) > MOST)
    else:
        own, shared = told_apart(wanted, await read_refused(visit, wanted))
        page = _of_refusals(wanted, kind, own if kind == "denied" else shared)
    text = await visit.services.desk.run(
        partial(written, "behind.html", page=page, **common(visit, "spend"))
    )
    return answer(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST // PAGE):
        raise Malformed(f"`?page=` is a number from 1 to {MOST // PAGE}.")
    return int(text)


async def _attempts(visit: Visit, wanted: Asked, kind: str) -> list[AttemptRow]:
    """All of a kind, of all time or of the period; of drift one more than is looked at."""
    ledger, period = visit.services.ledger, wanted.period
    if kind == "in_doubt":
        return [row for row in await ledger.open_attempts() if row.state is AttemptState.IN_DOUBT]
    if kind == "posted_presumed":
        return await ledger.presumed()
    if kind == "undelivered":
        return await ledger.undelivered(period.since, period.until)
    return await ledger.drifted(period.since, period.until, most=MOST + 1)


def _of_attempts(
    wanted: Asked, kind: str, rows: Sequence[AttemptRow], number: int, *, is_cut: bool
) -> BehindPage:
    counted = [(row, _counted(kind, row)) for row in rows]
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


def _counted(kind: str, row: AttemptRow) -> Money:
    if kind == "undelivered":
        return row.posted
    return row.posted - row.quoted if kind == "drifted" else row.quoted


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
