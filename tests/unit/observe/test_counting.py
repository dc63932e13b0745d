"""Families of series with their children at hand."""

from prometheus_client import CollectorRegistry, generate_latest

from router.observe.counting import Counting
from tests.observe_kit import series, value


def test_families_count_hold_and_time_by_their_labels() -> None:
    """What has no labels is there at zero from the start, and a name past the cap is another."""
    registry = CollectorRegistry()
    make = Counting(registry, names_max=1)
    opened = make.counter("opened_total", "How often.", door=make.names("front"))
    make.counter("rung_total", "How often.")
    make.gauge("ajar", "How far.", door=make.names()).of("back").set(7)
    make.timer("waited_seconds", "How long.", (1, 2)).of().observe(1.5)
    for door in ("front", "back", "front", "side"):
        opened.of(door).inc()
    found = series(generate_latest(registry))

    assert value(found, "opened_total", door="front") == 2
    assert value(found, "opened_total", door="other") == 2
    assert value(found, "rung_total") == 0
    assert value(found, "ajar", door="back") == 7
    assert value(found, "waited_seconds_bucket", le="1.0") == 0
    assert value(found, "waited_seconds_bucket", le="2.0") == 1
