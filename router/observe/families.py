"""
Building metrics' families from readings.

A dollar amount becomes a float here alone, from its exact decimal text, because Prometheus knows no
other numbers; finance takes its figures from the API.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from router.model.money import Money

Key = tuple[str, ...]
"""The values of a series' labels, in their order."""
Amounts = Mapping[Key, Money]


def sums(amounts: Iterable[tuple[Key, Money]]) -> Amounts:
    """Add up the amounts of each key."""
    added: dict[Key, Money] = {}
    for key, amount in amounts:
        added[key] = added.get(key, Money.ZERO) + amount
    return added


def counter(name: str, documentation: str, labels: Sequence[str], amounts: Amounts) -> Metric:
    """Build a family of amounts that only grow."""
    family = CounterMetricFamily(name, documentation, labels=labels)
    for key, amount in amounts.items():
        family.add_metric(key, _dollars(amount))
    return family


def gauge(name: str, documentation: str, labels: Sequence[str], amounts: Amounts) -> Metric:
    """Build a family of amounts that come and go."""
    family = GaugeMetricFamily(name, documentation, labels=labels)
    for key, amount in amounts.items():
        family.add_metric(key, _dollars(amount))
    return family


def numbers(
    name: str, documentation: str, labels: Sequence[str], values: Iterable[tuple[Key, float]]
) -> Metric:
    """Build a family of numbers that are no money; of those that share a key, the highest."""
    highest: dict[Key, float] = {}
    for key, value in values:
        highest[key] = max(value, highest.get(key, value))
    family = GaugeMetricFamily(name, documentation, labels=labels)
    for key, value in highest.items():
        family.add_metric(key, value)
    return family


def instants(
    name: str,
    documentation: str,
    labels: Sequence[str],
    values: Iterable[tuple[Key, datetime | None]],
) -> Metric:
    """Build a family of instants, where there are any; of those that share a key, the first."""
    firsts: dict[Key, datetime] = {}
    for key, instant in values:
        if instant is not None:
            firsts[key] = min(instant, firsts.get(key, instant))
    family = GaugeMetricFamily(name, documentation, labels=labels)
    for key, instant in firsts.items():
        family.add_metric(key, instant.timestamp())
    return family


def _dollars(amount: Money) -> float:
    """The nearest float to an exact sum; it goes into the exposition and nowhere else."""
    return float(str(amount))
