"""The log."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import pytest

from router.model.job import AttemptState
from router.model.offer import ProviderState
from router.observe.alert_events import ThresholdReached
from router.observe.events import (
    Alarm,
    CallbackRang,
    ClientTold,
    Committed,
    FailedOver,
    JobRefused,
    Overhead,
    PolicyRejected,
    Polled,
    ProviderChanged,
)
from router.observe.ledger_events import LedgerUpdate
from router.observe.logs import _FIELDS, EventLog, adopt_libraries, configure
from tests.fakes import EPOCH, FakeClock
from tests.ledger_kit import usd
from tests.observe_kit import ATTEMPT, EVENT_TYPES, JOB, a_settlement, one_of_each

CANARIES = {
    "a signed URL": ("https://images.example/a.png?X-Amz-Signature=CANARY-1", "CANARY-1"),
    "data": ("data:image/png;base64,CANARY2AAAA", "CANARY2AAAA"),
    "a provider's key": ("rpa_CANARY3XK2M9QW4E1R8T5", "CANARY3XK2M9QW4E1R8T5"),
    "a header": ("Authorization: Bearer CANARY-4", "CANARY-4"),
    "our own key": ("the key is velvet canary", "velvet canary"),
    "a prompt that an error quotes": ("input_value='CANARY six', input_type=str", "CANARY six"),
}


@dataclass
class Log:
    """A log to a stream in memory."""

    clock: FakeClock
    stream: io.StringIO
    style: Any = "json"

    def __post_init__(self) -> None:
        self.log, self.lines = configure(
            self.clock, self.style, self.stream, secrets=["velvet canary"]
        )
        self.events = EventLog(self.log)

    def text(self) -> str:
        """All that was written."""
        self.lines.flush()
        return self.stream.getvalue()

    def written(self) -> list[dict[str, Any]]:
        """Its lines as JSON."""
        return [json.loads(line) for line in self.text().splitlines()]


def fail(text: str) -> None:
    """Raise something that nobody expects."""
    raise ValueError(text)


REACHED = ThresholdReached(
    budget="daily",
    scope="tenant:acme",
    percent=80,
    charged=usd("4.01"),
    limit=usd("5.00"),
    window_end=EPOCH,
)


@pytest.fixture(name="log")
def _log() -> Log:
    return Log(FakeClock(), io.StringIO())


@pytest.fixture(name="adopted")
def _adopted(log: Log) -> Iterator[Log]:
    abandon = adopt_libraries(log.log)
    yield log
    abandon()


def test_a_line_says_when_how_grave_and_what(log: Log) -> None:
    """Then the event's fields, money as decimal text; what is absent is left out."""
    log.clock.advance(1.5)
    log.events.tell(a_settlement())

    (line,) = log.written()
    assert list(line)[:3] == ["ts", "level", "event"]
    assert line == {
        "ts": "2026-11-20T09:00:01.500000Z",
        "level": "info",
        "event": "attempt_settled",
        "attempt_id": ATTEMPT,
        "tenant": "acme",
        "provider": "shortapi",
        "model": "nano-banana-2-edit",
        "resolution": "1k",
        "outcome": "delivered",
        "money": "posted",
        "quoted": "0.04",
        "posted": "0.05",
        "seconds": 6.25,
        "queue_s": 1.5,
    }


def test_what_a_person_should_see_is_a_warning(log: Log) -> None:
    """Money in doubt or presumed, a second payment, an ejected provider, an alarm, a wait."""
    over: dict[str, Any] = {
        "job_id": JOB,
        "source": "shortapi",
        "target": "runpod",
        "reason": "provider_failed",
    }
    for event in (
        a_settlement(money=AttemptState.IN_DOUBT),
        a_settlement(money=AttemptState.POSTED_PRESUMED),
        a_settlement(money=AttemptState.VOIDED),
        FailedOver(**over, may_pay_twice=True),
        FailedOver(**over, may_pay_twice=False),
        ProviderChanged(provider="runpod", state=ProviderState.EJECTED, reason="three failures"),
        ProviderChanged(provider="runpod", state=ProviderState.SERVING, reason="it went well"),
        PolicyRejected(problems=1, detail="policy.yaml:4:1: no", in_force="5eed"),
        JobRefused(tenant="acme", budget="daily", scope="tenant:acme", asked=usd("0.0875")),
        REACHED,
        Alarm(what="crashed", detail="a task"),
        LedgerUpdate(steps=3, detail="it takes minutes"),
        LedgerUpdate(steps=0, detail="it is done"),
    ):
        log.events.tell(event)

    levels = [line["level"] for line in log.written()]
    assert levels == [
        *("warning", "warning", "info"),
        *("warning", "info"),
        *("warning", "info"),
        *("warning", "info", "warning", "warning"),
        *("warning", "info"),
    ]


@pytest.mark.parametrize(
    ("verdict", "level"),
    [
        *(("delivered", "info"), ("retried", "info")),
        *(("given_up", "warning"), ("gone", "warning"), ("refused", "warning")),
    ],
)
def test_a_client_that_is_told_no_more_is_a_warning(log: Log, verdict: str, level: str) -> None:
    """A person may want to have it told again; the job says whose it is."""
    log.events.tell(
        ClientTold(
            job_id=JOB, tenant="acme", dialect="native", verdict=verdict, tries=3, status=None
        )
    )

    (line,) = log.written()
    assert (line["level"], line["job_id"], line["tries"]) == (level, JOB, 3)


def test_a_threshold_says_how_much_of_what_and_until_when(log: Log) -> None:
    """Money and instants as everywhere."""
    log.events.tell(REACHED)

    (line,) = log.written()
    assert (line["percent"], line["charged"], line["limit"]) == (80, "4.01", "5.00")
    assert line["window_end"] == "2026-11-20T09:00:00.000000Z"


def test_what_is_too_much_is_left_to_the_metrics(log: Log) -> None:
    """Polls, commits and times; and a doorbell that anybody on the Internet can ring."""
    log.events.tell(Polled(provider="runpod"))
    log.events.tell(Committed(seconds=0.003, commands=7))
    log.events.tell(Overhead(seconds=0.002))
    log.events.tell(CallbackRang(provider="unknown", verdict="unknown"))
    assert log.text() == ""

    log.events.tell(CallbackRang(provider="shortapi", verdict="evidence"))
    assert len(log.written()) == 1


def test_every_field_that_is_logged_was_chosen() -> None:
    """A field that is added to an event is not in the log before somebody put it in this list."""
    left_out = {
        kind.name: {field.name for field in fields(kind)} - set(_FIELDS.get(kind, ()))
        for kind in EVENT_TYPES
    }

    assert {name: names for name, names in left_out.items() if names} == {
        "attempt_settled": {"job_id"},
        "otherwise_quoted": {"provider"},
        "polled": {"provider"},
        "took_turn": {"provider", "operation", "seconds"},
        "queue_changed": {"provider", "waiting"},
        "policy_reloaded": {"providers"},
        "committed": {"seconds", "commands"},
        "overhead": {"seconds"},
    }
    for kind, names in _FIELDS.items():
        assert set(names) <= {field.name for field in fields(kind)}


@pytest.mark.parametrize("style", ["json", "text"])
@pytest.mark.parametrize("what", CANARIES)
def test_no_secret_is_ever_logged(what: str, style: str) -> None:
    """Whichever field of whichever event it comes in, or an exception's text or a library's."""
    text, canary = CANARIES[what]
    log = Log(FakeClock(), io.StringIO(), style)
    for event in one_of_each(text):
        log.events.tell(event)
    try:
        fail(text)
    except ValueError:
        log.log.exception("unexpected", detail=text)
    abandon = adopt_libraries(log.log)
    logging.getLogger("library").warning("it said %s", text)
    abandon()

    assert "unexpected" in log.text()
    assert "library" in log.text()
    assert canary not in log.text()


def test_an_exception_shows_where_it_was_and_no_variables(log: Log) -> None:
    """Local variables hold requests: prompts and keys."""
    prompt = "make the sky green"
    try:
        fail(f"a bug of {len(prompt)}")
    except ValueError:
        log.log.exception("unexpected")

    (line,) = log.written()
    assert line["level"] == "error"
    assert "ValueError: a bug of 18" in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert prompt not in log.text()


def test_the_warnings_of_libraries_are_lines_of_this_log(adopted: Log) -> None:
    """With the library's name; what is no warning is not taken."""
    logging.getLogger("aiohttp.server").error("Error %s", "handling request")
    logging.getLogger("asyncio").warning("slow callback")
    logging.getLogger("aiohttp.access").info("GET /")

    assert [(line["level"], line["logger"], line["message"]) for line in adopted.written()] == [
        ("error", "aiohttp.server", "Error handling request"),
        ("warning", "asyncio", "slow callback"),
    ]


def test_at_a_terminal_a_line_is_for_people() -> None:
    """One line each, without colours where nobody sees them."""
    log = Log(FakeClock(), io.StringIO(), "text")
    log.events.tell(Alarm(what="crashed", detail="a\ntask\x1b[31m"))

    (line,) = log.text().splitlines()
    assert line.startswith("2026-11-20T09:00:00.000000Z [warning")
    assert "what=crashed" in line
    assert "\x1b" not in line


def test_two_logs_do_not_know_each_other(log: Log) -> None:
    """Nothing global is configured."""
    other = Log(FakeClock(), io.StringIO())
    log.events.tell(a_settlement())

    assert len(log.written()) == 1
    assert other.text() == ""
