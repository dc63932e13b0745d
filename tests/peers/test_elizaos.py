"""What went wrong in elizaOS, by the number of the issue; and what happens here."""

from pathlib import Path

from router.model.errors import ProviderInDoubt
from router.model.job import JobState
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.stage import PICTURE, Act, Stage, play, reported

ONE_PROVIDER = a_policy(failover={"providers_max": 1})


def test_elizaos_11862_giving_up_on_an_answer_gives_nothing_back(tmp_path: Path) -> None:
    """
    There, when polling took too long the hold was refunded in full while the job could still bill;
    here, the hold outlives the deadline, and the late charge is posted together with its image.
    """

    async def story(stage: Stage) -> None:
        late = Act(ends_after_s=320.0, charge=reported("0.0415"))
        stage.troupe.acts["shortapi"] = [late]
        job_id = await stage.submit()
        view = await stage.see(job_id)
        assert stage.clock.monotonic_s() < 210
        assert (view.row.state, view.row.error_code) == (JobState.FAILED, "deadline_exceeded")
        assert view.may_have_been_charged
        assert await stage.used() == usd("0.04")
        await stage.pause(150)
        view = await stage.see(job_id)
        assert (view.row.state, view.row.images) == (JobState.SUCCEEDED, (PICTURE,))
        assert await stage.used() == view.charged == usd("0.0415")

    play(tmp_path, story, policy=ONE_PROVIDER)


def test_elizaos_11862_only_a_verdict_frees_the_money(tmp_path: Path) -> None:
    """
    There, an unknown outcome was taken for a failure; here, a job that the provider can no longer
    tell of stays in doubt, counted, for as long as nobody has said what it cost.
    """

    async def story(stage: Stage) -> None:
        gone = Act(ends=ProviderInDoubt("no longer known there"), ends_after_s=20.0)
        stage.troupe.acts["shortapi"] = [gone]
        job_id = await stage.submit()
        await stage.see(job_id)
        await stage.pause(600)
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04"]
        assert await stage.used() == usd("0.04")

    play(tmp_path, story, policy=ONE_PROVIDER, callbacks=False)
