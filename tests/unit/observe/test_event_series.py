"""What is counted up from events."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from router.model.job import AttemptState, Resolution
from router.model.offer import ProviderState
from router.observe.alert_events import ThresholdReached
from router.observe.event_series import EventSeries
from router.observe.events import (
    Alarm,
    CallbackRang,
    ClientTold,
    Committed,
    Event,
    FailedOver,
    OtherwiseQuoted,
    Overflowed,
    Overhead,
    Polled,
    ProviderChanged,
    QueueChanged,
    TookTurn,
)
from tests.fakes import EPOCH, FakeClock
from tests.ledger_kit import usd
from tests.observe_kit import JOB, PROVIDERS, Series, a_settlement, one_of_each, series, value

REACHED = ThresholdReached(
    budget="daily",
    scope="tenant:acme",
    percent=80,
    charged=usd("4.01"),
    limit=usd("5.00"),
    window_end=EPOCH,
)


def counted(*events: Event, names_max: int = 200) -> Series:
    """What a scrape says after some events."""
    registry = CollectorRegistry()
    observer = EventSeries(FakeClock(), registry, providers=PROVIDERS, names_max=names_max)
    for event in events:
        observer.tell(event)
    return series(generate_latest(registry))


def test_an_attempt_counts_by_its_outcome() -> None:
    """In doubt first, and again once its end is known; but to presume is to learn nothing."""
    found = counted(
        a_settlement(money=AttemptState.IN_DOUBT, outcome="provider_in_doubt"),
        a_settlement(money=AttemptState.POSTED_PRESUMED, outcome="provider_in_doubt"),
        a_settlement(money=AttemptState.POSTED),
        a_settlement(money=AttemptState.POSTED, resolution=Resolution.FOUR_K),
    )
    expected = [("1k", "provider_in_doubt", 1), ("1k", "delivered", 1), ("4k", "delivered", 1)]

    for resolution, outcome, count in expected:
        labels = {"provider": "shortapi", "resolution": resolution, "outcome": outcome}
        assert value(found, "farebox_attempts_total", **labels) == count


def test_another_price_than_the_pinned_one_is_counted_when_it_is_named() -> None:
    """Each attempt; nothing is charged yet, so no money is."""
    found = counted(*[OtherwiseQuoted(provider="shortapi")] * 3)

    assert value(found, "farebox_other_quotes_total", provider="shortapi") == 3


def test_only_what_was_delivered_is_timed() -> None:
    """A provider that refuses at once is not fast."""
    found = counted(
        a_settlement(seconds=6.25),
        a_settlement(seconds=250.0),
        a_settlement(seconds=0.01, outcome="provider_refused", money=AttemptState.VOIDED),
    )
    labels = {"provider": "shortapi", "resolution": "1k"}
    name = "farebox_attempt_duration_seconds"

    assert value(found, f"{name}_count", **labels) == 2
    assert value(found, f"{name}_sum", **labels) == 256.25
    assert value(found, f"{name}_bucket", **labels, le="5.0") == 0
    assert value(found, f"{name}_bucket", **labels, le="240.0") == 1
    assert value(found, f"{name}_bucket", **labels, le="300.0") == 2


def test_the_providers_queue_is_timed_where_it_tells() -> None:
    """Runpod says how long a job waited; ShortAPI does not."""
    found = counted(a_settlement(queue_s=None), a_settlement(provider="runpod", queue_s=2.5))

    assert value(found, "farebox_provider_queue_seconds_sum", provider="runpod") == 2.5
    assert value(found, "farebox_provider_queue_seconds_count", provider="shortapi") is None


def test_a_provider_is_in_exactly_one_state() -> None:
    """Serving until told otherwise."""
    found = counted(
        ProviderChanged(provider="runpod", state=ProviderState.PROBING, reason="it has rested"),
        ProviderChanged(provider="runpod", state=ProviderState.EJECTED, reason="three failures"),
    )
    states = {
        provider: [
            state.value
            for state in ProviderState
            if value(found, "farebox_provider_state", provider=provider, state=state.value) == 1
        ]
        for provider in PROVIDERS
    }

    assert states == {"shortapi": ["serving"], "runpod": ["ejected"]}
    assert sum(name == "farebox_provider_state" for name, _ in found) == 6


def test_the_rest_is_counted_by_what_it_is() -> None:
    """Failovers, polls, callbacks, alarms, commits and our own time."""
    over = FailedOver(
        job_id=JOB, source="shortapi", target="runpod", reason="provider_failed",
        may_pay_twice=False,
    )  # fmt: skip
    found = counted(
        over,
        over,
        Polled(provider="runpod"),
        CallbackRang(provider="shortapi", verdict="evidence"),
        ClientTold(
            job_id=JOB, tenant="acme", dialect="native", verdict="gone", tries=2, status=410
        ),
        Alarm(what="crashed", detail="a task"),
        REACHED,
        Committed(seconds=0.003, commands=7),
        Overhead(seconds=0.0015),
    )
    reason = {"from": "shortapi", "to": "runpod", "reason": "provider_failed"}
    verdict = {"provider": "shortapi", "verdict": "evidence"}

    assert value(found, "farebox_failovers_total", **reason) == 2
    assert value(found, "farebox_polls_total", provider="runpod") == 1
    assert value(found, "farebox_polls_total", provider="shortapi") == 0
    assert value(found, "farebox_callbacks_total", **verdict) == 1
    assert value(found, "farebox_client_callbacks_total", verdict="gone") == 1
    assert value(found, "farebox_client_callbacks_total", verdict="delivered") == 0
    assert value(found, "farebox_alarms_total", what="crashed") == 1
    assert (
        value(
            found, "farebox_budget_thresholds_total", budget="daily", basis="actual", percent="80"
        )
        == 1
    )
    assert value(found, "farebox_ledger_commit_seconds_sum") == 0.003
    assert value(found, "farebox_ledger_batch_size_sum") == 7
    assert value(found, "farebox_overhead_seconds_sum") == 0.0015


def test_a_series_is_there_before_its_first_event() -> None:
    """Prometheus does not see a counter's first step if the series begins with it."""
    found = counted()

    for provider in PROVIDERS:
        for resolution in Resolution:
            labels = {"provider": provider, "resolution": resolution.value}
            assert value(found, "farebox_attempts_total", **labels, outcome="delivered") == 0


@pytest.mark.parametrize("names_max", [5])
def test_a_flood_of_names_is_one_series(names_max: int) -> None:
    """Past the cap they are counted together, and none is lost."""
    found = counted(
        *(Alarm(what=f"alarm-{number}", detail="") for number in range(40)), names_max=names_max
    )
    alarms = {key: count for key, count in found.items() if key[0] == "farebox_alarms_total"}

    assert len(alarms) == names_max + 1
    assert sum(alarms.values()) == 40
    assert value(found, "farebox_alarms_total", what="other") == 35


def test_any_event_can_be_told() -> None:
    """An observer never raises."""
    assert counted(*one_of_each("shortapi"))


def test_what_waits_is_shown() -> None:
    """How long calls waited for their turn, how many creates wait, and how many jobs did not."""
    found = counted(
        TookTurn(provider="runpod", operation="status", seconds=0.75),
        QueueChanged(provider="runpod", waiting=7),
        QueueChanged(provider="runpod", waiting=6),
        Overflowed(),
        Overflowed(),
    )

    waits = "farebox_limit_wait_seconds_sum"
    assert value(found, waits, provider="runpod", operation="status") == 0.75
    assert value(found, waits, provider="shortapi", operation="create") == 0
    assert value(found, "farebox_queue_length", provider="runpod") == 6
    assert value(found, "farebox_queue_length", provider="shortapi") == 0
    assert value(found, "farebox_overloaded_total") == 2
