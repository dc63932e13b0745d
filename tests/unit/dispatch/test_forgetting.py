"""What clients sent goes when its age is past; what the books say stays."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from router.dispatch.forgetting import BATCH, Forgetting
from router.dispatch.requests import INLINE_MAX
from router.images.keeping import FolderResults
from router.ledger.books import Part
from router.ledger.commands import Told
from router.ledger.executor import InlineExecutor
from router.ledger.ledger import Ledger
from router.ledger.outbox_rows import OutboxState
from router.ledger.rows import JobRow
from router.model.ids import JobId
from router.model.job import ClientCallback
from router.policy.policy import Policy
from tests.fakes import FakeClock
from tests.pictures import a_picture
from tests.policy_files import PRICES, a_policy
from tests.stage import PICTURE, Act, Stage, play

DAY_S = 86_400
SMALL = "https://pictures.example/cat.png"
LARGE = "data:image/png;base64," + "A" * INLINE_MAX


def keeping(**keep: str) -> Policy:
    """Build a policy that keeps so long."""
    return a_policy(prices=PRICES.replace("    body_bytes_max: 300\n", ""), keep=keep)


async def row_of(stage: Stage, job_id: JobId) -> JobRow:
    """Read a job."""
    row = await stage.ledger.job(job_id)
    assert row is not None
    return row


def forgetting(stage: Stage, seconds: float = 0.0) -> Forgetting:
    """Build one of its own, whose every rewriting takes so long."""
    ledger, clock = stage.ledger, FakeClock()

    class Books(Ledger):
        async def forget_part(self, job_id: JobId, part: Part, request: str, at: datetime) -> None:
            await ledger.forget_part(job_id, part, request, at)
            clock.advance(seconds)

    books = Books(ledger._kept, ledger._writer)
    clock.advance((stage.clock.now() - clock.now()).total_seconds())
    return Forgetting(clock, books, stage.inputs, stage.results, policy=lambda: stage.policy)


async def sent(stage: Stage, job_id: JobId) -> tuple[Any, Any]:
    """What is still known of what the client sent."""
    request = json.loads((await row_of(stage, job_id)).request)
    return request["prompt"], request["images"]


def test_where_a_client_was_told_goes_with_the_prompt(tmp_path: Path) -> None:
    """In the job and in the outbox; who is still to be told keeps its address until then."""

    async def story(stage: Stage) -> None:
        callback = ClientCallback(url="https://app.example/hooks?token=t7")
        told = await stage.submit(callback=callback)
        untold = await stage.submit(callback=callback)
        for job_id in (told, untold):
            await stage.see(job_id)
        delivered = Told(at=stage.clock.now(), job_id=told, number=1, state=OutboxState.DELIVERED)
        await stage.ledger.submit(delivered)
        await stage.pause(DAY_S)
        await stage.sweep.once()
        rows = [await stage.ledger.callback_of(job_id) for job_id in (told, untold)]

        assert [row and row.url for row in rows] == ["", callback.url]
        for job_id in (told, untold):
            assert "app.example" not in (await row_of(stage, job_id)).request

    play(tmp_path, story, policy=keeping(prompts="1d"))


def test_pictures_and_prompts_go_each_at_their_age(tmp_path: Path) -> None:
    """Not a moment earlier; price, decision and result stay."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit(prompt='a "prompt": "x"', images=(SMALL,))
        before = (await stage.see(job_id)).row
        await stage.pause(2 * DAY_S - 7)
        await stage.sweep.once()
        assert await sent(stage, job_id) == ('a "prompt": "x"', [SMALL])
        await stage.pause(2)
        await stage.sweep.once()
        assert await sent(stage, job_id) == ('a "prompt": "x"', [])
        await stage.pause(DAY_S)
        await stage.sweep.once()
        assert await sent(stage, job_id) == ("", [])
        after = await row_of(stage, job_id)
        assert (after.decision, after.images, after.state) == (
            before.decision,
            before.images,
            before.state,
        )
        assert await stage.books(job_id) == ["shortapi posted 0.04"]

    play(tmp_path, story, policy=keeping(images="2d", prompts="3d"))


def test_without_a_word_everything_is_kept(tmp_path: Path) -> None:
    """For as long as the ledger."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit(images=(SMALL,))
        await stage.see(job_id)
        await stage.pause(400 * DAY_S)
        await stage.sweep.once()
        assert (await sent(stage, job_id))[1] == [SMALL]

    play(tmp_path, story)


def test_a_large_picture_goes_with_its_last_job(tmp_path: Path) -> None:
    """Two jobs with one picture keep it until the younger one's age is past."""

    async def story(stage: Stage) -> None:
        for _ in range(2):
            await stage.see(await stage.submit(images=(LARGE,)))
            await stage.pause(DAY_S)
        files = stage.folder / "inputs"
        await stage.pause(DAY_S // 2)
        await stage.sweep.once()
        assert len(list(files.glob("*/*"))) == 1
        await stage.pause(DAY_S)
        await stage.sweep.once()
        assert list(files.glob("*/*")) == []

    play(tmp_path, story, policy=keeping(images="2d"))


def test_a_job_that_has_not_ended_keeps_what_it_is_sent_with(tmp_path: Path) -> None:
    """Whatever its age; it is forgotten once it has ended, though younger ones were before it."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(ends_after_s=3000.0)]
        job_id = await stage.submit(
            images=(SMALL,), deadline_at=stage.job().deadline_at.replace(year=2027)
        )
        younger = await stage.submit(images=(SMALL,))
        await stage.pause(1000)
        await stage.sweep.once()
        assert [(await sent(stage, one))[1] for one in (job_id, younger)] == [[SMALL], []]
        await stage.pause(2100)
        assert (await row_of(stage, job_id)).state.is_final
        await stage.sweep.once()
        assert (await sent(stage, job_id))[1] == []

    play(tmp_path, story, policy=keeping(images="15m"))


def test_a_large_picture_stays_while_a_job_needs_it(tmp_path: Path) -> None:
    """Also where a reload has shortened what is kept to less than the job has lived."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["runpod"] = [Act(ends_after_s=3000.0)]
        job_id = await stage.submit(
            images=(LARGE,), deadline_at=stage.job().deadline_at.replace(year=2027)
        )
        stage.policy = keeping(images="15m")
        await stage.pause(1000)
        await stage.sweep.once()
        files = stage.folder / "inputs"
        assert len(list(files.glob("*/*"))) == 1
        await stage.pause(2100)
        assert (await row_of(stage, job_id)).state.is_final
        await stage.sweep.once()
        assert list(files.glob("*/*")) == []

    play(tmp_path, story, policy=keeping(images="2d"))


def test_what_is_forgotten_is_not_looked_at_again(tmp_path: Path) -> None:
    """Nor is a prompt that was empty from the start, by the next process either."""

    async def story(stage: Stage) -> None:
        await stage.see(await stage.submit(prompt="", images=(SMALL,)))
        await stage.see(await stage.submit(prompt="make the sky green", images=()))
        await stage.pause(2 * DAY_S)
        assert await forgetting(stage).once() == 4
        assert await forgetting(stage).once() == 0

    play(tmp_path, story, policy=keeping(images="1d", prompts="1d"))


@pytest.mark.parametrize(("seconds", "first"), [(0.0, BATCH + 5), (0.1, BATCH)])
def test_a_sweep_forgets_all_that_there_is_time_for(
    tmp_path: Path, seconds: float, first: int
) -> None:
    """More than one batch; what takes too long is left to the next one."""

    async def story(stage: Stage) -> None:
        for _ in range(BATCH + 5):
            await stage.see(await stage.submit(images=(SMALL,)))
        await stage.pause(2 * DAY_S)
        slow = forgetting(stage, seconds)
        assert [await slow.once(), await slow.once()] == [first, BATCH + 5 - first]

    play(tmp_path, story, policy=keeping(images="1d"), slots=300)


def test_results_go_when_the_time_is_over_that_was_told(tmp_path: Path) -> None:
    """Whatever the policy says by then; the books keep their names."""

    async def story(stage: Stage) -> None:
        stage.gallery.shows[PICTURE] = a_picture()
        row = (await stage.see(await stage.submit())).row
        await stage.sweep.once()
        stage.policy = keeping(results="1d")
        await stage.pause(10 * DAY_S - 3600)
        await stage.sweep.once()
        assert len(await stage.results.all()) == 1
        await stage.pause(2 * 3600)
        await stage.sweep.once()
        assert await stage.results.all() == []
        assert await row_of(stage, row.id) == row

    play(tmp_path, story, policy=keeping(results="10d"))


def test_results_are_looked_at_once_an_hour(tmp_path: Path) -> None:
    """To list an object store costs money."""

    async def story(stage: Stage) -> None:
        looks: list[datetime] = []

        class Watched(FolderResults):
            async def forget(self, now: datetime) -> None:
                looks.append(now)

        forgetting = Forgetting(
            stage.clock,
            stage.ledger,
            stage.inputs,
            Watched(stage.folder, InlineExecutor()),
            policy=lambda: stage.policy,
        )
        for _ in range(5):
            await forgetting.once()
            await stage.pause(1200)
        assert len(looks) == 2

    play(tmp_path, story)
