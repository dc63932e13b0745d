"""After a crash: every state that an attempt can be left in is taken up again."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router.dispatch.requests import INLINE_MAX
from router.model.errors import ProviderInDoubt
from router.model.ids import JobId
from router.model.job import AttemptState, JobState
from router.policy.policy import Policy
from tests.ledger_kit import usd
from tests.policy_files import PRICES, a_policy
from tests.stage import Act, Stage, failed, play

LOST = ProviderInDoubt("the reply was lost")
NEVER_TWICE = a_policy(failover={"providers_max": "2", "double_spend_max": "$0"})
LARGE = "data:image/png;base64," + "A" * INLINE_MAX
LARGE_PRICES = PRICES.replace("body_bytes_max: 300", "body_bytes_max: 10000000")
AT_RUNPOD: dict[str, Any] = {"prefer": {"order": ["runpod", "shortapi"]}}


async def held(stage: Stage, **job: Any) -> JobId:
    """Admit a job that waits for a slot."""
    for provider in ("shortapi", "runpod"):
        stage.slots.try_take(provider)
    return await stage.submit(**job)


def test_what_was_held_is_sent(tmp_path: Path) -> None:
    """A hold that was never sent is sent after the restart, once."""

    async def story(stage: Stage) -> None:
        job_id = await held(stage)
        await stage.restart()
        assert (await stage.see(job_id)).row.state is JobState.SUCCEEDED
        assert await stage.books(job_id) == ["shortapi posted 0.04"]
        assert len(stage.troupe.sent) == 1
        assert stage.audience.heard("recovered")[0].jobs == 1

    play(tmp_path, story, slots=1)


def test_what_was_held_past_its_deadline_is_voided(tmp_path: Path) -> None:
    """A job whose deadline passed while nobody was there is not bought any more."""

    async def story(stage: Stage) -> None:
        job_id = await held(stage)
        await stage.kill()
        await stage.pause(500)
        stage.open()
        stage.begin()
        await stage.recovery.run()
        view = await stage.see(job_id)
        assert view.row.state is JobState.FAILED
        await stage.pause(1)
        assert await stage.books(job_id) == ["shortapi voided 0.04"]
        assert stage.troupe.sent == []

    play(tmp_path, story, slots=1)


@pytest.mark.parametrize("kept", [True, False])
def test_a_large_image_is_sent_only_if_it_is_still_there(tmp_path: Path, *, kept: bool) -> None:
    """An unsent job whose input is gone is voided; with it, it is sent as it came."""

    async def story(stage: Stage) -> None:
        job_id = await held(stage, images=(LARGE,))
        if not kept:
            for path in (tmp_path / "inputs").rglob("*"):
                if path.is_file():
                    path.unlink()
        await stage.restart()
        view = await stage.see(job_id)
        assert view.row.state is (JobState.SUCCEEDED if kept else JobState.FAILED)
        assert [sent.job.images for sent in stage.troupe.sent] == ([(LARGE,)] if kept else [])
        if not kept:
            assert (await stage.attempts(job_id))[0].detail == "its image is no longer at hand"

    policy = a_policy(prices=LARGE_PRICES)
    play(tmp_path, story, slots=1, policy=policy)


def test_what_was_being_sent_is_in_doubt_and_never_sent_again(tmp_path: Path) -> None:
    """Whether the first byte left is unknown: the hold stays, and nothing is bought instead."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(answers_after_s=20.0)]
        job_id = await stage.submit()
        await stage.pause(1)
        await stage.restart()
        await stage.pause(5)
        attempt = (await stage.attempts(job_id))[0]
        assert (attempt.state, attempt.outcome) == (AttemptState.IN_DOUBT, "provider_in_doubt")
        assert len(stage.troupe.sent) == 1
        assert (await stage.see(job_id)).row.error_code == "provider_in_doubt"

    play(tmp_path, story, policy=NEVER_TWICE)


def test_what_was_being_sent_is_bought_again_only_in_time(tmp_path: Path) -> None:
    """The policy's second attempt is made if the deadline still allows it, and not afterwards."""

    async def story(stage: Stage) -> None:
        stage.troupe.always["shortapi"] = Act(answers_after_s=20.0)
        late = await stage.submit()
        await stage.pause(195)
        stage.troupe.acts["shortapi"] = [Act(answers_after_s=20.0)]
        await stage.see(late)
        in_time = await stage.submit(deadline_at=stage.clock.now() + timedelta(seconds=60))
        gone = await stage.submit(deadline_at=stage.clock.now() + timedelta(seconds=5))
        await stage.pause(1)
        await stage.kill()
        await stage.pause(10)
        stage.open()
        stage.begin()
        await stage.recovery.run()
        await stage.pause(30)
        assert await stage.books(in_time) == ["shortapi in_doubt 0.04", "runpod posted 0.0875"]
        assert await stage.books(gone) == ["shortapi in_doubt 0.04"]

    play(tmp_path, story)


def test_what_runs_is_collected(tmp_path: Path) -> None:
    """A job that the provider has named is collected after the restart, and posted once."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit()
        await stage.pause(2)
        await stage.restart()
        assert (await stage.see(job_id)).row.state is JobState.SUCCEEDED
        assert await stage.books(job_id) == ["shortapi posted 0.04"]
        assert stage.troupe.asked == ["shortapi-1"] * 2

    play(tmp_path, story)


def test_what_failed_meanwhile_goes_on_to_the_next_provider(tmp_path: Path) -> None:
    """A free failure found after the restart fails over as it would have before."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["runpod"] = [Act(ends=failed(proves_free=True), ends_after_s=4.0)]
        job_id = await stage.submit()
        await stage.pause(2)
        await stage.restart()
        await stage.see(job_id)
        assert await stage.books(job_id) == ["runpod voided 0.0875", "shortapi posted 0.04"]

    play(tmp_path, story, policy=a_policy(**AT_RUNPOD))


def test_doubt_with_an_id_is_asked_after_again(tmp_path: Path) -> None:
    """An attempt in doubt that was named is collected; if still in doubt, its job goes on."""

    async def story(stage: Stage) -> None:
        unclear = Act(ends=LOST, ends_after_s=3.0)
        stage.troupe.acts["shortapi"] = [unclear, unclear]
        first, second = await stage.submit(), await stage.submit()
        await stage.pause(10)
        refs = [(await stage.attempts(job_id))[0].provider_ref for job_id in (first, second)]
        stage.troupe.jobs[str(refs[0])] = (0.0, Act(ends_after_s=0.0))
        await stage.restart()
        await stage.pause(10)
        assert await stage.books(first) == ["shortapi posted 0.04"]
        assert await stage.books(second) == ["shortapi in_doubt 0.04"]
        view = await stage.see(first)
        assert view.row.state is JobState.SUCCEEDED, "harvested"
        obstacle = stage.health.obstacle("shortapi", stage.policy.prices.terms("shortapi"))
        assert obstacle is None
        assert stage.health._records["shortapi"].in_doubt == {f"{second}.1": usd("0.04")}

    play(tmp_path, story, policy=NEVER_TWICE)


def test_doubt_without_an_id_waits_and_keeps_nothing_in_memory(tmp_path: Path) -> None:
    """A lost create of an ended job waits for its callback in the books alone."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        job_id = await stage.submit()
        await stage.see(job_id)
        await stage.restart()
        assert stage.dispatcher.errands == {}
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04"]

    play(tmp_path, story, policy=NEVER_TWICE)


def test_a_job_that_waits_for_a_callback_still_ends_at_its_deadline(tmp_path: Path) -> None:
    """The restart sets the deadline anew: nobody waits for ever."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        job_id = await stage.submit()
        await stage.pause(50)
        await stage.restart()
        assert (await stage.see(job_id)).row.error_code == "provider_in_doubt"
        assert stage.clock.monotonic_s() == pytest.approx(200)

    play(tmp_path, story, policy=NEVER_TWICE)


def test_an_id_that_nobody_has_is_nothing_to_take_up(tmp_path: Path) -> None:
    """Resuming an unknown job does nothing."""

    async def story(stage: Stage) -> None:
        await stage.recovery.resume(JobId("nobody"))
        assert stage.dispatcher.errands == {}

    play(tmp_path, story)


def test_two_who_take_up_one_job_share_its_errand(tmp_path: Path) -> None:
    """Whoever reads while another takes the job in hand joins it: one job, one errand."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        job_id = await stage.submit()
        await stage.pause(5)
        first = stage.dispatcher.errands.pop(job_id)
        read = stage.ledger.attempts_of

        async def read_slowly(wanted: JobId) -> list[object]:
            found = await read(wanted)
            stage.dispatcher.errands[job_id] = first
            return list(found)

        stage.ledger.attempts_of = read_slowly  # type: ignore[method-assign, assignment]
        assert await stage.recovery.errand(job_id) is first

    play(tmp_path, story, policy=NEVER_TWICE)


def test_what_a_callback_took_up_meanwhile_is_left_to_it(tmp_path: Path) -> None:
    """While one attempt is taken up another may be worked on already: it is not taken up twice."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(ends_after_s=500.0)]
        job_id = await stage.submit()
        await stage.pause(1)
        errand = stage.dispatcher.errands[job_id]
        bell = errand.working.pop((await stage.attempts(job_id))[0].id)
        first = (await stage.attempts(job_id))[0]
        second = replace(first, id=type(first.id)(f"{job_id}.2"), number=2)

        async def both(_: JobId) -> list[object]:
            return [first, second]

        async def resume_and_ring(*arguments: object) -> None:
            errand.working[second.id] = bell
            taken.append(arguments[1])

        taken: list[object] = []
        stage.ledger.attempts_of = both  # type: ignore[method-assign, assignment]
        stage.recovery._resume = resume_and_ring  # type: ignore[method-assign, assignment]
        await stage.recovery.resume(job_id)
        assert taken == [first]
        del errand.working[second.id]

    play(tmp_path, story)


def only_runpod() -> Policy:
    """A policy whose price book has ShortAPI no more."""
    start = PRICES.index("  - provider: shortapi")
    end = PRICES.index("  - provider: runpod")
    prices = (PRICES[:start] + PRICES[end:]).replace(
        "  - {provider: shortapi, source: documents}\n", ""
    )
    return a_policy(prices=prices)


def test_what_runs_at_a_provider_that_is_gone_is_collected(tmp_path: Path) -> None:
    """The policy in force after the restart does not have it any more; its attempt ends all the
    same, and where it fails, nobody says that this was free.
    """

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(), Act(ends=failed())]
        well, badly = await stage.submit(), await stage.submit()
        await stage.pause(2)
        stage.policy = only_runpod()
        await stage.restart()
        await stage.pause(20)
        assert await stage.books(well) == ["shortapi posted 0.04"]
        assert await stage.books(badly) == ["shortapi in_doubt 0.04", "runpod posted 0.0875"]

    play(tmp_path, story)


def test_what_was_held_for_a_provider_that_is_gone_goes_elsewhere(tmp_path: Path) -> None:
    """It was never sent, so its hold is free, and the next provider delivers."""

    async def story(stage: Stage) -> None:
        job_id = await held(stage)
        stage.policy = only_runpod()
        await stage.restart()
        assert (await stage.see(job_id)).row.state is JobState.SUCCEEDED
        first, _ = await stage.attempts(job_id)
        assert first.detail == "the policy does not have its provider any more"
        assert await stage.books(job_id) == ["shortapi voided 0.04", "runpod posted 0.0875"]

    play(tmp_path, story, slots=1)


def test_a_job_taken_up_again_has_the_policy_it_began_with(tmp_path: Path) -> None:
    """Found by the hash that its row keeps."""

    async def story(stage: Stage) -> None:
        asked: list[str] = []
        own = a_policy(prefer={"order": ["runpod", "shortapi"]})

        def policy_of(policy_hash: str) -> Policy:
            asked.append(policy_hash)
            return own

        stage.recovery._policy = policy_of
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        job_id = await stage.submit()
        await stage.pause(5)
        del stage.dispatcher.errands[job_id]
        errand = await stage.recovery.errand(job_id)
        assert errand is not None
        assert errand.policy is own
        assert asked == [errand.row.policy_hash]

    play(tmp_path, story, policy=NEVER_TWICE)
