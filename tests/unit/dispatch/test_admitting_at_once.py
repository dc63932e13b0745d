"""Many first holds at once: downshifting is exact, stages are about, and no limit is passed."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from router.model.errors import BudgetExceeded, ProviderUnreachable
from router.model.job import JobState, Resolution
from router.model.money import Money
from router.policy.policy import Policy
from tests.ledger_kit import usd
from tests.policy_files import PRICES, a_policy
from tests.stage import Act, Stage, play

# A 4k costs so much more that what is left beside the last one is room for many smaller edits.
DEAR = PRICES.replace("{1k: $0.04, 2k: $0.06}", "{1k: $0.04, 2k: $0.06, 4k: $0.41}").replace(
    "4k: $0.175", "4k: $0.475"
)
SHORTAPI = {"4k": usd("0.41"), "2k": usd("0.06"), "1k": usd("0.04")}
REFUSED = "refused"


def shrinking(limit: str, *stages: dict[str, str]) -> Policy:
    """Build a policy whose one budget shrinks what it has no room for."""
    daily = {"name": "daily", "who": "everyone", "limit": limit, "per": "day"}
    return a_policy(prices=DEAR, budgets=[{**daily, "on_limit": "downshift"}], stages=list(stages))


async def buy(stage: Stage, **job: Any) -> str:
    """Ask for a 4k; gives the size that was bought."""
    try:
        job_id = await stage.submit(resolution=Resolution.FOUR_K, **job)
    except BudgetExceeded:
        return REFUSED
    return (await stage.see(job_id)).row.resolution.value


async def buy_at_once(stage: Stage, count: int) -> Counter[str]:
    """So many ask at one instant; gives how many got what."""
    return Counter(await asyncio.gather(*(buy(stage) for _ in range(count))))


def cost_of(bought: Mapping[str, int]) -> Money:
    """What so many of each size cost."""
    costs = (SHORTAPI[size] * many for size, many in bought.items() if size != REFUSED)
    return sum(costs, Money.ZERO)


def one_after_another(limit: Money, count: int) -> Counter[str]:
    """What so many would get who wait for each other, by arithmetic alone."""
    bought: Counter[str] = Counter()
    for _ in range(count):
        size = next((size for size, price in SHORTAPI.items() if price <= limit), REFUSED)
        limit -= SHORTAPI.get(size, Money.ZERO)
        bought[size] += 1
    return bought


@pytest.mark.parametrize(
    ("limit", "count", "bought"),
    [
        ("1.22", 9, {"4k": 2, "2k": 6, "1k": 1}),
        ("1.21", 9, {"4k": 2, "2k": 6, REFUSED: 1}),
        ("0.40", 30, {"2k": 6, "1k": 1, REFUSED: 23}),
        ("4.10", 10, {"4k": 10}),
        ("4.11", 11, {"4k": 10, REFUSED: 1}),
        ("4.09", 20, {"4k": 9, "2k": 6, "1k": 1, REFUSED: 4}),
    ],
)
@pytest.mark.parametrize("turns", range(4))
def test_of_many_at_once_as_many_are_bought_whole_as_fit(
    tmp_path: Path, turns: int, limit: str, count: int, bought: dict[str, int]
) -> None:
    """The rest is smaller as long as that fits; as if each had waited for the one before."""

    async def story(stage: Stage) -> None:
        assert await buy_at_once(stage, count) == bought
        assert await stage.used("daily") == cost_of(bought) <= usd(limit)
        assert len(stage.audience.heard("job_refused")) == bought.get(REFUSED, 0)

    assert one_after_another(usd(limit), count) == bought
    play(tmp_path, story, policy=shrinking(f"${limit}"), seed=turns)


CAP = {"when": "50% of daily is used", "resolution_max": "1k"}
STOP = {"when": "50% of daily is used", "stop": "true"}


@pytest.mark.parametrize(("stage_of_policy", "next_one"), [(CAP, "1k"), (STOP, REFUSED)])
def test_many_at_once_may_pass_a_stage_together(
    tmp_path: Path, stage_of_policy: dict[str, str], next_one: str
) -> None:
    """Four take the budget past the stage, and a fifth of the same instant is bought like them."""

    async def story(stage: Stage) -> None:
        assert await buy_at_once(stage, 5) == {"4k": 5}
        assert await stage.used("daily") == usd("2.05")
        # There is room for a sixth 4k: it is the stage that says no, as soon as it is read again.
        assert await buy(stage) == next_one

    play(tmp_path, story, policy=shrinking("$2.52", stage_of_policy))


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize(
    ("stage_of_policy", "smaller"), [(CAP, {"1k": 1, REFUSED: 5}), (STOP, {REFUSED: 6})]
)
def test_many_at_once_that_pass_a_stage_do_not_pass_the_limit(
    tmp_path: Path, turns: int, stage_of_policy: dict[str, str], smaller: dict[str, int]
) -> None:
    """Who finds no room is planned anew for a smaller edit, and then the stage holds for it."""

    async def story(stage: Stage) -> None:
        bought = {"4k": 6, **smaller}
        assert await buy_at_once(stage, 12) == bought
        assert await stage.used("daily") == cost_of(bought) <= usd("2.52")

    play(tmp_path, story, policy=shrinking("$2.52", stage_of_policy), seed=turns)


def test_a_crowd_that_comes_and_goes_never_passes_the_limit(tmp_path: Path, seed: int) -> None:
    """Holds are voided and taken again, jobs fail over, and what is used is what was bought."""
    draw = random.Random(seed)
    limit = usd("1.84")
    sizes: Counter[str] = Counter()

    async def come(stage: Stage) -> None:
        await stage.pause(draw.uniform(0, 20))
        sizes[await buy(stage)] += 1
        assert await stage.used("daily") <= limit

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [
            Act(
                refuses=ProviderUnreachable() if draw.random() < 0.3 else None,
                answers_after_s=draw.uniform(0.1, 9),
            )
            for _ in range(30)
        ]
        await asyncio.gather(*(come(stage) for _ in range(30)))
        views = [await stage.see(row.id) for row in await stage.ledger.jobs_of("acme")]
        posted = [one.posted for view in views for one in view.attempts if one.posted]
        done = [view for view in views if view.row.state is JobState.SUCCEEDED]

        assert await stage.used("daily") == sum(posted, Money.ZERO) <= limit
        assert len(posted) == len(done)
        assert len(views) + sizes[REFUSED] == 30
        sent = {(one.job.id, one.job.resolution) for one in stage.troupe.sent}
        assert sent == {(view.row.id, view.row.resolution) for view in views}

    play(tmp_path, story, policy=shrinking("$1.84"), seed=seed)
