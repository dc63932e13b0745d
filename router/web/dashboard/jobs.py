"""Drilling down: jobs behind a figure, and one job with its attempts, money and decision."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, cast, get_args

from aiohttp import web

from router.dispatch.settlement import DELIVERED
from router.dispatch.watching import JobView, view_of
from router.ledger.books import Books
from router.ledger.browsing import WITHIN, MoneyWord, first_id
from router.ledger.reading import NEWEST
from router.ledger.rows import AttemptRow, JobRow
from router.model.errors import Malformed
from router.model.job import AttemptState
from router.model.money import Money, total
from router.policy.rules import told_rule
from router.web.buying import JOB_ID, own_job
from router.web.dashboard.asked import Asked, asked
from router.web.dashboard.finance import options, zones
from router.web.dashboard.making import made
from router.web.dashboard.pages import common
from router.web.dashboard.reading import PolicyFacts, Question
from router.web.dashboard.showing import answer, written
from router.web.visit import Visit

PAGE = 50
MONEY_WORDS = {
    "": "all",
    "held": "held",
    "in_doubt": "in doubt",
    "posted_presumed": "presumed",
    "drifted": "price drift",
    "undelivered": "billed, not delivered",
    "paid_twice": "paid twice",
    "posted": "posted",
    "voided": "voided",
}
"""What can be asked for of attempts' money, as people call it."""
_STATES = {
    AttemptState.IN_DOUBT: ("in doubt", True),
    AttemptState.POSTED_PRESUMED: ("presumed", True),
    AttemptState.VOIDED: ("voided", False),
}
_OPEN = {AttemptState.HELD, AttemptState.DISPATCHING, AttemptState.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """A job as a row."""

    row: JobRow
    providers: tuple[str, ...]
    posted: Money
    open: Money
    """Held, in doubt or presumed."""
    words: tuple[tuple[str, bool], ...]
    """What became of its attempts' money, each with whether it is loud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsPage:
    """A page of jobs."""

    asked: Asked
    money: MoneyWord
    lines: tuple[JobLine, ...]
    choices: tuple[tuple[str, str, bool], ...]
    older: str
    """Where older ones are; empty where there are none."""
    further: str
    """Where one looks further back; empty where all was looked through."""
    options: dict[str, tuple[str, ...]]
    zones: tuple[str, ...]


async def show_jobs(visit: Visit) -> web.Response:
    """`GET /dashboard/jobs`: jobs asked for in a period, the newest first."""
    wanted, more = asked(visit, "money", "after")
    money, after = _money(more.get("money", "")), more.get("after")
    if after is not None and not JOB_ID.fullmatch(after):
        raise Malformed("`?after=` is the id of the last job of the page before.")
    question = Question.of(visit, wanted)
    work = partial(_jobs_page, question, money, after, common(visit, "jobs"))
    return answer(await made(visit, work, wanted.filter))


async def _jobs_page(
    question: Question, money: MoneyWord, after: str | None, values: dict[str, Any], books: Books
) -> str:
    wanted = question.asked
    only, tenant, since = wanted.filter, wanted.filter.tenant or "", wanted.period.since
    start = after or _end(wanted.period.until)
    rows = await books.browse(
        tenant=tenant,
        after=start,
        since=since,
        most=PAGE,
        provider=only.provider or "",
        model=only.model or "",
        resolution=only.resolution or "",
        tag=only.tag,
        money=money,
    )
    lines = tuple([_line(row, await books.attempts_of(row.id)) for row in rows])
    looked_to = None
    if len(rows) < PAGE:
        looked_to = await books.looked_to(tenant=tenant, after=start, since=since)
    offered = await books.offered(since, wanted.period.until, tenant=wanted.pinned_tenant)
    facts = PolicyFacts.of(question.policy)
    page = JobsPage(
        asked=wanted,
        money=money,
        lines=lines,
        choices=tuple(
            (words, wanted.link("/dashboard/jobs", money=name), name == money)
            for name, words in MONEY_WORDS.items()
        ),
        older=_older(wanted, money, rows[-1].id if len(rows) == PAGE else None),
        further=_older(wanted, money, looked_to),
        options=options(wanted, offered, facts),
        zones=zones(wanted, facts),
    )
    return written("jobs.html", page=page, within=WITHIN, **values)


async def show_job(visit: Visit) -> web.Response:
    """`GET /dashboard/jobs/{id}`: one job; another tenant's is not there."""
    wanted, _ = asked(visit)
    row = await own_job(visit, visit.path("id"))
    view = await view_of(visit.services.ledger, row)
    text = await visit.services.desk.run(
        partial(
            written,
            "job.html",
            asked=wanted,
            view=view,
            line=_line(row, view.attempts),
            decision=_decision(row),
            attempts=[(one, *_word(one)) for one in view.attempts],
            timings={one.id: _seconds(one) for one in view.attempts},
            uncertain=_uncertain(view),
            **common(visit, "jobs"),
        )
    )
    return answer(text)


def _money(text: str) -> MoneyWord:
    if text not in get_args(MoneyWord):
        raise Malformed(f"`?money=` is one of {', '.join(filter(None, MONEY_WORDS))}.")
    return cast("MoneyWord", text)


def _end(until: datetime) -> str:
    """What sorts after all jobs before an instant, and before the others."""
    return min(first_id(until), NEWEST)


def _older(wanted: Asked, money: MoneyWord, after: str | None) -> str:
    return "" if after is None else wanted.link("/dashboard/jobs", money=money, after=after)


def _line(row: JobRow, attempts: Sequence[AttemptRow]) -> JobLine:
    return JobLine(
        row=row,
        providers=tuple(one.provider for one in attempts),
        posted=total([one.posted for one in attempts]),
        open=_uncertain(JobView(row, tuple(attempts))),
        words=tuple(dict.fromkeys(_word(one) for one in attempts)),
    )


def _word(attempt: AttemptRow) -> tuple[str, bool]:
    """What became of an attempt's money, and whether somebody should look at it."""
    if attempt.state is not AttemptState.POSTED:
        return _STATES.get(attempt.state, ("held", False))
    if attempt.posted and attempt.outcome != DELIVERED:
        return "billed, not delivered", True
    drifted = attempt.charged not in {attempt.quoted, Money.ZERO}
    return ("posted, not as priced", True) if drifted else ("posted", False)


def _uncertain(view: JobView) -> Money:
    uncertain = {*_OPEN, AttemptState.IN_DOUBT, AttemptState.POSTED_PRESUMED}
    return total([one.quoted for one in view.attempts if one.state in uncertain])


def _seconds(attempt: AttemptRow) -> float | None:
    if attempt.dispatched_at is None or attempt.ended_at is None:
        return None
    return (attempt.ended_at - attempt.dispatched_at).total_seconds()


def _decision(row: JobRow) -> Mapping[str, Any]:
    """Why the plan was as it was; a row from before decisions were kept has none."""
    found: dict[str, Any] = json.loads(row.decision)
    rule = told_rule(found.get("rule", ""))
    return {"policy": "", "candidates": [], "downshifted": None, **found, "rule": rule}
