"""What polls go by."""

from datetime import timedelta

import pytest

from router.dispatch.latency import Latencies
from router.dispatch.pacing import Pacing
from router.ledger.views import TimedRow
from router.model.job import Resolution
from router.upstream.polling import ANYTHING
from tests.fakes import EPOCH, FakeClock, a_job
from tests.policy_files import PRICES, a_policy

TERMS = "{provider: shortapi, source: documents, rates: {status: 140 per 10s}}"


def test_polls_go_by_what_is_learnt_and_by_what_a_provider_bears() -> None:
    """By the price book in force; one that is no longer in it is asked as any."""
    prices = PRICES.replace("{provider: shortapi, source: documents}", TERMS)
    policy = a_policy(prices=prices)
    pacing = Pacing(FakeClock(), Latencies(), lambda: policy)

    assert pacing.ready("shortapi", "slug", Resolution.ONE_K) == ANYTHING
    assert pacing.polls_per_s_max("shortapi") == 7
    assert pacing.polls_per_s_max("runpod") == 50
    assert pacing.polls_per_s_max("former") == 50


def test_how_long_an_edit_takes_is_what_is_known_of_its_offer() -> None:
    """Stated at first, then learnt, at its resolution there; else nothing is known."""
    stated = PRICES.replace("images_max: 3", "images_max: 3\n    latency: {p50: 6s, p95: 15s}")
    latencies = Latencies()
    policy = a_policy(prices=stated)
    pacing = Pacing(FakeClock(), latencies, lambda: policy)
    job = a_job()

    assert pacing.expected_s("shortapi", job) == 7.007
    assert pacing.expected_s("runpod", job) is None
    assert pacing.expected_s("former", job) is None

    slow = TimedRow(
        provider="runpod",
        slug="google-nano-banana-2-edit",
        resolution=Resolution.ONE_K,
        outcome="delivered",
        dispatched_at=EPOCH - timedelta(seconds=40),
        accepted_at=None,
        ended_at=EPOCH,
        queue_s=None,
        execution_s=None,
    )
    latencies.seed([slow] * 30)

    assert pacing.expected_s("runpod", job) == pytest.approx(40.0, rel=0.05)
    assert pacing.expected_s("runpod", a_job(resolution=Resolution.TWO_K)) is None
