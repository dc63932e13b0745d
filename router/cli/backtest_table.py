"""A backtest for people: tables on a terminal, from the document that programs get."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from router.cli.show import NONE, console, say, table
from router.finance.backtest.comparing import (
    biggest,
    change,
    count,
    exact,
    rounded,
    seconds,
    share,
)
from router.finance.backtest.running import HAPPENED
from router.model.money import Money

TENANTS_MAX = 10
Line = Mapping[str, Any]
_PARTS = (("by_resolution", "resolution"), ("by_tenant", "tenant"))
_FIGURES = (
    *("jobs", "spend", "change", "per edit", "delivered", "denied", "unserved", "failovers"),
    *("half in", "95 % in"),
)
_ESTIMATES = (
    "All but what happened is an estimate, delivered, failovers and times as expected values."
)


def tell(document: Line) -> None:
    """Write the tables, and what they rest on."""
    if not document["jobs"]:
        say("There are no jobs to replay: none has ended in this time.")
        return
    scenarios = document["scenarios"]
    say(
        f"{document['policy']} ({document['policy_hash']}) over {document['jobs']:,} jobs, from "
        f"{document['from'][:19]}Z to {document['to'][:19]}Z."
    )
    console().print(_whole(scenarios))
    for part, heading in _PARTS:
        console().print(_broken_down(scenarios, part, heading))
    say(_ESTIMATES)
    for line in (*_reasons(scenarios), *_checked(document["checked"])):
        say(line)
    say("What these figures rest on:")
    for note in document["notes"]:
        say(f"- {note}")


def _whole(scenarios: Sequence[Line]) -> object:
    """All jobs, a row for each scenario."""
    base = _base(scenarios, [one["total"] for one in scenarios])
    columns = ("scenario", *_FIGURES, "as it was")
    rows = [
        [
            one["name"],
            *_figures(one["total"], base, by=changed),
            share(one["total"]["bought_as_it_was"], one["total"]["bought"]),
        ]
        for one in scenarios
    ]
    return table(columns, rows, title="All jobs", amounts=columns[1:])


def _broken_down(scenarios: Sequence[Line], part: str, heading: str) -> object:
    """Each part, and beneath it the scenarios."""
    names, left = biggest(scenarios, part, TENANTS_MAX)
    found = [{line["name"]: line for line in one[part]} for one in scenarios]
    rows: list[list[str]] = []
    for name in names:
        lines = [of.get(name) for of in found]
        base, first = _base(scenarios, lines), name
        for one, line in zip(scenarios, lines, strict=True):
            if line is not None:
                rows.append([first, one["name"], *_figures(line, base, by=change)])
                first = ""
    more = f" ({left:,} more are in --json and --html)" if left else ""
    columns = (heading, "scenario", *_FIGURES)
    return table(columns, rows, title=f"By {heading}{more}", amounts=columns[2:])


def _base(scenarios: Sequence[Line], lines: Sequence[Line | None]) -> Line | None:
    """What happened, if anything is known of it."""
    return lines[0] if scenarios[0]["name"] == HAPPENED else None


def _figures(line: Line, base: Line | None, *, by: Any) -> list[str]:
    return [
        count(line["jobs"]),
        _usd(line["spend"]),
        NONE if base is None or base is line else by(line["spend"], base["spend"]),
        _usd(line["per_delivered"]),
        share(line["delivered"], line["jobs"]),
        count(line["denied"]),
        count(line["not_served"]),
        count(line["failovers"]),
        seconds(line["p50_s"]),
        seconds(line["p95_s"]),
    ]


def changed(spend: str, compared: str) -> str:
    """By how much a spend is above another, as `+$1.20 (+3.4 %)`; dollars to the cent."""
    more = Money.parse(spend) - Money.parse(compared)
    return f"{'+' * (more.nanos > 0)}{rounded(more)} ({change(spend, compared)})"


def _usd(amount: str | None) -> str:
    return exact(Money.parse(amount)) if amount is not None else NONE


def _reasons(scenarios: Sequence[Line]) -> Iterator[str]:
    for one in scenarios:
        for budget, jobs in one["denied_by"].items():
            yield f"{one['name']}: the budget '{budget}' had no room for {jobs:,} jobs."
        for why, jobs in one["not_served_because"].items():
            yield f"{one['name']}: nobody serves {jobs:,} jobs: {why}."


def _checked(checked: Line) -> Iterator[str]:
    if checked["compared"]:
        yield told_of_check(checked)


def told_of_check(checked: Line) -> str:
    """Whether decisions come out as they did, in a sentence."""
    compared, differing = checked["compared"], checked["differing"]
    if not compared:
        return "no decision was compared: of none of these jobs is known what it was decided by"
    if not differing:
        return f"{compared:,} recorded decisions were made again: none differs."
    first = ", ".join(checked["jobs"])
    return f"{compared:,} recorded decisions were made again: {differing:,} differ, first {first}"
