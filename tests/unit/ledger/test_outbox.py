"""A client's callback: made with its job, due by whatever ends it, and each end told once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from router.ledger.answers import Answer, Done, Placed, Refused, Replayed, Stale
from router.ledger.commands import (
    Command,
    End,
    Idempotency,
    JobEnd,
    Post,
    Redeliver,
    Told,
    Void,
)
from router.ledger.decide import decide
from router.ledger.outbox_rows import OutboxRow, OutboxState
from router.ledger.page import Page
from router.model.ids import AttemptId, JobId
from router.model.job import ClientCallback, JobState
from tests.fakes import EPOCH
from tests.ledger_kit import a_limit, an_accept, usd

JOB = JobId("j1")
LATER = EPOCH + timedelta(seconds=7)
CALLBACK = ClientCallback(url="https://app.example/hooks?t=1", dialect="runpod")
SUCCEEDED = JobEnd(state=JobState.SUCCEEDED, images=("https://images.example/1.png",))
FAILED = JobEnd(state=JobState.FAILED, error_code="provider_failed")
CANCELLED = JobEnd(state=JobState.CANCELLED)


class Desk:
    """A page of the books on which commands are decided one after the other."""

    def __init__(self) -> None:
        self.page = Page()

    def decide(self, command: Command) -> Answer:
        """Decide a command and apply what it changes."""
        decided = decide(self.page, command)
        self.page.apply(decided.changes)
        return decided.answer

    def take(self, callback: ClientCallback | None = CALLBACK) -> None:
        """Take the job, sent at once."""
        accept = an_accept("j1", "0.04", callback=callback, ready=frozenset({"shortapi"}))
        assert isinstance(self.decide(accept), Placed)

    def tell(self, number: int, state: OutboxState, **fields: object) -> Answer:
        """Note what came of a try."""
        told = Told(at=LATER, job_id=JOB, number=number, state=state)
        return self.decide(replace(told, **fields))  # type: ignore[arg-type]

    @property
    def row(self) -> OutboxRow:
        """The job's callback as it stands."""
        row = self.page.get(OutboxRow, JOB)
        assert row is not None
        return row


@pytest.fixture(name="desk")
def _desk() -> Desk:
    return Desk()


def a_post(end: JobEnd | None) -> Post:
    """Build the charge of the job's attempt."""
    return Post(
        at=LATER, attempt_id=AttemptId("j1.1"), amount=usd("0.03"), outcome="delivered", end=end
    )


def a_void(end: JobEnd | None) -> Void:
    """Build the proof that the job's attempt cost nothing."""
    return Void(at=LATER, attempt_id=AttemptId("j1.1"), outcome="provider_refused", end=end)


def an_end(end: JobEnd) -> End:
    """Build the job's end by itself."""
    return End(at=LATER, job_id=JOB, end=end)


def test_a_callback_waits_from_the_jobs_first_commit(desk: Desk) -> None:
    """It has the client's address and dialect, and no instant yet."""
    desk.take()

    assert desk.row == OutboxRow(
        job_id=JOB,
        tenant="acme",
        url=CALLBACK.url,
        dialect="runpod",
        state=OutboxState.WAITING,
        created_at=EPOCH,
    )
    assert "hooks" not in repr(desk.row)


@pytest.mark.parametrize("promise", [None, Idempotency(key="k", fingerprint="f")])
def test_only_a_job_that_is_placed_has_a_callback(desk: Desk, promise: Idempotency | None) -> None:
    """What is refused or replayed leaves none; nor does a client that does not want to be told."""
    refused = an_accept("j1", "0.04", a_limit("team", "0.01"), callback=CALLBACK)
    assert isinstance(desk.decide(replace(refused, idempotency=promise)), Refused)
    assert desk.page.get(OutboxRow, JOB) is None

    placed = an_accept("j1", "0.04", idempotency=promise)
    assert isinstance(desk.decide(placed), Placed)
    assert desk.page.get(OutboxRow, JOB) is None

    if promise is not None:
        again = replace(an_accept("j2", "0.05", callback=CALLBACK), idempotency=promise)
        assert desk.decide(again) == Replayed(job_id=JOB)
        assert desk.page.get(OutboxRow, "j2") is None


@pytest.mark.parametrize(
    "command",
    [
        *(a_post(SUCCEEDED), a_post(FAILED), a_void(FAILED), a_void(CANCELLED)),
        *(an_end(FAILED), an_end(CANCELLED), an_end(SUCCEEDED)),
    ],
    ids=lambda command: f"{type(command).__name__}-{command.end.state}",
)
def test_whatever_ends_the_job_makes_its_callback_due(
    desk: Desk, command: Post | Void | End
) -> None:
    """In the same decision, and so in the same commit; the answer says so."""
    desk.take()
    answer = desk.decide(command)

    assert isinstance(answer, Done)
    assert answer.callback == desk.row
    assert (desk.row.state, desk.row.next_at) == (OutboxState.DUE, LATER)


@pytest.mark.parametrize("build", [a_post, a_void])
def test_a_settlement_that_ends_nothing_tells_nobody(
    desk: Desk, build: Callable[[JobEnd | None], Command]
) -> None:
    """The job goes on to its next offer."""
    desk.take()
    answer = desk.decide(build(None))

    assert isinstance(answer, Done)
    assert answer.callback is None
    assert desk.row.state is OutboxState.WAITING


def test_a_job_without_callback_ends_as_ever(desk: Desk) -> None:
    """Nobody is told, and nothing is noted."""
    desk.take(None)
    answer = desk.decide(a_post(SUCCEEDED))

    assert isinstance(answer, Done)
    assert answer.callback is None
    assert desk.page.get(OutboxRow, JOB) is None


@pytest.mark.parametrize("state", [OutboxState.DELIVERED, OutboxState.FAILED, OutboxState.DUE])
def test_a_late_result_is_told_as_well(desk: Desk, state: OutboxState) -> None:
    """Whatever came of telling the failure: at once, from its first try on, and once."""
    desk.take()
    desk.decide(an_end(FAILED))
    next_at = LATER + timedelta(minutes=5) if state is OutboxState.DUE else None
    desk.tell(1, state, status=500, next_at=next_at, ended_as=JobState.FAILED)
    answer = desk.decide(a_post(SUCCEEDED))

    assert isinstance(answer, Done)
    assert answer.callback == desk.row
    assert (desk.row.state, desk.row.tries, desk.row.next_at) == (OutboxState.DUE, 0, LATER)
    desk.tell(1, OutboxState.DELIVERED, ended_as=JobState.SUCCEEDED)
    assert isinstance(desk.decide(an_end(SUCCEEDED)), Stale)
    assert desk.row.state is OutboxState.DELIVERED


@pytest.mark.parametrize(
    ("state", "status"), [(OutboxState.REFUSED, None), (OutboxState.FAILED, 410)]
)
def test_a_late_result_is_not_told_where_nobody_can_be(
    desk: Desk, state: OutboxState, status: int | None
) -> None:
    """At an address that may not be dialled, or whose server has said that it is gone."""
    desk.take()
    desk.decide(an_end(FAILED))
    desk.tell(1, state, status=status)
    before = desk.row
    answer = desk.decide(a_post(SUCCEEDED))

    assert isinstance(answer, Done)
    assert answer.job is not None
    assert answer.job.state is JobState.SUCCEEDED
    assert (answer.callback, desk.row) == (None, before)


def test_a_late_result_is_not_told_at_a_forgotten_address(desk: Desk) -> None:
    """There is none any more."""
    desk.take()
    desk.decide(an_end(FAILED))
    desk.tell(1, OutboxState.DELIVERED)
    desk.page.load([replace(desk.row, url="")])
    desk.decide(a_post(SUCCEEDED))

    assert desk.row.state is OutboxState.DELIVERED


def test_a_failure_that_is_being_told_does_not_stand_for_the_late_result(desk: Desk) -> None:
    """What came of that try is not noted: the success is still to be told."""
    desk.take()
    desk.decide(an_end(FAILED))
    desk.decide(a_post(SUCCEEDED))

    assert desk.tell(1, OutboxState.DELIVERED, ended_as=JobState.FAILED) == Stale()
    assert desk.row.state is OutboxState.DUE
    assert isinstance(desk.tell(1, OutboxState.DELIVERED, ended_as=JobState.SUCCEEDED), Done)


def test_a_try_is_counted_once(desk: Desk) -> None:
    """The same try noted again changes nothing, nor does one of a callback that is not due."""
    desk.take()
    assert desk.tell(1, OutboxState.DELIVERED) == Stale()
    desk.decide(a_post(SUCCEEDED))
    next_at = LATER + timedelta(seconds=5)
    answer = desk.tell(1, OutboxState.DUE, status=503, next_at=next_at)

    assert answer == Done(callback=desk.row)
    assert (desk.row.tries, desk.row.last_status, desk.row.next_at) == (1, 503, next_at)
    assert desk.tell(1, OutboxState.DELIVERED, status=200) == Stale()
    assert desk.tell(2, OutboxState.DELIVERED, status=200) == Done(callback=desk.row)
    assert desk.tell(3, OutboxState.FAILED) == Stale()
    assert (desk.row.state, desk.row.tries, desk.row.next_at) == (OutboxState.DELIVERED, 2, None)
    assert desk.decide(Told(at=LATER, job_id=JobId("x"), number=1, state=OutboxState.DUE)) == (
        Stale()
    )


@pytest.mark.parametrize("state", [OutboxState.DELIVERED, OutboxState.FAILED, OutboxState.REFUSED])
def test_a_callback_is_told_again_on_command(desk: Desk, state: OutboxState) -> None:
    """From its first try on, whatever came of it before."""
    desk.take()
    desk.decide(a_post(SUCCEEDED))
    desk.tell(1, state, status=500)
    now = LATER + timedelta(hours=3)
    answer = desk.decide(Redeliver(at=now, job_id=JOB))

    assert answer == Done(callback=desk.row)
    assert (desk.row.state, desk.row.tries, desk.row.next_at) == (OutboxState.DUE, 0, now)
    assert desk.row.last_status == 500


def test_what_is_due_is_told_at_once_on_command(desk: Desk) -> None:
    """Its tries are counted on, so that a try under way is not mistaken for another."""
    desk.take()
    desk.decide(a_post(SUCCEEDED))
    desk.tell(1, OutboxState.DUE, next_at=LATER + timedelta(hours=5))
    now = LATER + timedelta(minutes=1)
    desk.decide(Redeliver(at=now, job_id=JOB))

    assert (desk.row.state, desk.row.tries, desk.row.next_at) == (OutboxState.DUE, 1, now)


def test_what_cannot_be_told_stays_as_it_is(desk: Desk) -> None:
    """A job that has not ended, one without callback, and one whose address is forgotten."""
    command = Redeliver(at=LATER, job_id=JOB)
    assert desk.decide(command) == Stale()
    desk.take()
    assert desk.decide(command) == Stale()
    desk.decide(a_post(SUCCEEDED))
    desk.tell(1, OutboxState.DELIVERED)
    desk.page.load([replace(desk.row, url="")])

    assert desk.decide(command) == Stale()
