"""A job's first hold: at its resolution, or at a lower one where a budget says so."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from router.dispatch.requests import INLINE_MAX
from router.ledger.answers import Answer
from router.ledger.commands import Command, Refuse
from router.model.errors import (
    BudgetExceeded,
    IdempotencyConflict,
    LedgerUnavailable,
    NobodyQualifies,
    ProviderUnreachable,
)
from router.model.ids import JobId
from router.model.job import JobState, Resolution
from router.policy.policy import Policy
from tests.ledger_kit import usd
from tests.policy_files import PRICES, a_policy
from tests.stage import Act, Stage, play

ALL_SIZES = PRICES.replace("{1k: $0.04, 2k: $0.06}", "{1k: $0.04, 2k: $0.06, 4k: $0.09}")


def shrinking(limit: str, on_limit: str = "downshift", **more: Any) -> Policy:
    """Build a policy whose one budget does so when it has no room."""
    daily = {"name": "daily", "who": "everyone", "limit": limit, "per": "day"}
    return a_policy(prices=ALL_SIZES, budgets=[{**daily, "on_limit": on_limit}], **more)


def test_a_budget_without_room_is_bought_from_at_the_next_lower_resolution(tmp_path: Path) -> None:
    """The row, the attempt and the budget know the smaller edit alone; nothing else is held."""

    async def story(stage: Stage) -> None:
        view = await stage.see(await stage.submit(resolution=Resolution.FOUR_K))
        assert view.row.resolution is Resolution.TWO_K
        assert json.loads(view.row.decision)["downshifted"] == {
            "from": "4k",
            "to": "2k",
            "budget": "daily",
        }
        assert await stage.books(view.row.id) == ["shortapi posted 0.06"]
        assert (await stage.used("daily"), view.attempts[0].dearest) == (usd("0.06"), usd("0.13"))
        assert view.attempts[0].cheapest == usd("0.06")
        assert stage.troupe.sent[0].job.resolution is Resolution.TWO_K
        assert await stage.ledger.refused(stage.clock.now()) == []
        assert stage.audience.heard("job_refused") == []

    play(tmp_path, story, policy=shrinking("$0.07"))


def test_what_fits_is_bought_as_it_is_asked_for(tmp_path: Path) -> None:
    """And its decision says nothing of another size."""

    async def story(stage: Stage) -> None:
        view = await stage.see(await stage.submit(resolution=Resolution.FOUR_K))
        assert view.row.resolution is Resolution.FOUR_K
        assert "downshifted" not in json.loads(view.row.decision)

    play(tmp_path, story, policy=shrinking("$0.09"))


def test_when_not_even_the_smallest_fits_it_is_refused_once(tmp_path: Path) -> None:
    """Told and counted of the smallest; there is no job and no hold."""

    async def story(stage: Stage) -> None:
        with pytest.raises(BudgetExceeded) as caught:
            await stage.submit(resolution=Resolution.FOUR_K)
        assert (caught.value.asked, caught.value.limit.budget) == (usd("0.04"), "daily")
        (refused,) = await stage.ledger.refused(stage.clock.now())
        assert (refused.jobs, refused.amount) == (1, usd("0.04"))
        assert len(stage.audience.heard("job_refused")) == 1
        assert await stage.ledger.jobs_of("acme") == []

    play(tmp_path, story, policy=shrinking("$0.03"))


def test_a_budget_that_rejects_does_so_at_once(tmp_path: Path) -> None:
    """No smaller edit is bought behind the client's back."""

    async def story(stage: Stage) -> None:
        with pytest.raises(BudgetExceeded) as caught:
            await stage.submit(resolution=Resolution.FOUR_K)
        assert caught.value.asked == usd("0.09")
        assert await stage.used("daily") == usd("0")

    play(tmp_path, story, policy=shrinking("$0.07", "reject"))


CAP = [{"when": "50% of daily is used", "resolution_max": "1k"}]
STOP = [{"when": "50% of daily is used", "stop": "true"}]


def test_a_stage_caps_what_is_bought_once_it_is_reached(tmp_path: Path) -> None:
    """The first edit is bought as asked, and takes the budget past the stage."""

    async def story(stage: Stage) -> None:
        sizes = []
        for _ in range(2):
            view = await stage.see(await stage.submit(resolution=Resolution.FOUR_K))
            sizes.append((view.row.resolution.value, json.loads(view.row.decision)["rule"]))
        assert sizes == [
            ("4k", "lowest price"),
            ("1k", "lowest price; 50% of daily is used"),
        ]

    play(tmp_path, story, policy=shrinking("$0.17", stages=CAP))


@pytest.mark.parametrize(("stages", "on_limit"), [(CAP, "reject"), (STOP, "downshift")])
def test_a_stage_that_halts_is_a_refusal_for_money(
    tmp_path: Path, stages: list[dict[str, str]], on_limit: str
) -> None:
    """With the budget it goes by, and why, though that budget still has room."""

    async def story(stage: Stage) -> None:
        await stage.see(await stage.submit(resolution=Resolution.FOUR_K))
        with pytest.raises(BudgetExceeded) as caught:
            await stage.submit(resolution=Resolution.TWO_K)
        assert (caught.value.asked, caught.value.limit.budget) == (usd("0.06"), "daily")
        assert "$0.08 of $0.17 left: 50% of daily is used, and nothing" in caught.value.detail
        (counted,) = await stage.ledger.refused(stage.clock.now())
        assert (counted.budget, counted.jobs, counted.amount) == ("daily", 1, usd("0.06"))

    play(tmp_path, story, policy=shrinking("$0.17", on_limit, stages=stages))


def test_a_stages_price_shrinks_what_costs_more(tmp_path: Path) -> None:
    """The cheapest of the next sizes that is below it, and the client is told of the budget."""
    stages = [{"when": "40% of daily is used", "price_max": "$0.05"}]

    async def story(stage: Stage) -> None:
        await stage.see(await stage.submit(resolution=Resolution.FOUR_K))
        view = await stage.see(await stage.submit(resolution=Resolution.FOUR_K))
        assert (view.row.resolution, view.attempts[0].quoted) == (Resolution.ONE_K, usd("0.04"))
        told = json.loads(view.row.decision)["downshifted"]
        assert told == {"from": "4k", "to": "1k", "budget": "daily"}

    play(tmp_path, story, policy=shrinking("$0.22", stages=stages))


def test_a_stages_price_is_a_refusal_for_money_where_its_budget_rejects(tmp_path: Path) -> None:
    """Nobody sells so cheaply, and that is not the providers' doing: sending again is no use."""
    stages = [{"when": "40% of daily is used", "price_max": "$0.05"}]

    async def story(stage: Stage) -> None:
        await stage.see(await stage.submit(resolution=Resolution.FOUR_K))
        with pytest.raises(BudgetExceeded) as caught:
            await stage.submit(resolution=Resolution.TWO_K)
        assert (caught.value.asked, caught.value.limit.budget) == (usd("0.06"), "daily")
        assert "40% of daily is used, and nothing above $0.05 is bought" in caught.value.detail

    play(tmp_path, story, policy=shrinking("$0.22", "reject", stages=stages))


@pytest.mark.parametrize(("shrinks", "rejects"), [("$0.05", "$0.07"), ("$0.07", "$0.05")])
def test_of_two_full_budgets_the_one_that_rejects_decides(
    tmp_path: Path, shrinks: str, rejects: str
) -> None:
    """Whichever has less left: nothing smaller is bought, and its refusal is counted."""
    budget = {"who": "everyone", "per": "day"}
    budgets = [
        {**budget, "name": "daily", "limit": shrinks, "on_limit": "downshift"},
        {**budget, "name": "strict", "limit": rejects},
    ]

    async def story(stage: Stage) -> None:
        with pytest.raises(BudgetExceeded) as caught:
            await stage.submit(resolution=Resolution.FOUR_K)
        assert (caught.value.asked, caught.value.limit.budget) == (usd("0.09"), "strict")
        assert [row.budget for row in await stage.ledger.refused(stage.clock.now())] == ["strict"]

    play(tmp_path, story, policy=a_policy(prices=ALL_SIZES, budgets=budgets))


def test_what_nobody_sells_is_not_made_smaller(tmp_path: Path) -> None:
    """There is no budget in the way, so the answer is that nobody qualifies."""

    async def story(stage: Stage) -> None:
        with pytest.raises(NobodyQualifies):
            await stage.submit(resolution=Resolution.FOUR_K, price_max=usd("0.01"))

    play(tmp_path, story, policy=shrinking("$5"))


def test_a_smaller_size_that_nobody_makes_leaves_the_budgets_refusal(tmp_path: Path) -> None:
    """The client learns that it is about money."""
    only_4k = PRICES.replace("{1k: $0.04, 2k: $0.06}", "{4k: $0.09}").replace(
        "{1k: $0.0875, 2k: $0.13, 4k: $0.175}", "{4k: $0.175}"
    )
    daily = {"name": "daily", "who": "everyone", "limit": "$0.08", "per": "day"}
    policy = a_policy(prices=only_4k, budgets=[{**daily, "on_limit": "downshift"}])

    async def story(stage: Stage) -> None:
        with pytest.raises(BudgetExceeded) as caught:
            await stage.submit(resolution=Resolution.FOUR_K)
        assert caught.value.asked == usd("0.09")
        (counted,) = await stage.ledger.refused(stage.clock.now())
        assert (counted.jobs, counted.amount) == (1, usd("0.09"))

    play(tmp_path, story, policy=policy)


def test_a_refusal_that_cannot_be_counted_is_a_refusal_all_the_same(tmp_path: Path) -> None:
    """Only a figure is missing; the client learns that it is about money."""

    async def story(stage: Stage) -> None:
        await stage.see(await stage.submit(resolution=Resolution.FOUR_K))
        submit = stage.ledger.submit

        async def submits_no_counts(command: Command) -> Answer:
            if isinstance(command, Refuse):
                raise LedgerUnavailable
            return await submit(command)

        stage.ledger.submit = submits_no_counts  # type: ignore[method-assign]
        with pytest.raises(BudgetExceeded):
            await stage.submit(resolution=Resolution.TWO_K)
        assert await stage.ledger.refused(stage.clock.now()) == []

    play(tmp_path, story, policy=shrinking("$0.17", stages=STOP))


def test_without_a_reading_of_the_budgets_no_stage_is_passed(tmp_path: Path) -> None:
    """It fails closed: nothing is planned, held or sent."""

    async def story(stage: Stage) -> None:
        async def balances_at(at: object) -> list[Any]:
            raise LedgerUnavailable(str(at))

        stage.ledger.balances_at = balances_at  # type: ignore[method-assign]
        with pytest.raises(LedgerUnavailable):
            await stage.submit()
        assert stage.troupe.sent == []

    play(tmp_path, story, policy=shrinking("$5", stages=STOP))


def test_a_job_is_not_made_smaller_on_failover(tmp_path: Path) -> None:
    """A 1k of the next provider would fit, but a 4k was begun: it ends, and nothing is charged."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=ProviderUnreachable())]
        view = await stage.see(await stage.submit(resolution=Resolution.FOUR_K))
        assert (view.row.state, view.row.resolution) == (JobState.FAILED, Resolution.FOUR_K)
        assert await stage.books(view.row.id) == ["shortapi voided 0.09"]
        assert [sent.job.resolution for sent in stage.troupe.sent] == [Resolution.FOUR_K]
        assert await stage.used("daily") == usd("0")

    play(tmp_path, story, policy=shrinking("$0.12"))


def test_the_same_promise_finds_the_smaller_edit_again(tmp_path: Path) -> None:
    """A request that is sent again is the job that was bought for it, whatever its size."""

    async def story(stage: Stage) -> None:
        job = stage.job(resolution=Resolution.FOUR_K)
        first = await stage.admit(job, key="k")
        again = await stage.admit(stage.job(resolution=Resolution.FOUR_K), key="k")
        assert (first.row.id, first.row.resolution) == (again.row.id, again.row.resolution)
        assert (first.replayed, again.replayed) == (False, True)

    play(tmp_path, story, policy=shrinking("$0.07"))


LARGE = "data:image/png;base64," + "A" * INLINE_MAX
SHUT = PRICES.replace("    body_bytes_max: 300\n", "")


def pictures(stage: Stage) -> int:
    """Count the large pictures that are kept beside the ledger."""
    return len(list((stage.folder / "inputs").glob("*/*")))


def test_a_refused_edits_pictures_do_not_stay(tmp_path: Path) -> None:
    """However often it asks, at however many sizes; of what was bought they stay."""

    async def story(stage: Stage) -> None:
        for _ in range(2):
            with pytest.raises(BudgetExceeded):
                await stage.submit(resolution=Resolution.FOUR_K, images=(LARGE, LARGE + "B"))
            assert pictures(stage) == 0
        stage.policy = wide
        await stage.submit(images=(LARGE,))
        stage.policy = narrow
        with pytest.raises(BudgetExceeded):
            await stage.submit(images=(LARGE, LARGE + "B"))
        assert pictures(stage) == 1

    daily = {"name": "daily", "who": "everyone", "per": "day", "on_limit": "downshift"}
    wide, narrow = (
        a_policy(prices=SHUT, budgets=[{**daily, "limit": limit}]) for limit in ("$9.00", "$0.01")
    )
    play(tmp_path, story, policy=narrow)


def test_pictures_stay_while_another_asks_with_the_same(tmp_path: Path) -> None:
    """Of three at once with one picture two are refused; the third is sent with it."""

    async def story(stage: Stage) -> None:
        answers = await asyncio.gather(
            *(stage.submit(images=(LARGE,)) for _ in range(3)), return_exceptions=True
        )
        (job_id,) = (answer for answer in answers if isinstance(answer, str))
        assert [type(answer) for answer in answers if answer != job_id] == [BudgetExceeded] * 2
        assert pictures(stage) == 1
        assert (await stage.see(JobId(job_id))).row.state is JobState.SUCCEEDED

    daily = {"name": "daily", "who": "everyone", "limit": "$0.10", "per": "day"}
    play(tmp_path, story, policy=a_policy(prices=SHUT, budgets=[daily]))


def test_pictures_of_a_request_that_came_twice_are_the_first_ones(tmp_path: Path) -> None:
    """A conflict brings nothing; a replay takes nothing away."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit("k", images=(LARGE,))
        assert await stage.submit("k", images=(LARGE,)) == job_id
        with pytest.raises(IdempotencyConflict):
            await stage.submit("k", "f2", images=(LARGE + "B",))
        assert pictures(stage) == 1

    play(tmp_path, story, policy=a_policy(prices=SHUT))


def test_a_slow_image_is_looked_at_once_however_often_the_edit_shrinks(tmp_path: Path) -> None:
    """Who wants an answer at once does not wait for it at each resolution."""

    async def story(stage: Stage) -> None:
        async def slowly() -> None:
            await stage.clock.sleep_s(9.0)

        stage.shape.looking = slowly
        job = stage.job(resolution=Resolution.FOUR_K, aspect_ratio=None)
        with pytest.raises(BudgetExceeded):
            await stage.dispatcher.submit(job, stage.policy, look_s=0.7)
        assert stage.clock.monotonic_s() == pytest.approx(0.7)

    play(tmp_path, story, policy=shrinking("$0.03"))
