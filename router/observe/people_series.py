"""
Series of what a person should look at: alarms, budgets' thresholds, and who could not be told.

A counter that begins at one with each process shows no step where it was at one before a restart.
So there is an instant beside the counts that people are told by: when something was so last, 0 if
not since the start.
"""

from prometheus_client import CollectorRegistry

from router.model.clock import Clock
from router.observe.alert_events import AlertDelivered, ThresholdReached
from router.observe.counting import Counting
from router.observe.events import Alarm, Event, OtherwiseQuoted, PolicyRejected, PolicyReloaded
from router.observe.labels import NAMES_MAX, Names

VERDICTS = ("delivered", "retried", "given_up", "gone", "refused")
"""What can come of telling anybody."""
ALARMS = (
    "accounts_unread",
    "admission_resumed",
    "admission_stopped",
    "charge_not_believed",
    "charged_after_void",
    "crashed",
    "credit_low",
    "export_broken_off",
    "id_given_twice",
    "ledger_unreadable",
    "offer_stopped",
    "price_changed",
    "price_named",
    "result_not_kept",
    "taken_up",
    "threshold_unread",
)
"""What alarms there are."""


class PeopleSeries:
    """An observer that counts what people are told, and says when that was last."""

    def __init__(
        self,
        clock: Clock,
        registry: CollectorRegistry,
        *,
        providers: Names,
        names_max: int = NAMES_MAX,
    ) -> None:
        """
        Args:
            clock: Says when.
            registry: Where the series are.
            providers: The names that providers have as labels.
            names_max: How many distinct values a label may have.
        """
        self._clock = clock
        make = Counting(registry, names_max=names_max)
        self._alarms = make.counter(
            "farebox_alarms_total", "How often a person should have looked.", what=make.names()
        )
        self._alarmed = make.gauge(
            "farebox_alarm_timestamp_seconds",
            "When a person should have looked last; 0: not since the start.",
            what=make.names(*ALARMS),
        )
        self._thresholds = make.counter(
            "farebox_budget_thresholds_total",
            "How often a budget reached a threshold: percent of its limit, or of a lasting pace.",
            budget=make.names(),
            basis=make.names("actual", "forecast", "burn"),
            percent=make.names(),
        )
        self._told = make.counter(
            "farebox_alert_deliveries_total",
            "What came of telling people of budgets where the policy says, by try.",
            verdict=make.names(*VERDICTS),
        )
        self._told_at = make.gauge(
            "farebox_alert_delivery_timestamp_seconds",
            "When telling people of budgets last came to that; 0: not since the start.",
            verdict=make.names(*VERDICTS),
        )
        self._other_quotes = make.counter(
            "farebox_other_quotes_total",
            "How many attempts were taken at another price than the pinned one, as named then.",
            provider=providers,
        )
        self._rejections = make.counter(
            "farebox_policy_reload_failures_total",
            "How often a changed policy was broken, and the last good one stayed.",
        )
        self._sound = make.gauge(
            "farebox_policy_last_reload_successful",
            "Whether the policy's files, as last read, are in force; 0: they are broken.",
        )
        self._begin()

    def _begin(self) -> None:
        self._sound.of().set(1)
        for what in ALARMS:
            self._alarmed.of(what)
        for verdict in VERDICTS:
            self._told.of(verdict)
            self._told_at.of(verdict)

    def tell(self, event: Event) -> None:
        """Count, and note when."""
        match event:
            case ThresholdReached():
                self._thresholds.of(event.budget, event.basis, str(event.percent)).inc()
            case AlertDelivered():
                self._told.of(event.verdict).inc()
                self._told_at.of(event.verdict).set(self._clock.now().timestamp())
            case PolicyRejected():
                self._rejections.of().inc()
                self._sound.of().set(0)
            case PolicyReloaded():
                self._sound.of().set(1)
            case OtherwiseQuoted():
                self._other_quotes.of(event.provider).inc()
            case Alarm():
                self._alarms.of(event.what).inc()
                self._alarmed.of(event.what).set(self._clock.now().timestamp())
            case _:
                pass
