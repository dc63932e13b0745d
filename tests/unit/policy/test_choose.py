from dataclasses import replace

import pytest

from router.model.ids import JobId
from router.model.latency import Latency
from router.model.money import Money
from router.model.offer import Plan, ProviderState
from router.policy.choose import choose
from tests.fakes import a_job, an_offer
from tests.policy_files import a_policy
from tests.policy_stages import standing

SHORTAPI = an_offer(price=Money.parse("0.04"))
RUNPOD = an_offer(price=Money.parse("0.0875"), provider="runpod")
THIRD = an_offer(price=Money.parse("0.06"), provider="third")
EJECTED = ProviderState.EJECTED


def tell(plan: Plan) -> list[str]:
    """The providers that will be tried, then each candidate and what became of it."""
    candidates = plan.decision.candidates
    return [
        " ".join(offer.provider for offer in plan.offers),
        *(f"{each.provider} {each.price}: {each.verdict}" for each in candidates),
    ]


def test_the_cheapest_comes_first() -> None:
    """By price, then as many more as the policy tries."""
    plan = choose(a_policy(), a_job(), [RUNPOD, SHORTAPI, THIRD])

    assert tell(plan) == [
        "shortapi third",
        "shortapi 0.04: chosen by lowest price",
        "third 0.06: next if shortapi does not deliver; $0.02 dearer than shortapi",
        (
            "runpod 0.0875: not used: a job is tried at 2 providers at most; "
            "$0.0475 dearer than shortapi"
        ),
    ]


def test_a_fixed_order_is_kept_whatever_the_price() -> None:
    """Who is not named is not used."""
    policy = a_policy(prefer={"order": ["runpod", "shortapi"]})

    assert tell(choose(policy, a_job(), [SHORTAPI, THIRD, RUNPOD])) == [
        "runpod shortapi",
        "runpod 0.0875: chosen by fixed order",
        "shortapi 0.04: next if runpod does not deliver; $0.0475 cheaper than runpod",
        "third 0.06: is not in this policy's order",
    ]


def test_the_name_decides_between_equal_prices() -> None:
    """The same offers give the same plan, always."""
    twin = replace(RUNPOD, price=SHORTAPI.price)

    assert tell(choose(a_policy(), a_job(), [SHORTAPI, twin])) == [
        "runpod shortapi",
        "runpod 0.04: chosen by lowest price",
        "shortapi 0.04: next if runpod does not deliver; the same price as runpod",
    ]


def test_an_obstacle_disqualifies_and_is_the_reason() -> None:
    """What cannot serve is not tried, not even last."""
    stuck = replace(SHORTAPI, obstacle="has no price for 4k")

    assert tell(choose(a_policy(), a_job(), [stuck, RUNPOD])) == [
        "runpod",
        "runpod 0.0875: chosen by lowest price",
        "shortapi 0.04: has no price for 4k",
    ]


def test_a_job_is_not_sent_above_its_own_maximum() -> None:
    """The maximum itself is still allowed."""
    plan = choose(a_policy(), a_job(price_max=Money.parse("0.06")), [RUNPOD, THIRD])

    assert tell(plan) == [
        "third",
        "third 0.06: chosen by lowest price",
        "runpod 0.0875: costs $0.0875, above this job's maximum of $0.06",
    ]


def test_a_job_is_not_sent_above_the_policys_maximum() -> None:
    """The maximum itself is still allowed."""
    plan = choose(a_policy(price_max="$0.06"), a_job(), [RUNPOD, THIRD])

    assert tell(plan) == [
        "third",
        "third 0.06: chosen by lowest price",
        "runpod 0.0875: costs $0.0875, above this policy's maximum of $0.06",
    ]


def test_without_any_maximum_the_price_is_no_obstacle() -> None:
    """A policy need not name one."""
    plan = choose(a_policy(price_max=None), a_job(), [replace(RUNPOD, price=Money.parse("99"))])

    assert tell(plan) == ["runpod", "runpod 99.00: chosen by lowest price"]


def test_an_ejected_provider_is_passed_over() -> None:
    """While somebody else can serve the job, it is not even second."""
    plan = choose(a_policy(), a_job(), [replace(SHORTAPI, state=EJECTED), RUNPOD])

    assert tell(plan) == [
        "runpod",
        "runpod 0.0875: chosen by lowest price",
        "shortapi 0.04: is set aside after failures",
    ]


def test_the_last_provider_is_never_ejected() -> None:
    """When all that qualify were ejected, they are used, in the usual order."""
    offers = [
        replace(RUNPOD, state=EJECTED),
        replace(THIRD, state=EJECTED),
        replace(SHORTAPI, obstacle="has no credit left"),
    ]

    assert tell(choose(a_policy(), a_job(), offers)) == [
        "third runpod",
        "third 0.06: chosen by lowest price, in spite of failures: nobody else can serve this",
        "runpod 0.0875: next if third does not deliver; $0.0275 dearer than third",
        "shortapi 0.04: has no credit left",
    ]


def test_a_probing_provider_is_an_ordinary_one() -> None:
    """It is probed with a real job."""
    plan = choose(a_policy(), a_job(), [replace(SHORTAPI, state=ProviderState.PROBING), RUNPOD])

    assert tell(plan)[0] == "shortapi runpod"


def test_what_was_tried_counts_and_is_not_tried_again() -> None:
    """A job is sent to as many providers as the policy says, the earlier ones included."""
    plan = choose(a_policy(), a_job(), [SHORTAPI, RUNPOD, THIRD], tried=frozenset({"shortapi"}))

    assert tell(plan) == [
        "third",
        "third 0.06: chosen by lowest price",
        "runpod 0.0875: not used: a job is tried at 2 providers at most; $0.0275 dearer than third",
        "shortapi 0.04: was tried for this job already",
    ]


def test_nobody_is_left_when_enough_were_tried() -> None:
    """More tried than the policy now allows is not less than none."""
    policy = a_policy(failover={"providers_max": "1"})

    plan = choose(policy, a_job(), [SHORTAPI], tried=frozenset({"runpod", "third"}))

    assert tell(plan) == ["", "shortapi 0.04: not used: a job is tried at 1 provider at most"]


def test_nobody_at_all_is_an_empty_plan() -> None:
    """No offers, no candidates, and still a decision."""
    assert tell(choose(a_policy(), a_job(), [])) == [""]


def test_the_decision_names_policy_and_rule() -> None:
    """A stored decision says under which policy it was made."""
    decision = choose(a_policy(), a_job(), [SHORTAPI]).decision

    assert (decision.policy, decision.policy_hash, decision.rule) == ("thrift", "", "lowest price")


def test_two_offers_of_one_provider_are_our_own_bug() -> None:
    """The survey makes one offer per provider."""
    with pytest.raises(AssertionError):
        choose(a_policy(), a_job(), [SHORTAPI, replace(SHORTAPI, slug="other")])


def test_a_rule_of_the_policy_decides_for_its_jobs() -> None:
    """The decision is called by the rule, the verdict by what it prefers."""
    rule = {"name": "ads", "when": {"tag": {"team": "ads"}}, "prefer": {"order": ["runpod"]}}
    policy = a_policy(rules=[{**rule, "price_max": "$0.08"}, {**rule, "name": "b", "when": BEE}])

    refused = choose(policy, a_job(tags=(("team", "ads"),)), [SHORTAPI, RUNPOD])
    bee = choose(policy, a_job(tenant="bee"), [SHORTAPI, RUNPOD])

    assert (refused.decision.rule, tell(refused)) == (
        "ads",
        [
            "",
            "runpod 0.0875: costs $0.0875, above this rule's maximum of $0.08",
            "shortapi 0.04: is not in this policy's order",
        ],
    )
    assert (bee.decision.rule, tell(bee)[:2]) == (
        "b",
        ["runpod", "runpod 0.0875: chosen by fixed order"],
    )


BEE = {"tenant": "bee"}


def test_a_stage_that_halts_is_every_offers_reason() -> None:
    """But for those that could not have served the job anyway."""
    policy = a_policy(stages=[{"when": "10% of monthly is used", "stop": "true"}])

    plan = choose(
        policy,
        a_job(),
        [SHORTAPI, replace(RUNPOD, obstacle="cannot")],
        standing=standing(policy, monthly="7.20"),
    )

    assert tell(plan) == [
        "",
        "runpod 0.0875: cannot",
        ("shortapi 0.04: is not asked: 10% of monthly is used, and nothing is bought from then on"),
    ]


def test_weights_are_told_with_the_draw() -> None:
    """The same job draws the same, whoever asks and in whatever order the offers come."""
    policy = a_policy(prefer={"weights": {"shortapi": "3", "runpod": "1"}})
    twin = replace(SHORTAPI, state=EJECTED), replace(RUNPOD, state=EJECTED)

    first = choose(policy, a_job(id=JobId("j-1")), [SHORTAPI, RUNPOD, THIRD])

    assert tell(first) == [
        "shortapi runpod",
        "shortapi 0.04: chosen by weights (weight 3 of 4, drawn by the job's id)",
        (
            "runpod 0.0875: next if shortapi does not deliver (weight 1 of 4, drawn by the job's "
            "id); $0.0475 dearer than shortapi"
        ),
        "third 0.06: has no weight in this policy",
    ]
    assert choose(policy, a_job(id=JobId("j-1")), [THIRD, RUNPOD, SHORTAPI]) == first
    assert tell(choose(policy, a_job(id=JobId("j-1")), twin))[1] == (
        "shortapi 0.04: chosen by weights (weight 3 of 4, drawn by the job's id), in spite of "
        "failures: nobody else can serve this"
    )


def test_weights_come_out_over_many_jobs() -> None:
    """Four thousand jobs draw as often as the weights say, within three standard deviations."""
    policy = a_policy(prefer={"weights": {"shortapi": "3", "runpod": "1"}})

    plans = [
        choose(policy, a_job(id=JobId(f"job {number}")), [SHORTAPI, RUNPOD])
        for number in range(4000)
    ]

    first = sum(plan.offers[0].provider == "shortapi" for plan in plans)
    assert abs(first - 3000) < 3 * (4000 * 0.75 * 0.25) ** 0.5


QUICK, SLOW = Latency.stated(6.0, 15.0), Latency.stated(12.0, 40.0)
WITHIN = {"p95": "20s"}


def test_the_cheapest_that_is_quick_enough_comes_first() -> None:
    """And who is too slow is told by how much, however cheap."""
    offers = [replace(SHORTAPI, latency=SLOW), replace(RUNPOD, latency=QUICK), THIRD]

    assert tell(choose(a_policy(latency_max=WITHIN), a_job(), offers)) == [
        "runpod",
        "runpod 0.0875: chosen by lowest price, within 20 s (95 of 100 jobs: 15.0 s)",
        (
            "shortapi 0.04: is too slow: 95 of 100 jobs take up to 40.0 s, "
            "above this policy's maximum of 20 s"
        ),
        (
            "third 0.06: is too slow: nothing is known that would be within this policy's maximum "
            "of 20 s"
        ),
    ]


def test_when_nobody_is_quick_enough_nobody_is_asked() -> None:
    """Unless the policy says that the fastest is, in the order of how slow they are."""
    offers = [replace(SHORTAPI, latency=Latency.stated(12.0, 50.0)), replace(RUNPOD, latency=SLOW)]
    fastest = {**WITHIN, "otherwise": "fastest"}

    refused = choose(a_policy(latency_max=WITHIN), a_job(), offers)
    served = choose(a_policy(latency_max=fastest), a_job(), [*offers, THIRD])

    assert refused.offers == ()
    assert tell(served) == [
        "runpod shortapi",
        (
            "runpod 0.0875: chosen as the fastest, because nobody is quick enough: 95 of 100 jobs "
            "take up to 40.0 s, above this policy's maximum of 20 s"
        ),
        "shortapi 0.04: next if runpod does not deliver; $0.0475 cheaper than runpod",
        (
            "third 0.06: not used: a job is tried at 2 providers at most; $0.0275 cheaper than "
            "runpod"
        ),
    ]


@pytest.mark.parametrize(
    ("otherwise", "states", "served"),
    [
        ("fastest", ("serving", "serving"), "shortapi"),
        ("fastest", ("ejected", "serving"), "runpod"),
        ("fastest", ("ejected", "ejected"), "shortapi"),
        ("nobody", ("ejected", "serving"), "shortapi"),
    ],
)
def test_rather_slow_than_ejected_where_the_fastest_will_do(
    otherwise: str, states: tuple[str, str], served: str
) -> None:
    """ShortAPI is quick enough, Runpod is not; each as healthy as it is."""
    shortapi, runpod = (ProviderState(state) for state in states)
    offers = [
        replace(SHORTAPI, latency=QUICK, state=shortapi),
        replace(RUNPOD, latency=SLOW, state=runpod),
    ]
    policy = a_policy(latency_max={**WITHIN, "otherwise": otherwise})

    assert choose(policy, a_job(), offers).offers[0].provider == served


def test_the_slow_are_used_in_spite_of_failures_when_nobody_else_is_left() -> None:
    """The last provider is never ejected, nor the last that is too slow."""
    policy = a_policy(latency_max={**WITHIN, "otherwise": "fastest"})
    plan = choose(policy, a_job(), [replace(RUNPOD, latency=SLOW, state=EJECTED)])

    assert [offer.provider for offer in plan.offers] == ["runpod"]
    assert "chosen as the fastest" in plan.decision.candidates[0].verdict


def test_a_rule_has_a_limit_of_its_own() -> None:
    """Instead of the policy's, and told as the rule's; it may be slower."""
    rule = {"name": "b", "when": BEE, "latency_max": {"p95": "30s"}}
    policy = a_policy(latency_max={"p95": "50s"}, rules=[rule])
    offers = [replace(SHORTAPI, latency=SLOW), replace(RUNPOD, latency=QUICK)]

    assert choose(policy, a_job(), offers).offers[0].provider == "shortapi"
    assert tell(choose(policy, a_job(tenant="bee"), offers))[2] == (
        "shortapi 0.04: is too slow: 95 of 100 jobs take up to 40.0 s, "
        "above this rule's maximum of 30 s"
    )


def test_the_lowest_latency_comes_first_whatever_it_costs() -> None:
    """By what is to be expected on average; whoever is not known comes last."""
    policy = a_policy(prefer="lowest_latency", failover={"providers_max": "3"})
    offers = [THIRD, replace(SHORTAPI, latency=SLOW), replace(RUNPOD, latency=QUICK)]

    assert tell(choose(policy, a_job(), offers)) == [
        "runpod shortapi third",
        "runpod 0.0875: chosen by lowest latency (7.0 s on average)",
        (
            "shortapi 0.04: next if runpod does not deliver (15.7 s on average); "
            "$0.0475 cheaper than runpod"
        ),
        (
            "third 0.06: next if shortapi does not deliver (how long it takes is not known); "
            "$0.0275 cheaper than runpod"
        ),
    ]


def test_a_balance_pays_for_seconds_and_failures() -> None:
    """What each offer counts as is told; nobody is billed by it."""
    policy = a_policy(prefer={"value_of_second": "$0.01", "failure_costs": "$0.30"})
    offers = [
        replace(SHORTAPI, latency=SLOW, failing=0.1),
        replace(RUNPOD, latency=QUICK, failing=0.02),
        replace(THIRD, failing=0.5),
    ]

    assert tell(choose(policy, a_job(), offers)) == [
        "runpod shortapi",
        (
            "runpod 0.0875: chosen by balance (counts as $0.1636: its price, 7.0 s at $0.01 and "
            "2.0% failing at $0.30)"
        ),
        (
            "shortapi 0.04: next if runpod does not deliver (counts as $0.2269: its price, "
            "15.7 s at $0.01 and 10.0% failing at $0.30); $0.0475 cheaper than runpod"
        ),
        (
            "third 0.06: not used: a job is tried at 2 providers at most "
            "(how long it takes is not known); $0.0275 cheaper than runpod"
        ),
    ]


def test_expected_cost_is_the_price_and_what_failures_cost() -> None:
    """How long it takes is then nobody's concern, known or not."""
    policy = a_policy(prefer={"failure_costs": "$0.60"})
    offers = [replace(SHORTAPI, failing=0.1), replace(RUNPOD, failing=0.01, latency=SLOW)]

    assert tell(choose(policy, a_job(), offers))[1:] == [
        (
            "runpod 0.0875: chosen by expected cost (counts as $0.0935: its price, 1.0% failing at "
            "$0.60)"
        ),
        (
            "shortapi 0.04: next if runpod does not deliver (counts as $0.10: its price, "
            "10.0% failing at $0.60); $0.0475 cheaper than runpod"
        ),
    ]


def test_a_second_alone_may_be_worth_something() -> None:
    """Without failures, which are then not told of."""
    plan = choose(
        a_policy(prefer={"value_of_second": "$0.002"}), a_job(), [replace(RUNPOD, latency=QUICK)]
    )

    assert tell(plan)[1].endswith(
        "chosen by balance (counts as $0.1015: its price, 7.0 s at $0.002)"
    )
