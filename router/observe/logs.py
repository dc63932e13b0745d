"""
The log: one line for each event, JSON for machines or text for a terminal.

Of an event only the fields listed here are written: an allow-list, so that a field that is added
later is not logged by accident. Every text goes through the scrubber all the same.
"""

import logging
from collections.abc import Callable, Collection, Mapping, MutableMapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from router.model.clock import Clock, rfc3339
from router.model.job import AttemptState
from router.model.money import Money
from router.model.offer import ProviderState
from router.observe.alert_events import AlertDelivered, ThresholdReached
from router.observe.events import (
    Alarm,
    AttemptAccepted,
    AttemptSettled,
    CallbackRang,
    ClientTold,
    Event,
    FailedOver,
    JobAdmitted,
    JobEnded,
    JobRefused,
    PolicyRejected,
    PolicyReloaded,
    PriceDrifted,
    ProviderChanged,
    Recovered,
)
from router.observe.ledger_events import LedgerUpdate
from router.observe.lines import Lines
from router.observe.scrubbing import Scrubber

Style = Literal["text", "json"]
EXCEPTION_MAX = 4000
"""Characters of an exception's traceback."""
_URGENT = frozenset({"warning", "error", "critical"})

_FIELDS: Mapping[type[Event], tuple[str, ...]] = {
    JobAdmitted: ("job_id", "tenant", "model", "resolution", "provider", "quoted"),
    JobRefused: ("tenant", "budget", "scope", "asked"),
    AttemptAccepted: ("attempt_id", "provider", "seconds"),
    AttemptSettled: (
        "attempt_id", "tenant", "provider", "model", "resolution", "outcome", "money", "quoted",
        "posted", "seconds", "queue_s", "detail",
    ),
    PriceDrifted: ("attempt_id", "provider", "quoted", "charged", "reported_raw"),
    FailedOver: ("job_id", "source", "target", "reason", "may_pay_twice"),
    JobEnded: ("job_id", "tenant", "model", "resolution", "state", "outcome", "seconds"),
    ProviderChanged: ("provider", "state", "reason"),
    CallbackRang: ("provider", "verdict"),
    ClientTold: ("job_id", "tenant", "dialect", "verdict", "tries", "status"),
    Recovered: ("jobs", "attempts", "in_doubt"),
    LedgerUpdate: ("steps", "detail"),
    ThresholdReached: (
        *("budget", "scope", "basis", "percent", "over_s", "charged", "limit", "amount"),
        "window_end",
    ),
    AlertDelivered: ("alert_id", "budget", "verdict", "tries", "status"),
    PolicyReloaded: ("policy", "hash", "former"),
    PolicyRejected: ("problems", "detail", "in_force"),
    Alarm: ("what", "detail"),
}  # fmt: skip
"""What is logged of what. What is left out comes too often: it is in the metrics."""


class EventLog:
    """An observer that writes."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        """
        Args:
            log: Made by `configure`.
        """
        self._log = log

    def tell(self, event: Event) -> None:
        """Write the event's line, if it has one."""
        names = _FIELDS.get(type(event))
        # Anybody can ring with a token that nobody has: that is counted, not written down.
        if names is None or (isinstance(event, CallbackRang) and event.verdict == "unknown"):
            return
        values = {name: getattr(event, name) for name in names}
        fields = {name: value for name, value in values.items() if value is not None}
        if _is_alarming(event):
            self._log.warning(event.name, **fields)
        else:
            self._log.info(event.name, **fields)


def _is_alarming(event: Event) -> bool:
    """Whether money may be gone, or a person should look."""
    match event:
        case (Alarm() | PriceDrifted() | ThresholdReached() | PolicyRejected()) | FailedOver(
            may_pay_twice=True
        ):
            return True
        case LedgerUpdate():
            # It is written at once: nothing else is, while the file is brought up to date.
            return event.steps > 0
        case AttemptSettled():
            return event.money in {AttemptState.IN_DOUBT, AttemptState.POSTED_PRESUMED}
        case ClientTold() | AlertDelivered():
            return event.verdict in {"given_up", "gone", "refused"}
        case ProviderChanged():
            return event.state is ProviderState.EJECTED
        case _:
            return False


def configure(
    clock: Clock, style: Style, stream: TextIO, *, secrets: Collection[str] = ()
) -> tuple[FilteringBoundLogger, Lines]:
    """
    Make a log. Nothing global is touched.

    Args:
        clock: Says when.
        style: `text` for people at a terminal.
        stream: Standard error; standard output belongs to what a command answers.
        secrets: Never written, wherever they turn up: our keys at the providers.

    Returns:
        The log, and its lines: flush them at the end.
    """
    lines = Lines(stream)
    log: FilteringBoundLogger = structlog.wrap_logger(
        _Sink(lines),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            _Presenter(clock, Scrubber(secrets)),
            _renderer(style, stream),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        context_class=dict,
        cache_logger_on_first_use=True,
    )
    return log, lines


def adopt_libraries(log: FilteringBoundLogger) -> Callable[[], None]:
    """
    Have the warnings of libraries, which use Python's own logging, written to this log.

    Returns:
        What ends it.
    """
    adopter = _Adopter(log)
    root = logging.getLogger()
    root.addHandler(adopter)
    return lambda: root.removeHandler(adopter)


def _renderer(style: Style, stream: TextIO) -> Processor:
    if style == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(),
        timestamp_key="ts",
        sort_keys=False,
        pad_event_to=18,
        exception_formatter=structlog.dev.plain_traceback,
    )


class _Presenter:
    """Puts when, how grave and what first, and writes each value in one way."""

    def __init__(self, clock: Clock, scrub: Scrubber) -> None:
        self._clock, self._scrub = clock, scrub

    def __call__(
        self, _logger: Any, _method: str, fields: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        first = {
            "ts": rfc3339(self._clock.now()),
            "level": fields.pop("level"),
            "event": self._scrub(str(fields.pop("event"))),
        }
        trace = fields.pop("exception", None)
        rest = {name: self._value(value) for name, value in fields.items()}
        if trace is not None:
            rest["exception"] = self._trace(str(trace))
        return {**first, **rest}

    def _value(self, value: Any) -> Any:
        match value:
            case StrEnum():
                return value.value
            case bool() | int() | None:
                return value
            case float():
                return round(value, 4)
            case Money():
                return str(value)
            case datetime():
                return rfc3339(value)
            case _:
                return self._scrub(str(value))

    def _trace(self, trace: str) -> str:
        lines = (self._scrub(line) for line in trace.splitlines())
        return "\n".join(lines)[-EXCEPTION_MAX:]


class _Sink:
    """Where structlog's lines come out, by a method for each level."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def __getattr__(self, level: str) -> Callable[[str], None]:
        if level.startswith("_"):
            raise AttributeError(level)
        urgent = level in _URGENT
        return lambda line: self._lines.write(line, urgent=urgent)


class _Adopter(logging.Handler):
    """A handler of Python's own logging that hands on to ours."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; without local variables, which hold requests."""
        level = logging.ERROR if record.levelno >= logging.ERROR else logging.WARNING
        self._log.log(
            level,
            "library",
            logger=record.name,
            message=record.getMessage(),
            exc_info=record.exc_info,
        )
