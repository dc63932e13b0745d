"""What a person should look at, and when it was so last."""

import ast

from prometheus_client import CollectorRegistry, generate_latest

from router.observe.alert_events import AlertDelivered
from router.observe.events import Alarm
from router.observe.labels import Names
from router.observe.people_series import ALARMS, VERDICTS, PeopleSeries
from tests.fakes import EPOCH, FakeClock
from tests.observe_kit import PROVIDERS, value
from tests.observe_kit import series as parsed
from tests.processes import ROOT


def told(verdict: str) -> AlertDelivered:
    """Build what came of telling people of a budget."""
    return AlertDelivered(alert_id="a1", budget="daily", verdict=verdict, tries=3, status=410)


def test_it_is_known_when_something_was_last() -> None:
    """By the clock, the last time; at zero what was not since the start."""
    clock, registry = FakeClock(), CollectorRegistry()
    people = PeopleSeries(clock, registry, providers=Names(PROVIDERS))
    for event in (
        Alarm(what="crashed", detail="a task"),
        told("gone"),
        Alarm(what="crashed", detail="another"),
        Alarm(what="of-an-extension", detail=""),
    ):
        clock.advance(60.0)
        people.tell(event)
    found = parsed(generate_latest(registry))
    alarmed, delivered = (
        "farebox_alarm_timestamp_seconds",
        "farebox_alert_delivery_timestamp_seconds",
    )
    began_s = EPOCH.timestamp()

    assert value(found, alarmed, what="crashed") == began_s + 180
    assert value(found, alarmed, what="of-an-extension") == began_s + 240
    assert value(found, alarmed, what="price_changed") == 0
    assert value(found, delivered, verdict="gone") == began_s + 120
    assert value(found, delivered, verdict="given_up") == 0
    assert value(found, "farebox_alarms_total", what="crashed") == 2


def test_all_that_can_come_is_there_before_it_does() -> None:
    """So that a rule that looks for it finds something, also in a process that is well."""
    registry = CollectorRegistry()
    PeopleSeries(FakeClock(), registry, providers=Names(PROVIDERS))
    found = parsed(generate_latest(registry))

    for what in ALARMS:
        assert value(found, "farebox_alarm_timestamp_seconds", what=what) == 0
    for verdict in VERDICTS:
        assert value(found, "farebox_alert_delivery_timestamp_seconds", verdict=verdict) == 0
        assert value(found, "farebox_alert_deliveries_total", verdict=verdict) == 0


def test_every_alarm_that_is_raised_is_known() -> None:
    """What the code raises by name, and no other, has a series from the start."""
    raised = {
        what
        for path in sorted((ROOT / "router").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        for what in _alarm_of(node)
    }

    assert raised | {"offer_stopped"} == set(ALARMS)


def _alarm_of(call: ast.Call) -> list[str]:
    """The name of the alarm that a call raises, where it stands there."""
    called = ast.unparse(call.func).rpartition(".")[2]
    said = [one.value for one in call.keywords if one.arg == "what"] if called == "Alarm" else []
    if called in {"alarm", "_alarm"}:
        said = call.args[:1]
    return [str(one.value) for one in said if isinstance(one, ast.Constant)]
