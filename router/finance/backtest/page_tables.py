"""The tables of a backtest's page. What stands beside a picture is short; all figures follow it."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from router.finance.backtest.comparing import (
    ABOUT,
    DASH,
    MINUS,
    NEARLY,
    NONE,
    against,
    biggest,
    change,
    count,
    dollars,
    no_room,
    seconds,
    share,
)
from router.finance.backtest.running import HAPPENED

LISTED_MAX = 100
Line = Mapping[str, Any]
_WORDS = ("", "why", "resolution", "tenant")


def spend_table(scenarios: Sequence[Line], kinds: Sequence[str]) -> str:
    """Beside the picture of what it costs."""
    base = _base(scenarios)
    rows = [
        _row(
            _named(one["name"], kind),
            [dollars(one["total"], one["total"]["spend"]), _against(one["total"], base)],
            kind,
        )
        for one, kind in zip(scenarios, kinds, strict=True)
    ]
    return scrolled("Spend", ["", "spend", "against what happened"], [rows])


def times_table(scenarios: Sequence[Line], kinds: Sequence[str]) -> str:
    """Beside the picture of how long it takes."""
    rows = [
        _row(
            _named(one["name"], kind),
            [
                seconds(one["total"]["p50_s"]),
                seconds(one["total"]["p95_s"]),
            ],
            kind,
        )
        for one, kind in zip(scenarios, kinds, strict=True)
    ]
    return scrolled("Of the edits that are delivered", ["", "half within", "95 % within"], [rows])


def parts_table(
    scenarios: Sequence[Line], kinds: Sequence[str], part: str, heading: str, names: Sequence[str]
) -> str:
    """Beside the picture of a breakdown: each part's spend under each scenario."""
    found = [_lines(one, part) for one in scenarios]
    headings = [
        heading,
        *(_named(one["name"], kind) for one, kind in zip(scenarios, kinds, strict=True)),
    ]
    rows = [
        _row(
            escape(name),
            [
                dollars(lines[name], lines[name]["spend"]) if name in lines else NONE
                for lines in found
            ],
        )
        for name in names
    ]
    wholes = [one["total"] for one in scenarios]
    total = _row("all", [dollars(line, line["spend"]) for line in wholes], "tested")
    return scrolled(f"Spend by {heading}", headings, [rows, [total]])


def whole_table(scenarios: Sequence[Line], kinds: Sequence[str], part: str, heading: str) -> str:
    """Every figure of every scenario, of all jobs or of each part of them."""
    headings = [heading, "jobs", "spend", "change", "per edit", "delivered", "denied"]
    headings += [
        "not served",
        "smaller",
        "fail&shy;overs",
        "half within",
        "95 % within",
        "as it was",
    ]
    if not part:
        return scrolled(
            "All jobs",
            headings,
            [_group([one["total"] for one in scenarios], scenarios, kinds)],
        )
    found = [_lines(one, part) for one in scenarios]
    names, left = biggest(scenarios, part, LISTED_MAX)
    groups = [
        [
            f'<tr><th scope="rowgroup" colspan="{len(headings)}">{escape(name)}</th></tr>',
            *_group([lines.get(name) for lines in found], scenarios, kinds),
        ]
        for name in names
    ]
    caption = f"By {heading}" + (f"; {left:,} more are in what --json gives" if left else "")
    return scrolled(caption, headings, groups)


def reasons_table(scenarios: Sequence[Line]) -> str:
    """What is not bought, and why; a sentence where all is."""
    rows = [
        f'<tr><th scope="row">{escape(one["name"])}</th><td>{escape(why)}</td>'
        f'<td class="number">{jobs:,}</td></tr>'
        for one in scenarios
        for why, jobs in (
            *((no_room(budget), jobs) for budget, jobs in one["denied_by"].items()),
            *one["not_served_because"].items(),
        )
    ]
    if not rows:
        return "<p>Every job is bought.</p>"
    return scrolled("Jobs that are not bought", ["", "why", "jobs"], [rows])


def scrolled(caption: str, headings: Sequence[str], groups: Sequence[Sequence[str]]) -> str:
    """A table that scrolls by itself where it is wider than the page."""
    heads = "".join(
        f'<th scope="col"{_aligned(one, first=not number)}>{one}</th>'
        for number, one in enumerate(headings)
    )
    bodies = "".join(f'<tbody class="part">{"".join(rows)}</tbody>' for rows in groups)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>{bodies}</table></div>"
    )


def _group(
    lines: Sequence[Line | None], scenarios: Sequence[Line], kinds: Sequence[str]
) -> list[str]:
    """The scenarios of one part, beneath each other."""
    base = lines[0] if scenarios[0]["name"] == HAPPENED else None
    return [
        _row(_named(one["name"], kind), _figures(line, base), kind)
        for one, kind, line in zip(scenarios, kinds, lines, strict=True)
        if line is not None
    ]


def _figures(line: Line, base: Line | None) -> list[str]:
    return [
        count(line["jobs"]),
        dollars(line, line["spend"]),
        NONE if base is None or base is line else change(line["spend"], base["spend"]),
        dollars(line, line["per_delivered"]),
        share(line["delivered"], line["jobs"]),
        count(line["denied"]),
        count(line["not_served"]),
        count(line["smaller"]),
        count(line["failovers"]),
        seconds(line["p50_s"]),
        seconds(line["p95_s"]),
        share(line["bought_as_it_was"], line["bought"]),
    ]


def _row(name: str, cells: Sequence[str], kind: str = "") -> str:
    numbers = "".join(f'<td class="number">{typeset(cell)}</td>' for cell in cells)
    classes = ' class="tested-row"' if kind == "tested" else ""
    return f'<tr{classes}><th scope="row">{name}</th>{numbers}</tr>'


def typeset(cell: str) -> str:
    """With a minus that is one, a sign before an estimate, and an amount that keeps together."""
    found = escape(cell).replace("-", MINUS if cell != NONE else DASH).replace(ABOUT, f"{NEARLY} ")
    return found.replace(" ", "&nbsp;")


def _lines(scenario: Line, part: str) -> dict[str, Line]:
    return {line["name"]: line for line in scenario[part]}


def _base(scenarios: Sequence[Line]) -> Line | None:
    return scenarios[0]["total"] if scenarios[0]["name"] == HAPPENED else None


def _against(line: Line, base: Line | None) -> str:
    return NONE if base is None or base is line else against(line["spend"], base["spend"])


def _aligned(heading: str, *, first: bool) -> str:
    return "" if first or heading in _WORDS else ' class="number"'


def _named(name: str, kind: str) -> str:
    """A scenario's name after a small square in its colour."""
    return (
        '<svg class="key" viewBox="0 0 10 10" aria-hidden="true">'
        f'<rect class="{kind} bar" width="10" height="10" rx="2"/></svg>{escape(name)}'
    )
