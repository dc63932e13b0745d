"""Exploring: who goes to see, how often, and what is said of it."""

from typing import Any

import pytest
from pydantic import ValidationError

from router.model.ids import JobId
from router.model.latency import Latency
from router.model.offer import Offer, Plan, ProviderState
from router.policy.choose import choose
from router.policy.exploring import explores
from tests.fakes import a_job, an_offer
from tests.ledger_kit import usd
from tests.policy_files import a_policy

WITHIN: dict[str, Any] = {"latency_max": {"p95": "30s", "otherwise": "fastest"}, "explore": "5%"}
EXPLORER = JobId("job-14")
OTHER = JobId("job-1")


def cheap(**overrides: Any) -> Offer:
    """The offer that would win, had it not been slow of late."""
    slow: dict[str, Any] = {"stated": (8.0, 20.0), "latency": Latency.stated(40.0, 70.0)}
    return an_offer(**{"price": usd("0.04"), **slow, **overrides})


def dear(**overrides: Any) -> Offer:
    """The offer that wins instead."""
    quick: dict[str, Any] = {"stated": (7.0, 18.0), "latency": Latency.stated(7.0, 18.0)}
    return an_offer(**{"price": usd("0.0875"), "provider": "runpod", **quick, **overrides})


def planned(*offers: Offer, job: JobId = EXPLORER, **policy: Any) -> Plan:
    """Plan a job under a policy that explores."""
    return choose(a_policy(**{**WITHIN, **policy}), a_job(id=job), offers)


def providers(plan: Plan) -> list[str]:
    """Who is asked, in turn."""
    return [offer.provider for offer in plan.offers]


def test_so_many_of_the_jobs_explore_and_always_the_same() -> None:
    """The share is drawn by the job's id, and it is about what the policy says."""
    ids = [f"job-{number}" for number in range(20_000)]
    drawn = [explores(3, one) for one in ids]

    assert sum(drawn) / len(ids) == pytest.approx(0.03, abs=0.004)
    assert drawn == [explores(3, one) for one in ids]
    assert not any(explores(None, one) for one in ids[:200])
    assert explores(5, EXPLORER)
    assert not explores(5, OTHER)


def test_a_job_goes_to_see_whether_the_cheapest_is_still_slow() -> None:
    """It goes there first, and to whoever would have had it if that does not deliver."""
    plan = planned(cheap(), dear())

    assert providers(plan) == ["shortapi", "runpod"]
    first, second = plan.decision.candidates
    assert first.verdict == "chosen to see whether it is as quick again as its price book says"
    assert second.verdict.startswith("next if shortapi does not deliver")
    assert first.latency == Latency.stated(40.0, 70.0), "it is told as it is known"


def test_most_jobs_do_not() -> None:
    """A job that was not drawn goes where it is quick, and so do all without the policy's word."""
    assert providers(planned(cheap(), dear(), job=OTHER)) == ["runpod"]
    assert providers(planned(cheap(), dear(), explore=None)) == ["runpod"]


def test_jobs_of_one_request_are_drawn_together() -> None:
    """They are planned together, by the first one: each one's own choice comes out as that."""
    policy, offers = a_policy(**WITHIN), (cheap(), dear())

    with_explorer = choose(policy, a_job(id=OTHER, batch=EXPLORER), offers)
    with_other = choose(policy, a_job(id=EXPLORER, batch=OTHER), offers)

    assert providers(with_explorer) == ["shortapi", "runpod"]
    assert providers(with_other) == ["runpod"]


def test_where_nothing_was_learnt_against_it_nobody_explores() -> None:
    """While the best is the best by its price book too, a drawn job goes as all the others."""
    plan = planned(cheap(latency=Latency.stated(9.0, 21.0)), dear())

    assert providers(plan) == ["shortapi", "runpod"]
    assert plan.decision.candidates[0].verdict == (
        "chosen by lowest price, within 30 s (95 of 100 jobs: 21.0 s)"
    )


def test_who_was_quickest_is_tried_again_where_seconds_count() -> None:
    """The same holds for who lost its place for its seconds, without any limit."""
    plan = planned(cheap(), dear(), latency_max=None, prefer="lowest_latency")
    assert providers(plan) == ["runpod", "shortapi"]

    slow = dear(latency=Latency.stated(90.0, 95.0))
    plan = planned(cheap(), slow, latency_max=None, prefer="lowest_latency")
    assert providers(plan) == ["runpod", "shortapi"]
    assert "to see whether" in plan.decision.candidates[0].verdict
    assert "s on average" in plan.decision.candidates[0].verdict


@pytest.mark.parametrize(
    "change",
    [
        {"state": ProviderState.EJECTED},
        {"obstacle": "has no key configured"},
        {"stated": None},
        {"stated": (40.0, 70.0)},
        {"price": usd("0.60")},
    ],
)
def test_nobody_goes_to_see_what_would_not_do_anyway(change: dict[str, Any]) -> None:
    """Set aside, unable, too dear, slow by its price book, or unknown there: it is left alone."""
    assert providers(planned(cheap(**change), dear())) == ["runpod"]


def test_a_second_attempt_does_not_explore() -> None:
    """Who failed somewhere already is not sent to see."""
    policy = a_policy(**WITHIN, failover={"providers_max": 3})
    third = an_offer(
        price=usd("0.05"), provider="third", stated=(9.0, 19.0), latency=Latency.stated(9.0, 19.0)
    )
    plan = choose(policy, a_job(id=EXPLORER), [cheap(), dear(), third], tried=frozenset({"third"}))

    assert providers(plan) == ["runpod"]


def test_where_everybody_is_slow_somebody_is_asked_again() -> None:
    """A policy that refuses rather than be slow would else never hear of them again."""
    strict = {"p95": "30s"}
    slow = dear(stated=(41.0, 80.0), latency=Latency.stated(41.0, 80.0))

    assert providers(planned(cheap(), slow, latency_max=strict)) == ["shortapi"]
    assert providers(planned(cheap(), slow, latency_max=strict, job=OTHER)) == []
    assert providers(planned(slow, latency_max=strict)) == []
    assert providers(planned(slow)) == ["runpod"], "as the fastest, and not to see"


@pytest.mark.parametrize("said", ["0%", "11%", "3", "1.5%", 0, 11, True, 0.03, ["3%"]])
def test_a_share_is_a_whole_percentage_up_to_ten(said: object) -> None:
    """Anything else is refused, and the message says what to write."""
    with pytest.raises(ValidationError, match="from 1% to 10%"):
        a_policy(explore=said)


def test_a_share_is_read() -> None:
    """As a file says it, and as it was read."""
    assert a_policy(explore="10%").explore == 10
    assert a_policy(explore=3).explore == 3
    assert a_policy().explore is None
