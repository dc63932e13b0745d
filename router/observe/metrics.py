"""
`/metrics`: counts and times from events, money from one reading of the ledger at each scrape.

What is read from the ledger survives a restart and is the same on every replica: aggregate it with
`max`, never `sum`. What is counted from events is each process's own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from threading import Lock

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from router.model.clock import Clock
from router.model.errors import LedgerUnavailable
from router.observe.event_series import EventSeries
from router.observe.events import Event, PolicyReloaded
from router.observe.labels import NAMES_MAX
from router.observe.money_series import MoneySeries
from router.observe.snapshot import MoneySnapshot

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

ReadMoney = Callable[[], Awaitable[MoneySnapshot]]
CountStopped = Callable[[], Mapping[str, int]]
"""To how many offers are stopped, by provider."""


class Metrics:
    """An observer that counts, and the text that a scrape gets."""

    def __init__(
        self, clock: Clock, *, providers: Sequence[str], names_max: int = NAMES_MAX
    ) -> None:
        """
        Args:
            clock: Times the readings, and says when a person should have looked.
            providers: All serving at first, and with series at zero.
            names_max: How many distinct values a label may have; the rest is `other`.
        """
        self._clock = clock
        self._read: ReadMoney | None = None
        self._alarm: Callable[[str, str], None] | None = None
        self._writable: Callable[[], bool] | None = None
        self._count_stopped: CountStopped = dict
        self._registry = CollectorRegistry()
        self._events = EventSeries(clock, self._registry, providers=providers, names_max=names_max)
        self._money = MoneySeries(providers=providers, names_max=names_max)
        self._scraping = asyncio.Lock()
        self._writing = Lock()
        self._scrapes, self._text = 0, b""

    def tell(self, event: Event) -> None:
        """Count."""
        self._events.tell(event)
        if isinstance(event, PolicyReloaded):
            self._events.begin(event.providers)
            self._money.begin(event.providers)

    def read_with(
        self,
        read: ReadMoney,
        alarm: Callable[[str, str], None] | None = None,
        *,
        writable: Callable[[], bool] | None = None,
    ) -> None:
        """
        Say how the money is read; until then its series are absent.

        Args:
            read: Reads the ledger; may raise `LedgerUnavailable`.
            alarm: Told what and why when it does.
            writable: Whether the ledger takes new holds; None: nobody knows, nothing is shown.
        """
        self._read, self._alarm, self._writable = read, alarm, writable

    def watch_offers(self, count_stopped: CountStopped) -> None:
        """Say how many offers are stopped for their prices: asked at each scrape."""
        self._count_stopped = count_stopped

    def counted(self) -> dict[str, float]:
        """What was counted from events in this process, by the names of samples without labels."""
        return {
            sample.name: sample.value
            for metric in self._registry.collect()
            for sample in metric.samples
            if not sample.labels
        }

    async def scrape(self) -> bytes:
        """
        Read the books, and write the text that Prometheus takes.

        Scrapes that wait for each other share one reading. When the ledger cannot be read, the
        money's series are absent rather than wrong, and `farebox_ledger_readable` is 0.
        """
        ticket = self._scrapes
        async with self._scraping:
            if self._scrapes == ticket:
                began_s = self._clock.monotonic_s()
                snapshot = await self._snapshot()
                seconds = self._clock.monotonic_s() - began_s
                # With hundreds of series, writing takes too long to keep the event loop waiting.
                stopped = self._count_stopped()
                self._text = await asyncio.to_thread(self._write, snapshot, seconds, stopped)
                self._scrapes += 1
            return self._text

    async def _snapshot(self) -> MoneySnapshot | None:
        if self._read is None:
            return None
        try:
            return await self._read()
        except LedgerUnavailable as error:
            if self._alarm is not None:
                self._alarm("ledger_unreadable", error.detail)
            return None

    def _write(
        self, snapshot: MoneySnapshot | None, seconds: float, stopped: Mapping[str, int]
    ) -> bytes:
        # A scrape that was given up may still be writing.
        with self._writing:
            money = [] if snapshot is None else list(self._money.families(snapshot))
            return generate_latest(
                _Exposition(
                    self._registry,
                    [*self._reading(snapshot, seconds), _stopped_offers(stopped), *money],
                )
            )

    def _reading(self, snapshot: MoneySnapshot | None, seconds: float) -> Iterator[Metric]:
        """How the ledger is, which is told also when it cannot be read."""
        yield GaugeMetricFamily(
            "farebox_ledger_readable",
            "Whether this scrape could read the ledger; if not, the money is absent.",
            value=0 if snapshot is None else 1,
        )
        yield GaugeMetricFamily(
            "farebox_ledger_read_seconds",
            "How long reading the ledger took for this scrape.",
            value=seconds,
        )
        if self._writable is not None:
            yield GaugeMetricFamily(
                "farebox_ledger_writable",
                "Whether the ledger takes new holds; while it does not, no edit is bought.",
                value=int(self._writable()),
            )


def _stopped_offers(stopped: Mapping[str, int]) -> Metric:
    found = GaugeMetricFamily(
        "farebox_offers_stopped",
        "Offers not bought any more, because two charges in a row were above their price.",
        labels=("provider",),
    )
    for provider, count in stopped.items():
        found.add_metric((provider,), count)
    return found


class _Exposition(Collector):
    """One scrape: what was counted, and what was read."""

    def __init__(self, counted: CollectorRegistry, read: Sequence[Metric]) -> None:
        self._counted, self._read = counted, read

    def collect(self) -> Iterator[Metric]:
        """Every metric with its samples."""
        for metric in self._counted.collect():
            # When each series was created: twice as many series, of use to no one here.
            metric.samples = [one for one in metric.samples if not one.name.endswith("_created")]
            yield metric
        yield from self._read
