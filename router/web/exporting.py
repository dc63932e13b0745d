"""FOCUS exports over HTTP: a file, sent as it is written, and the metadata that goes beside it."""

from dataclasses import replace
from datetime import datetime
from typing import get_args

from aiohttp import web

from router.finance.filters import NAMES
from router.finance.focus.accounts import Accounts
from router.finance.focus.columns import VERSIONS, Version, metadata
from router.finance.focus.export import Asked, export
from router.finance.focus.forms import FORMATS, MEDIA, FileFormat
from router.finance.overview import Filter
from router.ledger.executor import ThreadExecutor
from router.ledger.rows import BEGINNING, END
from router.model.errors import LedgerUnavailable, Malformed
from router.observe.events import Alarm
from router.web.downloads import attachment
from router.web.filtering import check_names, filter_of
from router.web.spending import read_span
from router.web.visit import Visit

PARTS = ("data", "metadata")


async def export_focus(visit: Visit) -> web.StreamResponse:
    """`GET /v1/exports/focus`: what was booked in `[from, to)`; `?part=metadata`: its columns."""
    query = visit.query("version", "format", "from", "to", "part", *NAMES)
    part = query.get("part", "data")
    if part not in PARTS:
        raise Malformed(f"`?part=` is one of {', '.join(PARTS)}.")
    meant = filter_of(visit, query)
    asked = _asked(query, meant)
    await check_names(visit, meant)
    if part == "metadata":
        return web.Response(text=metadata(asked.version), content_type="application/json")
    return await _sent(visit, asked)


async def accounts_of(visit: Visit) -> Accounts:
    """The providers' billing accounts, as they are and as they were closed."""
    services = visit.services
    return Accounts(services.policy().prices, await services.ledger.periods())


def _asked(query: dict[str, str], meant: Filter) -> Asked:
    """
    Read what is asked for.

    Raises:
        Malformed: There is no such version or form, or the time ends before it begins.
    """
    since, until = read_span(query)
    return Asked(
        version=_version(query.get("version", "1.2")),
        file_format=_file_format(query.get("format", "csv")),
        since=since,
        until=until,
        tenant=meant.tenant or "",
        provider=meant.provider or "",
        # What only edits can be filtered by: a top-up is of none.
        only=replace(meant, tenant=None, provider=None),
    )


def _version(text: str) -> Version:
    for version in VERSIONS:
        if text == version:
            return version
    raise Malformed(f"`?version=` is one of {', '.join(VERSIONS)}.")


def _file_format(text: str) -> FileFormat:
    for known in FORMATS:
        if text == known:
            return known
    raise Malformed(f"`?format=` is one of {', '.join(get_args(FileFormat))}.")


async def _sent(visit: Visit, asked: Asked) -> web.StreamResponse:
    """Send the file in pieces; a file that cannot be ended breaks off, so that nobody trusts it."""
    services = visit.services
    accounts = await accounts_of(visit)
    executor = ThreadExecutor("export")
    try:
        pieces = export(services.ledger, executor, accounts, asked)
        # Whatever is wrong with the request shows before anything is sent.
        first = await anext(pieces)
        response = web.StreamResponse(
            headers={
                "Content-Type": MEDIA[asked.file_format],
                "Content-Disposition": attachment(_words(asked), asked.file_format),
                "Cache-Control": "no-store",
            }
        )
        await response.prepare(visit.request)
        await response.write(first)
        try:
            async for piece in pieces:
                await response.write(piece)
        except LedgerUnavailable as error:
            services.observer.tell(Alarm(what="export_broken_off", detail=error.detail))
            if visit.request.transport is not None:
                visit.request.transport.abort()
            return response
        await response.write_eof()
        return response
    finally:
        executor.close()


def _words(asked: Asked) -> list[str]:
    """Which rows the file has, for its name."""
    only = asked.only
    times = [
        _day(at) for at, default in ((asked.since, BEGINNING), (asked.until, END)) if at != default
    ]
    whose = (asked.provider, asked.tenant, only.model or "", only.resolution or "")
    return ["focus", asked.version, *whose, *(only.tag or ()), *times]


def _day(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%SZ").removesuffix("T000000Z")
