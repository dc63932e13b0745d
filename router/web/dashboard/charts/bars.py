"""A budget as one bar: posted, presumed, held, in doubt, and what is left."""

from markupsafe import Markup

from router.finance.budgets import BudgetLine
from router.finance.overview import permille
from router.model.money import Money
from router.web.dashboard.charts.svg import element, picture, textured, textures
from router.web.dashboard.showing import dollars

HEIGHT = 14
KINDS = ("posted", "presumed", "held", "in doubt")
"""In the order of the bar, each with the colour and texture of its number."""


def bar(key: str, line: BudgetLine) -> Markup:
    """Draw a budget's bar; one that is used beyond its limit is full."""
    amounts = (line.posted, line.presumed, line.held, line.in_doubt)
    used = sum((one.nanos for one in amounts), 0)
    whole = Money(max(line.limit.nanos, used))
    shapes = [textures(key), element("rect", class_="rest", width=1000, height=HEIGHT)]
    at = 0
    for number, amount in enumerate(amounts):
        wide = permille(amount, whole)
        if amount.nanos > 0:
            # What is there is seen, however little it is.
            wide = max(wide, 2)
            place = {"x": at, "y": 0, "width": min(wide, 1000 - at), "height": HEIGHT}
            shapes.append(element("rect", class_=f"m{number}", **place))
            texture = textured(key, number)
            if texture is not None:
                shapes.append(element("rect", fill=texture, **place))
            at = min(1000, at + wide)
    described = ", ".join(
        f"{kind} {dollars(amount)}" for kind, amount in zip(KINDS, amounts, strict=True)
    )
    title = f"{line.name}, {line.scope}: how much of {dollars(line.limit)} is used"
    return picture(
        key, title, f"{described}, available {dollars(line.available)}.", HEIGHT, shapes, kind="bar"
    )
