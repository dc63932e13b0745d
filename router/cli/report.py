"""`farebox report`: what was spent, by whatever somebody wants to know."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import typer

from router.cli.client import DatabaseOption, PolicyOption, UrlOption, Where, reach
from router.cli.filtering import (
    ModelOption,
    ProviderOption,
    ResolutionOption,
    TagOption,
    TenantOption,
    filters,
    nothing_of,
)
from router.cli.loop import run
from router.cli.mistakes import Mistake
from router.cli.show import NONE, console, say, show_json, table, usd
from router.finance.dimensions import names_no_tag, parse_by
from router.finance.filters import NAMES
from router.finance.report import COLUMNS, TOTAL, Amounts, Drifted, Line, Report, as_csv
from router.model.money import Money

MONEY = tuple(name for name in COLUMNS if name != "edits")
_NOTHING = "Nothing was bought in that time: --from and --to are days or instants, --to exclusive."


def report(
    by: Annotated[
        str,
        typer.Option(
            help="day, week, month, provider, model, resolution, tenant, key, tag:KEY; with commas."
        ),
    ] = "provider",
    since: Annotated[
        str | None, typer.Option("--from", help="A day or an RFC 3339 instant, inclusive.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="A day or an instant, exclusive.")
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(help="Whose days, weeks and months, as Europe/Berlin; UTC unless said."),
    ] = None,
    tenant: TenantOption = None,
    provider: ProviderOption = None,
    model: ModelOption = None,
    resolution: ResolutionOption = None,
    tag: TagOption = None,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format")] = "table",
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """
    Show what was spent, and what was saved against the dearest offers that qualified.

    Posted is what was billed, less what was refunded; it counts when it was booked. Held, in doubt
    and presumed are not known to be billed, and stand apart. Missed is what the cheapest offers
    that qualified would have saved besides. Filters are those of the page and of exports; all that
    are given must fit.
    """
    if as_json and form == "csv":
        raise Mistake("--json and --format csv: say one of them")
    # Which tags there are only the books know: who asks for none is told by them.
    query = {"by": by if names_no_tag(by) else ",".join(parse_by(by))}
    said = (("from", since), ("to", until), ("time_zone", time_zone))
    query |= {name: text for name, text in said if text}
    query |= filters(
        {
            "tenant": tenant,
            "provider": provider,
            "model": model,
            "resolution": resolution,
            "tag": tag,
        }
    )
    document = run(_fetch(Where.of(url, database, policy), query))
    match "json" if as_json else form:
        case "json":
            show_json(document)
        case "csv":
            # As it was written: a CSV's lines end in their own way.
            typer.echo(as_csv(read_report(document)), nl=False)
        case "table":
            _show(document, query)


def _show(document: Mapping[str, Any], query: Mapping[str, str]) -> None:
    done = read_report(document)
    if done.lines:
        console().print(report_table(done))
    elif query.keys() & set(NAMES):
        say(nothing_of(query))
    else:
        say(_NOTHING)
    for line in remarks(document):
        say(line)


async def _fetch(where: Where, query: Mapping[str, str]) -> Any:
    async with reach(where) as door:
        return await door.ask("GET", "/v1/spend", query=query)


def read_report(document: Mapping[str, Any]) -> Report:
    """The report that a router wrote as JSON."""
    by = tuple(document["by"])
    lines = tuple(
        Line(key=tuple(str(row[name]) for name in by), amounts=_amounts(row))
        for row in document["rows"]
    )
    return Report(
        by=by,
        lines=lines,
        total=_amounts(document[TOTAL]),
        time_zone=document["time_zone"],
        drift=Drifted(
            charges=document["drift"]["charges"],
            **{name: Money.parse(document["drift"][name]) for name in ("over", "under")},
        ),
    )


def remarks(document: Mapping[str, Any]) -> Iterator[str]:
    """What should be looked at, under the table; nothing of what has not happened."""
    drift, twice = document["drift"], document["paid_twice"]
    if drift["charges"]:
        yield (
            f"Price drift: {drift['charges']} charged not as priced, {usd(drift['over'])} above "
            f"and {usd(drift['under'])} below; see farebox prices drift."
        )
    if twice["edits"]:
        yield (
            f"Paid twice: {usd(twice['amount'])} in {twice['edits']} "
            f"edit{'s' * (twice['edits'] != 1)}, beyond the dearest charge of each."
        )


def _amounts(row: Mapping[str, Any]) -> Amounts:
    return Amounts(edits=row["edits"], **{name: Money.parse(row[name]) for name in MONEY})


def report_table(done: Report) -> object:
    """The report for people: with dollar signs, and a last row of totals."""
    return table(
        [heading.replace("_", " ") for heading in done.headings],
        [_row(line.key, line.amounts) for line in done.lines],
        amounts=[name.replace("_", " ") for name in COLUMNS],
        total=(TOTAL, *[""] * (len(done.by) - 1), *_cells(done.total)),
    )


def _row(key: tuple[str, ...], amounts: Amounts) -> tuple[str, ...]:
    return (*(name or NONE for name in key), *_cells(amounts))


def _cells(amounts: Amounts) -> tuple[str, ...]:
    return (str(amounts.edits), *(getattr(amounts, name).usd for name in MONEY))
