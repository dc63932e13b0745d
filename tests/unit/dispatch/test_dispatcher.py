"""The control flow of the money: from an admitted job to its settled bill."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from router.dispatch.errand import JOBS_IN_HAND_MAX, Admission
from router.dispatch.settlement import Onward, Settlement
from router.ledger.commands import JobEnd, Post, Void
from router.model.errors import (
    BudgetExceeded,
    IdempotencyConflict,
    LedgerUnavailable,
    NobodyQualifies,
    Overloaded,
    ProviderInDoubt,
    ProviderRefused,
    ProviderUnreachable,
    Refusal,
)
from router.model.ids import AttemptId, JobId
from router.model.job import AttemptState, JobState, Resolution
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.stage import PICTURE, Act, Stage, play

LOST = ProviderInDoubt("the reply was lost")
CREDIT_GONE = ProviderRefused("no credit left", reason=Refusal.CREDIT)
LONG = timedelta(seconds=200)


def test_the_cheapest_provider_delivers_and_is_posted(tmp_path: Path) -> None:
    """A plain job goes to the cheapest, ends with its image, and costs what was quoted."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit()
        view = await stage.see(job_id)
        assert view.row.state is JobState.SUCCEEDED
        assert view.row.images == (PICTURE,)
        assert view.row.delivered_by == view.attempts[0].id
        assert view.charged == usd("0.04")
        assert await stage.books(job_id) == ["shortapi posted 0.04"]
        assert await stage.used() == usd("0.04")
        assert stage.troupe.sent[0].attempt_token == view.attempts[0].callback_token
        assert stage.dispatcher.errands == {}
        assert [event.name for event in stage.audience.events] == [
            "took_turn",
            "job_admitted",
            "attempt_accepted",
            "job_ended",
            "attempt_settled",
        ]

    play(tmp_path, story)


def test_a_budget_that_fits_only_the_second_offer_takes_it(tmp_path: Path) -> None:
    """Of the plan's offers the first whose hold fits every budget is bought."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit()
        await stage.see(job_id)
        assert await stage.books(job_id) == ["shortapi posted 0.04"]
        assert stage.slots.taken("runpod") == 0

    budgets = [{"name": "tight", "who": "everyone", "limit": "$0.05", "per": "day"}]
    policy = a_policy(budgets=budgets, prefer={"order": ["runpod", "shortapi"]})
    play(tmp_path, story, policy=policy)


def test_a_full_budget_of_a_provider_sends_the_job_elsewhere(tmp_path: Path) -> None:
    """A budget on a provider that is full makes that offer not qualify; the other one is taken."""

    async def story(stage: Stage) -> None:
        jobs = [await stage.submit() for _ in range(2)]
        for job_id in jobs:
            await stage.see(job_id)
        assert await stage.books(jobs[0]) == ["shortapi posted 0.04"]
        assert await stage.books(jobs[1]) == ["runpod posted 0.0875"]

    full = {"name": "short", "who": {"provider": "shortapi"}, "limit": "$0.07", "per": "day"}
    play(tmp_path, story, policy=a_policy(budgets=[full]))


def test_a_refusal_for_money_names_the_cheapests_failing_budget(tmp_path: Path) -> None:
    """When nothing fits, the caller is told of the budget that stops the cheapest offer."""

    async def story(stage: Stage) -> None:
        job = stage.job()
        with pytest.raises(BudgetExceeded) as caught:
            await stage.admit(job)
        assert (caught.value.limit.budget, caught.value.asked) == ("tiny", usd("0.04"))
        assert await stage.ledger.job(job.id) is None
        assert stage.slots.taken("shortapi") == 0
        assert stage.audience.heard("job_refused")[0].asked == usd("0.04")
        assert stage.dispatcher.errands == {}

    budgets = [
        {"name": "tiny", "who": {"provider": "shortapi"}, "limit": "$0.03", "per": "day"},
        {"name": "small", "who": {"provider": "runpod"}, "limit": "$0.08", "per": "day"},
    ]
    play(tmp_path, story, policy=a_policy(budgets=budgets))


def test_nobody_qualifies_and_every_reason_is_told(tmp_path: Path) -> None:
    """A job that nobody can serve is refused with each provider's reason, and leaves no trace."""

    async def story(stage: Stage) -> None:
        job = stage.job(resolution=Resolution.FOUR_K, price_max=usd("0.10"))
        with pytest.raises(NobodyQualifies, match=r"runpod costs \$0\.175.*"):
            await stage.admit(job)
        assert await stage.ledger.job(job.id) is None

    play(tmp_path, story)


def test_a_key_used_again_is_the_same_job(tmp_path: Path) -> None:
    """A re-post with its idempotency key is answered with the first job, then and later."""

    async def story(stage: Stage) -> None:
        first = await stage.admit(stage.job(), "key-a")
        again = await stage.admit(stage.job(), "key-a")
        assert (again.row.id, again.replayed, first.replayed) == (first.row.id, True, False)
        await stage.see(first.row.id)
        assert (await stage.admit(stage.job(), "key-a")).row.state is JobState.SUCCEEDED
        assert len(stage.troupe.sent) == 1

    play(tmp_path, story)


def test_a_key_used_for_another_request_is_a_conflict(tmp_path: Path) -> None:
    """The same key with another body is refused and has no effect, also at the same instant."""

    async def story(stage: Stage) -> None:
        await stage.submit("key-b", "f1")
        with pytest.raises(IdempotencyConflict):
            await stage.submit("key-b", "f2")
        answers = await asyncio.gather(
            stage.submit("key-c", "f1"), stage.submit("key-c", "f3"), return_exceptions=True
        )
        assert sum(isinstance(one, IdempotencyConflict) for one in answers) == 1
        await stage.pause(60)
        assert len(stage.troupe.sent) == 2

    play(tmp_path, story)


def test_a_hundred_requests_with_one_key_are_one_purchase(tmp_path: Path) -> None:
    """However many come at once, there is one job, one hold and one create."""

    async def story(stage: Stage) -> None:
        answers = await asyncio.gather(*(stage.submit("key-d") for _ in range(100)))
        assert len(set(answers)) == 1
        await stage.see(answers[0])
        assert len(stage.troupe.sent) == 1
        assert await stage.used() == usd("0.04")

    play(tmp_path, story)


@pytest.mark.parametrize("turns", range(12))
def test_a_caller_that_goes_away_leaves_a_whole_job_or_no_trace(tmp_path: Path, turns: int) -> None:
    """Cancelled at any moment, the job is durable and started, or was never there."""

    async def story(stage: Stage) -> None:
        job = stage.job()
        caller: asyncio.Task[Admission] = stage.tasks.start("caller", stage.admit(job))
        for _ in range(turns):
            await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait({caller})
        await stage.pause(100)
        row = await stage.ledger.job(job.id)
        assert await stage.used() == usd("0.04" if row else "0")
        assert len(stage.troupe.sent) == (1 if row else 0)
        if row:
            assert row.state is JobState.SUCCEEDED

    play(tmp_path, story, seed=turns)


def test_past_its_deadline_a_running_job_fails_and_is_harvested(tmp_path: Path) -> None:
    """The job fails on time; what was bought is still collected, posted and shown, once."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(ends_after_s=260.0)]
        job_id = await stage.submit()
        view = await stage.see(job_id)
        assert (view.row.state, view.row.error_code) == (JobState.FAILED, "deadline_exceeded")
        assert stage.clock.monotonic_s() == pytest.approx(200)
        await stage.pause(100)
        view = await stage.see(job_id)
        assert view.row.state is JobState.SUCCEEDED
        assert await stage.books(job_id) == ["shortapi posted 0.04"]
        assert len(stage.audience.heard("job_ended")) == 2
        assert stage.dispatcher.errands == {}

    play(tmp_path, story)


def test_a_job_whose_turn_does_not_come_in_time_is_voided(tmp_path: Path) -> None:
    """What waited for a slot until it would have been late was never sent, and is free."""

    async def story(stage: Stage) -> None:
        stage.troupe.always["shortapi"] = Act(answers_after_s=400.0, refuses=LOST)
        first = await stage.submit()
        second = await stage.submit()
        assert await stage.books(second) == ["shortapi held 0.04"]
        view = await stage.see(second)
        assert (view.row.state, view.row.error_code) == (JobState.FAILED, "overloaded")
        assert await stage.books(second) == ["shortapi voided 0.04"]
        assert view.nothing_spent
        await stage.see(first)
        await stage.pause(100)
        assert len(stage.troupe.sent) == 1
        assert stage.slots.taken("shortapi") == 0

    budgets = [{"name": "m", "who": {"provider": "runpod"}, "limit": "$0.01", "per": "day"}]
    policy = a_policy(budgets=budgets, create_deadline="200s")
    play(tmp_path, story, policy=policy, slots=1)


def test_past_its_deadline_a_job_buys_nothing_more(tmp_path: Path) -> None:
    """A doubt that comes after the deadline does not pay for another attempt."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(answers_after_s=210.0, refuses=LOST)]
        job_id = await stage.submit(deadline_at=stage.clock.now() + LONG)
        await stage.pause(250)
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04"]
        assert len(stage.troupe.sent) == 1

    policy = a_policy(create_deadline="900s", deadline="900s")
    play(tmp_path, story, policy=policy)


def test_a_deadline_and_a_doubt_at_one_instant_buy_nothing_more(tmp_path: Path) -> None:
    """Also when the doubt is booked first, a job whose deadline has passed is not bought again."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(answers_after_s=50.0, refuses=LOST)]
        job = stage.job(deadline_at=stage.clock.now() + LONG)
        await stage.admit(job)
        errand = stage.dispatcher.errands[job.id]
        assert errand.expiry is not None
        errand.expiry.cancel()
        await stage.pause(210)
        stage.troupe.acts["shortapi"] = []
        attempts = await stage.attempts(job.id)
        assert attempts[0].state is AttemptState.IN_DOUBT
        found = await stage.dispatcher._fail_over(errand, attempts[0], Onward.PAYING_TWICE)
        assert found is None

    play(tmp_path, story, policy=a_policy(failover={"providers_max": "2"}))


def test_a_dispatch_that_overtakes_the_deadline_is_not_voided(tmp_path: Path) -> None:
    """An attempt read as held, but dispatched since, may have been sent: its hold stays."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit()
        attempt = (await stage.attempts(job_id))[0]
        as_held = replace(attempt, state=AttemptState.HELD)
        errand = stage.dispatcher.errands[job_id]
        end = JobEnd(state=JobState.FAILED, error_code="deadline_exceeded")
        await stage.dispatcher._void_unsent(errand, [as_held], end)
        assert await stage.books(job_id) == ["shortapi dispatching 0.04"]
        await stage.see(job_id)
        assert await stage.books(job_id) == ["shortapi posted 0.04"]

    play(tmp_path, story)


def test_a_job_cancelled_before_it_was_sent_costs_nothing(tmp_path: Path) -> None:
    """Cancelling a job that waits for a slot voids its hold and ends it."""

    async def story(stage: Stage) -> None:
        first, second = await stage.submit(), await stage.submit()
        assert await stage.dispatcher.cancel(second)
        view = await stage.see(second)
        assert view.row.state is JobState.CANCELLED
        assert await stage.books(second) == ["shortapi voided 0.04"]
        assert (await stage.see(first)).row.state is JobState.SUCCEEDED
        await stage.pause(20)
        assert len(stage.troupe.sent) == 1
        assert not await stage.dispatcher.cancel(second), "it has ended"

    play(tmp_path, story, slots=1)


def test_a_provider_that_confirms_a_cancel_is_asked_what_it_cost(tmp_path: Path) -> None:
    """A confirmed cancel is no proof of costing nothing unless the provider's terms say so."""

    async def story(stage: Stage) -> None:
        stage.troupe.confirms_cancel = True
        job_id = await stage.submit()
        await stage.pause(3)
        assert await stage.dispatcher.cancel(job_id)
        view = await stage.see(job_id)
        assert view.row.state is JobState.CANCELLED
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04"]
        assert stage.troupe.cancelled == ["shortapi-1"]
        assert stage.clock.monotonic_s() < 4, "the provider is asked at once"
        assert stage.health.condition("shortapi").share.started == 0, "it was not its doing"

    play(tmp_path, story)


def test_a_provider_that_cannot_cancel_delivers_all_the_same(tmp_path: Path) -> None:
    """Where there is no cancelling, what was bought is collected and shown."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit()
        await stage.pause(3)
        assert await stage.dispatcher.cancel(job_id)
        view = await stage.see(job_id)
        assert view.row.state is JobState.SUCCEEDED
        assert await stage.books(job_id) == ["shortapi posted 0.04"]

    play(tmp_path, story)


def test_a_cancelled_job_does_not_go_on_to_the_next_provider(tmp_path: Path) -> None:
    """Nothing more is bought for what nobody wants."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(answers_after_s=5.0, refuses=ProviderUnreachable())]
        job_id = await stage.submit()
        await stage.pause(1)
        assert await stage.dispatcher.cancel(job_id)
        view = await stage.see(job_id)
        assert view.row.state is JobState.CANCELLED
        assert await stage.books(job_id) == ["shortapi voided 0.04"]

    play(tmp_path, story)


def test_an_unforeseen_failure_leaves_the_hold_in_place(tmp_path: Path) -> None:
    """A bug of ours while an attempt is under way concludes nothing about its money."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=ZeroDivisionError())]
        job_id = await stage.submit()
        await stage.pause(1)
        assert await stage.books(job_id) == ["shortapi dispatching 0.04"]
        assert isinstance(stage.crashes.pop(), ZeroDivisionError)
        assert stage.slots.taken("shortapi") == 0

    play(tmp_path, story)


def test_a_ledger_that_takes_no_more_holds_ends_the_job(tmp_path: Path) -> None:
    """Where the next hold cannot be placed, the job ends with what is known."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=ProviderUnreachable())]
        job_id = await stage.submit()
        stage.writer.admitting = False
        view = await stage.see(job_id)
        assert view.row.error_code == "provider_failed"
        with pytest.raises(LedgerUnavailable):
            await stage.submit()
        assert stage.slots.taken("shortapi") == 0

    play(tmp_path, story)


def test_settling_twice_is_settling_once(tmp_path: Path) -> None:
    """A settlement that comes again changes nothing and leads nowhere."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit()
        errand = stage.dispatcher.errands[job_id]
        await stage.see(job_id)
        attempt = (await stage.attempts(job_id))[0]
        void = Void(at=stage.clock.now(), attempt_id=attempt.id, outcome="twice")
        await stage.dispatcher.settle(errand, Settlement(void, Onward.FREELY))
        assert await stage.books(job_id) == ["shortapi posted 0.04"]
        await stage.dispatcher.conclude(errand)
        assert (await stage.see(job_id)).row.state is JobState.SUCCEEDED

    play(tmp_path, story)


def test_more_jobs_than_can_be_borne_are_refused(tmp_path: Path) -> None:
    """Before anything is written or bought; a repeated request still gets its job."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit("the-key")
        stage.dispatcher.errands.update(
            (JobId(f"busy-{n}"), stage.dispatcher.errands[job_id]) for n in range(JOBS_IN_HAND_MAX)
        )
        with pytest.raises(Overloaded):
            await stage.submit()
        assert await stage.submit("the-key") == job_id
        assert await stage.used() == usd("0.04")
        stage.dispatcher.errands = {job_id: stage.dispatcher.errands[job_id]}
        await stage.see(job_id)

    play(tmp_path, story)


def test_nobody_qualifies_for_long_or_only_until_a_provider_is_well(tmp_path: Path) -> None:
    """Asking again is invited only where it can help."""

    async def story(stage: Stage) -> None:
        with pytest.raises(NobodyQualifies) as dear:
            await stage.submit(price_max=usd("0.01"))
        assert dear.value.retry_after_s is None
        for provider in ("shortapi", "runpod"):
            doubted = AttemptId(f"{provider}-doubt")
            stage.health.doubted(provider, doubted, usd("3.00"))
        with pytest.raises(NobodyQualifies) as ill:
            await stage.submit()
        assert ill.value.retry_after_s == 5.0

    play(tmp_path, story)


def test_what_waits_for_its_turn_is_not_sent_into_an_outage(tmp_path: Path) -> None:
    """Its provider was set aside while it waited: it is voided unsent, and goes on elsewhere."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=CREDIT_GONE)]
        jobs = [await stage.submit() for _ in range(3)]
        for job_id in jobs:
            assert (await stage.see(job_id)).row.state is JobState.SUCCEEDED
            assert await stage.books(job_id) == ["shortapi voided 0.04", "runpod posted 0.0875"]
        assert [sent.provider for sent in stage.troupe.sent].count("shortapi") == 1

    play(tmp_path, story, slots=1)


def test_a_charge_for_what_was_voided_is_booked_and_told(tmp_path: Path) -> None:
    """Once, as an entry of its own; a job that was failed for it gets its image."""

    async def story(stage: Stage) -> None:
        lied = Act(refuses=ProviderUnreachable("no route"), ref="after-all-1")
        stage.troupe.acts["shortapi"] = [lied]
        stage.troupe.acts["runpod"] = [Act(refuses=ProviderUnreachable("no route either"))]
        job_id = await stage.submit()
        assert (await stage.see(job_id)).row.state is JobState.FAILED
        attempt = (await stage.attempts(job_id))[0]
        for _ in range(2):
            assert await stage.ring(attempt, "after-all-1")
            await stage.pause(10)
        assert await stage.books(job_id) == ["shortapi posted 0.04", "runpod voided 0.0875"]
        assert (await stage.see(job_id)).row.state is JobState.SUCCEEDED
        assert stage.audience.alarms == ["charged_after_void"]
        assert await stage.used() == usd("0.04")

    play(tmp_path, story)


def test_a_failure_that_was_charged_after_its_void_ends_no_job_again(tmp_path: Path) -> None:
    """The charge is booked; there is no image, and nothing else changes."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=ProviderUnreachable("no route"))]
        job_id = await stage.submit()
        assert (await stage.see(job_id)).row.state is JobState.SUCCEEDED
        attempt = (await stage.attempts(job_id))[0]
        charge = Post(
            at=stage.clock.now(), attempt_id=attempt.id, amount=usd("0.03"), outcome="failed"
        )
        errand = await stage.recovery.errand(job_id)
        assert errand is not None
        await stage.dispatcher.settle(errand, Settlement(charge, Onward.STOP))
        assert await stage.books(job_id) == ["shortapi posted 0.03", "runpod posted 0.0875"]
        assert (await stage.see(job_id)).row.state is JobState.SUCCEEDED

    play(tmp_path, story)
