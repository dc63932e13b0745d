"""Stacked columns: what was posted, by time and by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from router.finance.overview import Stack
from router.model.money import Money
from router.web.dashboard.charts.svg import WIDTH, element, picture, swatch, textured, textures
from router.web.dashboard.showing import day, dollars

HEIGHT = 220
KEY = "spend"
_STEPS = (1, 2, 5, 10)
_GAP = 0.22
"""What of a column's place is left empty."""


@dataclass(frozen=True, slots=True)
class Legend:
    """One series beside the chart."""

    sample: Markup
    name: str
    total: Money


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with what is to be read beside it."""

    picture: Markup
    ticks: tuple[Money, ...]
    """At its top, its middle and its foot."""
    labels: tuple[str, ...]
    """From left to right, evenly."""
    legend: tuple[Legend, ...]


def columns(stack: Stack, names: Sequence[str]) -> Chart:
    """
    Draw a stack.

    Args:
        stack: With at least one bucket.
        names: What people call each of its series.
    """
    sums = stack.sums
    top = ceiling(max((one.nanos for one in sums), default=0))
    shapes = [textures(KEY), *_grid(), *_layers(stack, top), *_hovers(stack, sums)]
    drawn = picture(
        KEY,
        f"Posted per {stack.unit}",
        _described(stack, sums, names),
        HEIGHT,
        shapes,
        kind="columns",
    )
    legend = tuple(
        Legend(swatch(KEY, number), name, one.total)
        for number, (name, one) in enumerate(zip(names, stack.series, strict=True))
    )
    ticks = (Money(top), Money(top // 2), Money.ZERO)
    return Chart(drawn, ticks, _labels(stack), legend)


def ceiling(nanos: int) -> int:
    """The next round number of nano-dollars: 1, 2 or 5 and noughts; two cents at least."""
    least = 20_000_000
    if nanos <= least:
        return least
    power = int(10 ** (len(str(nanos)) - 1))
    return next(step * power for step in _STEPS if step * power >= nanos)


def _grid() -> list[Markup]:
    return [
        element("line", class_="grid", x1=0, x2=WIDTH, y1=y, y2=y) for y in (0, HEIGHT / 2, HEIGHT)
    ]


def _layers(stack: Stack, top: int) -> list[Markup]:
    """One path for each series: hundreds of shapes would be heavy for no gain."""
    wide = WIDTH / len(stack.buckets)
    bases = [0] * len(stack.buckets)
    drawn: list[Markup] = []
    for number, series in enumerate(stack.series):
        boxes: list[str] = []
        for place, amount in enumerate(series.amounts):
            # A day on which more was given back than was charged has no column, but its row.
            nanos = max(0, amount.nanos)
            if nanos:
                x = place * wide + wide * _GAP / 2
                boxes.append(_box(x, bases[place], nanos, wide * (1 - _GAP), top))
            bases[place] += nanos
        path = " ".join(boxes)
        drawn.append(element("path", class_=f"s{number}", d=path))
        texture = textured(KEY, number)
        if texture is not None:
            drawn.append(element("path", fill=texture, d=path))
    return drawn


def _box(x: float, base: int, nanos: int, width: float, top: int) -> str:
    foot, head = _y(base, top), _y(base + nanos, top)
    return f"M{x:.2f} {foot}h{width:.2f}V{head}h{-width:.2f}z"


def _y(nanos: int, top: int) -> Decimal:
    return HEIGHT - (Decimal(nanos) * HEIGHT / top).quantize(Decimal("0.01"))


def _hovers(stack: Stack, sums: Sequence[Money]) -> list[Markup]:
    """Over each column an empty shape that tells its sum to a pointer."""
    wide = WIDTH / len(stack.buckets)
    return [
        element(
            "rect",
            element("title", f"{_named(stack, place)}: {dollars(amount)}"),
            class_="hover",
            x=f"{place * wide:.2f}",
            y=0,
            width=f"{wide:.2f}",
            height=HEIGHT,
        )
        for place, amount in enumerate(sums)
    ]


def _described(stack: Stack, sums: Sequence[Money], names: Sequence[str]) -> str:
    if not any(sums):
        return "Nothing was posted in this period."
    highest = max(range(len(sums)), key=lambda place: sums[place].nanos)
    parts = ", ".join(
        f"{name} {dollars(one.total)}" for name, one in zip(names, stack.series, strict=True)
    )
    return (
        f"Stacked columns. In all: {parts}. The most, {dollars(sums[highest])}, was on "
        f"{_named(stack, highest)}. The table below has every figure."
    )


def _named(stack: Stack, place: int) -> str:
    bucket = stack.buckets[place]
    first, last = day(bucket.first), day(bucket.last)
    return first if first == last else f"{first} to {last}"


def _labels(stack: Stack) -> tuple[str, ...]:
    buckets = stack.buckets
    places = sorted({0, len(buckets) // 2, len(buckets) - 1})
    return tuple(f"{buckets[one].first.day} {buckets[one].first:%b}" for one in places)
