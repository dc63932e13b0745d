"""
Series that are counted up from events: how often, and how long. Never money.

They are this process's own and start at zero with it.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar, assert_never

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from router import __version__
from router.model.job import AttemptState, Resolution
from router.model.offer import ProviderState
from router.observe.alert_events import AlertDelivered, ThresholdReached
from router.observe.events import (
    Alarm,
    AttemptSettled,
    CallbackRang,
    ClientTold,
    Committed,
    Event,
    FailedOver,
    OtherwiseQuoted,
    Overflowed,
    Overhead,
    PolicyRejected,
    PolicyReloaded,
    Polled,
    ProviderChanged,
    QueueChanged,
    TookTurn,
)
from router.observe.labels import NAMES_MAX, Names

DELIVERED = "delivered"
VERDICTS = ("delivered", "retried", "given_up", "gone", "refused")
"""What can come of telling a client."""
_OPERATIONS = ("create", "status", "cancel")

# Edits take five seconds to two minutes; a provider's queue may take as long again.
_ATTEMPT_S = (1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300)
_QUEUE_S = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)
_OURS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5)
_COMMANDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

M = TypeVar("M", Counter, Gauge, Histogram)


class _Family(Generic[M]):
    """A metric with its children at hand: looking one up by labels is slow, and done per event."""

    def __init__(self, metric: M, *names: Names) -> None:
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


class EventSeries:
    """An observer that counts."""

    def __init__(
        self, registry: CollectorRegistry, *, providers: Sequence[str], names_max: int = NAMES_MAX
    ) -> None:
        """
        Args:
            registry: Where the series are.
            providers: All serving at first, and with series at zero, so that nothing goes unseen.
            names_max: How many distinct values a label may have.
        """
        self._registry, self._names_max = registry, names_max
        self._build_of_attempts(Names(providers, most=names_max))
        self._build_of_the_house()
        self._begun: set[str] = set()
        self.begin(providers)

    def _build_of_attempts(self, providers: Names) -> None:
        resolutions = self._names(*Resolution)
        self._attempts = self._counter(
            "farebox_attempts_total",
            "What became of attempts; one in doubt counts again when its end is known.",
            provider=providers,
            resolution=resolutions,
            outcome=self._names(DELIVERED),
        )
        self._durations = self._timer(
            "farebox_attempt_duration_seconds",
            "From the first byte to the image, of attempts that delivered.",
            _ATTEMPT_S,
            provider=providers,
            resolution=resolutions,
        )
        self._queues = self._timer(
            "farebox_provider_queue_seconds",
            "How long a job waited in the provider's own queue.",
            _QUEUE_S,
            provider=providers,
        )
        self._failovers = self._counter(
            "farebox_failovers_total",
            "How often a job went on to its next offer.",
            **{"from": providers, "to": providers},
            reason=self._names(),
        )
        words = "How many attempts were taken at another price than the pinned one, as named then."
        self._other_quotes = self._counter("farebox_other_quotes_total", words, provider=providers)
        self._polls = self._counter(
            "farebox_polls_total", "How often a provider was asked after a job.", provider=providers
        )
        self._callbacks = self._counter(
            "farebox_callbacks_total",
            "How often a provider's doorbell rang.",
            provider=providers,
            verdict=self._names(),
        )
        self._told = self._counter(
            "farebox_client_callbacks_total",
            "What came of telling clients that their job has ended, by try.",
            verdict=self._names(*VERDICTS),
        )
        for word in VERDICTS:
            self._told.of(word)
        self._turns = self._timer(
            "farebox_limit_wait_seconds",
            "How long a call to a provider waited for its turn, to keep to what it allows.",
            _QUEUE_S,
            provider=providers,
            operation=self._names(*_OPERATIONS),
        )
        waiting = Gauge(
            "farebox_queue_length",
            "How many creates wait for one of the provider's slots, or for its rate.",
            ("provider",),
            registry=self._registry,
        )
        self._waiting = _Family(waiting, providers)
        states = Gauge(
            "farebox_provider_state",
            "A provider's health: one of its states is 1.",
            ("provider", "state"),
            registry=self._registry,
        )
        self._states = _Family(states, providers, self._names(*ProviderState))

    def _build_of_the_house(self) -> None:
        self._overheads = self._timer(
            "farebox_overhead_seconds",
            "How long an edit's request was in our own hands before it was a durable job.",
            _OURS_S,
        )
        self._commits = self._timer(
            "farebox_ledger_commit_seconds", "How long the ledger took to commit a batch.", _OURS_S
        )
        self._batches = self._timer(
            "farebox_ledger_batch_size", "How many commands a batch had.", _COMMANDS
        )
        self._overflows = self._counter(
            "farebox_overloaded_total",
            "How many jobs were refused before any hold, because too much waited.",
        )
        self._alarms = self._counter(
            "farebox_alarms_total", "How often a person should have looked.", what=self._names()
        )
        self._thresholds = self._counter(
            "farebox_budget_thresholds_total",
            "How often a budget reached a threshold: percent of its limit, or of a lasting pace.",
            budget=self._names(),
            basis=self._names("actual", "forecast", "burn"),
            percent=self._names(),
        )
        self._alerts = self._counter(
            "farebox_alert_deliveries_total",
            "What came of telling people of budgets where the policy says, by try.",
            verdict=self._names(),
        )
        self._rejections = self._counter(
            "farebox_policy_reload_failures_total",
            "How often a changed policy was broken, and the last good one stayed.",
        )
        self._sound = Gauge(
            "farebox_policy_last_reload_successful",
            "Whether the policy's files, as last read, are in force; 0: they are broken.",
            registry=self._registry,
        )
        self._sound.set(1)
        build = Gauge(
            "farebox_build_info", "Which Farebox this is.", ("version",), registry=self._registry
        )
        build.labels(__version__).set(1)

    def _names(self, *known: str) -> Names:
        return Names(known, most=self._names_max)

    def _counter(self, name: str, documentation: str, **labels: Names) -> _Family[Counter]:
        counter = Counter(name, documentation, tuple(labels), registry=self._registry)
        return _Family(counter, *labels.values())

    def _timer(
        self, name: str, documentation: str, buckets: Sequence[float], **labels: Names
    ) -> _Family[Histogram]:
        histogram = Histogram(
            name, documentation, tuple(labels), registry=self._registry, buckets=buckets
        )
        return _Family(histogram, *labels.values())

    def tell(self, event: Event) -> None:
        """Count. What is not counted here is read from the ledger, or only logged."""
        match event:
            case Committed():
                self._commits.of().observe(event.seconds)
                self._batches.of().observe(event.commands)
            case Polled():
                self._polls.of(event.provider).inc()
            case Overhead():
                self._overheads.of().observe(event.seconds)
            case AttemptSettled():
                self._settled(event)
            case FailedOver():
                self._failovers.of(event.source, event.target, event.reason).inc()
            case ProviderChanged():
                self._show(event.provider, event.state)
            case CallbackRang():
                self._callbacks.of(event.provider, event.verdict).inc()
            case ClientTold():
                self._told.of(event.verdict).inc()
            case TookTurn() | QueueChanged() | Overflowed():
                self._tell_limits(event)
            case _:
                self._tell_people(event)

    def _tell_limits(self, event: TookTurn | QueueChanged | Overflowed) -> None:
        """Count what waits, so that providers' limits are kept to."""
        match event:
            case TookTurn():
                self._turns.of(event.provider, event.operation).observe(event.seconds)
            case QueueChanged():
                self._waiting.of(event.provider).set(event.waiting)
            case Overflowed():
                self._overflows.of().inc()
            case _:
                assert_never(event)

    def _tell_people(self, event: Event) -> None:
        """Count what a person may want to look at."""
        match event:
            case ThresholdReached():
                self._thresholds.of(event.budget, event.basis, str(event.percent)).inc()
            case AlertDelivered():
                self._alerts.of(event.verdict).inc()
            case PolicyRejected():
                self._rejections.of().inc()
                self._sound.set(0)
            case PolicyReloaded():
                self._sound.set(1)
            case OtherwiseQuoted():
                self._other_quotes.of(event.provider).inc()
            case Alarm():
                self._alarms.of(event.what).inc()
            case _:
                pass

    def begin(self, providers: Sequence[str]) -> None:
        """Have these providers' series too, at zero; those of one that has them already go on."""
        for provider in providers:
            if provider in self._begun:
                continue
            self._begun.add(provider)
            self._polls.of(provider)
            self._waiting.of(provider)
            for operation in _OPERATIONS:
                self._turns.of(provider, operation)
            self._show(provider, ProviderState.SERVING)
            for resolution in Resolution:
                self._attempts.of(provider, resolution.value, DELIVERED)

    def _settled(self, event: AttemptSettled) -> None:
        # To presume a charge is to learn nothing new of the attempt.
        if event.money is AttemptState.POSTED_PRESUMED:
            return
        resolution = event.resolution.value
        self._attempts.of(event.provider, resolution, event.outcome).inc()
        # Refusals are quick: among the durations, they would make a broken provider look fast.
        if event.outcome == DELIVERED:
            self._durations.of(event.provider, resolution).observe(event.seconds)
        if event.queue_s is not None:
            self._queues.of(event.provider).observe(event.queue_s)

    def _show(self, provider: str, state: ProviderState) -> None:
        for one in ProviderState:
            self._states.of(provider, one.value).set(1 if one is state else 0)
