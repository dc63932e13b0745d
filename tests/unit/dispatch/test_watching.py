"""Looking on: waiting and reading change nothing."""

import asyncio
from pathlib import Path

import pytest

from router.dispatch.requests import INLINE_MAX
from router.dispatch.watching import JobView
from router.model.ids import JobId
from router.model.job import AttemptState, JobState
from tests.ledger_kit import a_job_row, an_attempt_row, usd
from tests.policy_files import PRICES, a_policy
from tests.stage import Stage, play

ANY_SIZE = PRICES.replace("    body_bytes_max: 300\n", "")


def test_whoever_waits_is_answered_at_the_end(tmp_path: Path) -> None:
    """A wait ends with the job; a shorter one ends by itself and shows the job as it is."""

    async def story(stage: Stage) -> None:
        job_id = await stage.submit()
        at_once = await stage.see(job_id, 0.0)
        briefly = await stage.see(job_id, 2.0)
        assert (at_once.row.state, briefly.row.state) == (JobState.RUNNING, JobState.RUNNING)
        assert stage.clock.monotonic_s() == pytest.approx(2.0)
        assert (await stage.see(job_id, 60.0)).row.state is JobState.SUCCEEDED
        assert stage.clock.monotonic_s() < 7
        assert (await stage.see(job_id, 60.0)).charged == usd("0.04")
        assert stage.clock.monotonic_s() < 7

    play(tmp_path, story)


def test_there_may_be_no_such_job(tmp_path: Path) -> None:
    """An id that nobody has is answered with nothing."""

    async def story(stage: Stage) -> None:
        assert await stage.watcher.watch(JobId("nobody")) is None

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("state", "unknown", "nothing"),
    [
        (AttemptState.HELD, False, False),
        (AttemptState.DISPATCHING, True, False),
        (AttemptState.RUNNING, False, False),
        (AttemptState.IN_DOUBT, True, False),
        (AttemptState.POSTED, False, False),
        (AttemptState.VOIDED, False, True),
        (AttemptState.POSTED_PRESUMED, True, False),
    ],
)
def test_what_may_have_been_charged_is_told(
    state: AttemptState, *, unknown: bool, nothing: bool
) -> None:
    """Money is unknown from the first byte to evidence; it is nothing when all is void."""
    view = JobView(a_job_row(), (an_attempt_row(price=usd("0.04"), state=state),))
    assert (view.may_have_been_charged, view.nothing_spent) == (unknown, nothing)


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_what_still_runs_when_its_job_has_ended_may_be_charged(state: JobState) -> None:
    """Whoever is told of the end would buy again, and pay twice for one edit."""
    attempt = an_attempt_row(price=usd("0.04"), state=AttemptState.RUNNING)
    assert JobView(a_job_row(state=state), (attempt,)).may_have_been_charged


def test_a_charge_is_the_sum_over_the_attempts() -> None:
    """What was paid twice is shown as paid twice."""
    first = an_attempt_row("j1.1", price=usd("0.04"), posted=usd("0.05"))
    second = an_attempt_row("j1.2", price=usd("0.0875"), posted=usd("0.0875"))
    assert JobView(a_job_row(), (first, second)).charged == usd("0.1375")


def test_whoever_asks_while_a_job_is_being_taken_in_hand_waits_for_it_all_the_same(
    tmp_path: Path,
) -> None:
    """Between its commit and that moment a job is in the books, and in nobody's hand."""

    async def story(stage: Stage) -> None:
        keeping = asyncio.Event()
        keep = stage.inputs.keep

        async def slowly(sha256: str) -> None:
            keeping.set()
            await stage.clock.sleep_s(3.0)
            await keep(sha256)

        stage.inputs.keep = slowly  # type: ignore[method-assign]
        large = "data:image/png;base64," + "A" * INLINE_MAX
        async with asyncio.TaskGroup() as group:
            first = group.create_task(stage.submit("k1", images=(large,)))
            await keeping.wait()
            again = await stage.submit("k1", images=(large,))
            view = await stage.see(again, 60.0)
            brief = stage.clock.monotonic_s()

        assert view.row.state is JobState.SUCCEEDED
        assert again == first.result()
        assert 3.0 < brief < 12.0

    play(tmp_path, story, policy=a_policy(prices=ANY_SIZE))
