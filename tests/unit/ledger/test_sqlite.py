"""The ledger in a file: what is answered is in it, whatever the disk does."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import apsw
import pytest

from router.ledger.alert_commands import Alert
from router.ledger.answers import Alerted, Answer, Done, Placed, Stale
from router.ledger.commands import Adjust, Command, Dispatch, Post, Run
from router.ledger.decide import decide
from router.ledger.decided import Decided
from router.ledger.executor import InlineExecutor, ThreadExecutor
from router.ledger.ledger import Ledger
from router.ledger.mapping import encode, to_column
from router.ledger.page import Page
from router.ledger.reserve import Reserve
from router.ledger.rows import AttemptRow, EntryRow, Window
from router.ledger.sql import LONG, migrations, queries
from router.ledger.sqlite import AlreadyOpen, NotALedger, SqliteStore
from router.ledger.store import Contradiction, StoreBroken, StoreFull, StoreUnavailable
from router.ledger.writer import Writer
from router.model.errors import LedgerUnavailable
from router.model.ids import AttemptId, JobId, ProviderRef
from router.model.job import AttemptState
from router.model.money import Money
from router.model.tasks import TaskRegistry
from tests.fakes import EPOCH, FakeClock
from tests.ledger_kit import (
    a_job_row,
    a_lifetime_limit,
    a_limit,
    a_sqlite_store,
    an_accept,
    an_attempt_row,
    at_once,
    usd,
)

READY = frozenset({"shortapi"})


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "farebox.db"


@pytest.fixture(name="store")
def _store(path: Path) -> Iterator[SqliteStore]:
    store = a_sqlite_store(path)
    yield store
    store.close()


def commit(store: SqliteStore, *commands: Command) -> list[Answer | Contradiction]:
    """Commit one batch."""
    return at_once(store.commit(commands))


def a_post(name: str, amount: str) -> Post:
    """Build the settlement of job `name`'s first attempt."""
    attempt_id = AttemptId(f"{name}.1")
    return Post(at=EPOCH, attempt_id=attempt_id, amount=usd(amount), outcome="delivered")


def state(path: Path, name: str) -> str | None:
    """The state of job `name`'s attempt as another process reads it from the file."""
    database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    found = database.execute("SELECT state FROM attempts WHERE id = ?", (f"{name}.1",)).fetchall()
    database.close()
    return str(found[0][0]) if found else None


def the_ledger(store: SqliteStore) -> Ledger:
    """Read a store; nothing is written through it."""
    return Ledger(store, Writer(FakeClock(), store, lambda *_: None, lambda: None))


def test_a_new_file_gets_its_tables_and_an_old_one_keeps_them(path: Path) -> None:
    """Opening migrates from nothing, and a second time changes nothing."""
    store = a_sqlite_store(path)
    commit(store, an_accept("j1", "0.04"))
    store.close()
    again = a_sqlite_store(path)

    assert state(path, "j1") == "held"
    assert again._database.pragma("user_version") == migrations("sqlite")[-1][0]
    assert again._database.pragma("synchronous") == 2
    assert again._database.pragma("journal_mode") == "wal"
    again.close()


def test_only_an_older_file_is_told_of(path: Path) -> None:
    """A new one has nothing to add up, and one that is up to date takes no time."""
    told: list[int] = []
    for _ in range(2):
        store = SqliteStore(path, InlineExecutor(), InlineExecutor(), updating=told.append)
        store.close()

    assert told == []


def a_first_ledger(path: Path, attempt: AttemptRow, *entries: EntryRow) -> None:
    """Write a file as the first version did, with one attempt of one job."""
    (_, first), *_ = migrations("sqlite")
    with closing(apsw.Connection(str(path))) as old:
        old.execute(first)
        job = encode(a_job_row("j1"))
        for later in ("called_off_at", "fingerprint", "batch", "evidence"):
            del job[later]
        old.execute(f"INSERT INTO jobs ({', '.join(job)}) VALUES (:{', :'.join(job)})", job)  # noqa: S608
        then = encode(attempt)
        for later in ("cheapest", "key_id", "charged"):
            del then[later]
        old.execute(
            f"INSERT INTO attempts ({', '.join(then)}) VALUES (:{', :'.join(then)})",  # noqa: S608
            then,
        )
        for entry in entries:
            fact = encode(entry)
            del fact["source"]
            old.execute(
                f"INSERT INTO entries ({', '.join(fact)}) VALUES (:{', :'.join(fact)})",  # noqa: S608
                fact,
            )
        old.pragma("user_version", 1)


def test_a_ledger_from_before_hours_were_kept_has_them_from_its_journal(path: Path) -> None:
    """Each charge in the hour of its entry, in each budget of its hold; a hold in none."""
    windows = (Window.of(a_limit("daily")), Window.of(a_lifetime_limit("ever", "9.00")))
    attempt = an_attempt_row(
        "j1.1", price=usd("0.04"), windows=windows, state=AttemptState.POSTED, posted=usd("0.05")
    )
    later = EPOCH + timedelta(minutes=90)
    held, posted = usd("0.04"), usd("0.03")
    a_first_ledger(
        path,
        attempt,
        EntryRow(at=EPOCH, attempt_id=attempt.id, kind="hold", held=held),
        EntryRow(at=EPOCH, attempt_id=attempt.id, kind="post", held=-held, posted=posted),
        EntryRow(at=later, attempt_id=attempt.id, kind="adjust", posted=usd("0.02")),
    )
    told: list[int] = []
    store = SqliteStore(path, InlineExecutor(), InlineExecutor(), updating=told.append)
    ledger = the_ledger(store)

    assert told == [len(migrations("sqlite")) - 1, 0]
    for budget in ("daily", "ever"):
        rows = at_once(ledger.budget_hours(budget, "everyone", EPOCH, later))
        assert [(row.hour, str(row.charged)) for row in rows] == [
            (EPOCH, "0.03"),
            (EPOCH + timedelta(hours=1), "0.02"),
        ]
    assert at_once(ledger.imbalance()) == Money.ZERO
    store.close()


def test_alerts_from_before_they_had_a_basis_are_of_charges(path: Path) -> None:
    """What was told is not told again, and nobody is told of it by post."""
    limit = replace(a_limit(), alerts=(50,))
    with closing(apsw.Connection(str(path))) as old:
        for number, script in migrations("sqlite"):
            if number < 14:
                old.execute(script)
                old.pragma("user_version", number)
        window = (*Window.of(limit).key, 0, 50, EPOCH)
        old.execute(
            "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, 520000000, 1000000000)",
            [to_column(value) for value in window],
        )
    store = a_sqlite_store(path)
    ledger = the_ledger(store)
    commit(store, an_accept("j1", "0.52", limit), Dispatch(at=EPOCH, attempt_id=AttemptId("j1.1")))
    commit(store, a_post("j1", "0.52"))

    (answer,) = commit(store, Alert(at=EPOCH, limits=(limit,)))
    assert answer == Alerted(alerts=())
    (row,) = at_once(ledger.alerts_at(EPOCH))
    assert (row.basis, row.percent, row.charged, row.amount) == ("actual", 50, usd("0.52"), None)
    assert at_once(ledger.alert_letter(row.id)) is None
    with pytest.raises(apsw.ConstraintError, match="never changed"):
        store._database.execute("UPDATE alerts SET percent = 60")
    store.close()


def test_a_ledger_of_the_first_version_keeps_what_was_used(path: Path) -> None:
    """Its balances are added up anew from its entries, each in its own window."""
    day, ever = a_limit("daily"), a_lifetime_limit("ever", "9.00")
    windows = (Window.of(day), Window.of(ever))
    attempt = an_attempt_row("j1.1", price=usd("0.04"), windows=windows)
    entry = EntryRow(at=EPOCH, attempt_id=attempt.id, kind="hold", held=usd("0.04"))
    a_first_ledger(path, attempt, entry)
    store = a_sqlite_store(path)
    ledger = the_ledger(store)

    assert at_once(ledger.imbalance()) == Money.ZERO
    found = {row.window: row.held for row in at_once(ledger.balances_at(EPOCH))}
    assert found == {window: usd("0.04") for window in windows}
    store.close()


def test_a_second_opener_is_refused(path: Path, store: SqliteStore) -> None:
    """One process at a time; when it is gone, the next may."""
    with pytest.raises(AlreadyOpen, match=r"farebox\.db is open"):
        a_sqlite_store(path)

    commit(store, an_accept("j1", "0.04"))
    assert state(path, "j1") == "held"


def test_a_file_that_cannot_be_opened_is_not_kept_locked(path: Path) -> None:
    """After the repair it opens without a restart."""
    path.write_bytes(b"this is no database, but long enough to be read as one" * 20)
    with pytest.raises(
        NotALedger, match=r"farebox\.db cannot be opened .*: file is not a database"
    ):
        a_sqlite_store(path)

    path.unlink()
    a_sqlite_store(path).close()


def test_a_ledger_in_no_folder_says_so(tmp_path: Path) -> None:
    """The folder is not made: a mistyped path would start with empty books."""
    with pytest.raises(NotALedger, match=r"its folder does not exist"):
        a_sqlite_store(tmp_path / "none" / "farebox.db")


def test_a_ledger_that_is_a_folder_says_so(path: Path) -> None:
    """The system's word is told, without a traceback."""
    path.with_name(path.name + ".lock").mkdir()
    with pytest.raises(NotALedger, match=r"Is a directory"):
        a_sqlite_store(path)


@pytest.mark.parametrize("change", ["UPDATE entries SET posted = 1", "DELETE FROM entries"])
def test_entries_are_facts(store: SqliteStore, change: str) -> None:
    """The file itself refuses to change or remove one."""
    commit(store, an_accept("j1", "0.04"))

    with pytest.raises(apsw.ConstraintError, match="an entry is a fact"):
        store._database.execute(change)


def test_readers_see_only_what_is_committed(path: Path) -> None:
    """A decision in progress is nobody's business."""
    seen: list[int] = []

    def peeking(page: Page, command: Command) -> Decided:
        store._database.execute("UPDATE last_batch SET batch = 'halfway'")
        seen.append(len(at_once(the_ledger(store).open_attempts())))
        assert state(path, "j1") == (None if len(seen) == 1 else "held")
        return decide(page, command)

    store = a_sqlite_store(path, decider=peeking)
    commit(store, an_accept("j1", "0.04"))
    commit(store, an_accept("j2", "0.05"))
    store.close()

    assert seen == [0, 1]


def test_the_culprit_alone_fails(store: SqliteStore) -> None:
    """A provider's id that another attempt has: the others of its batch are committed."""
    commit(store, *(an_accept(f"j{n}", f"0.0{n}", ready=READY) for n in (1, 2, 3)))
    runs = [
        Run(at=EPOCH, attempt_id=AttemptId(f"{name}.1"), ref=ProviderRef(ref))
        for name, ref in (("j1", "r1"), ("j2", "r1"), ("j3", "r3"))
    ]

    one, two, three = commit(store, *runs)

    assert isinstance(one, Done)
    assert isinstance(two, Contradiction)
    assert isinstance(three, Done)
    ledger = the_ledger(store)
    states = [attempt.state for attempt in at_once(ledger.open_attempts())]
    assert states == [AttemptState.RUNNING, AttemptState.DISPATCHING, AttemptState.RUNNING]
    assert at_once(ledger.imbalance()) == Money.ZERO


@pytest.mark.parametrize("fault", [AssertionError("twice"), ValueError("too much money")])
def test_a_command_that_cannot_be_decided_does_not_stop_the_others(
    path: Path, fault: Exception
) -> None:
    """It changes nothing and is told so, while the rest of its batch is settled."""

    def failing(page: Page, command: Command) -> Decided:
        if isinstance(command, Adjust):
            raise fault
        return decide(page, command)

    store = a_sqlite_store(path, decider=failing)
    accept = an_accept("j1", "0.04", ready=READY)
    adjust = Adjust(
        at=EPOCH, attempt_id=AttemptId("j1.1"), difference=usd("0.01"), who="ada", reason="bill"
    )
    answers = commit(store, accept, adjust, a_post("j1", "0.05"))
    store.close()

    assert [type(answer) for answer in answers] == [Placed, Contradiction, Done]
    assert state(path, "j1") == "posted"


def test_the_same_id_twice_is_a_contradiction(store: SqliteStore) -> None:
    """An accept is never an edit of an earlier job; the first hold stands."""
    commit(store, an_accept("j1", "0.04"))

    (answer,) = commit(store, an_accept("j1", "0.09"))

    assert isinstance(answer, Contradiction)
    (attempt,) = at_once(the_ledger(store).open_attempts())
    assert attempt.quoted == usd("0.04")


class FakeReserve(Reserve):
    """Space set aside in pages: its release raises the file's limit, as the real one the disk's."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.database: apsw.Connection | None = None
        self.room = True

    def restore(self) -> bool:
        """As `room` says."""
        return self.room

    def release(self) -> None:
        """Let the file grow by a few pages."""
        assert self.database is not None
        grow(self.database, 40)


def grow(database: apsw.Connection, pages: int) -> None:
    """Let a file have so many pages more than it has."""
    database.pragma("max_page_count", database.pragma("page_count") + pages)


@pytest.fixture(name="small")
def _small(path: Path) -> Iterator[SqliteStore]:
    reserve = FakeReserve(path)
    store = SqliteStore(path, InlineExecutor(), InlineExecutor(), reserve=reserve)
    reserve.database = store._database
    yield store
    store.close()


def fill(store: SqliteStore, pages: int = 60) -> list[str]:
    """Admit jobs until the disk is full; the names of those that were answered."""
    grow(store._database, pages)
    admitted: list[str] = []
    for number in range(2000):
        name, price = f"j{number}", f"0.{1000 + number}"
        try:
            commit(store, an_accept(name, price, a_limit(limit="900"), ready=READY))
        except StoreFull:
            return admitted
        admitted.append(name)
    raise AssertionError("it never was full")


def test_a_full_disk_keeps_all_that_was_answered_and_nothing_else(
    path: Path, small: SqliteStore
) -> None:
    """Acknowledged is durable, and what was refused left no trace."""
    admitted = fill(small)

    assert len(admitted) > 20
    held = at_once(the_ledger(small).open_attempts())
    assert sorted(attempt.job_id for attempt in held) == sorted(admitted)
    assert state(path, f"j{len(admitted)}") is None
    assert at_once(the_ledger(small).imbalance()) == Money.ZERO


def test_settlements_go_on_from_the_reserve_and_admissions_do_not(
    path: Path, small: SqliteStore
) -> None:
    """The space kept for settlements is not eaten by a hold that comes after them."""
    first, second, *_ = fill(small)

    (answer,) = commit(small, a_post(first, "0.07"))
    assert isinstance(answer, Done)
    assert state(path, first) == "posted"
    with pytest.raises(StoreFull):
        commit(small, an_accept("late", "0.08"))
    with pytest.raises(StoreFull):
        commit(small, an_accept("late", "0.08"), a_post(second, "0.09"))
    assert state(path, second) == "dispatching"

    assert at_once(small.make_room())
    assert isinstance(commit(small, an_accept("late", "0.08"))[0], Placed)


def test_a_settlement_that_finds_the_disk_full_ends_admission_too(small: SqliteStore) -> None:
    """It is booked from the reserve; the next hold would be too, so it is refused."""
    commit(small, *(an_accept(f"j{n}", f"0.{1000 + n}", ready=READY) for n in range(300)))
    grow(small._database, 1)

    answers = [commit(small, a_post(f"j{n}", f"0.{2000 + n}"))[0] for n in range(300)]

    assert all(isinstance(answer, Done) for answer in answers)
    with pytest.raises(StoreFull):
        commit(small, an_accept("late", "0.08"))


def test_when_the_reserve_is_used_up_settlements_wait(small: SqliteStore) -> None:
    """They are not in the books, and the writer tries them again."""
    first, *_ = fill(small)

    with pytest.raises(StoreFull):
        commit(small, replace(a_post(first, "0.07"), detail="long" * 100_000))

    (held, *_) = at_once(the_ledger(small).attempts_of(JobId(first)))
    assert held.state is AttemptState.DISPATCHING


def test_a_contradiction_on_a_full_disk_is_still_told(small: SqliteStore) -> None:
    """The reserve is released in the middle, and the batch is committed without its culprit."""
    fill(small)
    runs = [
        Run(at=EPOCH, attempt_id=AttemptId(f"j{number}.1"), ref=ProviderRef(ref * 900))
        for number, ref in ((0, "same"), (1, "same"), (2, "else"))
    ]

    answers = commit(small, *runs)

    assert [type(answer) for answer in answers] == [Done, Contradiction, Done]


async def test_a_ledger_that_was_full_admits_again(small: SqliteStore) -> None:
    """The writer refuses at once while it is full, and the sweep's question ends that."""
    fill(small)
    clock = FakeClock()
    writer = Writer(clock, small, lambda *_: None, lambda: None)
    ledger = Ledger(small, writer)
    running = asyncio.get_running_loop().create_task(writer.run())

    with pytest.raises(LedgerUnavailable):
        await ledger.submit(an_accept("late", "0.08"))
    clock.advance(1)
    assert not ledger.admitting
    assert isinstance(await ledger.submit(a_post("j1", "0.07")), Done)
    await ledger.resume()
    assert ledger.admitting
    assert isinstance(await ledger.submit(an_accept("late", "0.08")), Placed)

    writer.close()
    await running


class Raising:
    """A connection whose COMMIT raises, before or after it has done its work."""

    def __init__(
        self, database: apsw.Connection, *, durable: bool, then_dead: bool = False
    ) -> None:
        self._database, self._durable, self._then_dead = database, durable, then_dead
        self._dead = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def execute(self, statement: str, *arguments: Any) -> Any:
        """Pass on, and raise on COMMIT."""
        if self._dead:
            raise apsw.IOError("the disk is gone")
        if statement != "COMMIT":
            return self._database.execute(statement, *arguments)
        if self._durable:
            self._database.execute(statement)
        self._dead = self._then_dead
        raise apsw.BusyError("COMMIT raised")


def test_a_commit_that_raised_but_is_durable_is_answered_so(path: Path, store: SqliteStore) -> None:
    """An exception from COMMIT does not mean "not committed"."""
    store._database = Raising(store._database, durable=True)  # type: ignore[assignment]

    (answer,) = commit(store, an_accept("j1", "0.04"))

    assert isinstance(answer, Placed)
    assert state(path, "j1") == "held"


def test_a_commit_that_raised_and_is_not_durable_may_be_tried_again(
    path: Path, store: SqliteStore
) -> None:
    """Nothing of it is in the books, and the next commit passes."""
    database = store._database
    store._database = Raising(database, durable=False)  # type: ignore[assignment]

    with pytest.raises(StoreUnavailable):
        commit(store, an_accept("j1", "0.04"))

    store._database = database
    assert state(path, "j1") is None
    assert isinstance(commit(store, an_accept("j1", "0.05"))[0], Placed)


def test_a_commit_that_cannot_be_looked_up_breaks_the_ledger(store: SqliteStore) -> None:
    """It cannot be known, so the process must end and recover."""
    plain = store._database
    store._database = Raising(plain, durable=True, then_dead=True)  # type: ignore[assignment]

    with pytest.raises(StoreBroken):
        commit(store, an_accept("j1", "0.04"))

    store._database = plain


class FailingSyncs(apsw.VFS):
    """The system's files, whose syncs fail while `failing`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.failing = False
        super().__init__(name, "")

    def xOpen(  # noqa: N802  # apsw's name.
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        """Open a file of ours."""
        return FailingFile(self, name, flags)


class FailingFile(apsw.VFSFile):
    """A file whose sync fails when its file system says so."""

    def __init__(
        self, vfs: FailingSyncs, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        self._vfs = vfs
        super().__init__("", name, flags)

    def xSync(self, flags: int) -> None:  # noqa: N802  # apsw's name.
        """Sync, or fail as a dying disk does."""
        if self._vfs.failing:
            error: Any = apsw.IOError("input/output error")
            error.extendedresult = apsw.SQLITE_IOERR_FSYNC
            raise error
        super().xSync(flags)


def test_a_failed_sync_is_never_answered_and_breaks_the_ledger(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the disk holds after it is unknown; after a restart the file is sound."""
    vfs = FailingSyncs("failing-syncs")
    plain = apsw.Connection

    def through_vfs(name: str, *, flags: int) -> apsw.Connection:
        return plain(name, flags=flags, vfs=vfs.name)

    with monkeypatch.context() as patched:
        patched.setattr(apsw, "Connection", through_vfs)
        store = a_sqlite_store(path)
    commit(store, an_accept("j1", "0.04"))
    vfs.failing = True
    with pytest.raises(StoreBroken):
        commit(store, an_accept("j2", "0.05"))
    vfs.failing = False
    store.close()
    vfs.unregister()

    again = a_sqlite_store(path)
    assert [attempt.job_id for attempt in at_once(the_ledger(again).open_attempts())] == ["j1"]
    assert at_once(the_ledger(again).imbalance()) == Money.ZERO
    again.close()


async def test_the_writers_thread_commits_while_readers_read(path: Path) -> None:
    """With threads of their own, as in the server."""
    store = SqliteStore(path, ThreadExecutor("writer"), ThreadExecutor("reader"))
    answers = await store.commit([an_accept("j1", "0.04"), an_accept("j2", "0.05")])
    jobs = await the_ledger(store).unfinished_jobs()
    store.close()

    assert [type(answer) for answer in answers] == [Placed, Placed]
    assert [job.id for job in jobs] == ["j1", "j2"]


def test_what_is_stale_leaves_the_file_as_it_was(store: SqliteStore) -> None:
    """A dispatch of nothing writes only the batch's own mark."""
    before = store._database.total_changes()

    assert commit(store, Dispatch(at=EPOCH, attempt_id=AttemptId("j9.1"))) == [Stale()]
    assert store._database.total_changes() - before == 1


T = TypeVar("T")


class Tally:
    """Runs work at once, and counts it."""

    def __init__(self) -> None:
        self.runs = 0

    async def run(self, work: Callable[[], T]) -> T:
        """See `Executor.run`."""
        self.runs += 1
        return work()

    def close(self) -> None:
        """Nothing to wait for."""


def test_what_takes_long_keeps_nobody_waiting(path: Path) -> None:
    """Sums for people are read beside what edits ask for; both see what is committed."""
    reader, looker = Tally(), Tally()
    store = SqliteStore(path, InlineExecutor(), reader, looker=looker)
    ledger = the_ledger(store)
    at_once(ledger.keys())
    before = (reader.runs, looker.runs)
    at_once(ledger.open_money())
    at_once(ledger.browse())
    store.close()

    assert before == (1, 0)
    assert (reader.runs, looker.runs) == (1, 2)


def test_queries_that_take_long_are_there() -> None:
    """A name that nobody asks for would say nothing."""
    assert queries("sqlite").keys() >= LONG


async def test_others_read_while_everything_is_read(path: Path) -> None:
    """A scan has a connection and a thread of its own; closing does not wait for its end."""
    threads = [ThreadExecutor(name) for name in ("writer", "reader", "scanner")]
    store = SqliteStore(path, threads[0], threads[1], scanner=threads[2])
    store._queries = {
        **store._queries,
        "endless": "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT MAX(i) FROM n",
    }
    tasks = TaskRegistry(lambda *_: None)
    scanning = tasks.start("scan", store.scan("endless"), answers=StoreUnavailable)
    await asyncio.sleep(0)

    assert await store.fetch("unfinished_jobs") == []
    assert not scanning.done()
    store.close()
    with pytest.raises(StoreUnavailable):
        await scanning
