"""One attempt on its way: the one create, the id, the end, and the slot."""

from pathlib import Path

from router.ledger.commands import Post
from router.model.errors import ProviderInDoubt
from router.model.ids import ProviderRef
from router.model.job import AttemptState, JobState
from tests.ledger_kit import usd
from tests.stage import Act, Stage, failed, play, reported

LOST = ProviderInDoubt("the reply was lost")


def test_the_slot_is_free_once_the_create_is_answered(tmp_path: Path) -> None:
    """A slot bounds creates in flight, not jobs: the next one goes while this one is made."""

    async def story(stage: Stage) -> None:
        await stage.submit()
        second = await stage.submit()
        assert await stage.books(second) == ["shortapi held 0.04"]
        await stage.pause(0.3)
        assert await stage.books(second) == ["shortapi dispatching 0.04"]
        await stage.pause(0.3)
        assert stage.slots.taken("shortapi") == 0
        await stage.pause(10)
        assert [sent.at_s for sent in stage.troupe.sent] == [0.0, 0.2]

    play(tmp_path, story, slots=1)


def test_the_creates_quote_is_noted_with_the_id(tmp_path: Path) -> None:
    """Id and named amount are durable before the job is collected."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(ref="quoted-1", quote=reported("0.02"))]
        job_id = await stage.submit()
        await stage.pause(1)
        attempt = (await stage.attempts(job_id))[0]
        assert (attempt.state, attempt.provider_ref) == (AttemptState.RUNNING, "quoted-1")
        assert (attempt.quote_raw, attempt.quote_amount) == ("0.02", usd("0.02"))
        await stage.see(job_id)
        assert await stage.books(job_id) == ["shortapi posted 0.04"], "a quote is not a charge"

    play(tmp_path, story)


def test_without_an_address_of_ours_no_callback_is_asked_for(tmp_path: Path) -> None:
    """The URL names provider and token where we can be rung, and is absent where not."""

    async def story(stage: Stage) -> None:
        await stage.see(await stage.submit())
        assert stage.troupe.sent[0].attempt_token is None

    play(tmp_path, story, callbacks=False)


def test_an_unusable_answer_that_names_the_job_is_asked_after(tmp_path: Path) -> None:
    """A create in doubt whose answer shows an id is collected by it: no second purchase."""

    async def story(stage: Stage) -> None:
        named = ProviderInDoubt("a strange answer", ref=ProviderRef("shown-1"))
        stage.troupe.acts["shortapi"] = [Act(refuses=named, ref="shown-1", ends_after_s=4.0)]
        job_id = await stage.submit()
        view = await stage.see(job_id)
        assert view.row.state is JobState.SUCCEEDED
        assert await stage.books(job_id) == ["shortapi posted 0.04"]
        assert stage.troupe.asked == ["shown-1"]

    play(tmp_path, story, callbacks=False)


def test_a_create_that_fails_with_an_id_notes_it(tmp_path: Path) -> None:
    """A job that ended in the create's own reply is named in the books."""

    async def story(stage: Stage) -> None:
        end = failed(ref=ProviderRef("ended-1"), proves_free=True)
        stage.troupe.acts["shortapi"] = [Act(refuses=end)]
        job_id = await stage.submit()
        await stage.see(job_id)
        first = (await stage.attempts(job_id))[0]
        assert (first.state, first.provider_ref) == (AttemptState.VOIDED, "ended-1")

    play(tmp_path, story)


def test_a_failure_under_another_attempts_id_proves_nothing(tmp_path: Path) -> None:
    """An end told under an id that another attempt has may be that one's: doubt, and an alarm."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(ref="twin")]
        await stage.see(await stage.submit())
        end = failed(ref=ProviderRef("twin"), proves_free=True)
        stage.troupe.acts["shortapi"] = [Act(refuses=end)]
        job_id = await stage.submit()
        await stage.see(job_id)
        assert (await stage.books(job_id))[0] == "shortapi in_doubt 0.04"
        assert stage.audience.alarms == ["id_given_twice"]

    play(tmp_path, story)


def test_what_the_final_answer_charges_is_posted(tmp_path: Path) -> None:
    """The charge of the final answer is booked with its raw text, overage itemised."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(charge=reported("0.051", "0.0510"))]
        job_id = await stage.submit()
        await stage.see(job_id)
        attempt = (await stage.attempts(job_id))[0]
        assert (attempt.posted, attempt.reported_raw) == (usd("0.051"), "0.0510")
        assert stage.audience.heard("price_drifted")[0].charged == usd("0.051")

    play(tmp_path, story)


def test_an_attempt_that_was_settled_meanwhile_learns_nothing_new(tmp_path: Path) -> None:
    """An id that comes after the settlement does not change the attempt."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=LOST, answers_after_s=1.0)]
        job_id = await stage.submit()
        await stage.pause(0.5)
        attempt = (await stage.attempts(job_id))[0]
        post = Post(
            at=stage.clock.now(), attempt_id=attempt.id, amount=usd("0.033"), outcome="by hand"
        )
        await stage.ledger.submit(post)
        noted = await stage.sender.note_ref(attempt, ProviderRef("late"), None)
        assert noted == attempt
        await stage.pause(5)
        assert await stage.books(job_id) == ["shortapi posted 0.033"]
        errand = stage.dispatcher.errands[job_id]
        assert errand.row.state is JobState.RUNNING, "its deadline ends it"

    play(tmp_path, story)


def test_a_held_attempt_that_was_voided_is_not_sent(tmp_path: Path) -> None:
    """Whoever waited for a slot finds the hold gone, sends nothing, and gives the slot back."""

    async def story(stage: Stage) -> None:
        assert stage.slots.try_take("shortapi")
        job_id = await stage.submit()
        attempt = (await stage.attempts(job_id))[0]
        assert await stage.dispatcher.cancel(job_id)
        stage.slots.release("shortapi")
        await stage.pause(5)
        assert stage.troupe.sent == []
        assert stage.slots.taken("shortapi") == 0
        assert attempt.state is AttemptState.HELD

    play(tmp_path, story, slots=1)


def test_only_what_runs_is_recalled(tmp_path: Path) -> None:
    """A provider is asked to cancel what it has named, and nothing else."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit()
        errand = stage.dispatcher.errands[job_id]
        await stage.sender.recall(errand, await stage.attempts(job_id), only_if_free=False)
        assert stage.troupe.cancelled == []
        await stage.pause(1)
        await stage.sender.recall(errand, await stage.attempts(job_id), only_if_free=False)
        assert stage.troupe.cancelled == ["shortapi-1"]

    play(tmp_path, story)


def test_what_may_be_billed_all_the_same_is_left_to_finish(tmp_path: Path) -> None:
    """At a deadline a cancellation that may cost is not asked for: the end names the charge."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit()
        errand = stage.dispatcher.errands[job_id]
        await stage.pause(1)
        await stage.sender.recall(errand, await stage.attempts(job_id), only_if_free=True)
        assert stage.troupe.cancelled == []

    play(tmp_path, story)
