import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from router.dispatch.requests import decision_text
from router.finance.backtest.digesting import KEPT_MAX, Digester, _Kept, is_the_same_decision
from router.finance.backtest.past import PastJob
from router.finance.backtest.scenarios import scenarios
from router.ledger.limit_rows import RaiseRow
from router.model.job import Resolution
from router.model.latency import Latency
from router.policy.evidence import Evidence, replay
from router.policy.exploring import explores
from tests.fakes import EPOCH, a_job, an_offer
from tests.ledger_kit import usd
from tests.past_jobs import a_past
from tests.policy_files import PRICES, a_policy

SHAPELESS = PRICES.replace("    aspect_ratio_required: true\n", "")
BUDGETS = [
    {"name": "own", "who": "each_tenant", "limit": "$0.90", "per": "day"},
    {"name": "there", "who": {"provider": "runpod"}, "limit": "$2.00", "per": "rolling 2 days"},
]
RULES = [
    {"name": "ads", "when": {"tag": {"team": "ads"}}, "prefer": {"order": ["runpod"]}},
    {"name": "zeta", "when": {"tenant": "zeta"}, "price_max": "$0.05"},
]
STAGES = [{"when": "50% of own is used", "price_max": "$0.07"}]
POLICY = a_policy(prices=SHAPELESS, budgets=BUDGETS, rules=RULES, stages=STAGES)
LOTS = a_policy(prices=SHAPELESS, prefer={"weights": {"shortapi": 50, "runpod": 50}})
EXPLORING = a_policy(
    prices=SHAPELESS.replace(
        "    verified: true", "    verified: true\n    latency: {p50: 5s, p95: 11s}"
    ),
    latency_max={"p95": "30s", "over": "1h", "otherwise": "fastest"},
    explore="10%",
)


def evidence(failing: float) -> Evidence:
    """What was seen: the cheaper was slower of late than is stated of it."""
    slow = an_offer(
        price=usd("0.04"), latency=Latency.stated(25.0, 61.0), stated=(5.0, 11.0), failing=failing
    )
    quick = an_offer(
        provider="runpod", price=usd("0.0875"), latency=Latency.stated(5.0, 9.0), stated=(5.0, 9.0)
    )
    return Evidence((slow, quick))


SEEN = [evidence(0.1), evidence(0.3)]
PAST = st.builds(
    lambda number, tenant, resolution, tags, price_max, seen, minutes: PastJob(
        job=a_job(
            id=f"job-{number}",
            tenant=tenant,
            resolution=resolution,
            tags=tags,
            price_max=price_max,
            created_at=EPOCH + timedelta(minutes=minutes),
        ),
        evidence=seen,
    ),
    st.integers(0, 40),
    st.sampled_from(["acme", "zeta"]),
    st.sampled_from(list(Resolution)),
    st.sampled_from([(), (("team", "ads"),)]),
    st.sampled_from([None, usd("0.05")]),
    st.sampled_from([None, *SEEN]),
    st.sampled_from([0, 1, 20, 70, 60 * 24 * 30]),
)


@settings(max_examples=30, deadline=None)
@given(jobs=st.lists(PAST, max_size=12), number=st.integers(0, 2))
def test_what_is_kept_of_a_job_changes_nothing_for_the_next(
    jobs: list[PastJob], number: int
) -> None:
    """Each digest is the same as if it were the first."""
    tested = scenarios((POLICY, LOTS, EXPLORING)[number])
    shared = Digester(tested)

    assert [shared.digest(one) for one in jobs] == [Digester(tested).digest(one) for one in jobs]


def test_a_digest_has_the_limits_at_each_provider() -> None:
    """And those that stages go by."""
    found = Digester(scenarios(POLICY)).digest(a_past())

    assert {name: [line.budget for line in lines] for name, lines in found.lines.items()} == {
        "runpod": ["own", "there"],
        "shortapi": ["own"],
    }
    assert found.staging["own"].scope == "tenant:acme"
    assert (found.tenant, found.resolution, found.is_same) == ("acme", "1k", None)


def test_raises_by_people_count_while_they_are_in_force() -> None:
    """For budgets of the same name; from its first instant on, within the same quarter too."""
    row = RaiseRow(
        id="r1",
        budget="own",
        amount=usd("0.25"),
        created_at=EPOCH + timedelta(minutes=3),
        until=EPOCH + timedelta(hours=1),
        who="ann",
        reason="launch",
    )
    digester = Digester(scenarios(POLICY), [row])

    allowed = [
        digester.digest(a_past(created_at=EPOCH + timedelta(minutes=n))).staging["own"].nanos
        for n in (0, 3, 59, 60)
    ]

    assert allowed == [900_000_000, 1_150_000_000, 1_150_000_000, 900_000_000]


def test_a_job_that_explores_is_chosen_for_by_itself() -> None:
    """Although all else about it is as of the job before; the others share their choice."""
    drawn = [f"job-{number}" for number in range(40) if explores(10, f"job-{number}")]
    digester = Digester(scenarios(EXPLORING))

    found = {
        name: digester.digest(replace(a_past(id=name), evidence=SEEN[0])).menus[0]
        for name in (f"job-{number}" for number in range(40))
    }

    assert 0 < len(drawn) < 40
    assert drawn == [
        name for name, menu in found.items() if menu.at(())[0].bids[0].provider == "shortapi"
    ]
    assert len({id(menu) for menu in found.values()}) == 2


def test_a_job_is_its_policys_own_where_that_decided_it() -> None:
    """By the policy's hash, and only where a decision is known."""
    past = decided()
    digester = Digester(scenarios(POLICY))

    assert digester.digest(past).is_own
    assert not digester.digest(replace(past, policy_hash="5eed")).is_own
    assert not digester.digest(replace(past, decision="")).is_own


def test_jobs_of_one_request_draw_one_lot() -> None:
    """As the router plans them; others draw each their own."""
    digester = Digester(scenarios(LOTS))

    def firsts(**fields: Any) -> set[str]:
        jobs = [a_past(id=f"job-{number}", **fields) for number in range(20)]
        return {digester.digest(one).menus[0].at(())[0].bids[0].provider for one in jobs}

    assert firsts() == {"runpod", "shortapi"}
    assert len(firsts(batch="job-0")) == 1


def decided(**fields: Any) -> PastJob:
    """A job with the decision that its policy made of it."""
    past = replace(a_past(**fields), evidence=SEEN[0], policy_hash=POLICY.hash)
    plan = replay(POLICY, past.planned, SEEN[0])
    return replace(past, decision=decision_text(plan.decision))


def test_a_decision_is_made_again() -> None:
    """And told apart from another, whatever it was that was shrunk before."""
    past = decided()
    document = json.loads(past.decision)
    shrunk = {**document, "downshifted": {"from": "2k", "to": "1k", "budget": "own"}}
    other = {**document, "rule": "another"}

    assert is_the_same_decision(POLICY, past) is True
    assert is_the_same_decision(POLICY, replace(past, decision=json.dumps(shrunk))) is True
    assert is_the_same_decision(POLICY, replace(past, decision=json.dumps(other))) is False
    assert is_the_same_decision(POLICY, replace(past, evidence=None)) is None
    assert is_the_same_decision(POLICY, replace(past, decision="")) is None


def test_other_policies_decisions_are_compared_where_it_is_asked_for() -> None:
    """Each under its own, which is looked up once."""
    asked: list[str] = []

    def former(policy_hash: str) -> object:
        asked.append(policy_hash)
        return POLICY if policy_hash == "5eed" else None

    past = replace(decided(), policy_hash="5eed")
    unknown = replace(past, policy_hash="gone")
    tested = scenarios(LOTS)

    assert Digester(tested).digest(past).is_same is None
    digester = Digester(tested, former=former)  # type: ignore[arg-type]  # It finds policies.
    assert [digester.digest(one).is_same for one in (past, past, unknown, unknown)] == [
        True, True, None, None,
    ]  # fmt: skip
    assert asked == ["5eed", "gone"]


def test_what_is_kept_does_not_grow_without_end() -> None:
    """It is forgotten all together."""
    kept = _Kept((number, number) for number in range(KEPT_MAX))

    assert kept.keep("one more", 7) == 7
    assert kept == {"one more": 7}
