"""Decisions are made again from the books: policy, job and evidence give what was stored."""

import json
import random
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from router.dispatch.requests import decision_text, job_to_collect
from router.ledger.rows import JobRow
from router.ledger.views import TimedRow
from router.model.budget import Limit
from router.model.errors import BudgetExceeded, NobodyQualifies, ProviderUnreachable
from router.model.ids import JobId
from router.model.job import Resolution
from router.model.money import Money
from router.policy.evidence import read_evidence, replay
from router.policy.exploring import explores
from router.policy.loader import read_bundle, read_policy
from router.policy.policy import Policy
from router.policy.scopes import JobFacts
from tests.ledger_kit import an_accept
from tests.stage import Act, Stage, play

FOLDER = Path(__file__).parents[2] / "policies"
SHIPPED = sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != "prices")
SLUGS = {"shortapi": "google/nano-banana-2/edit", "runpod": "google-nano-banana-2-edit"}
EXPLORING = 0.5
"""Which share of the jobs here goes to see: of some dozens several have to."""
STAGES = {"month-end-guard": ("79%", "80%", "90%", "97%")}
"""Of the policies that have some, up to where the budget that they go by is used."""
Paces = Collection[tuple[str, Resolution]]
CHEAP_WAS_SLOW: Paces = {("shortapi", Resolution.ONE_K)} | set(product(SLUGS, [Resolution.FOUR_K]))
"""Whose jobs of late were slower than any policy's limit: of a preview one, of a 4k both."""
QUICK_WAS_SLOW: Paces = {("runpod", Resolution.ONE_K)}
SLOW = {"fast-previews": QUICK_WAS_SLOW}
TELLS = {
    "cheapest-within-slo": ("is too slow: ", "chosen to see", "chosen as the fastest"),
    "fast-previews": ("is too slow: ", "chosen to see"),
    "balanced": ("chosen to see",),
}
"""What of latencies the decisions of a policy that goes by them have to have been about."""


def past_attempts(stage: Stage, rng: random.Random) -> Iterator[TimedRow]:
    """What was seen of each offer within the last days: each window saw something else."""
    slow = SLOW.get(stage.policy.name, CHEAP_WAS_SLOW)
    for (provider, slug), resolution, _ in product(SLUGS.items(), Resolution, range(60)):
        ended_at = stage.clock.now() - timedelta(seconds=rng.expovariate(1 / 40_000))
        median_s = 90.0 if (provider, resolution) in slow else 10.0
        whole_s = median_s * rng.lognormvariate(0.0, 0.3)
        yield TimedRow(
            provider=provider,
            slug=slug,
            resolution=resolution,
            outcome=rng.choice(["delivered", "delivered", "delivered", "provider_failed"]),
            dispatched_at=ended_at - timedelta(seconds=whole_s),
            accepted_at=ended_at - timedelta(seconds=whole_s * 0.95),
            ended_at=ended_at,
            queue_s=rng.choice([None, whole_s * 0.1]),
            execution_s=rng.choice([None, whole_s * 0.8]),
        )


async def use(stage: Stage, limit: Limit, percent: str) -> None:
    """Use so much of a budget that a stage of the policy is reached."""
    balances = await stage.used(limit.budget)
    wanted = Money(limit.limit.nanos * int(percent.removesuffix("%")) // 100)
    if wanted > balances:
        name = f"filler-{limit.budget}-{percent}".replace("%", "")
        await stage.ledger.submit(an_accept(name, str(wanted - balances), limit))


def an_id(stage: Stage, *, exploring: bool) -> JobId:
    """Make ids until one is, or is not, of those that go to see."""
    ids = iter(stage.ids.job, None)
    return next(one for one in ids if explores(stage.policy.explore or 1, one) == exploring)


async def buy(stage: Stage, rng: random.Random) -> list[JobId]:
    """Submit one request of any kind; its jobs, or none where it was refused."""
    job = stage.job(
        id=an_id(stage, exploring=rng.random() < EXPLORING),
        tenant=rng.choice(["acme", "shop"]),
        tags=rng.choice([(), (("purpose", "print"),)]),
        resolution=rng.choice(list(Resolution)),
        price_max=rng.choice([None, None, Money.parse("0.1")]),
    )
    copies = [stage.ids.job() for _ in range(rng.choice([0, 0, 2]))]
    try:
        admission = await stage.admit(job, copies=copies)
    except (NobodyQualifies, BudgetExceeded):
        return []
    return [row.id for row in admission.rows]


async def trade(stage: Stage) -> list[JobRow]:
    """Buy in all weathers: healthy, with a provider down, and with budgets that fill up."""
    rng = random.Random(5)
    stage.latencies.seed(past_attempts(stage, rng))
    bought: list[JobId] = []
    limits = stage.policy.staging_limits(JobFacts.of(stage.job()), stage.clock.now())
    for percent in STAGES.get(stage.policy.name, ("1%",)):
        for limit in limits.values():
            await use(stage, limit, percent)
        for down in (None, "shortapi", "runpod"):
            stage.troupe.always = {down: Act(refuses=ProviderUnreachable())} if down else {}
            for _ in range(12):
                bought += await buy(stage, rng)
                await stage.pause(7)
            # Whoever was set aside is asked again.
            await stage.pause(1800)
    rows = [await stage.ledger.job(job_id) for job_id in bought]
    return [row for row in rows if row is not None]


async def replayed(stage: Stage, row: JobRow) -> dict[str, Any]:
    """The decision, made again of nothing but what the books keep."""
    bundle = await stage.ledger.policy_bundle(row.policy_hash)
    assert bundle is not None
    assert row.evidence is not None
    plan = replay(read_bundle(bundle), job_to_collect(row), read_evidence(row.evidence))
    made: dict[str, Any] = json.loads(decision_text(plan.decision))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_every_decision_of_a_shipped_policy_is_made_again(name: str, tmp_path: Path) -> None:
    """Candidates, prices, latencies, verdicts and rule: as they are stored, for every job."""
    reading = read_policy(FOLDER / f"{name}.yaml")
    policy = reading.outcome
    assert isinstance(policy, Policy)

    async def story(stage: Stage) -> set[str]:
        now = stage.clock.now()
        await stage.ledger.keep_policy(policy.hash, policy.name, now, reading.bundle)
        rows = await trade(stage)
        assert len(rows) > 30
        for row in rows:
            stored = json.loads(row.decision)
            stored.pop("downshifted", None)
            assert await replayed(stage, row) == stored
        return {row.decision for row in rows}

    different = play(tmp_path, story, policy=policy)

    assert len(different) > 10
    told = " ".join(different)
    assert "is set aside after failures" in told or "in spite of failures" in told
    for words in TELLS.get(name, ()):
        assert words in told
    for percent in STAGES.get(name, ())[1:3]:
        assert f"{percent} of everyone-monthly is used" in told
    assert ("downshifted" in told) == (name in STAGES)


def test_jobs_of_one_request_draw_one_lot(tmp_path: Path) -> None:
    """They are planned together; so each one's own decision is made again, too."""
    reading = read_policy(FOLDER / "two-sources.yaml")
    policy = reading.outcome
    assert isinstance(policy, Policy)

    async def story(stage: Stage) -> list[str]:
        now = stage.clock.now()
        await stage.ledger.keep_policy(policy.hash, policy.name, now, reading.bundle)
        copies = [stage.ids.job() for _ in range(30)]
        admission = await stage.admit(stage.job(), copies=copies)
        assert len(admission.rows) == 31
        for row in admission.rows:
            assert await replayed(stage, row) == json.loads(row.decision)
        return [row.decision for row in admission.rows]

    assert len(set(play(tmp_path, story, policy=policy))) == 1


def test_evidence_of_a_downshift_is_of_the_smaller_edit(tmp_path: Path) -> None:
    """What is stored is the choice that was bought by, not the one that was refused."""
    reading = read_policy(FOLDER / "month-end-guard.yaml")
    policy = reading.outcome
    assert isinstance(policy, Policy)

    async def story(stage: Stage) -> None:
        job = replace(stage.job(), resolution=Resolution.FOUR_K)
        (limit,) = policy.staging_limits(JobFacts.of(job), stage.clock.now()).values()
        await use(stage, limit, "90%")
        (row,) = (await stage.admit(job)).rows
        assert row.resolution is Resolution.TWO_K
        assert row.evidence is not None
        seen = read_evidence(row.evidence)
        assert {str(offer.price) for offer in seen.offers} == {"0.06", "0.13"}
        assert seen.standing["everyone-monthly"].limit == limit
        assert seen.standing["everyone-monthly"].reaches(90)

    play(tmp_path, story, policy=policy)
