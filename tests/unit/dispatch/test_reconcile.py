"""The sweep: every open hold has somebody who works on it, or an instant when it ends."""

from dataclasses import replace
from pathlib import Path

import pytest

from router.dispatch.reconcile import SWEEP_S, Swept
from router.ledger.answers import Stale
from router.ledger.commands import Presume
from router.model.errors import LedgerUnavailable, ProviderInDoubt, ProviderUnreachable
from router.model.job import AttemptState, JobState
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.stage import Act, Stage, failed, play

LOST = ProviderInDoubt("the reply was lost")
HORIZON_S = 3600 + 1800 + 300
NEVER_TWICE = a_policy(failover={"providers_max": "2", "double_spend_max": "$0"})


def test_each_open_hold_is_counted_once(tmp_path: Path) -> None:
    """Under way, waiting for evidence, past its horizon, worked on by nobody: exactly one."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        await stage.see(await stage.submit())
        await stage.pause(HORIZON_S - 400)
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        await stage.see(await stage.submit())
        await stage.pause(250)
        stage.troupe.acts["shortapi"] = [Act(refuses=ZeroDivisionError())]
        await stage.submit()
        await stage.pause(21)
        stage.troupe.acts["shortapi"] = [Act(ends_after_s=90.0)]
        await stage.submit()
        await stage.pause(1)
        assert len(await stage.ledger.open_attempts()) == 4
        swept = await stage.sweep.once()
        assert swept == Swept(worked_on=1, waiting=1, presumed=1, taken_up=1)
        assert isinstance(stage.crashes.pop(), ZeroDivisionError)

    play(tmp_path, story, policy=NEVER_TWICE)


def test_doubt_past_its_horizon_is_presumed_posted(tmp_path: Path) -> None:
    """It counts against the budget as before, in an amount of its own, and the provider is free."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        job_id = await stage.submit()
        await stage.pause(HORIZON_S - 1)
        assert await stage.sweep.once() == Swept(waiting=1)
        await stage.pause(1)
        assert await stage.sweep.once() == Swept(presumed=1)
        assert await stage.books(job_id) == ["shortapi posted_presumed 0.04"]
        assert await stage.used() == usd("0.04")
        assert stage.health._records["shortapi"].in_doubt == {}
        assert await stage.sweep.once() == Swept()

    play(tmp_path, story, policy=NEVER_TWICE)


def test_what_evidence_settled_first_is_not_presumed(tmp_path: Path) -> None:
    """When evidence overtakes the sweep, nothing is presumed and nothing is counted as such."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        job_id = await stage.submit()
        await stage.pause(HORIZON_S + 1)
        attempt = (await stage.attempts(job_id))[0]
        await stage.ledger.submit(Presume(at=stage.clock.now(), attempt_id=attempt.id))
        assert attempt.state is AttemptState.IN_DOUBT
        assert await stage.sweep._presume(attempt) == 0
        again = await stage.ledger.submit(Presume(at=stage.clock.now(), attempt_id=attempt.id))
        assert isinstance(again, Stale)

    play(tmp_path, story, policy=NEVER_TWICE)


def test_an_orphan_is_taken_up_with_an_alarm(tmp_path: Path) -> None:
    """An attempt whose task died is left alone for a moment, then taken up: here as in doubt."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=ZeroDivisionError())]
        job_id = await stage.submit()
        await stage.pause(5)
        assert await stage.sweep.once() == Swept(taken_up=1)
        assert await stage.books(job_id) == ["shortapi dispatching 0.04"], "it is young"
        await stage.pause(20)
        assert await stage.sweep.once() == Swept(taken_up=1)
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04"]
        assert stage.audience.alarms == ["taken_up"]
        assert isinstance(stage.crashes.pop(), ZeroDivisionError)

    play(tmp_path, story, policy=NEVER_TWICE, callbacks=False)


def test_a_job_that_nobody_ended_is_ended(tmp_path: Path) -> None:
    """A job whose attempts are settled, and that is in nobody's hand, is concluded."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        job_id = await stage.submit()
        await stage.pause(5)
        errand = stage.dispatcher.errands.pop(job_id)
        assert errand.expiry is not None
        errand.expiry.cancel()
        await stage.sweep.once()
        assert stage.audience.alarms == [], "it is young"
        await stage.pause(60)
        await stage.sweep.once()
        assert stage.audience.alarms == ["taken_up"]
        assert (await stage.see(job_id)).row.state is JobState.FAILED

    play(tmp_path, story, policy=NEVER_TWICE)


def test_a_deadline_that_could_not_be_written_is_set_again(tmp_path: Path) -> None:
    """A job in hand whose deadline's task died still ends."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST)]
        job_id = await stage.submit()
        read, fails = stage.ledger.attempts_of, True

        async def unreadable(*arguments: object) -> object:
            if fails and stage.clock.monotonic_s() >= 200:
                raise LedgerUnavailable
            return await read(*arguments)  # type: ignore[arg-type]

        stage.ledger.attempts_of = unreadable  # type: ignore[method-assign, assignment]
        await stage.pause(201)
        assert isinstance(stage.crashes.pop(), LedgerUnavailable)
        fails = False
        await stage.sweep.once()
        await stage.pause(1)
        view = await stage.see(job_id, 0.0)
        assert (view.row.state, view.row.error_code) == (JobState.FAILED, "provider_in_doubt")
        assert stage.audience.alarms == []

    play(tmp_path, story, policy=NEVER_TWICE)


def test_a_sweep_that_fails_is_followed_by_another(tmp_path: Path) -> None:
    """A ledger that cannot be written for a while does not end the sweeping."""

    async def story(stage: Stage) -> None:
        forget, times = stage.ledger.forget_promises, []

        async def failing(*arguments: object) -> None:
            times.append(stage.clock.monotonic_s())
            if len(times) == 1:
                raise LedgerUnavailable("the disk is full")
            await forget(*arguments)  # type: ignore[arg-type]

        stage.ledger.forget_promises = failing  # type: ignore[method-assign, assignment]
        stage.housekeeping.start("sweep", stage.sweep.run())
        await stage.pause(SWEEP_S * 3 + 1)
        assert times == pytest.approx([SWEEP_S, SWEEP_S * 2, SWEEP_S * 3])
        assert stage.audience.alarms == ["crashed"]

    play(tmp_path, story)


def test_admission_resumes_when_there_is_room_again(tmp_path: Path) -> None:
    """After a full disk the next sweep that finds room lets holds be placed again."""

    async def story(stage: Stage) -> None:
        stage.writer.admitting = False
        with pytest.raises(LedgerUnavailable):
            await stage.submit()
        await stage.sweep.once()
        assert (await stage.see(await stage.submit())).row.state is JobState.SUCCEEDED

    play(tmp_path, story)


def test_old_promises_are_forgotten_and_young_ones_kept(tmp_path: Path) -> None:
    """An idempotency key is kept for two days, as published."""

    async def story(stage: Stage) -> None:
        first = await stage.submit("key-1")
        await stage.pause(47 * 3600)
        await stage.sweep.once()
        assert await stage.submit("key-1") == first
        await stage.pause(2 * 3600)
        await stage.sweep.once()
        assert await stage.submit("key-1") != first

    play(tmp_path, story)


def test_a_late_refund_is_asked_for_and_found(tmp_path: Path) -> None:
    """A failure that did not say whether it is billed is asked after again; then it is void."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(ends=failed())]
        stage.troupe.always["runpod"] = Act(refuses=ProviderUnreachable())
        job_id = await stage.submit()
        await stage.see(job_id)
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04", "runpod voided 0.0875"]

        began_s, act = stage.troupe.jobs["shortapi-1"]
        stage.troupe.jobs["shortapi-1"] = began_s, replace(act, ends=failed(proves_free=True))
        await stage.pause(20)
        assert await stage.sweep.once() == Swept(waiting=1)
        await stage.pause(60)
        assert await stage.sweep.once() == Swept(worked_on=1)
        await stage.pause(1)

        assert await stage.books(job_id) == ["shortapi voided 0.04", "runpod voided 0.0875"]

    play(tmp_path, story)


def test_in_vain_it_is_asked_less_and_less_often_and_once_at_the_horizon(tmp_path: Path) -> None:
    """Each age doubles before the next question; the last one comes before it is presumed."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(ends=failed())]
        stage.troupe.always["runpod"] = Act(refuses=ProviderUnreachable())
        job_id = await stage.submit()
        await stage.see(job_id)
        asked = len(stage.troupe.asked)
        stage.tasks.start("sweep", stage.sweep.run())
        horizon_at = (await stage.attempts(job_id))[0].horizon_at
        await stage.pause((horizon_at - stage.clock.now()).total_seconds() - 60)
        assert 4 <= len(stage.troupe.asked) - asked <= 8
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04", "runpod voided 0.0875"]

        asked = len(stage.troupe.asked)
        await stage.pause(300)
        assert len(stage.troupe.asked) - asked == 1
        assert (await stage.books(job_id))[0] == "shortapi posted_presumed 0.04"

    play(tmp_path, story)


def test_people_are_told_when_nothing_more_is_bought_and_when_again(tmp_path: Path) -> None:
    """Each turn once, however many sweeps find the ledger as it was."""

    async def story(stage: Stage) -> None:
        stage.writer.admitting = False
        make_room = stage.store.make_room

        async def no_room() -> bool:
            return False

        stage.store.make_room = no_room  # type: ignore[method-assign]  # A disk that stays full.
        await stage.sweep.once()
        await stage.sweep.once()
        assert stage.audience.alarms == ["admission_stopped"]
        stage.store.make_room = make_room  # type: ignore[method-assign]
        await stage.sweep.once()
        await stage.sweep.once()
        assert stage.audience.alarms == ["admission_stopped", "admission_resumed"]

    play(tmp_path, story)
