from typing import Any

from router.model.latency import Latency
from router.model.money import Money
from router.policy.policy import Policy
from router.policy.preference import FixedOrder, LowestPrice
from router.policy.ruling import Ruling, ruling
from tests.fakes import a_job, an_offer
from tests.policy_files import a_policy
from tests.policy_stages import standing

RULES = [
    {
        "name": "ads",
        "when": {"tag": {"team": "ads"}},
        "prefer": {"order": ["runpod"]},
        "price_max": "$0.90",
    }
]
STAGES = [
    {"when": "50% of monthly is used", "prefer": "lowest_price"},
    {"when": "80% of monthly is used", "price_max": "$0.11"},
]
ADS = (("team", "ads"),)


def ruled(policy: Policy, dollars: str = "0", **job: Any) -> Ruling:
    """What applies to a job when so much of the monthly budget is used."""
    return ruling(policy, a_job(**job), standing(policy, monthly=dollars))


def maxima(found: Ruling) -> list[str]:
    """Every maximum with whose it is."""
    return [f"{whose} {most.usd}" for most, whose in found.price_maxima]


def test_without_rules_the_policy_is_called_by_its_preference() -> None:
    """As a decision shows it."""
    found = ruled(a_policy(), price_max=Money.parse("0.07"))

    assert (found.rule, found.prefer, found.halt) == ("lowest price", LowestPrice(), None)
    assert maxima(found) == ["job $0.07", "policy $0.50"]


def test_the_rule_that_wins_gives_its_name_and_its_own_maximum() -> None:
    """A rule may allow more than the policy; what no rule matches is called so."""
    policy = a_policy(rules=RULES)

    assert ruled(policy).rule == "otherwise"
    assert ruled(policy).prefer == LowestPrice()
    found = ruled(policy, tags=ADS)
    assert (found.rule, found.prefer) == ("ads", FixedOrder(("runpod",)))
    assert maxima(found) == ["rule $0.90"]


def test_a_rule_without_a_preference_keeps_the_policys() -> None:
    """What it does not name stays."""
    rules = [{"name": "slow", "when": {"tenant": "acme"}, "deadline": "150s"}]
    found = ruled(a_policy(rules=rules), tenant="acme")

    assert (found.rule, found.prefer, maxima(found)) == ("slow", LowestPrice(), ["policy $0.50"])


def test_stages_tighten_whatever_a_rule_says() -> None:
    """Their preference goes before the rule's, their maximum binds beside it."""
    found = ruled(a_policy(rules=RULES, stages=STAGES), "60", tags=ADS)

    assert found.rule == "ads; 50% of monthly is used; 80% of monthly is used"
    assert found.prefer == LowestPrice()
    assert maxima(found) == ["rule $0.90", "stage $0.11"]


def test_a_stage_without_a_preference_keeps_the_one_before() -> None:
    """Only what it names is changed."""
    found = ruled(a_policy(rules=RULES, stages=STAGES[1:]), "60", tags=ADS)

    assert found.prefer == FixedOrder(("runpod",))


def test_what_is_too_slow_is_not_the_cheapest() -> None:
    """Unless the fastest is taken all the same; without a limit nobody is slow."""
    slow = an_offer(price=Money.parse("0.04"), latency=Latency.stated(30.0, 60.0))
    quick = an_offer(
        price=Money.parse("0.0875"), provider="runpod", latency=Latency.stated(6.0, 15.0)
    )
    limit = {"p95": "20s"}

    def cheapest(latency_max: dict[str, str] | None) -> str:
        found = ruled(a_policy(latency_max=latency_max)).cheapest([slow, quick])
        return str(found)

    assert cheapest(None) == "0.04"
    assert cheapest(limit) == "0.0875"
    assert cheapest({**limit, "otherwise": "fastest"}) == "0.04"
