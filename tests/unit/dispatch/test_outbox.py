"""Telling clients of their job's end: at once, again as published, and past every crash."""

import itertools
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router.dispatch.outbox import CATCH_UP_S, DELIVERY_S
from router.dispatch.retrying import PUBLISHED_S
from router.ledger.commands import Redeliver
from router.ledger.outbox_rows import OutboxRow
from router.model.clock import from_rfc3339
from router.model.errors import Ending, LedgerUnavailable, ProviderFailed
from router.model.ids import JobId
from router.model.job import ClientCallback, JobState
from router.upstream.addresses import Why
from router.upstream.fetcher import FetchFailed, Posted
from router.upstream.guard import FetchRefused
from tests.fakes import EPOCH
from tests.policy_files import a_policy
from tests.stage import PICTURE, Act, Stage, failed, play

URL = "https://app.example/hooks?token=t7"
OTHER_URL = "https://other.example/hooks"
ENDS_S = 6.0
"""When an edit that was asked for at the start has its picture."""
Story = Callable[[Stage], Coroutine[Any, Any, None]]


def told(folder: Path, story: Story, **setting: Any) -> None:
    """Play a story with the postman at work."""

    async def main(stage: Stage) -> None:
        begin(stage)
        await story(stage)

    play(folder, main, **setting)


def begin(stage: Stage) -> None:
    """Put the postman to work."""
    stage.tasks.start("postman", stage.postman.run())


async def bought(stage: Stage, url: str = URL, dialect: str = "native", **job: Any) -> JobId:
    """Ask for an edit whose end is to be told."""
    return await stage.submit(callback=ClientCallback(url=url, dialect=dialect), **job)


async def callback(stage: Stage, job_id: JobId) -> OutboxRow:
    """Read how far a callback is."""
    row = await stage.ledger.callback_of(job_id)
    assert row is not None
    return row


def test_a_client_is_told_as_soon_as_its_job_has_ended(tmp_path: Path) -> None:
    """Once, thinly, with the headers of the standard; the job's view and the log show it."""

    async def story(stage: Stage) -> None:
        job_id = await bought(stage)
        assert (await callback(stage, job_id)).state == "waiting"
        await stage.see(job_id)
        ended_s = stage.clock.monotonic_s()
        await stage.pause(CATCH_UP_S * 3)

        (post,) = stage.mailbox.posts
        assert post.at_s == ended_s
        assert (post.url, post.body["type"]) == (URL, "edit.succeeded")
        assert post.body["data"]["charged"] == "0.04"
        assert post.headers["webhook-id"] == f"msg_{job_id}_succeeded"
        sent_at = EPOCH + timedelta(seconds=ended_s)
        assert post.headers["webhook-timestamp"] == str(int(sent_at.timestamp()))
        row = (await stage.see(job_id)).callback
        assert row is not None
        assert (row.state, row.tries, row.last_status, row.next_at) == ("delivered", 1, 204, None)
        (event,) = stage.audience.heard("client_told")
        assert (event.verdict, event.tries, event.status) == ("delivered", 1, 204)
        assert "app.example" not in repr(event)

    told(tmp_path, story)


def test_a_job_without_callback_tells_nobody(tmp_path: Path) -> None:
    """It has no row, and its view none either."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit()
        assert (await stage.see(job_id)).callback is None
        await stage.pause(CATCH_UP_S * 2)
        assert stage.mailbox.posts == []

    told(tmp_path, story)


def test_of_edits_bought_together_each_end_is_told(tmp_path: Path) -> None:
    """By its own id, to the one address that the request named."""

    async def story(stage: Stage) -> None:
        job = stage.job(callback=ClientCallback(url=URL))
        admission = await stage.dispatcher.submit(job, stage.policy, copies=[stage.ids.job()])
        for row in admission.rows:
            await stage.see(row.id)
        await stage.pause(CATCH_UP_S)

        first, second = (row.id for row in admission.rows)
        told_of = [(post.url, post.body["data"]["id"]) for post in stage.mailbox.posts]
        assert sorted(told_of) == sorted([(URL, first), (URL, second)])

    told(tmp_path, story)


def test_every_end_is_told(tmp_path: Path) -> None:
    """A failure and a cancelled job as well, each in its own word."""

    async def story(stage: Stage) -> None:
        stage.troupe.always["shortapi"] = Act(ends=failed(proves_free=True))
        stage.troupe.always["runpod"] = Act(ends=failed(proves_free=True))
        failing = await bought(stage)
        await stage.see(failing)
        stage.troupe.always = {"shortapi": Act(answers_after_s=0.0, ends_after_s=40)}
        stage.troupe.confirms_cancel = True
        cancelled = await bought(stage, OTHER_URL)
        await stage.pause(1)
        await stage.dispatcher.cancel(cancelled)
        await stage.see(cancelled)
        await stage.pause(1)

        assert [(post.body["data"]["id"], post.body["type"]) for post in stage.mailbox.posts] == [
            (failing, "edit.failed"),
            (cancelled, "edit.cancelled"),
        ]
        assert stage.mailbox.posts[0].body["data"]["error"]["code"] == "provider_failed"

    told(tmp_path, story)


@pytest.mark.parametrize(("dialect", "tries"), [("native", 10), ("shortapi", 10), ("runpod", 3)])
def test_who_cannot_be_told_is_told_again_as_published(
    tmp_path: Path, dialect: str, tries: int
) -> None:
    """Always by the same id, each try with its own instant and signature; then it is given up."""

    async def story(stage: Stage) -> None:
        stage.mailbox.always[URL] = Posted(500)
        job_id = await bought(stage, dialect=dialect)
        await stage.pause(80 * 3600)

        times, posts = stage.mailbox.times, stage.mailbox.posts
        pauses = [after - before for before, after in itertools.pairwise(times)]
        published = (5.0, 15.0) if dialect == "runpod" else PUBLISHED_S[1:]
        for pause_s, published_s in zip(pauses, published, strict=True):
            assert published_s <= pause_s <= published_s * 1.1 + 0.01
        assert len(posts) == tries
        assert len({post.headers["webhook-id"] for post in posts}) == 1
        assert len({post.headers["webhook-timestamp"] for post in posts}) == tries
        assert len({post.headers["webhook-signature"] for post in posts}) == tries
        row = await callback(stage, job_id)
        assert (row.state, row.tries, row.last_status, row.next_at) == ("failed", tries, 500, None)
        verdicts = [event.verdict for event in stage.audience.heard("client_told")]
        assert verdicts == ["retried"] * (tries - 1) + ["given_up"]

    told(tmp_path, story)


def test_it_is_delivered_when_it_can_be(tmp_path: Path) -> None:
    """After a redirect, no answer, and a plea for time; then no more."""

    async def story(stage: Stage) -> None:
        stage.mailbox.answers[URL] = [Posted(302), FetchFailed("x"), Posted(503, "9000")]
        job_id = await bought(stage)
        await stage.see(job_id)
        ended_s = stage.clock.monotonic_s()
        await stage.pause(2)
        row = await callback(stage, job_id)
        assert (row.state, row.tries, row.last_status) == ("due", 1, 302)
        await stage.pause(40_000)

        *_, third_s, fourth_s = stage.mailbox.times
        assert len(stage.mailbox.posts) == 4
        assert stage.mailbox.times[0] == ended_s
        assert fourth_s - third_s == 9000
        row = await callback(stage, job_id)
        assert (row.state, row.tries, row.last_status) == ("delivered", 4, 204)

    told(tmp_path, story)


@pytest.mark.parametrize(
    ("answer", "state", "verdict"),
    [
        (Posted(410), "failed", "gone"),
        (FetchRefused(Why.PRIVATE), "refused", "refused"),
    ],
)
def test_some_answers_end_it(
    tmp_path: Path, answer: Posted | Exception, state: str, verdict: str
) -> None:
    """A server that is gone, and an address that the guard does not let us dial."""

    async def story(stage: Stage) -> None:
        stage.mailbox.always[URL] = answer
        job_id = await bought(stage)
        await stage.pause(80 * 3600)

        row = await callback(stage, job_id)
        assert (row.state, row.tries, len(stage.mailbox.posts)) == (state, 1, 1)
        assert [one.verdict for one in stage.audience.heard("client_told")] == [verdict]

    told(tmp_path, story)


def harvest() -> dict[str, Any]:
    """Have a job whose picture comes after its deadline."""
    policy = a_policy(deadline="10s", failover={"providers_max": 1})
    return {"policy": policy}


def test_a_late_result_is_told_after_the_failure(tmp_path: Path) -> None:
    """The job succeeded after all: once more, at once, as another message."""

    async def story(stage: Stage) -> None:
        stage.troupe.always["shortapi"] = Act(ends_after_s=25)
        job_id = await bought(stage)
        await stage.pause(3 * CATCH_UP_S)

        view = await stage.see(job_id)
        assert (view.row.state, view.row.images) == (JobState.SUCCEEDED, (PICTURE,))
        types = [post.body["type"] for post in stage.mailbox.posts]
        assert types == ["edit.failed", "edit.succeeded"]
        names = [post.headers["webhook-id"] for post in stage.mailbox.posts]
        assert names == [f"msg_{job_id}_failed", f"msg_{job_id}_succeeded"]
        assert (await callback(stage, job_id)).state == "delivered"

    told(tmp_path, story, **harvest())


def test_a_late_result_is_what_is_told_if_nothing_was_told_yet(tmp_path: Path) -> None:
    """The next try reads the job as it then is, and is another message."""

    async def story(stage: Stage) -> None:
        stage.troupe.always["shortapi"] = Act(ends_after_s=25)
        stage.mailbox.answers[URL] = [Posted(500), Posted(500)]
        job_id = await bought(stage)
        await stage.pause(600)

        types = [post.body["type"] for post in stage.mailbox.posts]
        assert types == ["edit.failed", "edit.failed", "edit.succeeded"]
        first, second, third = (post.headers["webhook-id"] for post in stage.mailbox.posts)
        assert first == second == f"msg_{job_id}_failed"
        assert third == f"msg_{job_id}_succeeded"

    told(tmp_path, story, **harvest())


def test_a_crash_between_the_end_and_its_telling_loses_nothing(tmp_path: Path) -> None:
    """What is due stands in the ledger, and the next start takes it up at once."""

    async def story(stage: Stage) -> None:
        job_id = await bought(stage)
        await stage.see(job_id)
        assert stage.mailbox.posts == []
        await stage.restart()
        assert (await callback(stage, job_id)).state == "due"
        begin(stage)
        await stage.pause(0.1)

        assert [post.body["type"] for post in stage.mailbox.posts] == ["edit.succeeded"]
        assert (await callback(stage, job_id)).state == "delivered"

    play(tmp_path, story)


def test_a_crash_during_a_delivery_repeats_it(tmp_path: Path) -> None:
    """Whether it arrived cannot be known: it comes again, with the same id."""

    async def story(stage: Stage) -> None:
        stage.mailbox.takes_s[URL] = 9.0
        job_id = await bought(stage)
        await stage.see(job_id)
        await stage.pause(4)
        assert len(stage.mailbox.posts) == 1
        await stage.restart()
        begin(stage)
        await stage.pause(10)

        assert len(stage.mailbox.posts) == 2
        assert len({post.headers["webhook-id"] for post in stage.mailbox.posts}) == 1
        row = await callback(stage, job_id)
        assert (row.state, row.tries) == ("delivered", 1)

    told(tmp_path, story)


def test_a_crash_between_tries_keeps_the_schedule(tmp_path: Path) -> None:
    """The next try is when it would have been."""

    async def story(stage: Stage) -> None:
        stage.mailbox.always[URL] = Posted(500)
        job_id = await bought(stage)
        await stage.pause(60)
        due = (await callback(stage, job_id)).next_at
        await stage.restart()
        begin(stage)
        await stage.pause(400)

        assert due is not None
        assert len(stage.mailbox.posts) == 3
        assert stage.mailbox.times[2] == pytest.approx((due - EPOCH).total_seconds())

    told(tmp_path, story)


def test_a_slow_receiver_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    """However many it is to be told of, others are told at once, and jobs are settled."""

    async def story(stage: Stage) -> None:
        stage.mailbox.takes_s[URL] = 1e6
        stage.mailbox.always[URL] = FetchFailed("no answer")
        jobs = [await bought(stage) for _ in range(20)]
        quick = await bought(stage, OTHER_URL)
        for job_id in (*jobs, quick):
            await stage.see(job_id)
        await stage.pause(0.5)

        assert (await callback(stage, quick)).state == "delivered"
        assert len(stage.mailbox.posts) == 1 + 8
        assert {(await stage.see(one)).row.state for one in jobs} == {JobState.SUCCEEDED}
        await stage.pause(3 * DELIVERY_S)
        slow = {post.body["data"]["id"] for post in stage.mailbox.posts if post.url == URL}
        assert slow == set(jobs)

    told(tmp_path, story)


def test_it_is_told_again_on_command(tmp_path: Path) -> None:
    """At once, and from the first try on if need be."""

    async def story(stage: Stage) -> None:
        stage.mailbox.answers[URL] = [Posted(410), Posted(500)]
        job_id = await bought(stage)
        await stage.pause(100)
        await stage.ledger.submit(Redeliver(at=stage.clock.now(), job_id=job_id))
        await stage.pause(1)
        assert (await callback(stage, job_id)).tries == 1
        await stage.ledger.submit(Redeliver(at=stage.clock.now(), job_id=job_id))
        await stage.pause(1)

        assert stage.mailbox.times[1:] == [100.0, 101.0]
        row = await callback(stage, job_id)
        assert (row.state, row.tries) == ("delivered", 2)
        # What was planned before the command is not another delivery.
        await stage.pause(3600)
        assert len(stage.mailbox.posts) == 3

    told(tmp_path, story)


def test_what_is_put_off_meanwhile_waits(tmp_path: Path) -> None:
    """A callback in mind for now, that the ledger by now has for later, is told later."""

    async def story(stage: Stage) -> None:
        stage.mailbox.answers[URL] = [Posted(500)]
        job_id = await bought(stage)
        await stage.pause(ENDS_S + 1)
        row = await callback(stage, job_id)
        assert row.next_at is not None
        early = stage.clock.now() + timedelta(seconds=1)
        stage.postman.due(replace(row, next_at=early))
        await stage.pause(2)
        assert len(stage.mailbox.posts) == 1
        await stage.pause(10)
        assert len(stage.mailbox.posts) == 2

    told(tmp_path, story)


def test_what_was_told_meanwhile_is_not_told_again(tmp_path: Path) -> None:
    """The ledger has the last word on what is due: another process may have been quicker."""

    async def story(stage: Stage) -> None:
        job_id = await bought(stage)
        await stage.pause(ENDS_S + 1)
        stage.postman.due(replace(await callback(stage, job_id), next_at=stage.clock.now()))
        await stage.pause(1)

        assert len(stage.mailbox.posts) == 1

    told(tmp_path, story)


def test_a_fault_of_ours_leaves_it_due(tmp_path: Path) -> None:
    """People are told of it, and the next catching-up tries again."""

    async def story(stage: Stage) -> None:
        stage.mailbox.answers[URL] = [RuntimeError("a bug")]
        job_id = await bought(stage)
        await stage.pause(ENDS_S + 1)
        assert stage.audience.alarms == ["crashed"]
        row = await callback(stage, job_id)
        assert (row.state, row.tries) == ("due", 0)
        await stage.pause(2 * CATCH_UP_S)

        assert (await callback(stage, job_id)).state == "delivered"

    told(tmp_path, story)


def test_an_outbox_that_cannot_be_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A postman who gives up would tell nobody any more."""

    async def unreadable(*_: object, **__: object) -> list[OutboxRow]:
        raise LedgerUnavailable

    async def story(stage: Stage) -> None:
        job_id = await bought(stage)
        await stage.see(job_id)
        with monkeypatch.context() as patch:
            patch.setattr(stage.ledger, "callbacks_due", unreadable)
            await stage.restart()
            patch.setattr(stage.ledger, "callbacks_due", unreadable)
            begin(stage)
            await stage.pause(1)
            assert stage.audience.alarms == ["crashed"]
        await stage.pause(CATCH_UP_S)

        assert (await callback(stage, job_id)).state == "delivered"

    play(tmp_path, story)


def test_the_instant_of_the_end_is_told(tmp_path: Path) -> None:
    """However late the telling is."""

    async def story(stage: Stage) -> None:
        stage.mailbox.answers[URL] = [Posted(500)]
        view = await stage.see(await bought(stage))
        await stage.pause(60)

        assert [from_rfc3339(post.body["timestamp"]) for post in stage.mailbox.posts] == [
            view.row.ended_at,
            view.row.ended_at,
        ]

    told(tmp_path, story)


def test_a_failure_names_its_error_and_no_prompt(tmp_path: Path) -> None:
    """Whatever a provider said, and however long it is, the message is thin."""

    async def story(stage: Stage) -> None:
        words = "no: make the sky green " + "x" * 50_000
        stage.troupe.always = dict.fromkeys(
            ("shortapi", "runpod"),
            Act(ends=ProviderFailed(words, how=Ending.FAILED, proves_free=True)),
        )
        job_id = await bought(stage)
        await stage.see(job_id)
        await stage.pause(1)

        (post,) = stage.mailbox.posts
        text = repr(post.body)
        assert "make the sky green" not in text
        assert len(text) < 20_000

    told(tmp_path, story)
