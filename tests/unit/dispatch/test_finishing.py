"""What a provider delivered becomes what was asked for, or is charged and told as not to be had."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router.dispatch.finishing import NEEDED_FOR, RESULT_BYTES_MAX
from router.images.keeping import NotKept, key_of
from router.ledger.rows import JobRow
from router.model.job import JobState, Response
from router.policy.policy import Policy
from router.upstream.addresses import Why
from router.upstream.fetcher import FetchFailed
from router.upstream.guard import FetchRefused
from tests.pictures import a_bomb, a_picture, pixels_of
from tests.policy_files import a_policy
from tests.stage import PICTURE, Act, Stage, failed, play, reported

PNG, JPEG = a_picture("PNG"), a_picture("JPEG")
DAY = timedelta(days=1)
SECOND = "https://results.example/second.png"


def keeping(results: str = "30d", **keys: Any) -> Policy:
    """Build a policy that keeps results."""
    return a_policy(keep={"results": results}, **keys)


async def ended(stage: Stage, **job: Any) -> JobRow:
    """Buy an edit and give its end."""
    return (await stage.see(await stage.submit(**job))).row


async def bytes_of(stage: Stage, row: JobRow, number: int = 0) -> bytes:
    """Read one of a job's kept images."""
    assert row.images_expire_at is not None
    name = row.images[number].removeprefix("result:")
    data = await stage.results.get(key_of(row.tenant, name, row.images_expire_at))
    assert data is not None
    return data


def test_who_needs_only_the_address_costs_a_glance(tmp_path: Path) -> None:
    """The provider's address is the result, for as long as the provider keeps it."""

    async def story(stage: Stage) -> None:
        stage.gallery.shows[PICTURE] = PNG
        row = await ended(stage)
        assert (row.images, stage.gallery.fetched) == ((PICTURE,), [PICTURE])
        assert row.images_expire_at is not None
        assert row.ended_at is not None
        assert row.images_expire_at - row.ended_at == 7 * DAY

    play(tmp_path, story)


def test_who_wants_the_image_itself_has_it_kept_for_a_day(tmp_path: Path) -> None:
    """Durable before the job is settled, under the job's own name."""

    async def story(stage: Stage) -> None:
        stage.gallery.shows[PICTURE] = PNG
        row = await ended(stage, response=Response.BASE64)
        assert row.state is JobState.SUCCEEDED
        assert row.images == (f"result:{row.id}-1.png",)
        assert await bytes_of(stage, row) == PNG
        assert row.images_expire_at == row.ended_at + NEEDED_FOR if row.ended_at else None
        assert await stage.books(row.id) == ["shortapi posted 0.04"]

    play(tmp_path, story)


def test_the_cheap_provider_serves_who_asks_for_jpeg(tmp_path: Path) -> None:
    """It cannot be asked for one, and has no obstacle: its PNG is made a JPEG here."""

    async def story(stage: Stage) -> None:
        stage.gallery.shows[PICTURE] = PNG
        row = await ended(stage, output_format="jpeg")
        assert row.images == (f"result:{row.id}-1.jpg",)
        assert pixels_of(await bytes_of(stage, row))[0] == "JPEG"
        assert await stage.books(row.id) == ["shortapi posted 0.04"]

    play(tmp_path, story)


def test_what_is_in_the_asked_format_already_stays_where_it_is(tmp_path: Path) -> None:
    """Told by its first bytes: its name says png."""

    async def story(stage: Stage) -> None:
        stage.gallery.shows[PICTURE] = JPEG
        row = await ended(stage, output_format="jpeg")
        assert (row.images, stage.gallery.fetched) == ((PICTURE,), [PICTURE])

    play(tmp_path, story)


def test_all_images_of_a_result_are_kept_when_one_must_be(tmp_path: Path) -> None:
    """In their order, each with its number."""

    async def story(stage: Stage) -> None:
        stage.gallery.shows |= {PICTURE: JPEG, SECOND: PNG}
        stage.troupe.acts["shortapi"] = [Act(images=(PICTURE, SECOND))]
        row = await ended(stage, output_format="jpeg")
        assert row.images == (f"result:{row.id}-1.jpg", f"result:{row.id}-2.jpg")
        assert await bytes_of(stage, row, 0) == JPEG
        assert pixels_of(await bytes_of(stage, row, 1))[0] == "JPEG"

    play(tmp_path, story)


def test_an_image_that_comes_inside_its_address_is_kept(tmp_path: Path) -> None:
    """The books are no place for megabytes."""

    async def story(stage: Stage) -> None:
        inside = "data:image/png;base64," + base64.b64encode(PNG).decode()
        stage.troupe.acts["shortapi"] = [Act(images=(inside,))]
        row = await ended(stage)
        assert row.images == (f"result:{row.id}-1.png",)
        assert (await bytes_of(stage, row), stage.gallery.fetched) == (PNG, [])

    play(tmp_path, story)


def test_a_policy_that_keeps_results_keeps_each(tmp_path: Path) -> None:
    """For as long as it says, counted from the delivery."""

    async def story(stage: Stage) -> None:
        stage.gallery.shows[PICTURE] = PNG
        row = await ended(stage)
        assert row.images == (f"result:{row.id}-1.png",)
        assert row.ended_at is not None
        assert row.images_expire_at == row.ended_at + 30 * DAY

    play(tmp_path, story, policy=keeping())


UNFIT: list[Any] = [
    pytest.param(FetchFailed("The URL answered 404."), "The URL answered 404.", id="dead"),
    pytest.param(b"<html>gone</html>", "it is no PNG, JPEG, GIF or WebP", id="page"),
    pytest.param(a_bomb(), "it cannot be decoded (DecompressionBombError)", id="bomb"),
    pytest.param(b"x" * 80, "it is no PNG, JPEG, GIF or WebP", id="noise"),
    pytest.param(FetchRefused(Why.REDIRECT), "its address may not be fetched", id="redirect"),
]


@pytest.mark.parametrize(("shown", "why"), UNFIT)
def test_a_result_that_cannot_be_had_is_charged_and_told(
    tmp_path: Path, shown: bytes | Exception, why: str
) -> None:
    """Its money is posted, its job fails in the same commit, and nobody is paid a second time."""

    async def story(stage: Stage) -> None:
        stage.gallery.shows[PICTURE] = shown
        stage.troupe.acts["shortapi"] = [Act(charge=reported("0.037"))]
        row = await ended(stage, response=Response.BASE64)
        assert (row.state, row.error_code) == (JobState.FAILED, "result_unavailable")
        assert why in str(row.error_detail)
        assert "results.example" not in str(row.error_detail)
        assert await stage.books(row.id) == ["shortapi posted 0.037"]
        (attempt,) = await stage.attempts(row.id)
        assert (attempt.outcome, attempt.detail) == ("result_unavailable", row.error_detail)
        (claim,) = await stage.ledger.undelivered(row.created_at, row.created_at + DAY)
        assert claim == attempt
        assert len(stage.troupe.sent) == 1
        # What our own guard forbids says nothing of the provider.
        is_its_fault = not isinstance(shown, FetchRefused)
        share = stage.health.condition("shortapi").share
        assert (share.started, share.failed) == (int(is_its_fault), int(is_its_fault))

    play(tmp_path, story)


def test_a_result_inside_its_address_that_is_none_cannot_be_had(tmp_path: Path) -> None:
    """Nothing can be fetched again there."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(images=("data:image/png;base64,!",))]
        row = await ended(stage)
        assert row.error_code == "result_unavailable"
        assert await stage.books(row.id) == ["shortapi posted 0.04"]

    play(tmp_path, story)


def test_what_is_too_large_is_not_fetched_again(tmp_path: Path) -> None:
    """Another try would be as large."""

    async def story(stage: Stage) -> None:
        stage.gallery.shows[PICTURE] = PNG + b"\0" * RESULT_BYTES_MAX
        row = await ended(stage, response=Response.BASE64)
        assert row.error_code == "result_unavailable"
        assert stage.gallery.fetched == [PICTURE]

    play(tmp_path, story)


def test_a_result_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    """A store may show what was put there only seconds later: reads are repeated."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit(response=Response.BASE64)
        await stage.pause(8)
        assert (await stage.see(job_id, 0)).row.state is JobState.RUNNING
        tries = len(stage.gallery.fetched)
        stage.gallery.shows[PICTURE] = PNG
        row = (await stage.see(job_id)).row
        assert row.state is JobState.SUCCEEDED
        assert len(stage.gallery.fetched) == tries + 1
        assert tries >= 2

    play(tmp_path, story)


def test_a_provider_that_charges_for_nothing_is_ejected(tmp_path: Path) -> None:
    """As one that fails: however cheap, it is dearer than the next."""

    async def story(stage: Stage) -> None:
        for _ in range(8):
            await ended(stage, response=Response.BASE64)
        assert stage.changes[0][0] == "shortapi"
        assert {sent.provider for sent in stage.troupe.sent} == {"shortapi", "runpod"}

    play(tmp_path, story)


@pytest.mark.parametrize("trouble", [FetchRefused(Why.NOT_UNICAST), NotKept("the disk is full")])
def test_trouble_of_our_own_costs_nobody_an_image(tmp_path: Path, trouble: Exception) -> None:
    """A result that is only archived stays where the provider has it, and a person is told."""

    async def story(stage: Stage) -> None:
        stage.gallery.shows[PICTURE] = PNG
        if isinstance(trouble, NotKept):
            (stage.folder / "results").write_text("a file where a folder should be")
        else:
            stage.gallery.shows[PICTURE] = trouble
        row = await ended(stage)
        assert (row.state, row.images) == (JobState.SUCCEEDED, (PICTURE,))
        assert stage.audience.alarms == ["result_not_kept"]
        assert row.ended_at is not None
        assert row.images_expire_at == row.ended_at + 7 * DAY

    play(tmp_path, story, policy=keeping())


def test_an_image_that_comes_after_the_deadline_is_finished_as_well(tmp_path: Path) -> None:
    """It is paid for: the job is harvested with what its client asked for."""

    async def story(stage: Stage) -> None:
        stage.gallery.shows[PICTURE] = PNG
        stage.troupe.acts["shortapi"] = [Act(ends_after_s=400.0)]
        job_id = await stage.submit(response=Response.BASE64)
        assert (await stage.see(job_id)).row.error_code == "deadline_exceeded"
        await stage.pause(250)
        row = (await stage.see(job_id)).row
        assert (row.state, row.images) == (JobState.SUCCEEDED, (f"result:{job_id}-1.png",))

    play(tmp_path, story)


def test_an_image_that_nobody_wants_any_more_is_not_fetched(tmp_path: Path) -> None:
    """A job that was cancelled is charged, and that is all."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [
            Act(ends_after_s=9.0),
        ]
        job_id = await stage.submit(response=Response.BASE64)
        await stage.pause(1)
        errand = stage.dispatcher.errands[job_id]
        assert await stage.dispatcher.cancel(job_id)
        await stage.pause(20)
        assert errand.cancelling
        assert await stage.books(job_id) == ["shortapi posted 0.04"]

    play(tmp_path, story)


def test_after_a_crash_it_is_finished_again(tmp_path: Path) -> None:
    """What was kept before the crash is kept again, under the same name."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit(response=Response.BASE64)
        await stage.pause(7)
        assert stage.gallery.fetched
        stage.gallery.shows[PICTURE] = PNG
        await stage.restart()
        row = (await stage.see(job_id)).row
        assert row.images == (f"result:{job_id}-1.png",)
        assert await stage.books(job_id) == ["shortapi posted 0.04"]

    play(tmp_path, story)


def test_a_second_delivery_of_a_job_that_has_its_image_changes_nothing(tmp_path: Path) -> None:
    """It is posted, for it was billed; its image is not fetched over the first."""

    async def story(stage: Stage) -> None:
        stage.gallery.shows |= {PICTURE: PNG, SECOND: JPEG}
        stage.troupe.acts["shortapi"] = [Act(ends=failed())]
        job_id = await stage.submit(response=Response.BASE64)
        first = (await stage.see(job_id)).row
        assert await stage.books(job_id) == ["shortapi in_doubt 0.04", "runpod posted 0.0875"]
        ref = next(ref for ref in stage.troupe.jobs if ref.startswith("shortapi"))
        began_s, _ = stage.troupe.jobs[ref]
        stage.troupe.jobs[ref] = began_s, Act(images=(SECOND,))
        await stage.ring((await stage.attempts(job_id))[0], ref)
        await stage.pause(5)
        assert await stage.books(job_id) == ["shortapi posted 0.04", "runpod posted 0.0875"]
        assert SECOND not in stage.gallery.fetched
        assert (await stage.see(job_id)).row == first

    play(tmp_path, story)


def test_a_format_that_was_asked_for_shows_that_a_result_is_dead(tmp_path: Path) -> None:
    """Its first bytes do not come, so all of it is asked for, in vain."""

    async def story(stage: Stage) -> None:
        row = await ended(stage, output_format="png")
        assert (row.state, row.error_code) == (JobState.FAILED, "result_unavailable")
        assert len(stage.gallery.fetched) > 2

    play(tmp_path, story)


def test_an_address_with_nothing_behind_it_is_charged_and_told(tmp_path: Path) -> None:
    """Whoever wants only the address is told as well, and the money can be asked back."""

    async def story(stage: Stage) -> None:
        stage.gallery.shows[PICTURE] = FetchFailed("The URL answered 410.", is_gone=True)
        row = await ended(stage)
        assert (row.state, row.error_code) == (JobState.FAILED, "result_unavailable")
        assert "answered 410" in (row.error_detail or "")
        assert await stage.books(row.id) == ["shortapi posted 0.04"]

    play(tmp_path, story)
