"""Clients' callbacks in the ledger, for both of its back ends."""

from dataclasses import replace

import pytest

from router.ledger.answers import AllPlaced, Done, Refused, Stale
from router.ledger.commands import AcceptAll, Redeliver, Told
from router.ledger.ledger import Ledger
from router.ledger.outbox_rows import OutboxRow, OutboxState
from router.model.ids import JobId
from router.model.job import JobState
from tests.fakes import EPOCH
from tests.ledger_kit import CALLBACK, DAY, HOUR, a_limit, an_accept
from tests.ledger_running import tell


@pytest.mark.parametrize(
    "ending",
    [
        "post     j1.1  $0.03 end=succeeded  -> posted",
        "void     j1.1  end=failed           -> voided",
        "end      j1    failed               -> failed",
    ],
)
async def test_a_callback_is_due_when_its_job_has_ended(ledger: Ledger, ending: str) -> None:
    """It waits beside its job, is due by the commit that ends it, and its listener is told then."""
    heard: list[OutboxRow] = []
    ledger.listen_for_callbacks(heard.append)
    await tell(ledger, "place j1 $0.04 ready=shortapi -> placed dispatching at shortapi")
    job_id = JobId("j1")
    waiting = await ledger.callback_of(job_id)
    assert waiting is not None
    assert (waiting.state, waiting.url, waiting.next_at) == ("waiting", CALLBACK.url, None)
    assert (await ledger.callbacks_due(EPOCH + DAY, most=9), heard) == ([], [])

    await tell(ledger, ending)

    due = replace(waiting, state=OutboxState.DUE, next_at=EPOCH)
    assert await ledger.callbacks_due(EPOCH + DAY, most=9) == heard == [due]
    assert await ledger.callbacks_due(EPOCH, most=9) == []


async def test_a_callback_is_told_and_told_again_on_command(ledger: Ledger) -> None:
    """Each try is noted; who is to be told again is heard of at once."""
    heard: list[OutboxRow] = []
    await tell(ledger, "place j1 $0.04 ready=shortapi -> placed dispatching at shortapi")
    await tell(ledger, "post  j1.1 $0.03 end=succeeded -> posted")
    ledger.listen_for_callbacks(heard.append)
    job_id, later = JobId("j1"), EPOCH + HOUR
    try_ = Told(at=EPOCH, job_id=job_id, number=1, state=OutboxState.DUE, status=503, next_at=later)

    assert isinstance(await ledger.submit(try_), Done)
    assert isinstance(await ledger.submit(try_), Stale)
    done = replace(try_, number=2, state=OutboxState.DELIVERED, status=204, next_at=None)
    assert isinstance(await ledger.submit(done), Done)
    row = await ledger.callback_of(job_id)
    assert row is not None
    assert (row.state, row.tries, row.last_status, row.tried_at) == ("delivered", 2, 204, EPOCH)
    assert isinstance(await ledger.submit(Redeliver(at=later, job_id=job_id)), Done)
    assert [(one.tries, one.next_at) for one in heard] == [(1, later), (0, later)]


async def test_a_late_result_is_due_again(ledger: Ledger) -> None:
    """Though the failure was delivered; a try that had told of the failure does not count."""
    await tell(ledger, "place j1 $0.04 ready=shortapi -> placed dispatching at shortapi")
    await tell(ledger, "end j1 failed -> failed")
    failure = Told(at=EPOCH, job_id=JobId("j1"), number=1, state=OutboxState.DELIVERED)
    failure = replace(failure, ended_as=JobState.FAILED)
    assert isinstance(await ledger.submit(failure), Done)
    assert await ledger.callbacks_due(EPOCH + DAY, most=9) == []

    await tell(ledger, "post j1.1 $0.03 end=succeeded -> posted")

    assert isinstance(await ledger.submit(failure), Stale)
    (row,) = await ledger.callbacks_due(EPOCH + DAY, most=9)
    assert (row.state, row.tries, row.next_at) == ("due", 0, EPOCH)
    assert isinstance(await ledger.submit(replace(failure, ended_as=JobState.SUCCEEDED)), Done)
    assert await ledger.callbacks_due(EPOCH + DAY, most=9) == []


async def test_callbacks_are_listed_and_their_addresses_forgotten(ledger: Ledger) -> None:
    """The newest job's first; what is still to be told keeps its address."""
    for name in ("j1", "j2", "j3"):
        await tell(ledger, f"place {name} $0.04 ready=shortapi -> placed dispatching at shortapi")
    for name in ("j1", "j2"):
        await tell(ledger, f"end {name} failed -> failed")
    told = Told(at=EPOCH, job_id=JobId("j1"), number=1, state=OutboxState.FAILED)
    await ledger.submit(told)

    await ledger.forget_addresses(EPOCH)
    assert {row.url for row in await ledger.callbacks()} == {CALLBACK.url}
    await ledger.forget_addresses(EPOCH + DAY)

    rows = await ledger.callbacks()
    assert [(row.job_id, row.state, bool(row.url)) for row in rows] == [
        ("j3", "waiting", True),
        ("j2", "due", True),
        ("j1", "failed", False),
    ]
    assert [row.job_id for row in await ledger.callbacks(state="due")] == ["j2"]
    assert [row.job_id for row in await ledger.callbacks(after="j3", most=1)] == ["j2"]


async def test_of_a_batch_each_job_has_its_callback_or_none_is_there(ledger: Ledger) -> None:
    """Two are taken and each waits for its own job's end; of what does not fit nobody is told."""
    limit = a_limit(limit="0.10")

    def batch(*names: str) -> AcceptAll:
        accepts = (an_accept(name, "0.04", limit, callback=CALLBACK) for name in names)
        return AcceptAll(at=EPOCH, accepts=tuple(accepts))

    assert isinstance(await ledger.submit(batch("j1", "j2")), AllPlaced)
    assert isinstance(await ledger.submit(batch("j3", "j4")), Refused)
    await tell(ledger, "end j2 failed -> failed")

    rows = await ledger.callbacks()
    assert [(row.job_id, row.state) for row in rows] == [("j2", "due"), ("j1", "waiting")]
