"""From a job to a hold: slots, and the first tender that fits."""

from pathlib import Path

from router.dispatch.errand import Errand
from router.dispatch.requests import row_of
from router.ledger.answers import Placed, Refused
from router.model.job import AttemptState
from router.policy.policy import Policy
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.stage import Stage, play


async def an_errand(stage: Stage) -> Errand:
    """Build an errand for a new job."""
    job = stage.job()
    plan = await stage.placer.plan(stage.policy, job)
    row = await row_of(job, plan.decision, stage.inputs)
    return Errand(job=job, policy=stage.policy, row=row, dearest=usd("0.0875"))


def test_with_a_slot_free_hold_and_dispatch_are_one_commit(tmp_path: Path) -> None:
    """The first offer's provider can be sent to at once: the attempt starts as dispatching."""

    async def story(stage: Stage) -> None:
        errand = await an_errand(stage)
        plan = await stage.placer.plan(stage.policy, errand.job)
        answer = await stage.placer.accept([errand], plan, None)
        assert isinstance(answer, Placed)
        assert answer.attempt.state is AttemptState.DISPATCHING
        assert (stage.slots.taken("shortapi"), errand.tried) == (1, {"shortapi"})

    play(tmp_path, story)


def test_without_a_slot_the_hold_waits(tmp_path: Path) -> None:
    """Nothing is dispatched that cannot be sent now: the attempt is held, and provably unsent."""

    async def story(stage: Stage) -> None:
        assert stage.slots.try_take("shortapi")
        errand = await an_errand(stage)
        plan = await stage.placer.plan(stage.policy, errand.job)
        answer = await stage.placer.accept([errand], plan, None)
        assert isinstance(answer, Placed)
        assert answer.attempt.state is AttemptState.HELD
        assert stage.slots.taken("shortapi") == 1

    play(tmp_path, story, slots=1)


def test_a_refused_hold_gives_its_slot_back(tmp_path: Path) -> None:
    """Where no tender fits, nothing is tried and no slot is taken."""

    async def story(stage: Stage) -> None:
        errand = await an_errand(stage)
        plan = await stage.placer.plan(stage.policy, errand.job)
        assert isinstance(await stage.placer.accept([errand], plan, None), Refused)
        assert (stage.slots.taken("shortapi"), errand.tried) == (0, set())

    budgets = [{"name": "none", "who": "everyone", "limit": "$0.01", "per": "day"}]
    play(tmp_path, story, policy=a_policy(budgets=budgets))


def test_what_was_tried_is_not_tried_again(tmp_path: Path) -> None:
    """The next hold goes to the next provider, and after the last there is none."""

    async def story(stage: Stage) -> None:
        errand = await an_errand(stage)
        plan = await stage.placer.plan(stage.policy, errand.job)
        await stage.placer.accept([errand], plan, None)
        answer = await stage.placer.follow(errand, pays_twice=False)
        assert isinstance(answer, Placed)
        assert (answer.attempt.provider, answer.attempt.number) == ("runpod", 2)
        assert await stage.placer.follow(errand, pays_twice=False) is None

    play(tmp_path, story)


def limited(limit: str) -> Policy:
    """The small policy with another limit for everyone."""
    return a_policy(
        budgets=[{"name": "monthly", "who": "everyone", "limit": limit, "per": "month"}]
    )


def test_a_changed_limit_binds_the_next_hold(tmp_path: Path) -> None:
    """Also of a job that began before: its prices are those it began with, its limits are not."""

    async def story(stage: Stage) -> list[object]:
        errand = await an_errand(stage)
        plan = await stage.placer.plan(stage.policy, errand.job)
        stage.policy = limited("$0.03")
        refused = await stage.placer.accept([errand], plan, None)
        assert isinstance(refused, Refused)
        stage.policy = limited("$0.1274")
        placed = await stage.placer.accept([errand], plan, None)
        assert isinstance(placed, Placed)
        too_little = await stage.placer.follow(errand, pays_twice=False)
        assert isinstance(too_little, Refused)
        stage.policy = limited("$0.1275")
        assert isinstance(await stage.placer.follow(errand, pays_twice=False), Placed)
        return [refused.limit.limit, too_little.limit.limit, await stage.used()]

    limits = play(tmp_path, story, policy=a_policy())

    assert limits == [usd("0.03"), usd("0.1274"), usd("0.1275")]


def test_a_limit_below_what_is_used_voids_nothing(tmp_path: Path) -> None:
    """It admits nothing until enough is free again, and what is held stays held."""

    async def story(stage: Stage) -> None:
        errand = await an_errand(stage)
        plan = await stage.placer.plan(stage.policy, errand.job)
        await stage.placer.accept([errand], plan, None)
        stage.policy = limited("$0.01")
        answer = await stage.placer.follow(errand, pays_twice=False)
        assert isinstance(answer, Refused)
        assert answer.usage.available(answer.limit.limit) == usd("-0.03")
        assert [one.state for one in await stage.attempts(errand.job.id)] == [
            AttemptState.DISPATCHING
        ]
        assert await stage.used() == usd("0.04")

    play(tmp_path, story)
