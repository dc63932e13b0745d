"""A budget's burn-down: what is left, hour by hour, beside the even line and where it leads."""

from datetime import datetime

from markupsafe import Markup

from router.finance.budgets import BudgetLine
from router.finance.forecast import Forecast
from router.model.money import Money
from router.web.dashboard.burn import Burn
from router.web.dashboard.charts.svg import WIDTH, element, picture
from router.web.dashboard.showing import dollars

HEIGHT = 120


def burndown(key: str, line: BudgetLine, burn: Burn) -> Markup:
    """
    Draw what is left of a window's limit.

    Args:
        key: Of the picture.
        line: The budget's; its window begins and ends.
        burn: How it went, and will go.
    """
    start, end = line.window_start, line.window_end
    assert start is not None
    assert end is not None
    length_s = (end - start).total_seconds()

    def x(at: datetime) -> float:
        return round(min(1.0, max(0.0, (at - start).total_seconds() / length_s)) * WIDTH, 2)

    def y(charged: Money) -> float:
        if line.limit.nanos <= 0:
            return HEIGHT
        left = max(0, line.limit.nanos - charged.nanos)
        return round(HEIGHT - min(HEIGHT, left * HEIGHT / line.limit.nanos), 2)

    points = [(x(at), y(charged)) for at, charged in burn.charged]
    shapes = [
        element("line", class_="grid", x1=0, x2=WIDTH, y1=HEIGHT, y2=HEIGHT),
        element("line", class_="even", x1=0, y1=0, x2=WIDTH, y2=HEIGHT),
    ]
    now_x, now_y = points[-1]
    if burn.forecast is not None:
        low, high = y(burn.forecast.low), y(burn.forecast.high)
        band = f"M{now_x} {now_y}L{WIDTH} {low}V{high}z"
        shapes.append(element("path", class_="band", d=band))
        expected = y(burn.forecast.expected)
        shapes.append(element("line", class_="ahead", x1=now_x, y1=now_y, x2=WIDTH, y2=expected))
    shapes.append(element("path", class_="left", d="M" + "L".join(f"{a} {b}" for a, b in points)))
    shapes.append(element("line", class_="now", x1=now_x, x2=now_x, y1=0, y2=HEIGHT))
    if line.under_way > Money.ZERO:
        available = y(line.limit - line.available)
        shapes.append(element("line", class_="open", x1=now_x, x2=now_x, y1=now_y, y2=available))
    title = f"What is left of {line.name}, {line.scope}"
    return picture(key, title, _described(line, burn), HEIGHT, shapes, kind="burndown")


def _described(line: BudgetLine, burn: Burn) -> str:
    charged = burn.charged[-1][1]
    told = (
        f"Of {dollars(line.limit)}, {dollars(charged)} was charged and "
        f"{dollars(line.limit - charged)} is left{_under_way(line)}. The dashed line is an even "
        "pace to the window's end."
    )
    return told if burn.forecast is None else f"{told} {ahead(burn.forecast)}"


def _under_way(line: BudgetLine) -> str:
    if not line.under_way:
        return ""
    held = dollars(line.under_way)
    return f", of which {held} is held or in doubt and {dollars(line.available)} available"


def ahead(found: Forecast) -> str:
    """Where it leads, in words."""
    return (
        f"Expected at the window's end: {dollars(found.expected)} charged, "
        f"between {dollars(found.low)} and {dollars(found.high)}."
    )
