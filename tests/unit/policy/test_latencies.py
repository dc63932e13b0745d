import pytest

from router.model.latency import Latency
from router.model.money import Money
from router.policy.latencies import LatencyMax, Otherwise, latency_of, read_latency_max, read_stated
from router.policy.policy import Policy
from router.policy.prices import PriceBook
from tests.fakes import an_offer
from tests.policy_files import PRICES, a_policy

OFFER = an_offer(price=Money.parse("0.04"))


def test_a_limit_is_read_with_what_it_does_not_say() -> None:
    """Over an hour, and nobody where nobody is quick enough."""
    assert read_latency_max({"p95": "20s"}) == LatencyMax(percentile=95, limit_s=20.0)
    assert read_latency_max({"over": "7d", "p50": "2m", "otherwise": "fastest"}) == LatencyMax(
        percentile=50, limit_s=120.0, window_s=604_800.0, otherwise=Otherwise.FASTEST
    )


def test_what_was_read_is_read_again_as_it_is() -> None:
    """A value of ours is taken for itself."""
    most = LatencyMax(percentile=99, limit_s=9.0)

    assert read_latency_max(most) is most
    assert read_stated((6.0, 15.0)) == (6.0, 15.0)


@pytest.mark.parametrize("value", [None, "20s", {}, {"over": "1h"}, {"p95": "1s", "p99": "2s"}])
def test_a_limit_is_one_percentile(value: object) -> None:
    """Not none, and not two."""
    with pytest.raises(ValueError, match="write a percentile and its limit"):
        read_latency_max(value)


def test_the_limit_itself_is_quick_enough() -> None:
    """A tenth of a second more is not, and is told with both figures."""
    found = latency_of((6.0, 15.0))
    just = LatencyMax(percentile=95, limit_s=found.at(95))
    below = LatencyMax(percentile=95, limit_s=14.0)
    offer = an_offer(price=Money.parse("0.04"), latency=found)

    assert just.objection(offer, "policy") is None
    assert just.kept(offer) == "within 15 s (95 of 100 jobs: 15.0 s)"
    assert below.objection(offer, "rule") == (
        "is too slow: 95 of 100 jobs take up to 15.0 s, above this rule's maximum of 14 s"
    )


def test_who_is_not_known_is_not_taken_for_quick() -> None:
    """What nobody knows is not zero."""
    most = LatencyMax(percentile=95, limit_s=20.0)

    assert most.seconds(OFFER) is None
    assert most.objection(OFFER, "policy") == (
        "is too slow: nothing is known that would be within this policy's maximum of 20 s"
    )


def test_each_window_is_asked_for_itself() -> None:
    """The limit looks back as far as it says, and no further."""
    latency = Latency(percentiles_s=tuple((n, n, n, n, n) for n in (90.0, 9, 9, 9, 9)), mean_s=9.0)
    offer = an_offer(price=Money.parse("0.04"), latency=latency)

    assert LatencyMax(percentile=75, limit_s=20.0).objection(offer, "policy") is None
    quarter = LatencyMax(percentile=75, limit_s=20.0, window_s=900.0)
    assert quarter.objection(offer, "policy") is not None


def test_an_offers_row_states_its_latency_until_it_is_known() -> None:
    """A row that states none leaves it unknown; the statement is dated as the row is."""
    stated = PRICES.replace("images_max: 3", "latency: {p50: 6s, p95: 15s}")
    rows = {row.provider: row.latency for row in _book(a_policy(prices=stated)).offers_listed}

    assert rows == {"shortapi": (6.0, 15.0), "runpod": None}


def _book(policy: Policy) -> PriceBook:
    return policy.prices
