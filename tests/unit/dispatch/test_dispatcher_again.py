"""What a client or a crash comes between: a job that was called off, or was left undecided."""

import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from router.ledger.answers import Stale
from router.ledger.commands import CallOff
from router.model.errors import ProviderInDoubt, ProviderThrottled, ProviderUnreachable
from router.model.ids import JobId
from router.model.job import JobState
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.stage import Act, Stage, failed, play

PAYS_TWICE = a_policy(failover={"providers_max": "2", "double_spend_max": "$2.00 per day"})
LOST = ProviderInDoubt("the reply was lost")
THROTTLED = ProviderThrottled("too many", retry_after_s=None)
BOTH = ["shortapi in_doubt 0.04", "runpod posted 0.0875"]


def second_look(stage: Stage, looking: Callable[[], Awaitable[None]]) -> None:
    """Have the second planning of a job, the one for its next offer, do so first."""
    looks = itertools.count(1)

    async def look() -> None:
        if next(looks) == 2:
            await looking()

    stage.shape.looking = look


async def planning_onward(stage: Stage, why: Exception) -> JobId:
    """Have a job whose first attempt has ended, and whose next offer is being looked for."""
    second_look(stage, lambda: stage.pause(3.0))
    stage.troupe.acts["shortapi"] = [Act(refuses=why)]
    job_id = await stage.submit(aspect_ratio=None)
    await stage.pause(2.0)
    assert len(stage.troupe.sent) == 1
    return job_id


def test_what_is_called_off_while_the_next_offer_is_sought_is_not_bought(tmp_path: Path) -> None:
    """The wish is in the books before its answer, so that no hold can pass it."""

    async def story(stage: Stage) -> None:
        job_id = await planning_onward(stage, LOST)
        assert await stage.dispatcher.cancel(job_id)
        await stage.pause(60)
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04"]

    play(tmp_path, story, policy=PAYS_TWICE)


@pytest.mark.parametrize(
    ("act", "left"),
    [
        (Act(answers_after_s=10.0), ["shortapi in_doubt 0.04"]),
        (Act(ends=failed(proves_free=True), ends_after_s=30.0), ["shortapi voided 0.04"]),
    ],
)
def test_what_is_called_off_stays_so_after_a_crash(
    tmp_path: Path, act: Act, left: list[str]
) -> None:
    """Whatever becomes of the attempt that was on its way, no other one follows it."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [act]
        job_id = await stage.submit()
        await stage.pause(2.0)
        assert await stage.dispatcher.cancel(job_id)
        await stage.restart()
        await stage.pause(90)
        assert await stage.books(job_id) == left

    play(tmp_path, story, policy=PAYS_TWICE)


def test_what_was_held_and_called_off_is_not_sent_after_a_crash(tmp_path: Path) -> None:
    """Its hold is given back."""

    async def story(stage: Stage) -> None:
        for provider in ("shortapi", "runpod"):
            stage.slots.try_take(provider)
        job_id = await stage.submit()
        await stage.ledger.submit(CallOff(at=stage.clock.now(), job_id=job_id))
        again = await stage.ledger.submit(CallOff(at=stage.clock.now(), job_id=job_id))
        assert isinstance(again, Stale)
        await stage.restart()
        await stage.pause(5)
        assert (await stage.see(job_id)).row.state is JobState.CANCELLED
        [attempt] = await stage.attempts(job_id)
        assert attempt.detail == "its job was called off before it could be sent"
        assert stage.troupe.sent == []

    play(tmp_path, story, policy=PAYS_TWICE, slots=1)


@pytest.mark.parametrize(
    ("why", "left"),
    [
        (THROTTLED, ["shortapi voided 0.04", "runpod posted 0.0875"]),
        (ProviderUnreachable("no route"), ["shortapi voided 0.04", "runpod posted 0.0875"]),
        (LOST, BOTH),
    ],
)
@pytest.mark.parametrize("callbacks", [True, False])
def test_a_crash_before_the_next_hold_ends_no_job_that_can_go_on(
    tmp_path: Path, why: Exception, left: list[str], *, callbacks: bool
) -> None:
    """What an attempt's end allows is read from the books again, and the job is delivered."""

    async def story(stage: Stage) -> None:
        job_id = await planning_onward(stage, why)
        await stage.restart()
        assert (await stage.see(job_id)).row.state is JobState.SUCCEEDED
        assert await stage.books(job_id) == left

    play(tmp_path, story, policy=PAYS_TWICE, callbacks=callbacks)


def test_a_mistake_of_ours_in_planning_does_not_end_the_job(tmp_path: Path) -> None:
    """The sweep finds that nothing was decided, and decides."""

    async def mistake() -> None:
        message = "a bug of ours"
        raise RuntimeError(message)

    async def story(stage: Stage) -> None:
        second_look(stage, mistake)
        stage.troupe.acts["shortapi"] = [Act(refuses=THROTTLED)]
        job_id = await stage.submit(aspect_ratio=None)
        await stage.pause(60)
        [crash] = stage.crashes
        assert "a bug of ours" in str(crash)
        stage.crashes.clear()
        await stage.sweep.once()
        assert (await stage.see(job_id)).row.state is JobState.SUCCEEDED
        assert await stage.used() == usd("0.0875")

    play(tmp_path, story, policy=PAYS_TWICE)


def test_a_refused_picture_is_not_tried_elsewhere_after_a_crash(tmp_path: Path) -> None:
    """The next provider sells the same model, and would refuse it again."""

    async def story(stage: Stage) -> None:
        end = failed(proves_free=True)
        end.content_refused = True
        stage.troupe.acts["shortapi"] = [Act(ends=end)]
        job_id = await stage.submit()
        await stage.pause(2.0)
        stage.dispatcher.conclude = _stuck  # type: ignore[method-assign, assignment]
        await stage.pause(30)
        assert await stage.books(job_id) == ["shortapi voided 0.04"]
        await stage.restart()
        view = await stage.see(job_id)
        assert (view.row.state, view.row.error_code) == (JobState.FAILED, "content_refused")
        assert len(stage.troupe.sent) == 1

    play(tmp_path, story, policy=PAYS_TWICE)


async def _stuck(_: object) -> None:
    """Do nothing where something was due."""
