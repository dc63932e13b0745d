"""Which rows a batch of commands needs, and what of them it changes."""

from router.ledger.commands import (
    Command,
    Dispatch,
    End,
    Hold,
    Idempotency,
    JobEnd,
    Post,
    SaveKey,
    Tender,
)
from router.ledger.page import Page, balances, subjects
from router.ledger.rows import (
    AttemptRow,
    BalanceRow,
    EntryRow,
    IdempotencyRow,
    JobRow,
    KeyRow,
    RefusalRow,
    Window,
)
from router.model.ids import AttemptId, JobId
from router.model.job import JobState
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row, a_limit, an_accept, an_attempt_row, usd

A_POST = Post(at=EPOCH, attempt_id=AttemptId("j1.1"), amount=usd("0.04"), outcome="delivered")
A_KEY = KeyRow(id="k1", digest="d", tenant="acme", role="client", name="n", created_at=EPOCH)
DAY_OF_EPOCH = EPOCH.replace(hour=0)


def test_a_command_names_the_rows_it_is_about() -> None:
    """A promise, a job, an attempt with its job, or nothing."""
    promised = an_accept("j1", "0.05", idempotency=Idempotency(key="k", fingerprint="f"))
    tender = Tender(attempt=an_attempt_row("j1.2", price=usd("0.06")), limits=())
    hold = Hold(at=EPOCH, job_id=JobId("j1"), tenders=(tender,))
    job, attempt = (JobRow, ("j1",)), (AttemptRow, ("j1.1",))

    assert subjects(an_accept("j1", "0.07")) == set()
    assert subjects(promised) == {(IdempotencyRow, ("acme", "k"))}
    assert subjects(hold) == {job, (AttemptRow, ("j1.2",))}
    assert subjects(End(at=EPOCH, job_id=JobId("j1"), end=JobEnd(state=JobState.FAILED))) == {job}
    assert subjects(SaveKey(at=EPOCH, key=A_KEY)) == set()
    assert subjects(A_POST) == {job, attempt}
    assert subjects(Dispatch(at=EPOCH, attempt_id=AttemptId("j1.1"))) == {job, attempt}


def test_a_hold_needs_the_balances_and_counts_of_its_limits() -> None:
    """A settlement needs those of its attempt's windows, once the attempt is known."""
    limit = a_limit()
    page = Page()
    balance = (BalanceRow, ("team", "everyone", DAY_OF_EPOCH))
    windows = (Window.of(limit),)

    assert balances(an_accept("j1", "0.04", limit), page) == {
        balance,
        (RefusalRow, ("team", "everyone", EPOCH.replace(minute=0))),
    }
    assert balances(A_POST, page) == set()
    page.load([an_attempt_row(price=usd("0.05"), windows=windows)])
    assert balances(A_POST, page) == {balance}
    none: Command = Dispatch(at=EPOCH, attempt_id=AttemptId("j1.1"))
    assert balances(none, page) == set()


def test_a_page_gives_what_the_last_command_left() -> None:
    """Loaded rows are not written back; a row that changed twice is written once."""
    page = Page()
    page.load([a_job_row("j1"), a_job_row("j2")])
    entry = EntryRow(at=EPOCH, attempt_id=AttemptId("j1.1"), kind="hold", held=usd("0.04"))
    running = a_job_row("j1", state=JobState.RUNNING)
    failed = a_job_row("j1", state=JobState.FAILED)

    page.apply([entry, running])
    page.apply([failed])

    assert page.get(JobRow, "j1") == failed
    assert page.get(JobRow, "j3") is None
    assert page.changed == (failed, entry)
