"""Latency as ranges: where half, 95 and 99 of 100 attempts end."""

from markupsafe import Markup

from router.web.dashboard.charts.svg import WIDTH, element, picture

HEIGHT = 16


def spread(
    key: str, name: str, percentiles_s: tuple[float, float, float], longest_s: float
) -> Markup:
    """
    Draw a range.

    Args:
        key: Of the picture.
        name: Whose.
        percentiles_s: The 50th, 95th and 99th, in seconds.
        longest_s: What the whole width stands for; above zero.
    """
    half, most, nearly_all = (round(one / longest_s * WIDTH, 2) for one in percentiles_s)
    shapes = [
        element("line", class_="grid", x1=0, x2=WIDTH, y1=HEIGHT / 2, y2=HEIGHT / 2),
        element("rect", class_="range", x=half, y=5, width=round(most - half, 2), height=6),
        element("line", class_="whisker", x1=most, x2=nearly_all, y1=8, y2=8),
        element("line", class_="mark", x1=half, x2=half, y1=0, y2=HEIGHT),
        element("line", class_="mark", x1=nearly_all, x2=nearly_all, y1=4, y2=12),
    ]
    p50_s, p95_s, p99_s = percentiles_s
    told = (
        f"Half end within {p50_s:.1f} s, 95 of 100 within {p95_s:.1f} s, 99 within {p99_s:.1f} s."
    )
    return picture(key, f"Latency of {name}", told, HEIGHT, shapes, kind="spread")
