"""The ledger on PostgreSQL alone: several writers, and a server that dies at the worst time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import asyncpg
import pytest

from router.ledger.answers import Done, Placed, Replayed
from router.ledger.commands import Command, Idempotency, JobEnd, Post
from router.ledger.decide import decide
from router.ledger.decided import Decided
from router.ledger.ledger import Ledger
from router.ledger.page import Page
from router.ledger.postgres import COLLISIONS_MAX, LOOKUP_RETRY_S, LOOKUP_S, PostgresStore
from router.ledger.postgres_connection import NotDurable
from router.ledger.rows import BEGINNING, END
from router.ledger.sql import migrations
from router.ledger.store import Contradiction, StoreBroken, StoreFull, StoreUnavailable
from router.ledger.writer import Writer
from router.model.errors import LedgerUnavailable
from router.model.ids import AttemptId
from router.model.job import JobState
from router.model.money import Money
from tests.fakes import EPOCH, FakeClock
from tests.ledger_kit import a_limit, an_accept, usd
from tests.ledger_postgres import a_postgres_store, a_schema, run
from tests.postgres_server import PostgresServer, a_server

READY = frozenset({"shortapi"})
MIGRATIONS = migrations("postgres")


@pytest.fixture(name="clock")
def _clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(name="store")
async def _store(postgres: PostgresServer, clock: FakeClock) -> AsyncIterator[PostgresStore]:
    async with a_postgres_store(postgres, clock=clock) as store:
        yield store


async def held(store: PostgresStore) -> list[str]:
    """The jobs whose money is held, in order."""
    return [row["job_id"] for row in await store.fetch("open_attempts")]


async def asleep(clock: FakeClock) -> None:
    """Let others run until one of them waits for the clock."""
    for _ in range(100_000):
        if clock.sleepers:
            return
        await asyncio.sleep(0)
    raise AssertionError("nobody waits")


async def test_a_server_that_forgets_commits_is_refused(postgres: PostgresServer) -> None:
    """With commits answered before they are on the disk, no budget can be promised."""
    with pytest.raises(NotDurable, match="synchronous_commit is off"):
        await PostgresStore.open(postgres.url(synchronous_commit="off"), FakeClock())

    await run(postgres.url(), "ALTER SYSTEM SET fsync = off")
    await run(postgres.url(), "SELECT pg_reload_conf()")
    try:
        while True:
            connection = await asyncpg.connect(postgres.url())
            setting = await connection.fetchval("SHOW fsync")
            await connection.close()
            if setting == "off":
                break
        with pytest.raises(NotDurable, match="fsync is off"):
            await PostgresStore.open(postgres.url(), FakeClock())
    finally:
        await run(postgres.url(), "ALTER SYSTEM RESET fsync")
        await run(postgres.url(), "SELECT pg_reload_conf()")


async def test_a_server_that_is_not_there_is_unavailable(postgres: PostgresServer) -> None:
    """Opening says so, and leaves nothing behind."""
    url = postgres.url().replace("host=", "host=/nowhere")

    with pytest.raises(StoreUnavailable):
        await PostgresStore.open(url, FakeClock())


async def test_processes_that_start_together_migrate_once(postgres: PostgresServer) -> None:
    """Each finds the tables, whoever made them; a later one changes nothing."""
    url = await a_schema(postgres)
    stores = await asyncio.gather(*(PostgresStore.open(url, FakeClock()) for _ in range(4)))
    await stores[0].commit([an_accept("j1", "0.04")])
    late = await PostgresStore.open(url, FakeClock())

    assert await held(late) == ["j1"]
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT COUNT(*) FROM schema_version") == len(MIGRATIONS)
    assert await connection.fetchval("SELECT COUNT(*) FROM last_batch") == 5
    for store in (*stores, late):
        await store.close()
    assert await connection.fetchval("SELECT COUNT(*) FROM last_batch") == 0
    await connection.close()


@pytest.mark.parametrize(
    "change", ["UPDATE entries SET posted = 1", "DELETE FROM entries", "TRUNCATE entries"]
)
async def test_entries_are_facts(store: PostgresStore, change: str) -> None:
    """The database itself refuses to change or remove one."""
    await store.commit([an_accept("j1", "0.04")])

    with pytest.raises(asyncpg.RaiseError, match="an entry is a fact"):
        await run(store._url, change)


async def test_two_writers_share_one_limit_exactly(store: PostgresStore) -> None:
    """Room for seven of two hundred, asked for at two replicas in batches of every size."""
    other = await PostgresStore.open(store._url, FakeClock())
    limits = [a_limit(limit="0.30"), a_limit("all", "9.00")]

    async def ask(of: PostgresStore, name: str, order: int) -> int:
        asked = [an_accept(f"{name}{n}", "0.04", *limits[::order]) for n in range(100)]
        placed = 0
        while asked:
            size = 1 + len(asked) % 7
            answers = await of.commit(asked[:size])
            placed += sum(isinstance(answer, Placed) for answer in answers)
            asked = asked[size:]
        return placed

    placed = await asyncio.gather(ask(store, "a", 1), ask(other, "b", -1))
    await other.close()

    assert sum(placed) == 7
    balances = {row["budget"]: row["held"] for row in await store.fetch("balances_at", at=EPOCH)}
    assert balances == {"team": usd("0.28").nanos, "all": usd("0.28").nanos}
    (refusals,) = await store.fetch("refusals_since", since=EPOCH)
    assert (refusals["jobs"], refusals["amount"]) == (193, usd("7.72").nanos)
    assert await store.fetch("books_out_of_balance") == []


async def test_one_key_at_two_replicas_is_one_job(store: PostgresStore) -> None:
    """The loser of the race finds the winner's job, in a batch of one or of many."""
    other = await PostgresStore.open(store._url, FakeClock())

    for number in range(10):
        promise = Idempotency(key=f"k{number}", fingerprint="f")
        names = (f"a{number}", f"b{number}")
        accepts = [an_accept(name, "0.04", idempotency=promise) for name in names]
        answers = await asyncio.gather(store.commit(accepts[:1]), other.commit(accepts[1:]))
        kinds = sorted(type(answer).__name__ for (answer,) in answers)
        assert kinds == ["Placed", "Replayed"]

    await other.close()
    assert len(await held(store)) == 10


async def test_the_loser_of_a_race_for_a_key_is_replayed(postgres: PostgresServer) -> None:
    """The key is taken after it was looked for: the batch is done again, one by one."""
    promise = Idempotency(key="k", fingerprint="f")
    racing = an_accept("winner", "0.05", idempotency=promise)
    winners: list[asyncio.Task[Any]] = []
    url = await a_schema(postgres)
    winner = await PostgresStore.open(url, FakeClock())

    class Late(PostgresStore):
        async def _put(self, changed: Any) -> None:
            if not winners:
                winners.append(asyncio.get_running_loop().create_task(winner.commit([racing])))
                await winners[0]
            await super()._put(changed)

    loser = await Late.open(url, FakeClock())
    first, second = await loser.commit(
        [an_accept("loser", "0.04", idempotency=promise), an_accept("else", "0.06")]
    )
    await loser.close()
    await winner.close()

    assert first == Replayed(job_id=racing.job.id)
    assert isinstance(second, Placed)


@pytest.mark.parametrize("times", [2, COLLISIONS_MAX])
async def test_a_collision_with_another_writer_begins_again(
    postgres: PostgresServer, times: int
) -> None:
    """The server undoes one of two in each other's way; one that always loses says so."""
    collisions = [asyncpg.DeadlockDetectedError("in each other's way")] * times

    def colliding(page: Page, command: Command) -> Decided:
        if collisions:
            raise collisions.pop()
        return decide(page, command)

    async with a_postgres_store(postgres, decider=colliding) as store:
        if times == COLLISIONS_MAX:
            with pytest.raises(StoreUnavailable):
                await store.commit([an_accept("j1", "0.04")])
        else:
            assert isinstance((await store.commit([an_accept("j1", "0.04")]))[0], Placed)


async def test_a_full_disk_is_told_as_full(store: PostgresStore) -> None:
    """Nothing of the batch is in the books; whether there is room, the next batch tells."""
    await run(
        store._url,
        """
        CREATE FUNCTION full_() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER full_ BEFORE INSERT ON entries EXECUTE FUNCTION full_();
        """,
    )
    with pytest.raises(StoreFull, match="no space left"):
        await store.commit([an_accept("j1", "0.04")])

    assert await store.make_room()
    await run(store._url, "DROP TRIGGER full_ ON entries")
    assert await held(store) == []
    assert isinstance((await store.commit([an_accept("j1", "0.05")]))[0], Placed)


async def test_a_reading_that_nobody_waits_for_is_cancelled_at_the_server(
    store: PostgresStore,
) -> None:
    """Nobody else waits for it meanwhile; and afterwards the same connection reads on."""
    asked = "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND "
    usual = store._queries
    store._queries = {
        **usual,
        "open_money": "SELECT pg_sleep(600)",
        "all_keys": f"{asked} state = 'active'",
    }

    async def are_reading() -> int:
        (row,) = await store.fetch("all_keys")
        return int(row["n"])

    reading = asyncio.get_running_loop().create_task(store.fetch("open_money"))
    while not await are_reading():
        pass
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    while await are_reading():
        pass
    store._queries = usual

    assert await store.fetch("open_money") == []


class Raising:
    """A connection whose COMMIT raises, before or after it has done its work."""

    def __init__(
        self, store: PostgresStore, how: str, then: Callable[[], None] = lambda: None
    ) -> None:
        self._store, self._how, self._then = store, how, then
        self.connection = store._writing
        store._writing = self  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    async def execute(self, statement: str) -> str:
        """Pass on, and raise on COMMIT."""
        assert self.connection is not None
        if statement != "COMMIT":
            return str(await self.connection.execute(statement))
        self._store._writing = self.connection
        if self._how == "rolled back":
            return str(await self.connection.execute("ROLLBACK"))
        if self._how == "after":
            await self.connection.execute(statement)
        if self._how == "under way":
            self._store._writing = None
        self._then()
        raise asyncpg.ConnectionDoesNotExistError("connection was closed")


async def test_a_commit_that_raised_but_is_durable_is_answered_so(store: PostgresStore) -> None:
    """An exception from COMMIT does not mean "not committed"."""
    Raising(store, "after")

    (answer,) = await store.commit([an_accept("j1", "0.04")])

    assert isinstance(answer, Placed)
    assert await held(store) == ["j1"]


@pytest.mark.parametrize("how", ["before", "rolled back"])
async def test_a_commit_that_is_not_durable_may_be_tried_again(
    store: PostgresStore, how: str
) -> None:
    """Nothing of it is in the books, and the next commit passes."""
    Raising(store, how)

    with pytest.raises(StoreUnavailable):
        await store.commit([an_accept("j1", "0.04")])

    assert await held(store) == []
    assert isinstance((await store.commit([an_accept("j2", "0.05")]))[0], Placed)


async def test_the_look_up_waits_for_a_commit_under_way(store: PostgresStore) -> None:
    """A server that is still committing must not be taken for one that did not."""
    raising = Raising(store, "under way")
    committing = asyncio.get_running_loop().create_task(store.commit([an_accept("j1", "0.04")]))
    watcher = await asyncpg.connect(store._url)
    waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'transactionid'"
    while not await watcher.fetchval(waiting):
        assert not committing.done()

    assert raising.connection is not None
    await raising.connection.execute("COMMIT")
    (answer,) = await committing

    assert isinstance(answer, Placed)
    await raising.connection.close()
    await watcher.close()


@pytest.fixture(name="mortal")
def _mortal(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A server of its own: nobody else's is to die."""
    del postgres  # Where there is none, neither is this one.
    with a_server() as server:
        yield server


@pytest.mark.slow
async def test_a_server_that_dies_in_a_commit_is_asked_when_it_is_back(
    mortal: PostgresServer, clock: FakeClock
) -> None:
    """Until then nobody is answered; the ledger goes on with new connections."""
    store = await PostgresStore.open(mortal.url(), clock)
    await store.commit([an_accept("j1", "0.04")])
    assert await held(store) == ["j1"]
    Raising(store, "after", then=mortal.stop)
    committing = asyncio.get_running_loop().create_task(store.commit([an_accept("j2", "0.05")]))
    await asleep(clock)
    ledger = Ledger(store, Writer(clock, store, lambda *_: None, lambda: None))
    with pytest.raises(LedgerUnavailable):
        await ledger.open_attempts()
    mortal.start()
    clock.advance(LOOKUP_RETRY_S)
    (answer,) = await committing

    assert isinstance(answer, Placed)
    assert await held(store) == ["j1", "j2"]
    assert await ledger.imbalance() == Money.ZERO
    await store.close()


@pytest.mark.slow
async def test_a_commit_that_cannot_be_looked_up_breaks_the_ledger(
    mortal: PostgresServer, clock: FakeClock
) -> None:
    """It cannot be known, so the process must end and recover; closing does not fail over it."""
    store = await PostgresStore.open(mortal.url(), clock)
    mortal.stop()
    try:
        looking = asyncio.get_running_loop().create_task(store._is_durable("a batch"))
        await asleep(clock)
        clock.advance(LOOKUP_S)
        with pytest.raises(StoreBroken):
            await looking
        with pytest.raises(StoreUnavailable):
            await store.commit([an_accept("j1", "0.04")])
        with pytest.raises(StoreUnavailable):
            await store.execute("forget_idempotency", before=EPOCH)
        await store.close()
    finally:
        mortal.start()


async def test_a_batch_that_is_cancelled_leaves_no_lock(store: PostgresStore) -> None:
    """The server undoes it; the next batch is a fresh one."""
    limit = a_limit()
    await store.commit([an_accept("j1", "0.04", limit)])
    blocker = await asyncpg.connect(store._url)
    await blocker.execute("BEGIN; SELECT * FROM balances FOR UPDATE")
    committing = asyncio.get_running_loop().create_task(
        store.commit([an_accept("j2", "0.05", limit)])
    )
    waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'transactionid'"
    while not await blocker.fetchval(waiting):
        assert not committing.done()

    committing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await committing
    await blocker.execute("ROLLBACK")
    await blocker.close()

    assert isinstance((await store.commit([an_accept("j3", "0.06", limit)]))[0], Placed)
    assert await held(store) == ["j1", "j3"]


async def test_a_value_that_no_column_holds_is_its_own_commands_fault(
    store: PostgresStore,
) -> None:
    """The rest of the batch is committed."""
    accept = an_accept("j1", "0.04", ready=READY)
    (tender,) = accept.tenders
    strange = an_accept("j2", "0.05")
    object.__setattr__(strange.tenders[0].attempt, "number", 2**70)

    answers = await store.commit([accept, strange])

    assert [type(answer) for answer in answers] == [Placed, Contradiction]
    assert await held(store) == [tender.attempt.job_id]


async def test_two_writers_add_to_the_same_sums(store: PostgresStore, clock: FakeClock) -> None:
    """Each settles its own half of eighty, in batches of every size; the sums are the journal's."""
    other = await PostgresStore.open(store._url, FakeClock())

    async def sell(of: PostgresStore, name: str) -> None:
        names = [f"{name}{n}" for n in range(40)]
        await of.commit([an_accept(one, "0.04", ready=READY) for one in names])
        posts = [_a_post(one) for one in names]
        while posts:
            size = 1 + len(posts) % 7
            assert all(isinstance(answer, Done) for answer in await of.commit(posts[:size]))
            posts = posts[size:]

    await asyncio.gather(sell(store, "a"), sell(other, "b"))
    await other.close()

    ledger = Ledger(store, Writer(clock, store, lambda *_: None, lambda: None))
    assert await ledger.imbalance() == Money.ZERO
    (row,) = await ledger.spending(BEGINNING, END)
    assert (row.delivered, row.posted, row.under) == (80, usd("2.40"), usd("0.80"))
    (ended,) = await ledger.jobs_ended()
    assert (ended.outcome, ended.jobs) == ("succeeded", 80)


def _a_post(job: str) -> Post:
    attempt = AttemptId(f"{job}.1")
    end = JobEnd(state=JobState.SUCCEEDED, delivered_by=attempt)
    return Post(at=EPOCH, attempt_id=attempt, amount=usd("0.03"), outcome="delivered", end=end)


@pytest.mark.parametrize(
    ("tampering", "difference"),
    [
        ("UPDATE balances SET held = held + 7", Money(7)),
        ("UPDATE attempts SET quoted = quoted - 5", Money(5)),
        ("UPDATE attempts SET state = 'in_doubt'", usd("0.08")),
        ("DELETE FROM balances", usd("0.04")),
    ],
)
async def test_books_that_were_tampered_with_are_out_of_balance(
    store: PostgresStore, clock: FakeClock, tampering: str, difference: Money
) -> None:
    """The check sees what the journal does not say, in either direction."""
    await store.commit([an_accept("j1", "0.04", a_limit())])
    ledger = Ledger(store, Writer(clock, store, lambda *_: None, lambda: None))
    assert await ledger.imbalance() == Money.ZERO

    await run(store._url, tampering)

    assert await ledger.imbalance() == difference
