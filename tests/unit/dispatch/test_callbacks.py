"""The doorbell: never evidence, always a reason to ask."""

from dataclasses import replace
from pathlib import Path

from router.model.errors import ProviderInDoubt
from tests.policy_files import a_policy
from tests.stage import Act, Stage, failed, play

LOST = ProviderInDoubt("the reply was lost")
NEVER_TWICE = a_policy(failover={"providers_max": "2", "double_spend_max": "$0"})


def verdicts(stage: Stage) -> list[str]:
    """What was made of each ring."""
    return [event.verdict for event in stage.audience.heard("callback_rang")]


def test_a_strangers_ring_is_not_answered(tmp_path: Path) -> None:
    """A token or a provider that is not ours changes nothing and learns nothing."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit()
        attempt = (await stage.attempts(job_id))[0]
        assert not await stage.ring(attempt, "x", token="0" * 32)
        assert not await stage.ring(replace(attempt, provider="nobody"), "x")
        assert not await stage.ring(replace(attempt, provider="runpod"), "x")
        assert verdicts(stage) == ["unknown"] * 3

    play(tmp_path, story)


def test_a_ring_makes_the_one_who_waits_ask(tmp_path: Path) -> None:
    """While a task collects the attempt, a callback only wakes it."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit()
        await stage.pause(1)
        assert await stage.ring((await stage.attempts(job_id))[0], "forged")
        await stage.see(job_id)
        assert verdicts(stage) == ["known"]
        assert stage.troupe.asked == ["shortapi-1"]

    play(tmp_path, story)


def test_what_is_settled_or_unsent_needs_no_asking(tmp_path: Path) -> None:
    """A late callback of a posted attempt, and a forged one of a held attempt, change nothing."""

    async def story(stage: Stage) -> None:
        first, second = await stage.submit(), await stage.submit()
        assert await stage.ring((await stage.attempts(second))[0], "forged")
        await stage.see(first)
        assert await stage.ring((await stage.attempts(first))[0], "shortapi-1")
        assert verdicts(stage) == ["settled"] * 2

    play(tmp_path, story, slots=1)


def test_a_lost_create_is_found_by_what_a_callback_names(tmp_path: Path) -> None:
    """A callback names the job of a lost create; an authenticated query posts it."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST, ref="found-1", ends_after_s=8.0)]
        job_id = await stage.submit()
        await stage.pause(9)
        attempt = (await stage.attempts(job_id))[0]
        assert await stage.ring(attempt, None)
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04"], "it named nothing"
        assert await stage.ring(attempt, "found-1")
        await stage.see(job_id)
        assert await stage.books(job_id) == ["shortapi posted 0.04"]
        assert verdicts(stage) == ["unnamed", "evidence"]
        assert (await stage.attempts(job_id))[0].provider_ref == "found-1"

    play(tmp_path, story, policy=NEVER_TWICE)


def test_a_callback_that_names_another_attempts_job_settles_nothing(tmp_path: Path) -> None:
    """The id of another attempt is no evidence, even if the provider confirms it."""

    async def story(stage: Stage) -> None:
        first = await stage.submit()
        await stage.see(first)
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        second = await stage.submit()
        await stage.pause(5)
        assert await stage.ring((await stage.attempts(second))[0], "shortapi-1")
        await stage.pause(5)
        assert await stage.books(second) == ["shortapi in_doubt 0.04"]
        stage.troupe.jobs["shortapi-1"] = (0.0, Act(ends=failed(), ends_after_s=0.0))
        assert await stage.ring((await stage.attempts(second))[0], "shortapi-1")
        await stage.pause(5)
        assert await stage.books(second) == ["shortapi in_doubt 0.04"]
        assert stage.audience.alarms == ["id_given_twice"] * 2

    play(tmp_path, story, policy=NEVER_TWICE)


def test_evidence_after_presuming_replaces_the_presumption(tmp_path: Path) -> None:
    """Even past its horizon an attempt that a callback names is asked after, and posted."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST, ref="very-late", ends_after_s=8.0)]
        job_id = await stage.submit()
        await stage.pause(3600 + 1800 + 400)
        await stage.sweep.once()
        assert await stage.books(job_id) == ["shortapi posted_presumed 0.04"]
        assert await stage.ring((await stage.attempts(job_id))[0], "very-late")
        await stage.pause(5)
        assert await stage.books(job_id) == ["shortapi posted 0.04"]
        assert stage.dispatcher.errands == {}

    play(tmp_path, story, policy=NEVER_TWICE)


def test_a_ring_that_names_nothing_keeps_no_ended_job_in_hand(tmp_path: Path) -> None:
    """A job that has ended is forgotten again when its callback leads nowhere."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        job_id = await stage.submit()
        await stage.see(job_id)
        assert await stage.ring((await stage.attempts(job_id))[0], None)
        assert stage.dispatcher.errands == {}

    play(tmp_path, story, policy=NEVER_TWICE)
