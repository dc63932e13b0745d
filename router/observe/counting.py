"""Families of series that are counted up from events, with their children at hand."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from router.observe.labels import NAMES_MAX, Names

M = TypeVar("M", Counter, Gauge, Histogram)


class Family(Generic[M]):
    """A metric with its children at hand: looking one up by labels is slow, and done per event."""

    def __init__(self, metric: M, *names: Names) -> None:
        """
        Args:
            metric: Whose children they are.
            names: Of its labels, in their order.
        """
        self._metric: M = metric
        self._names = names
        self._children: dict[tuple[str, ...], M] = {} if names else {(): metric}

    def of(self, *values: str) -> M:
        """The child with these labels, in their order."""
        key = tuple(names.label(value) for names, value in zip(self._names, values, strict=True))
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._metric.labels(*key)
        return child


class Counting:
    """Makes families in a registry."""

    def __init__(self, registry: CollectorRegistry, *, names_max: int = NAMES_MAX) -> None:
        """
        Args:
            registry: Where they are.
            names_max: How many distinct values a label may have.
        """
        self._registry, self._names_max = registry, names_max

    def names(self, *known: str) -> Names:
        """The values of a label, of which some are known."""
        return Names(known, most=self._names_max)

    def counter(self, name: str, documentation: str, **labels: Names) -> Family[Counter]:
        """Make a family that only grows."""
        counter = Counter(name, documentation, tuple(labels), registry=self._registry)
        return Family(counter, *labels.values())

    def gauge(self, name: str, documentation: str, **labels: Names) -> Family[Gauge]:
        """Make a family that comes and goes."""
        gauge = Gauge(name, documentation, tuple(labels), registry=self._registry)
        return Family(gauge, *labels.values())

    def timer(
        self, name: str, documentation: str, buckets: Sequence[float], **labels: Names
    ) -> Family[Histogram]:
        """Make a family of how often what took how long, or was how much."""
        histogram = Histogram(
            name, documentation, tuple(labels), registry=self._registry, buckets=buckets
        )
        return Family(histogram, *labels.values())
