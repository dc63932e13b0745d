"""What polls go by."""

from router.dispatch.latency import Latencies
from router.dispatch.pacing import Pacing
from router.model.job import Resolution
from router.upstream.polling import ANYTHING
from tests.fakes import FakeClock
from tests.policy_files import PRICES, a_policy

TERMS = "{provider: shortapi, source: documents, polls_per_second_max: 7}"


def test_polls_go_by_what_is_learnt_and_by_what_a_provider_bears() -> None:
    """By the price book in force; one that is no longer in it is asked as any."""
    prices = PRICES.replace("{provider: shortapi, source: documents}", TERMS)
    policy = a_policy(prices=prices)
    pacing = Pacing(FakeClock(), Latencies(), lambda: policy)

    assert pacing.ready("shortapi", "slug", Resolution.ONE_K) == ANYTHING
    assert pacing.polls_per_s_max("shortapi") == 7
    assert pacing.polls_per_s_max("runpod") == 50
    assert pacing.polls_per_s_max("former") == 50
