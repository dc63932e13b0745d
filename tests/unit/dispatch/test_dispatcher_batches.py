"""Several edits of one request: held for together, bought one by one."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from router.ledger.commands import Idempotency
from router.model.errors import BudgetExceeded, ProviderUnreachable
from router.model.ids import JobId
from router.model.job import JobState, Resolution
from tests.ledger_kit import usd
from tests.policy_files import PRICES, a_policy
from tests.stage import Act, Stage, play

ALL_SIZES = PRICES.replace("{1k: $0.04, 2k: $0.06}", "{1k: $0.04, 2k: $0.06, 4k: $0.09}")


def daily(limit: str, **more: str) -> list[dict[str, str]]:
    """One budget a day for everyone."""
    return [{"name": "daily", "who": "everyone", "limit": limit, "per": "day", **more}]


async def buy(stage: Stage, copies: int, key: str | None = None) -> tuple[JobId, ...]:
    """Ask for one edit and so many copies of it."""
    promise = Idempotency(key=key, fingerprint="f1") if key is not None else None
    ids = [stage.ids.job() for _ in range(copies)]
    admission = await stage.dispatcher.submit(stage.job(), stage.policy, promise, copies=ids)
    return tuple(row.id for row in admission.rows)


def test_each_of_them_is_an_edit_of_its_own(tmp_path: Path) -> None:
    """Each is sent, delivered and posted once; together they are one batch."""

    async def story(stage: Stage) -> None:
        bought = await buy(stage, 2)
        views = [await stage.see(one) for one in bought]
        assert [view.row.state for view in views] == [JobState.SUCCEEDED] * 3
        assert len({view.row.id for view in views}) == len(stage.troupe.sent) == 3
        assert {view.row.batch for view in views} == {bought[0]}
        assert await stage.used("daily") == usd("0.12")

    play(tmp_path, story, policy=a_policy(budgets=daily("$0.12")))


def test_together_they_fit_the_budget_or_none_is_bought(tmp_path: Path) -> None:
    """The refusal tells what all of them would cost."""

    async def story(stage: Stage) -> None:
        with pytest.raises(BudgetExceeded) as caught:
            await buy(stage, 2)
        assert caught.value.asked == usd("0.12")
        assert await stage.used("daily") == usd("0")
        assert stage.troupe.sent == []
        (refused,) = await stage.ledger.refused(stage.clock.now())
        assert (refused.jobs, refused.amount) == (3, usd("0.12"))

    play(tmp_path, story, policy=a_policy(budgets=daily("$0.11")))


def test_together_they_are_made_smaller(tmp_path: Path) -> None:
    """A budget without room for all of them at one size buys all of them at the next."""

    async def story(stage: Stage) -> None:
        job = stage.job(resolution=Resolution.FOUR_K)
        admission = await stage.dispatcher.submit(job, stage.policy, copies=[stage.ids.job()])
        sizes = Counter(row.resolution for row in admission.rows)
        assert sizes == {Resolution.TWO_K: 2}
        assert await stage.used("daily") == usd("0.12")

    budgets = daily("$0.17", on_limit="downshift")
    play(tmp_path, story, policy=a_policy(prices=ALL_SIZES, budgets=budgets))


def test_a_stage_refuses_them_together(tmp_path: Path) -> None:
    """What it tells and counts is all of them."""

    async def story(stage: Stage) -> None:
        await stage.see(await stage.submit())
        with pytest.raises(BudgetExceeded) as caught:
            await buy(stage, 1)
        assert caught.value.asked == usd("0.08")
        (refused,) = await stage.ledger.refused(stage.clock.now())
        assert (refused.jobs, refused.amount) == (2, usd("0.08"))

    stages = [{"when": "40% of daily is used", "stop": True}]
    play(tmp_path, story, policy=a_policy(budgets=daily("$0.10"), stages=stages))


def test_one_key_stands_for_all_of_them(tmp_path: Path) -> None:
    """Asked for again, at once or later, they are answered whole and bought once."""

    async def story(stage: Stage) -> None:
        first, second = await asyncio.gather(buy(stage, 2, "k1"), buy(stage, 2, "k1"))
        third = await buy(stage, 2, "k1")
        assert sorted(first) == sorted(second) == sorted(third)
        assert len(await stage.ledger.jobs_of("acme")) == 3

    play(tmp_path, story)


def test_each_fails_over_for_itself(tmp_path: Path) -> None:
    """One that its provider cannot be reached for goes to the next; the others stay."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=ProviderUnreachable("no route"))]
        views = [await stage.see(one) for one in await buy(stage, 1)]
        providers = sorted(view.attempts[-1].provider for view in views)
        assert providers == ["runpod", "shortapi"]
        assert all(view.row.state is JobState.SUCCEEDED for view in views)

    play(tmp_path, story)


def test_slots_that_no_hold_took_are_free_again(tmp_path: Path) -> None:
    """A refused batch blocks nobody's creates."""

    async def story(stage: Stage) -> None:
        with pytest.raises(BudgetExceeded):
            await buy(stage, 2)
        assert not stage.slots.any_taken

    play(tmp_path, story, policy=a_policy(budgets=daily("$0.11")))
