"""Latency as ranges."""

from router.web.dashboard.charts.ranges import spread


def test_a_range_is_from_the_half_to_nearly_all() -> None:
    """On a scale that several share."""
    drawn = spread("r", "shortapi 1k", (5.0, 10.0, 20.0), 40.0)

    assert 'class="range" x="125.0" y="5" width="125.0"' in drawn
    assert 'class="whisker" x1="250.0" x2="500.0"' in drawn
    assert "Half end within 5.0 s, 95 of 100 within 10.0 s, 99 within 20.0 s." in drawn
