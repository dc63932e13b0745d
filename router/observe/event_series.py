"""
Series that are counted up from events: how often, and how long. Never money.

They are this process's own and start at zero with it.
"""

from collections.abc import Sequence
from typing import assert_never

from prometheus_client import CollectorRegistry

from router import __version__
from router.model.clock import Clock
from router.model.job import AttemptState, Resolution
from router.model.offer import ProviderState
from router.observe.counting import Counting
from router.observe.events import (
    AttemptSettled,
    CallbackRang,
    ClientTold,
    Committed,
    Event,
    FailedOver,
    Overflowed,
    Overhead,
    Polled,
    ProviderChanged,
    QueueChanged,
    TookTurn,
)
from router.observe.labels import NAMES_MAX, Names
from router.observe.people_series import VERDICTS, PeopleSeries

DELIVERED = "delivered"
_OPERATIONS = ("create", "status", "cancel")

# Edits take five seconds to two minutes; a provider's queue may take as long again.
_ATTEMPT_S = (1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300)
_QUEUE_S = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)
_OURS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5)
_COMMANDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class EventSeries:
    """An observer that counts."""

    def __init__(
        self,
        clock: Clock,
        registry: CollectorRegistry,
        *,
        providers: Sequence[str],
        names_max: int = NAMES_MAX,
    ) -> None:
        """
        Args:
            clock: Says when a person should have looked.
            registry: Where the series are.
            providers: All serving at first, and with series at zero, so that nothing goes unseen.
            names_max: How many distinct values a label may have.
        """
        self._make = Counting(registry, names_max=names_max)
        names = Names(providers, most=names_max)
        self._people = PeopleSeries(clock, registry, providers=names, names_max=names_max)
        self._build_of_attempts(names)
        self._build_of_the_house()
        self._begun: set[str] = set()
        self.begin(providers)

    def _build_of_attempts(self, providers: Names) -> None:
        resolutions = self._make.names(*Resolution)
        self._attempts = self._make.counter(
            "farebox_attempts_total",
            "What became of attempts; one in doubt counts again when its end is known.",
            provider=providers,
            resolution=resolutions,
            outcome=self._make.names(DELIVERED),
        )
        self._durations = self._make.timer(
            "farebox_attempt_duration_seconds",
            "From the first byte to the image, of attempts that delivered.",
            _ATTEMPT_S,
            provider=providers,
            resolution=resolutions,
        )
        self._queues = self._make.timer(
            "farebox_provider_queue_seconds",
            "How long a job waited in the provider's own queue.",
            _QUEUE_S,
            provider=providers,
        )
        self._failovers = self._make.counter(
            "farebox_failovers_total",
            "How often a job went on to its next offer.",
            **{"from": providers, "to": providers},
            reason=self._make.names(),
        )
        self._polls = self._make.counter(
            "farebox_polls_total", "How often a provider was asked after a job.", provider=providers
        )
        self._callbacks = self._make.counter(
            "farebox_callbacks_total",
            "How often a provider's doorbell rang.",
            provider=providers,
            verdict=self._make.names(),
        )
        self._told = self._make.counter(
            "farebox_client_callbacks_total",
            "What came of telling clients that their job has ended, by try.",
            verdict=self._make.names(*VERDICTS),
        )
        for word in VERDICTS:
            self._told.of(word)
        self._turns = self._make.timer(
            "farebox_limit_wait_seconds",
            "How long a call to a provider waited for its turn, to keep to what it allows.",
            _QUEUE_S,
            provider=providers,
            operation=self._make.names(*_OPERATIONS),
        )
        self._waiting = self._make.gauge(
            "farebox_queue_length",
            "How many creates wait for one of the provider's slots, or for its rate.",
            provider=providers,
        )
        self._states = self._make.gauge(
            "farebox_provider_state",
            "A provider's health: one of its states is 1.",
            provider=providers,
            state=self._make.names(*ProviderState),
        )

    def _build_of_the_house(self) -> None:
        self._overheads = self._make.timer(
            "farebox_overhead_seconds",
            "How long an edit's request was in our own hands before it was a durable job.",
            _OURS_S,
        )
        self._commits = self._make.timer(
            "farebox_ledger_commit_seconds", "How long the ledger took to commit a batch.", _OURS_S
        )
        self._batches = self._make.timer(
            "farebox_ledger_batch_size", "How many commands a batch had.", _COMMANDS
        )
        self._overflows = self._make.counter(
            "farebox_overloaded_total",
            "How many jobs were refused before any hold, because too much waited.",
        )
        build = self._make.gauge(
            "farebox_build_info", "Which Farebox this is.", version=self._make.names(__version__)
        )
        build.of(__version__).set(1)

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
                self._people.tell(event)

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
