from typing import Any

import pytest

from router.model.latency import Latency
from router.model.money import Money
from router.model.offer import Offer, ProviderState
from router.policy.choose import choose
from router.policy.verdicts import NO_ROOM, told
from tests.fakes import a_job, an_offer
from tests.policy_files import a_policy

OFFERS = (
    an_offer(price=Money.parse("0.04")),
    an_offer(price=Money.parse("0.0875"), provider="runpod"),
    an_offer(price=Money.parse("0.06"), provider="third"),
)


def verdicts(*offers: Offer, **no_room: str) -> list[str]:
    """What is told of each candidate, in order, when these budgets have no room."""
    policy = a_policy(failover={"providers_max": 3})
    decision = choose(policy, a_job(), offers).decision.shown
    found = told({**decision, NO_ROOM: no_room}, "5eed", whole=True)
    return [f"{one['provider']} {one['verdict']}" for one in found["candidates"]]


def test_with_room_for_the_first_the_verdicts_are_those_of_the_choice() -> None:
    """The budgets have said nothing."""
    assert verdicts(*OFFERS) == [
        "shortapi chosen by lowest price",
        "third next if shortapi does not deliver; $0.02 dearer than shortapi",
        "runpod next if third does not deliver; $0.0475 dearer than shortapi",
    ]


def test_the_first_that_budgets_have_room_for_is_the_winner() -> None:
    """Those before it were passed over, by whose want of room; those after it come after it."""
    assert verdicts(*OFFERS, shortapi="daily") == [
        "shortapi passed over: the budget 'daily' has no room for it",
        "third chosen: the next one that the budgets have room for; $0.02 dearer than shortapi",
        "runpod next if third does not deliver; $0.0475 dearer than shortapi",
    ]


def test_with_room_for_nobody_nobody_is_the_winner() -> None:
    """And who does not qualify keeps that for a reason."""
    stuck = an_offer(price=Money.parse("0.03"), provider="fourth", obstacle="is asleep")

    assert verdicts(*OFFERS, stuck, shortapi="daily", third="daily", runpod="ever") == [
        "shortapi passed over: the budget 'daily' has no room for it",
        "third passed over: the budget 'daily' has no room for it",
        "runpod passed over: the budget 'ever' has no room for it",
        "fourth is asleep",
    ]


def test_the_last_resort_is_told_without_what_it_is_compared_with() -> None:
    """Where there is nothing to compare, nothing stands after it."""
    decision: dict[str, Any] = {
        "policy": "p",
        "rule": "r",
        "candidates": [
            {"provider": "a", "verdict": "chosen"},
            {"provider": "b", "verdict": "next if a does not deliver"},
        ],
        NO_ROOM: {"a": "daily"},
    }

    found = told(decision, "5eed", whole=True)

    assert found["candidates"][1]["verdict"] == (
        "chosen: the next one that the budgets have room for"
    )
    assert (found["policy"], found["policy_hash"], found["rule"]) == ("p", "5eed", "r")


@pytest.mark.parametrize(
    ("whole", "failing", "p50_s", "samples"),
    [(True, 0.0213, 6.789, 41), (False, 0.02, 6.8, None)],
)
def test_what_is_learnt_of_everybody_is_told_exactly_to_who_sees_everybody(
    *, whole: bool, failing: float, p50_s: float, samples: int | None
) -> None:
    """To others in tenths and hundredths, and not from how many edits."""
    learnt = Latency(
        percentiles_s=((6.789,) * 5,) * 5, mean_s=7.123, samples=41, queue_s=None, execution_s=5.55
    )
    offer = an_offer(
        price=Money.parse("0.04"), latency=learnt, failing=0.0213, state=ProviderState.PROBING
    )
    decision = choose(a_policy(), a_job(), [offer]).decision.shown

    (one,) = told(decision, "5eed", whole=whole)["candidates"]

    latency = one["latency"]
    assert (one["failing"], one["state"]) == (failing, "probing")
    assert (latency["p50_s"], latency["queue_s"], latency["samples"]) == (p50_s, None, samples)


def test_what_is_only_stated_is_told_to_be() -> None:
    """The price book is no tenant's secret; and what an older version kept has less to tell."""
    stated = an_offer(price=Money.parse("0.04"), latency=Latency.stated(6.0, 15.0))
    decision = choose(a_policy(), a_job(), [stated]).decision.shown
    older = {**decision, "candidates": [{"provider": "a", "price": "0.04", "verdict": "chosen"}]}

    (one,) = told(decision, "5eed", whole=False)["candidates"]

    assert one["latency"]["samples"] == 0
    assert told(older, "5eed", whole=False)["candidates"] == older["candidates"]


def test_why_a_provider_is_set_aside_is_told_to_who_sees_all() -> None:
    """Neither the reason nor its verdict says to others what it is learnt from."""
    stuck = an_offer(price=Money.parse("0.04"), obstacle="is set aside: 3 in doubt in a row")
    decision = choose(a_policy(), a_job(), [stuck]).decision.shown
    decision["candidates"][0]["state_reason"] = "3 in doubt in a row"

    (seen,) = told(decision, "5eed", whole=True)["candidates"]
    (blurred,) = told(decision, "5eed", whole=False)["candidates"]

    assert (seen["verdict"], seen["state_reason"]) == (stuck.obstacle, "3 in doubt in a row")
    assert (blurred["verdict"], blurred["state_reason"]) == ("is set aside", None)
