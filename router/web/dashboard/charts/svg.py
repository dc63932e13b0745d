"""Elements of SVG as escaped text, and what all charts share."""

from collections.abc import Iterable

from markupsafe import Markup

WIDTH = 1_000
"""Across, in units that are stretched to the page's."""
TEXTURES = 7
"""How many textures there are; the first is none."""


def element(name: str, *children: str, **attributes: object) -> Markup:
    """
    One element.

    Args:
        name: Its tag.
        children: Elements, or text that is escaped.
        attributes: `_` stands for `-`, a trailing one for nothing; None leaves one out.
    """
    told = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), value)
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(children)
    return Markup("<{0}{1}>{2}</{0}>").format(name, told, inside)


def picture(
    key: str, title: str, description: str, height: int, children: Iterable[str], *, kind: str
) -> Markup:
    """
    A whole picture, stretched to the width that there is.

    Args:
        key: Makes ids that no other picture on the page has.
        title: What it is.
        description: What can be seen in it, in words.
        height: In pixels.
        children: What is drawn.
        kind: Its class, which styles go by.
    """
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        element("desc", description, id=f"{key}-desc"),
        *children,
        class_=kind,
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
        viewBox=f"0 0 {WIDTH} {height}",
        height=height,
        preserveAspectRatio="none",
        xmlns="http://www.w3.org/2000/svg",
    )


def textures(key: str) -> Markup:
    """Definitions of the textures, as `url(#KEY-t1)` and so on."""
    patterns = [_texture(key, number) for number in range(1, TEXTURES)]
    return element("defs", *patterns)


def textured(key: str, number: int) -> str | None:
    """What a shape is filled with on top of its colour; None for the plain first one."""
    place = number % TEXTURES
    return f"url(#{key}-t{place})" if place else None


def _texture(key: str, number: int) -> Markup:
    """Lines from left to right: how far apart and how thick says which series it is."""
    step, thick = ((8, 1), (4, 1), (8, 3), (12, 2), (5, 2), (14, 6))[number - 1]
    line = element("rect", class_="tex", x=0, y=0, width=8, height=thick)
    return element(
        "pattern", line, id=f"{key}-t{number}", patternUnits="userSpaceOnUse", width=8, height=step
    )


def swatch(key: str, number: int, kind: str = "s") -> Markup:
    """
    A sample of a series' colour and texture, for a legend. To the eye alone: its name is beside it.

    Args:
        key: The picture's whose textures it is drawn with.
        number: Of the series.
        kind: What its class begins with.
    """
    texture = textured(key, number)
    shapes = [element("rect", class_=f"{kind}{number}", width=14, height=14)]
    if texture is not None:
        shapes.append(element("rect", fill=texture, width=14, height=14))
    return element(
        "svg",
        *shapes,
        class_="swatch",
        aria_hidden="true",
        width=14,
        height=14,
        viewBox="0 0 14 14",
    )
