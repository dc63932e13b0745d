"""
A backtest for people: tables on a terminal, from the document that programs get.

They are as wide as a page of text, on a terminal and in a file: all figures are in `--json`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from router.cli.show import NONE, console, say, table
from router.finance.backtest.comparing import (
    ABOUT,
    biggest,
    change,
    count,
    counted,
    dollars,
    no_room,
    seconds,
    share,
)
from router.finance.backtest.running import HAPPENED
from router.finance.rounding import to_cent
from router.model.money import Money

WIDTH = 100
TENANTS_MAX = 10
Line = Mapping[str, Any]
_PARTS = (("by_resolution", "resolution"), ("by_tenant", "tenant"))
_COSTS = ("jobs", "spend", "change", "per edit", "as it was")
_COURSE = ("delivered", "denied", "unserved", "failovers", "half in", "95 % in")
_OF_PARTS = ("spend", "change", "per edit", "delivered", "not bought", "95 % in")
_ESTIMATES = (
    f"{ABOUT} is an estimate. Delivered, failovers and times are expected values but in what "
    "happened."
)


def tell(document: Line) -> None:
    """Write the tables, and what they rest on."""
    if not document["jobs"]:
        say("There are no jobs to replay: none has ended in this time.")
        return
    scenarios = document["scenarios"]
    say(
        f"{document['policy']} ({document['policy_hash']}) over {counted(document['jobs'], 'job')},"
        f" from {document['from'][:19]}Z to {document['to'][:19]}Z."
    )
    _show("All jobs: what they cost", "scenario", _COSTS, _costs(scenarios))
    _show("All jobs: what becomes of them", "scenario", _COURSE, _course(scenarios))
    for part, heading in _PARTS:
        names, left = biggest(scenarios, part, TENANTS_MAX)
        more = f" ({left:,} more are in --json and --html)" if left else ""
        rows = _broken_down(scenarios, part, names)
        _show(f"By {heading}{more}", heading, _OF_PARTS, rows)
    say(_ESTIMATES)
    for line in (*_reasons(scenarios), *_checked(document["checked"])):
        say(line)
    say("What these figures rest on:")
    for note in document["notes"]:
        say(f"- {note}")


def _show(
    title: str, heading: str, figures: Sequence[str], rows: Iterator[Sequence[str | Text]]
) -> None:
    made = table((heading, *figures), rows, title=title, amounts=figures)
    for column in made.columns[1:]:
        column.no_wrap = True
    console().print(made, width=WIDTH)


def _costs(scenarios: Sequence[Line]) -> Iterator[list[str]]:
    base = _base(scenarios, [one["total"] for one in scenarios])
    for one in scenarios:
        line = one["total"]
        yield [
            one["name"],
            count(line["jobs"]),
            dollars(line, line["spend"]),
            NONE if base is None or base is line else changed(line["spend"], base["spend"]),
            dollars(line, line["per_delivered"]),
            share(line["bought_as_it_was"], line["bought"]),
        ]


def _course(scenarios: Sequence[Line]) -> Iterator[list[str]]:
    for one in scenarios:
        line = one["total"]
        yield [
            one["name"],
            share(line["delivered"], line["jobs"]),
            count(line["denied"]),
            count(line["not_served"]),
            count(line["failovers"]),
            seconds(line["p50_s"]),
            seconds(line["p95_s"]),
        ]


def _broken_down(
    scenarios: Sequence[Line], part: str, names: Sequence[str]
) -> Iterator[list[str | Text]]:
    """Each part with how many jobs it has, and beneath it the scenarios."""
    found = [{line["name"]: line for line in one[part]} for one in scenarios]
    for name in names:
        lines = [of.get(name) for of in found]
        jobs = max(line["jobs"] for line in lines if line is not None)
        yield [Text(f"{name}: {counted(jobs, 'job')}", style="bold"), *[""] * len(_OF_PARTS)]
        base = _base(scenarios, lines)
        for one, line in zip(scenarios, lines, strict=True):
            if line is not None:
                yield [f"  {one['name']}", *_part_figures(line, base)]


def _part_figures(line: Line, base: Line | None) -> list[str]:
    return [
        dollars(line, line["spend"]),
        NONE if base is None or base is line else change(line["spend"], base["spend"]),
        dollars(line, line["per_delivered"]),
        share(line["delivered"], line["jobs"]),
        count(line["denied"] + line["not_served"]),
        seconds(line["p95_s"]),
    ]


def _base(scenarios: Sequence[Line], lines: Sequence[Line | None]) -> Line | None:
    """What happened, if anything is known of it."""
    return lines[0] if scenarios[0]["name"] == HAPPENED else None


def changed(spend: str, compared: str) -> str:
    """By how much a spend is above another, as `+$1.20 (+3.4 %)`; dollars to the cent."""
    more = Money.parse(spend) - Money.parse(compared)
    return f"{'+' * (more.nanos > 0)}{to_cent(more)} ({change(spend, compared)})"


def _reasons(scenarios: Sequence[Line]) -> Iterator[str]:
    for one in scenarios:
        for budget, jobs in one["denied_by"].items():
            yield f"{one['name']}: {no_room(budget)}: {counted(jobs, 'job')}."
        for why, jobs in one["not_served_because"].items():
            yield f"{one['name']}: nobody serves {counted(jobs, 'job')}: {why}."


def _checked(checked: Line) -> Iterator[str]:
    if checked["compared"]:
        yield told_of_check(checked)


def told_of_check(checked: Line) -> str:
    """Whether decisions come out as they did, in a sentence."""
    compared, differing = checked["compared"], checked["differing"]
    if not compared:
        return "no decision was compared: of none of these jobs is known what it was decided by"
    again = f"{counted(compared, 'recorded decision')} made again"
    if not differing:
        return f"{again}: none differs."
    first = ", ".join(checked["jobs"])
    return f"{again}, of which {differing:,} came out otherwise, first {first}"
