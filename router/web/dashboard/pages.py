"""The finance page and its downloads, as handlers: read the address, read the books, show."""

from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from router.finance import report as reports
from router.finance.focus.columns import VERSIONS
from router.finance.report import Twice, report
from router.ledger.books import Books
from router.model.money import Money, total
from router.policy.policy import DOUBLE_SPEND
from router.web.dashboard.asked import ZONE, Asked, asked
from router.web.dashboard.charts.bars import KINDS
from router.web.dashboard.charts.svg import swatch
from router.web.dashboard.finance import FinancePage, compose
from router.web.dashboard.making import made
from router.web.dashboard.reading import Question, paid_twice, read_finance, spent_by_day
from router.web.dashboard.session import COOKIE
from router.web.dashboard.showing import answer, written
from router.web.downloads import attachment
from router.web.visit import Visit

METHODS = {
    "linear": "its own pace goes on",
    "weekday": "each weekday as in the last weeks",
}
"""How people are told what a forecast goes by."""
_FOCUS = "/v1/exports/focus"


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusSums:
    """Why a column of a FOCUS file adds up to less than what was posted."""

    posted: Money
    credited: Money

    @property
    def effective(self) -> Money:
        """What its column EffectiveCost adds up to, credits included."""
        return self.posted - self.credited

    @classmethod
    def of(cls, page: FinancePage) -> "FocusSums":
        """Of the same period, and of whole accounts."""
        credited = total([one.credited for one in page.accounts])
        return cls(posted=page.totals.amounts.posted, credited=credited)


async def show_finance(visit: Visit) -> web.Response:
    """`GET /dashboard`: what was spent, whether it is within budget, what is not certain."""
    wanted, _ = asked(visit)
    question = Question.of(visit, wanted)
    work = partial(_finance_page, question, common(visit, "spend"))
    return answer(await made(visit, work, wanted.filter))


async def _finance_page(question: Question, values: dict[str, Any], books: Books) -> str:
    wanted = question.asked
    meters = [(kind, swatch("b0", number, "m")) for number, kind in enumerate(KINDS)]
    page = compose(wanted, await read_finance(question, books))
    has_accounts = wanted.pinned_tenant is None and not wanted.filters.keys() - {"provider"}
    return written(
        "finance.html",
        page=page,
        meters=meters,
        methods=METHODS,
        nothing=Money.ZERO,
        double_spend=DOUBLE_SPEND,
        focus=_focus_links(wanted),
        focus_has_accounts=has_accounts,
        focus_whole=FocusSums.of(page) if has_accounts else None,
        **values,
    )


async def download_csv(visit: Visit) -> web.Response:
    """`GET /dashboard/spend.csv`: the page's rows for a spreadsheet, by day and what it is by."""
    wanted, _ = asked(visit)
    text = await made(visit, partial(_as_csv, wanted), wanted.filter)
    return _file(text, "text/csv", wanted)


async def download_json(visit: Visit) -> web.Response:
    """`GET /dashboard/spend.json`: the same for a program."""
    wanted, _ = asked(visit)
    text = await made(visit, partial(_as_json, wanted), wanted.filter)
    return _file(text, "application/json", wanted)


async def _as_csv(wanted: Asked, books: Books) -> str:
    return reports.as_csv(await _reported(wanted, books))


async def _as_json(wanted: Asked, books: Books) -> str:
    twice = Twice.of(await paid_twice(books, wanted))
    return reports.as_json(await _reported(wanted, books), twice)


async def _reported(wanted: Asked, books: Books) -> reports.Report:
    rows = await spent_by_day(books, wanted)
    return report(rows, ("day", wanted.by), time_zone=wanted.zone.key)


def common(visit: Visit, here: str) -> dict[str, Any]:
    """What every page shows above."""
    return {"caller": visit.caller, "here": here, "signed_in": COOKIE in visit.request.cookies}


def _focus_links(wanted: Asked) -> list[tuple[str, str]]:
    """Where the same is to be had as FOCUS."""
    asked = {
        "from": wanted.period.since.isoformat(),
        "to": wanted.period.until.isoformat(),
        **wanted.filters,
    }
    return [
        (f"FOCUS {version}", f"{_FOCUS}?{urlencode({'version': version, **asked})}")
        for version in VERSIONS
    ]


def _words(wanted: Asked) -> list[str]:
    """Which rows the file has, and whose days, for its name."""
    only, zone = wanted.filter, wanted.zone.key
    return [
        "farebox",
        str(wanted.period.first),
        str(wanted.period.last),
        "" if zone == ZONE else zone.replace("/", "-"),
        *(one or "" for one in (only.provider, only.tenant, only.resolution, only.model)),
        *(only.tag or ()),
    ]


def _file(text: str, kind: str, wanted: Asked) -> web.Response:
    name = attachment(_words(wanted), kind.rpartition("/")[2])
    headers = {"Content-Disposition": name}
    return web.Response(text=text, content_type=kind, charset="utf-8", headers=headers)
