"""Budgets and spend, from the same readings as the tables, the metrics and the exports."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from functools import partial

from aiohttp import web

from router.dispatch.requests import facts_of
from router.finance import budgets
from router.finance import report as reports
from router.finance.budgets import budget_lines, lines_that_bind, tightest
from router.finance.dimensions import Grain, names_no_tag, parse_by, which_tag
from router.finance.filters import NAMES
from router.finance.overview import Filter
from router.finance.report import Twice, report
from router.ledger.books import Books
from router.ledger.rows import BEGINNING, END, JobRow
from router.model.errors import LedgerUnavailable, Malformed
from router.model.money import Money
from router.policy.windows import read_zone
from router.web.dashboard.making import made
from router.web.filtering import filter_of
from router.web.showing import may_be_shown
from router.web.visit import Visit


async def remaining(visit: Visit, job: JobRow) -> Money | None:
    """
    What the tightest of the budgets that bind a job has left, of those that the caller may see.

    None when nothing tells.
    """
    services = visit.services
    try:
        lines = await lines_that_bind(
            services.ledger, services.policy(), services.clock.now(), facts_of(job)
        )
    except LedgerUnavailable:
        # Only a header is missing then.
        return None
    line = tightest(one for one in lines if may_be_shown(visit.caller, one.scope))
    return line.available if line is not None else None


async def list_budgets(visit: Visit) -> web.Response:
    """
    `GET /v1/budgets`: limits, and what of them is used; all of them for one who sees all.

    Anybody else is told its own tenant's amounts, and of what tenants share whether there is room.
    """
    tenant = _tenant(visit, visit.query("tenant").get("tenant"))
    services = visit.services
    lines = await budget_lines(
        services.ledger, services.policy(), services.clock.now(), tenant=tenant
    )
    # Of a thousand lines, writing takes too long to keep the event loop waiting.
    text = await services.desk.run(
        lambda: budgets.as_json(
            lines,
            named=visit.caller.sees_all,
            shown=lambda line: may_be_shown(visit.caller, line.scope),
        )
    )
    return _json(text)


async def read_spend(visit: Visit) -> web.Response:
    """`GET /v1/spend`: what was spent in `[from, to)`, broken down by `by`, as far as meant."""
    query = visit.query("by", "from", "to", "time_zone", *NAMES)
    zone = _time_zone(query.get("time_zone", "UTC"))
    since, until = read_span(query, zone)
    meant = filter_of(visit, query)
    asked = query.get("by", "provider")
    if names_no_tag(asked):
        offered = await visit.services.ledger.offered(since, until, tenant=meant.tenant)
        raise Malformed(which_tag(offered.tag_keys))
    by = parse_by(asked)
    work = partial(_reported, by, zone, since, until, meant)
    # Elsewhere: they may be tens of thousands of lines.
    return _json(await made(visit, work, meant))


async def _reported(
    by: Sequence[str],
    zone: tzinfo,
    since: datetime,
    until: datetime,
    meant: Filter,
    books: Books,
) -> str:
    grain = Grain.of(by)
    rows = await books.spending(
        since,
        until,
        zone=zone,
        cut=grain.cut,
        tags=grain.tags,
        keys=grain.keys,
        tenants=grain.tenants,
        tenant=meant.tenant,
        only=meant.only,
    )
    paid = await books.paid_twice(since, until, tenant=meant.tenant)
    twice = Twice.of(list(filter(meant.takes, paid)))
    return reports.as_json(report(rows, by, time_zone=str(zone)), twice)


def _time_zone(name: str) -> tzinfo:
    try:
        return read_zone(name)
    except ValueError as error:
        raise Malformed(f"`?time_zone=`: {error}.") from None


def _tenant(visit: Visit, asked: str | None) -> str | None:
    """None, for all of them, when nobody is named by one who sees all."""
    return None if asked is None and visit.caller.sees_all else visit.tenant(asked)


def read_span(query: dict[str, str], zone: tzinfo = UTC) -> tuple[datetime, datetime]:
    """
    Read `from` and `to`: days of a time zone, or instants; all of time where they are not said.

    Raises:
        Malformed: One of them is neither, or the time ends before it begins.
    """
    since = read_instant(query, "from", BEGINNING, zone)
    until = read_instant(query, "to", END, zone)
    if until <= since:
        raise Malformed("`?to=` is not after `?from=`.")
    return since, until


def read_instant(
    query: dict[str, str], name: str, default: datetime, zone: tzinfo = UTC
) -> datetime:
    """
    Read a time of the query's: an instant, or a day, which is its midnight in the time zone.

    Raises:
        Malformed: It is neither.
    """
    text = query.get(name)
    if text is None:
        return default
    try:
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed(f"`?{name}=` is a date, or an instant as 2026-11-20T09:00:00Z.") from None


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")
