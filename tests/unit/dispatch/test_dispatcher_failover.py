"""What a job does when an attempt does not deliver: the next offer, doubt, and late evidence."""

from pathlib import Path

import pytest

from router.model.errors import (
    ProviderError,
    ProviderInDoubt,
    ProviderRefused,
    ProviderThrottled,
    ProviderUnreachable,
    Refusal,
)
from router.model.job import JobState
from router.model.offer import ProviderState
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.stage import PICTURE, Act, Stage, failed, play, reported

LOST = ProviderInDoubt("the reply was lost")
FREE_FAILURES = {
    "refused connection": ProviderUnreachable("connection refused"),
    "503 of its edge": ProviderRefused("503", reason=Refusal.UNAVAILABLE),
    "429": ProviderThrottled("429", retry_after_s=3.0),
    "credit gone": ProviderRefused("402", reason=Refusal.CREDIT),
    "bad credentials": ProviderRefused("401", reason=Refusal.CREDENTIALS),
    "request not accepted": ProviderRefused("400", reason=Refusal.INVALID),
}


@pytest.mark.parametrize("error", FREE_FAILURES.values(), ids=FREE_FAILURES.keys())
def test_a_free_failure_goes_on_to_the_next_provider(tmp_path: Path, error: ProviderError) -> None:
    """Where nothing can have been spent the hold is voided and the next offer is tried at once."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=error)]
        job_id = await stage.submit()
        view = await stage.see(job_id)
        assert view.row.state is JobState.SUCCEEDED
        assert await stage.books(job_id) == ["shortapi voided 0.04", "runpod posted 0.0875"]
        assert await stage.used("double-spend") == usd("0")
        assert not stage.audience.heard("failed_over")[0].may_pay_twice
        assert stage.clock.monotonic_s() < 10

    play(tmp_path, story)


def test_a_free_failure_everywhere_fails_the_job_and_costs_nothing(tmp_path: Path) -> None:
    """When no provider delivers and none can have charged, the job fails with every hold void."""

    async def story(stage: Stage) -> None:
        for provider in ("shortapi", "runpod"):
            stage.troupe.acts[provider] = [Act(refuses=ProviderUnreachable())]
        view = await stage.see(await stage.submit())
        assert (view.row.state, view.row.error_code) == (JobState.FAILED, "provider_failed")
        assert view.nothing_spent
        assert await stage.used() == usd("0")

    play(tmp_path, story)


def test_doubt_is_never_sent_again_where_nothing_may_be_paid_twice(tmp_path: Path) -> None:
    """With `double_spend_max: $0` a lost reply ends the job in doubt: one create, hold kept."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        job_id = await stage.submit()
        view = await stage.see(job_id)
        assert (view.row.state, view.row.error_code) == (JobState.FAILED, "provider_in_doubt")
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04"]
        assert view.may_have_been_charged
        assert len(stage.troupe.sent) == 1

    policy = a_policy(failover={"providers_max": "2", "double_spend_max": "$0"})
    play(tmp_path, story, policy=policy, callbacks=False)


def test_doubt_pays_for_a_second_attempt_under_a_hold_of_its_own(tmp_path: Path) -> None:
    """Where the policy allows it, the other provider delivers, and both holds count."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        job_id = await stage.submit()
        view = await stage.see(job_id)
        assert view.row.state is JobState.SUCCEEDED
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04", "runpod posted 0.0875"]
        assert await stage.used("double-spend") == usd("0.0875")
        assert await stage.used() == usd("0.1275")
        assert stage.audience.heard("failed_over")[0].may_pay_twice

    play(tmp_path, story)


def test_double_spending_never_goes_beyond_the_days_sum(tmp_path: Path) -> None:
    """When the day's sum is used up, further doubt stays doubt: nothing more is bought."""

    async def story(stage: Stage) -> None:
        jobs = []
        for _ in range(4):
            stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
            stage.health._records.clear()
            jobs.append(await stage.submit())
            await stage.see(jobs[-1])
        assert await stage.used("double-spend") == usd("0.175")
        states = [(await stage.see(job_id)).row.state for job_id in jobs]
        assert states == [JobState.SUCCEEDED] * 2 + [JobState.FAILED] * 2
        assert stage.audience.heard("job_refused")[0].budget == "double-spend"

    policy = a_policy(failover={"providers_max": "2", "double_spend_max": "$0.20 per day"})
    play(tmp_path, story, policy=policy, callbacks=False)


def test_a_free_refusal_beside_a_doubt_still_pays_twice(tmp_path: Path) -> None:
    """The double-spend limit binds whenever money of the job may be gone, however it went on."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        stage.troupe.acts["runpod"] = [Act(refuses=ProviderUnreachable())]
        job_id = await stage.submit()
        view = await stage.see(job_id)
        assert view.row.error_code == "provider_in_doubt"
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04", "runpod voided 0.0875"]

    play(tmp_path, story, callbacks=False)


def test_the_losers_late_image_is_posted_too(tmp_path: Path) -> None:
    """When both attempts were charged, both are booked: the truth, not the wish."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST, ref="late-1", ends_after_s=40.0)]
        job_id = await stage.submit()
        await stage.see(job_id)
        lost = (await stage.attempts(job_id))[0]
        await stage.pause(30)
        assert await stage.ring(lost, "late-1")
        await stage.pause(30)
        assert await stage.books(job_id) == ["shortapi posted 0.04", "runpod posted 0.0875"]
        assert await stage.ledger.double_spent() == usd("0.04")
        assert (await stage.see(job_id)).row.delivered_by == f"{job_id}.2"

    play(tmp_path, story)


def test_a_failed_job_is_harvested_once_by_a_late_callback(tmp_path: Path) -> None:
    """The late image of a job whose reply was lost still turns it from failed to succeeded."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST, ref="late-2", ends_after_s=20.0)]
        job_id = await stage.submit()
        assert (await stage.see(job_id)).row.error_code == "provider_in_doubt"
        assert stage.clock.monotonic_s() == pytest.approx(200.0), "a callback may come until then"
        assert stage.dispatcher.errands == {}, "what waits for a callback is not kept in memory"
        lost = (await stage.attempts(job_id))[0]
        for _ in range(2):
            assert await stage.ring(lost, "late-2")
            await stage.pause(5)
        view = await stage.see(job_id)
        assert (view.row.state, view.row.images) == (JobState.SUCCEEDED, (PICTURE,))
        assert await stage.books(job_id) == ["shortapi posted 0.04"]
        assert stage.troupe.asked == ["late-2"], "the second ring found it settled"
        assert stage.dispatcher.errands == {}

    policy = a_policy(failover={"providers_max": "2", "double_spend_max": "$0"})
    play(tmp_path, story, policy=policy)


def test_a_callback_before_the_creates_reply_finds_a_lost_job(tmp_path: Path) -> None:
    """What a callback named while the create hung is collected once the create is lost."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [
            Act(refuses=LOST, answers_after_s=30.0, ref="early-1", ends_after_s=3.0)
        ]
        job_id = await stage.submit()
        await stage.pause(4)
        assert await stage.ring((await stage.attempts(job_id))[0], "early-1")
        view = await stage.see(job_id)
        assert view.row.state is JobState.SUCCEEDED
        assert await stage.books(job_id) == ["shortapi posted 0.04"], "no second purchase"

    play(tmp_path, story)


def test_a_callback_before_the_creates_reply_changes_nothing_when_it_comes(tmp_path: Path) -> None:
    """The id that a callback named is not used where the create's own reply names one."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(answers_after_s=5.0, ref="own-1")]
        job_id = await stage.submit()
        await stage.pause(2)
        assert await stage.ring((await stage.attempts(job_id))[0], "other-1")
        await stage.see(job_id)
        assert stage.troupe.asked == ["own-1"]
        assert await stage.books(job_id) == ["shortapi posted 0.04"]

    play(tmp_path, story)


def test_a_callback_while_the_job_goes_on_is_not_lost(tmp_path: Path) -> None:
    """A callback between the doubt's commit and the end of its task is followed up all the same."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [
            Act(refuses=LOST, answers_after_s=1.0, ref="between-1", ends_after_s=0.5)
        ]
        plan = stage.placer.plan
        job_id = await stage.submit()

        async def plan_and_ring(*arguments: object) -> object:
            assert await stage.ring((await stage.attempts(job_id))[0], "between-1")
            return await plan(*arguments)  # type: ignore[arg-type]

        stage.placer.plan = plan_and_ring  # type: ignore[method-assign, assignment]
        await stage.see(job_id)
        await stage.pause(60)
        assert await stage.books(job_id) == ["shortapi posted 0.04", "runpod posted 0.0875"]

    play(tmp_path, story)


def test_a_callback_that_leads_nowhere_lets_the_job_go_on(tmp_path: Path) -> None:
    """When what a callback named is unknown there, the job still goes to the next provider."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST, answers_after_s=9.0)]
        gone = Act(ends=ProviderInDoubt("the provider no longer knows the job"), ends_after_s=0.0)
        stage.troupe.jobs["forged-1"] = (0.0, gone)
        job_id = await stage.submit()
        await stage.pause(3)
        assert await stage.ring((await stage.attempts(job_id))[0], "forged-1")
        view = await stage.see(job_id)
        assert view.row.state is JobState.SUCCEEDED
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04", "runpod posted 0.0875"]

    play(tmp_path, story)


def test_an_id_given_twice_is_doubt_and_an_alarm(tmp_path: Path) -> None:
    """An id that another attempt has names neither: the second one's money is in doubt."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(ref="twin"), Act(ref="twin")]
        first, second = await stage.submit(), await stage.submit()
        await stage.see(first)
        await stage.see(second)
        assert sorted([await stage.books(first), await stage.books(second)]) == [
            ["shortapi in_doubt 0.04", "runpod posted 0.0875"],
            ["shortapi posted 0.04"],
        ]
        assert stage.audience.alarms == ["id_given_twice"]

    play(tmp_path, story)


def test_a_content_refusal_does_not_fail_over(tmp_path: Path) -> None:
    """The picture or the prompt is the job's fault: another provider would refuse it too."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=ProviderRefused(reason=Refusal.CONTENT))]
        job_id = await stage.submit()
        view = await stage.see(job_id)
        assert (view.row.state, view.row.error_code) == (JobState.FAILED, "content_refused")
        assert await stage.books(job_id) == ["shortapi voided 0.04"]
        assert stage.health.state("shortapi") is ProviderState.SERVING

    play(tmp_path, story)


def test_a_content_refusal_fails_over_where_the_policy_says_so(tmp_path: Path) -> None:
    """`on_content_refusal: true` tries the next provider as after any free failure."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=ProviderRefused(reason=Refusal.CONTENT))]
        job_id = await stage.submit()
        await stage.see(job_id)
        assert await stage.books(job_id) == ["shortapi voided 0.04", "runpod posted 0.0875"]

    policy = a_policy(failover={"providers_max": "2", "on_content_refusal": "true"})
    play(tmp_path, story, policy=policy)


def test_a_billed_failure_pays_twice_or_not_at_all(tmp_path: Path) -> None:
    """A failure that was charged is posted; the next attempt is under the double-spend limit."""

    async def story(stage: Stage) -> None:
        billed = failed(reported=reported("0.039"))
        stage.troupe.acts["shortapi"] = [Act(ends=billed, ends_after_s=2.0)]
        job_id = await stage.submit()
        await stage.see(job_id)
        assert await stage.books(job_id) == ["shortapi posted 0.039", "runpod posted 0.0875"]
        assert await stage.used("double-spend") == usd("0.0875")

    play(tmp_path, story)


def test_two_attempts_of_a_job_do_not_both_fail_over(tmp_path: Path) -> None:
    """While another of its attempts is under way, a job buys nothing more."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST, ref="slow-1", ends_after_s=30.0)]
        stage.troupe.acts["runpod"] = [Act(ends_after_s=50.0)]
        job_id = await stage.submit()
        await stage.pause(5)
        gone = Act(ends=failed(proves_free=True), ends_after_s=10.0)
        stage.troupe.jobs["slow-1"] = (0.0, gone)
        assert await stage.ring((await stage.attempts(job_id))[0], "slow-1")
        await stage.pause(20)
        assert await stage.books(job_id) == ["shortapi voided 0.04", "runpod running 0.0875"]
        assert (await stage.see(job_id)).row.state is JobState.SUCCEEDED

    play(
        tmp_path,
        story,
        policy=a_policy(failover={"providers_max": "3", "double_spend_max": "$2.50 per day"}),
    )
