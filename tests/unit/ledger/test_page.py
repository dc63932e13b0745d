"""Which rows a batch of commands needs, and what of them it changes."""

from dataclasses import replace

from router.ledger.alert_commands import Alert
from router.ledger.alert_rows import AlertRow
from router.ledger.commands import (
    CallOff,
    Command,
    Dispatch,
    End,
    Hold,
    Idempotency,
    JobEnd,
    Post,
    Redeliver,
    Rotate,
    SaveKey,
    Tender,
    Told,
)
from router.ledger.key_rows import KeyRow
from router.ledger.limit_rows import RaiseRow, RollingRow
from router.ledger.outbox_rows import OutboxRow, OutboxState
from router.ledger.page import Page, balances, subjects
from router.ledger.rows import (
    BEGINNING,
    AttemptRow,
    BalanceRow,
    EntryRow,
    IdempotencyRow,
    JobRow,
    RefusalRow,
    Window,
)
from router.model.ids import AttemptId, JobId
from router.model.job import JobState
from router.model.money import Money
from tests.fakes import EPOCH
from tests.ledger_kit import (
    DAY,
    HOUR,
    a_job_row,
    a_lifetime_limit,
    a_limit,
    a_rolling_limit,
    an_accept,
    an_attempt_row,
    usd,
)

A_POST = Post(at=EPOCH, attempt_id=AttemptId("j1.1"), amount=usd("0.04"), outcome="delivered")
A_KEY = KeyRow(id="k1", digest="d", tenant="acme", role="client", name="n", created_at=EPOCH)
DAY_OF_EPOCH = EPOCH.replace(hour=0)


def test_a_command_names_the_rows_it_is_about() -> None:
    """A promise, a job, an attempt with its job, a key and those beside it, or nothing."""
    promised = an_accept("j1", "0.05", idempotency=Idempotency(key="k", fingerprint="f"))
    tender = Tender(attempt=an_attempt_row("j1.2", price=usd("0.06")), limits=())
    hold = Hold(at=EPOCH, job_id=JobId("j1"), tenders=(tender,))
    job, attempt = (JobRow, ("j1",)), (AttemptRow, ("j1.1",))
    callback, at = (OutboxRow, ("j1",)), EPOCH
    failed = JobEnd(state=JobState.FAILED)
    told = Told(at=at, job_id=JobId("j1"), number=1, state=OutboxState.DELIVERED)

    assert subjects(an_accept("j1", "0.07")) == set()
    assert subjects(promised) == {(IdempotencyRow, ("acme", "k"))}
    assert subjects(hold) == {job, (AttemptRow, ("j1.2",))}
    assert subjects(End(at=at, job_id=JobId("j1"), end=failed)) == {job, callback}
    assert subjects(CallOff(at=at, job_id=JobId("j1"))) == {job}
    assert subjects(told) == {job, callback}
    assert subjects(Redeliver(at=at, job_id=JobId("j1"))) == {callback}
    assert subjects(SaveKey(at=EPOCH, key=A_KEY)) == set()
    rotate = Rotate(at=EPOCH, former=A_KEY, key=replace(A_KEY, id="k2"), ends=EPOCH + DAY)
    assert subjects(rotate) == {(KeyRow, ("k1",))}
    known = replace(rotate, former=replace(A_KEY, predecessor="k0", successor="k3"))
    assert subjects(known) == {(KeyRow, (key_id,)) for key_id in ("k0", "k1", "k3")}
    assert subjects(A_POST) == {job, attempt}
    assert subjects(replace(A_POST, end=failed)) == {job, attempt, callback}
    assert subjects(Dispatch(at=EPOCH, attempt_id=AttemptId("j1.1"))) == {job, attempt}


def test_a_hold_needs_the_balances_and_counts_of_its_limits() -> None:
    """A settlement needs those of its attempt's windows, once the attempt is known."""
    limit = a_limit()
    page = Page()
    balance = (BalanceRow, ("team", "everyone", DAY_OF_EPOCH, DAY_OF_EPOCH + DAY))
    windows = (Window.of(limit),)

    assert balances(an_accept("j1", "0.04", limit), page) == {
        balance,
        (RefusalRow, ("team", "everyone", EPOCH.replace(minute=0))),
        (RaiseRow, ("team",)),
    }
    assert balances(A_POST, page) == set()
    page.load([an_attempt_row(price=usd("0.05"), windows=windows)])
    assert balances(A_POST, page) == {balance}
    none: Command = Dispatch(at=EPOCH, attempt_id=AttemptId("j1.1"))
    assert balances(none, page) == set()


def test_a_rolling_limit_needs_the_sum_of_its_hours() -> None:
    """Beside the hour in which a hold would count; an alert needs what was told before as well."""
    limit = a_rolling_limit()
    page, hour = Page(), EPOCH.replace(minute=0)
    needed = {
        (BalanceRow, ("team", "everyone", hour, hour + HOUR)),
        (RollingRow, ("team", "everyone", hour - DAY)),
        (RaiseRow, ("team",)),
    }

    count = (RefusalRow, ("team", "everyone", hour))
    assert balances(an_accept("j1", "0.04", limit), page) == {*needed, count}
    told = (AlertRow, ("team", "everyone", hour - DAY))
    lifetime = (AlertRow, ("ever", "everyone", BEGINNING))
    alert = Alert(at=EPOCH, limits=(limit, a_lifetime_limit("ever", "9.00")))
    assert {*needed, told, lifetime} <= balances(alert, page)
    assert subjects(alert) == set()


def test_a_change_in_an_hour_is_in_every_sum_that_it_is_a_part_of() -> None:
    """And in no other; an hour that was loaded counts once."""
    page, hour = Page(), EPOCH.replace(minute=0)
    sums = [
        RollingRow(budget="team", scope="everyone", since=hour - 2 * DAY, held=usd("5.00")),
        RollingRow(budget="team", scope="everyone", since=hour, held=usd("3.00")),
        RollingRow(budget="team", scope="tenant:acme", since=hour - DAY, held=usd("2.00")),
    ]
    row = BalanceRow(
        budget="team",
        scope="everyone",
        window_start=hour - HOUR,
        window_end=hour,
        held=usd("0.50"),
    )
    page.load([*sums, row])
    day = replace(row, window_end=hour + DAY, held=usd("7.00"))
    page.apply([replace(row, held=usd("0.20"), posted=usd("0.31")), day])

    found = [page.get(RollingRow, *one.key) for one in sums]
    assert [(one.held, one.posted) for one in found if one] == [
        (usd("4.70"), usd("0.31")),
        (usd("3.00"), Money.ZERO),
        (usd("2.00"), Money.ZERO),
    ]
    assert all(not isinstance(changed, RollingRow) for changed in page.changed)


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
