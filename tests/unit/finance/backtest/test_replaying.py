import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.finance.backtest.digesting import Digester
from router.finance.backtest.past import Happened, PastJob, Tried
from router.finance.backtest.replaying import Replay
from router.finance.backtest.scenarios import Scenario, scenarios
from router.finance.backtest.tallies import Cell
from router.model.errors import BudgetExceeded, NobodyQualifies
from router.model.job import Resolution
from router.policy.policy import Policy
from tests.fakes import EPOCH
from tests.past_jobs import a_past, delivered, tried
from tests.policy_files import PRICES, a_policy
from tests.stage import Act, Stage, play, reported

SHAPELESS = PRICES.replace("    aspect_ratio_required: true\n", "")
POLICIES: dict[str, dict[str, Any]] = {
    "plain": {
        "budgets": [
            {"name": "own", "who": "each_tenant", "limit": "$0.90", "per": "day"},
            {"name": "all", "who": "everyone", "limit": "$2.40", "per": "week"},
        ]
    },
    "rolling": {
        "budgets": [
            {"name": "own", "who": "each_tenant", "limit": "$0.70", "per": "rolling 1 day"},
            {"name": "there", "who": {"provider": "shortapi"}, "limit": "$0.90", "per": "day"},
        ]
    },
    "shrinking": {
        "budgets": [
            {"name": "own", "who": "each_tenant", "limit": "$0.80", "per": "day"},
            {
                "name": "all",
                "who": "everyone",
                "limit": "$0.95",
                "per": "day",
                "on_limit": "downshift",
            },
        ]
    },
    "staged": {
        "budgets": [
            {"name": "all", "who": "everyone", "limit": "$2.00", "per": "day"},
            {
                "name": "own",
                "who": {"tenant": "acme"},
                "limit": "$1.00",
                "per": "day",
                "on_limit": "downshift",
            },
        ],
        "stages": [
            {"when": "40% of all is used", "prefer": {"order": ["runpod", "shortapi"]}},
            {"when": "60% of own is used", "resolution_max": "1k"},
            {"when": "90% of all is used", "stop": True},
        ],
    },
}


async def ask(stage: Stage, rng: random.Random) -> PastJob:
    """Ask the real router for an edit; what became of it, as a trace would have it."""
    job = stage.job(
        tenant=rng.choice(["acme", "shop"]),
        resolution=rng.choice(list(Resolution)),
        price_max=None,
    )
    try:
        job_id = (await stage.admit(job)).row.id
    except BudgetExceeded as error:
        return PastJob(job=job, happened=Happened(is_denied=True), decision=error.limit.budget)
    except NobodyQualifies:
        return PastJob(job=job, happened=Happened(is_denied=True), decision="nobody")
    await stage.see(job_id)
    (attempt,) = await stage.ledger.attempts_of(job_id)
    one = Tried(
        provider=attempt.provider,
        resolution=attempt.resolution.value,
        quoted_nanos=attempt.quoted.nanos,
        charged_nanos=attempt.posted.nanos,
        is_delivered=True,
        tenths=62,
    )
    return PastJob(job=job, happened=delivered(one))


async def story(stage: Stage) -> list[PastJob]:
    """A few days of jobs, some of which cost less than their price."""
    rng = random.Random(3)
    found: list[PastJob] = []
    for _ in range(110):
        charge = rng.choice([None, None, reported("0.03"), reported("0.021")])
        stage.troupe.always = {name: Act(charge=charge) for name in ("shortapi", "runpod")}
        found.append(await ask(stage, rng))
        await stage.pause(rng.choice([10, 60, 3_000]))
    return found


def told(before: Cell, after: Cell) -> str:
    """What became of the one job between two totals."""
    names = ("bought", "denied", "unserved")
    return next(name for name in names if getattr(after, name) > getattr(before, name))


@pytest.mark.slow
@pytest.mark.parametrize("name", POLICIES)
def test_budgets_are_replayed_as_the_ledger_keeps_them(name: str, tmp_path: Path) -> None:
    """Job by job: the same are bought, at the same size, and the same budget refuses the others."""
    policy = a_policy(prices=SHAPELESS, price_max="$0.50", **POLICIES[name])
    jobs = play(tmp_path, story, policy=policy)
    scenario = scenarios(policy)[0]
    digester, replay = Digester([scenario]), Replay(scenario)
    refused: set[str] = set()

    for past in jobs:
        before, budgets = replay.tally.total(), replay.tally.by_budget.copy()
        digest = digester.digest(past)
        replay.take(digest, digest.menus[0])
        after = replay.tally.total()
        assert past.happened is not None
        if past.happened.is_denied:
            assert told(before, after) == ("unserved" if past.decision == "nobody" else "denied")
            assert set(replay.tally.by_budget - budgets) <= {past.decision}
            refused.add(past.decision)
        else:
            assert told(before, after) == "bought"
            is_smaller = past.happened.attempts[0].resolution != past.job.resolution
            assert after.smaller - before.smaller == is_smaller
            assert after.nanos - before.nanos == past.happened.charged_nanos
            assert after.known - before.known == 1

    whole = replay.tally.total()
    assert whole.bought > 10
    assert refused, "this test has nothing to say"
    assert bool(whole.smaller) == (name in {"shrinking", "staged"})


def replayed(policy: Policy | Scenario, jobs: list[PastJob], place: int = 0) -> Replay:
    """Replay jobs under a policy, or one of what it is compared with."""
    every = scenarios(policy) if isinstance(policy, Policy) else (policy,)
    digester, replay = Digester(every), Replay(every[place])
    for past in jobs:
        digest = digester.digest(past)
        replay.take(digest, digest.menus[place])
    return replay


def test_under_its_own_policy_a_job_is_charged_for_all_that_was_asked() -> None:
    """Also at whom no plan names, and whom the policy's budgets then count."""
    there = {"name": "there", "who": {"provider": "runpod"}, "limit": "$0.10", "per": "day"}
    policy = a_policy(prices=SHAPELESS, failover={"providers_max": 1}, budgets=[there])
    went_on = delivered(tried("shortapi"), tried("runpod", "0.0875"))
    own = replace(a_past(went_on), decision="{}", policy_hash=policy.hash)
    only = [{"name": "dear", "when": {"tenant": "dear"}, "prefer": {"order": ["runpod"]}}]
    next_one = a_past(None, tenant="dear", created_at=EPOCH + timedelta(hours=1))

    whole = replayed(policy, [own]).tally.total()
    later = a_policy(prices=SHAPELESS, rules=only, failover={"providers_max": 1}, budgets=[there])

    assert (whole.nanos, whole.delivered, whole.failovers) == (87_500_000, 1_000_000, 1_000_000)
    assert whole.known == 1
    assert replayed(later, [own, next_one]).tally.by_budget == {"there": 1}
    assert replayed(policy, [replace(own, decision="")]).tally.total().known == 0


JOBS = st.lists(
    st.tuples(
        st.sampled_from(["acme", "shop", "zeta"]),
        st.sampled_from(list(Resolution)),
        st.sampled_from(
            [
                None,
                Happened(is_denied=True),
                delivered(tried("shortapi", "0.041")),
                delivered(tried("shortapi"), tried("runpod", "0.0875")),
                Happened(attempts=(tried("runpod"),), stands=True),
            ]
        ),
    ),
    max_size=25,
).map(
    lambda given: [
        a_past(happened, tenant=tenant, resolution=resolution)
        for tenant, resolution, happened in given
    ]
)


@settings(max_examples=40, deadline=None)
@given(jobs=JOBS)
def test_whatever_it_is_broken_down_by_the_parts_add_up(jobs: list[PastJob]) -> None:
    """To the nano-dollar, and every job is bought, denied or not served."""
    policy = a_policy(prices=SHAPELESS, **POLICIES["shrinking"])
    for place in range(3):
        tally = replayed(policy, jobs, place).tally
        whole = tally.total()
        for of in (0, 1):
            parts = Cell()
            for cell in tally.by(of).values():
                parts.add(cell)
            assert parts == whole
        assert whole.jobs == len(jobs) == whole.bought + whole.denied + whole.unserved
        assert whole.known_nanos <= whole.nanos


@settings(max_examples=40, deadline=None)
@given(jobs=JOBS)
def test_always_a_provider_is_a_policy_with_one_in_its_order(jobs: list[PastJob]) -> None:
    """Told apart by nothing but its name."""
    base = a_policy(prices=SHAPELESS, **POLICIES["rolling"])
    for place, provider in enumerate(("runpod", "shortapi"), start=1):
        fixed = a_policy(
            prices=SHAPELESS,
            price_max=None,
            prefer={"order": [provider]},
            failover={"providers_max": 1},
            **POLICIES["rolling"],
        )
        always, own = replayed(base, jobs, place).tally, replayed(fixed, jobs).tally
        assert always.cells == own.cells
        assert always.by_budget == own.by_budget


def test_a_charge_takes_the_holds_place_when_the_job_has_ended() -> None:
    """Until then the hold counts; what the next provider is expected to charge comes with it."""
    budgets = [{"name": "all", "who": "everyone", "limit": "$0.13", "per": "day"}]
    policy = a_policy(prices=SHAPELESS, budgets=budgets)
    cheap = delivered(tried("shortapi", "0.01", quoted_nanos=40_000_000))
    jobs = [a_past(cheap) for _ in range(4)]

    assert replayed(policy, jobs).tally.total().denied == 1

    at = jobs[0].job.created_at
    later = [replace(jobs[0], job=replace(one.job, created_at=at.replace(minute=n)))
             for n, one in enumerate(jobs)]  # fmt: skip
    assert replayed(policy, later).tally.total().denied == 0
