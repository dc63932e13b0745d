"""
Pictures of a backtest: inline SVG with a title and a description, drawn from the same document.

Labels stand above their bars, so that a picture is as readable on a phone as on a desk. What is
estimated is pale with a broken edge; what really happened is solid.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from router.finance.backtest.comparing import MINUS, change
from router.finance.backtest.running import HAPPENED
from router.finance.rounding import to_cent
from router.model.money import Money

WIDTH = 440
_FIRST = ("happened", "tested")
_BAR, _ROW = 18, 50
_LABEL_RISE = 8


def kind_of(place: int, *, has_past: bool) -> str:
    """The class of a scenario, by its place: what happened, the tested policy, or another."""
    number = place if has_past else place + 1
    return _FIRST[number] if number < len(_FIRST) else f"other-{1 + number % 2}"


def spend_chart(scenarios: Sequence[Mapping[str, Any]], kinds: Sequence[str]) -> str:
    """One bar a scenario: how much of its spend really happened, and how much is expected."""
    most = max(1, *(_nanos(one["total"]["spend"]) for one in scenarios))
    rows: list[str] = []
    for number, (one, kind) in enumerate(zip(scenarios, kinds, strict=True)):
        top = number * _ROW + 22
        whole, known = (_nanos(one["total"][name]) for name in ("spend", "spend_known"))
        rows.append(_label(top, one["name"], to_cent(Money(whole))))
        rows.append(_bar(kind, 0, top, _scaled(known, most)))
        if whole > known:
            left = _scaled(known, most)
            rows.append(_bar(f"{kind} guess", left, top, _scaled(whole, most) - left))
    told = "; ".join(
        f"{one['name']} {to_cent(Money.parse(one['total']['spend']))}" for one in scenarios
    )
    return _svg("spend", "Spend by scenario", told, len(scenarios) * _ROW, rows)


def latency_chart(scenarios: Sequence[Mapping[str, Any]], kinds: Sequence[str]) -> str:
    """From how long half of the jobs take to how long 95 of 100 do."""
    longest = max((one["total"]["p95_s"] or 0.0) for one in scenarios) or 1.0
    rows: list[str] = []
    told: list[str] = []
    for number, (one, kind) in enumerate(zip(scenarios, kinds, strict=True)):
        top, total = number * _ROW + 22, one["total"]
        half, most = total["p50_s"], total["p95_s"]
        if half is None:
            rows.append(_label(top, one["name"], "not known"))
            continue
        told.append(f"{one['name']}: half within {half} s, 95 % within {most} s")
        rows.append(_label(top, one["name"], f"{half} s to {most} s"))
        rows.append(_span(kind, top + _BAR / 2, half / longest, most / longest))
    height = len(scenarios) * _ROW
    return _svg("latency", "How long edits take", "; ".join(told), height, rows)


def parts_chart(
    name: str,
    title: str,
    scenarios: Sequence[Mapping[str, Any]],
    kinds: Sequence[str],
    part: str,
    names: Sequence[str],
) -> str:
    """
    Spend of each part under each scenario, as thin bars under the part's name.

    Args:
        name: Of the picture, for its ids.
        title: Of the picture.
        scenarios: As the document has them.
        kinds: Their classes.
        part: `by_resolution` or `by_tenant`.
        names: The parts that are shown.
    """
    spends = [{line["name"]: _nanos(line["spend"]) for line in one[part]} for one in scenarios]
    has_past = scenarios[0]["name"] == HAPPENED
    most = max([1, *(spend.get(each, 0) for spend in spends for each in names)])
    step, rows, top = 12, list[str](), 22
    for each in names:
        rows.append(_label(top, each, _changed(spends, each) if has_past else ""))
        for spend, kind in zip(spends, kinds, strict=True):
            rows.append(_bar(kind, 0, top, _scaled(spend.get(each, 0), most), height=step - 3))
            top += step
        top += 28
    told = "; ".join(
        f"{each}: "
        + ", ".join(
            f"{one['name']} {to_cent(Money(spend.get(each, 0)))}"
            for one, spend in zip(scenarios, spends, strict=True)
        )
        for each in names
    )
    return _svg(name, title, told, max(top - 22, _ROW), rows)


def _changed(spends: Sequence[Mapping[str, int]], each: str) -> str:
    """By how much the tested policy changes a part's spend."""
    then, now = (str(Money(spend.get(each, 0))) for spend in spends[:2])
    return change(now, then).replace("-", MINUS)


def _svg(name: str, title: str, told: str, height: float, rows: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" '
        f'aria-labelledby="{name}-title {name}-told">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-told">{escape(told)}</desc>'
        f"{''.join(rows)}</svg>"
    )


def _label(top: float, name: str, figure: str) -> str:
    y = top - _LABEL_RISE
    right = f'<text x="{WIDTH}" y="{y:g}" text-anchor="end">{escape(figure)}</text>'
    return f'<text x="0" y="{y:g}">{escape(name)}</text>{right if figure else ""}'


def _bar(kind: str, left: float, top: float, width: float, *, height: float = _BAR) -> str:
    plain = "" if "guess" in kind else " bar"
    return (
        f'<rect class="{kind}{plain}" x="{left:g}" y="{top:g}" width="{max(width, 0.5):g}" '
        f'height="{height:g}" rx="2"/>'
    )


def _span(kind: str, y: float, low: float, high: float) -> str:
    left, right = (round(10 + one * (WIDTH - 20), 1) for one in (low, high))
    return (
        f'<line class="axis" x1="0" x2="{WIDTH}" y1="{y:g}" y2="{y:g}"/>'
        f'<line class="{kind} span" x1="{left:g}" x2="{right:g}" y1="{y:g}" y2="{y:g}"/>'
        f'<circle class="{kind}" cx="{left:g}" cy="{y:g}" r="7"/>'
        f'<circle class="{kind}" cx="{right:g}" cy="{y:g}" r="4"/>'
    )


def _nanos(amount: str) -> int:
    return Money.parse(amount).nanos


def _scaled(nanos: int, most: int) -> float:
    """A length for an amount, to the tenth of a unit."""
    return max(nanos, 0) * WIDTH * 10 // most / 10
