"""What is told of edits that draw a lot, so that a quote promises no more than it can."""

from typing import Any

from router.model.ids import JobId
from router.model.latency import Latency
from router.model.offer import Offer, ProviderState
from router.policy.choose import choose
from router.policy.lots import Shares, by_lot
from tests.fakes import a_job, an_offer
from tests.ledger_kit import usd
from tests.policy_files import a_policy

WEIGHTS: dict[str, Any] = {"prefer": {"weights": {"runpod": "1", "shortapi": "4", "third": "15"}}}
EXPLORES: dict[str, Any] = {"latency_max": {"p95": "30s"}, "explore": "5%"}
SLOW = {"stated": (8.0, 20.0), "latency": Latency.stated(40.0, 70.0)}
CHEAP = an_offer(price=usd("0.04"), **SLOW)
DEAR = an_offer(price=usd("0.0875"), provider="runpod", latency=Latency.stated(7.0, 18.0))


def shares(*offers: Offer, **policy: Any) -> Shares | None:
    """What of such jobs goes where."""
    return by_lot(a_policy(**policy), a_job(), offers, {})


def test_without_a_lot_there_is_nothing_to_tell() -> None:
    """All go where this one goes; so they do when only one can serve, or nobody."""
    assert shares(CHEAP, DEAR) is None
    assert shares(DEAR, **WEIGHTS) is None
    assert shares(**WEIGHTS) is None
    assert shares(DEAR, **EXPLORES) is None


def test_weights_share_out_among_those_that_can_serve() -> None:
    """The heaviest first; who is set aside, or not there, leaves its share to the others."""
    third = an_offer(price=usd("0.06"), provider="third", state=ProviderState.EJECTED)

    assert shares(CHEAP, DEAR, third, **WEIGHTS) == {"shortapi": 80.0, "runpod": 20.0}
    assert list(shares(DEAR, CHEAP, **WEIGHTS) or ()) == ["shortapi", "runpod"]


def test_as_the_last_resort_the_fastest_is_taken_without_a_lot() -> None:
    """However heavy the others are."""
    fastest = {"latency_max": {"p95": "5s", "otherwise": "fastest"}}

    assert shares(CHEAP, DEAR, **WEIGHTS, **fastest) is None


def test_some_go_to_see() -> None:
    """The others go where it is quick; or to nobody, where nobody is."""
    assert shares(CHEAP, DEAR, **EXPLORES) == {"runpod": 95.0, "shortapi": 5.0}
    assert shares(CHEAP, **EXPLORES) == {"shortapi": 5.0}


def test_shares_are_those_of_many_jobs() -> None:
    """Four thousand choices, within three standard deviations of what was told."""
    for policy in (a_policy(**WEIGHTS), a_policy(**EXPLORES)):
        told = by_lot(policy, a_job(), [CHEAP, DEAR], {})
        assert told is not None
        plans = [
            choose(policy, a_job(id=JobId(f"job {number}")), [CHEAP, DEAR])
            for number in range(4000)
        ]
        share = told["shortapi"] / 100
        first = sum(plan.offers[0].provider == "shortapi" for plan in plans)
        assert abs(first - 4000 * share) < 3 * (4000 * share * (1 - share)) ** 0.5
