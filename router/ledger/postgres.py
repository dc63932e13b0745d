"""
The ledger on PostgreSQL: one writer's connection in each process, and three for readings.

The same page and the same decisions as on SQLite. Here several writers may work on the same books:
each locks the rows it reads, in the order of their keys, until its batch is committed.
"""

import asyncio
import itertools
import uuid
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import asyncpg

from router.ledger.answers import Answer
from router.ledger.commands import Close, Command, Record, Refuse, Spending
from router.ledger.decide import Decider, decide, decide_all
from router.ledger.limit_rows import RollingRow
from router.ledger.mapping import decode, encode
from router.ledger.page import Key, Page, balances, limits_of, subjects
from router.ledger.postgres_connection import SCAN_S, Connection, Lane, argument, connect, migrate
from router.ledger.rows import ROW_TYPES, BalanceRow, RefusalRow, Row, Window
from router.ledger.sql import LONG, positional, queries
from router.ledger.store import (
    COMMAND_FAULTS,
    Contradiction,
    StoreBroken,
    StoreFull,
    StoreUnavailable,
)
from router.model.clock import Clock

COLLISIONS_MAX = 5
"""How often a batch is begun again after it collided with another writer's."""
LOOKUP_S = 60.0
"""How long a COMMIT that raised is looked up before the books count as broken."""
LOOKUP_RETRY_S = 0.5

Outcome = Answer | Contradiction
Work = Callable[[Sequence[Command]], Awaitable[list[Outcome]]]

# The server's word that a row, or a value in it, contradicts the schema or another row.
CONTRADICTIONS = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.DataError,
    asyncpg.RaiseError,
    *COMMAND_FAULTS,
)
# Two writers in each other's way: the server has undone one of them.
COLLISIONS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class PostgresStore:
    """A ledger in a PostgreSQL database, which other processes may have open too."""

    def __init__(self, url: str, clock: Clock, *, decider: Decider = decide) -> None:
        """Use `open`."""
        self._url, self._clock, self._decider = url, clock, decider
        self._queries = queries("postgres")
        self._writer = uuid.uuid4().hex
        self._writing: Connection | None = None
        self._writing_turn = asyncio.Lock()
        self._reading, self._looking = Lane(url), Lane(url)

    @classmethod
    async def open(cls, url: str, clock: Clock, *, decider: Decider = decide) -> Self:
        """
        Connect, and make or migrate the tables.

        Args:
            url: `postgresql://…`; the role may create tables.
            clock: Paces the look-up of a COMMIT that raised.
            decider: What decides commands.

        Raises:
            NotDurable: The server answers commits before they are on its disk.
            StoreUnavailable: It cannot be reached, or refuses.
        """
        store = cls(url, clock, decider=decider)
        with _translated():
            connection = await store._writable()
            await migrate(connection)
            await store._run(connection, "enlist", {"writer": store._writer})
        return store

    async def close(self) -> None:
        """Leave the ledger. A batch in hand is finished first."""
        async with self._writing_turn:
            try:
                connection = await self._writable()
                await self._run(connection, "leave", {"writer": self._writer})
            except TROUBLE:
                # The row of a writer that is gone does no harm.
                self._drop_writing()
            if self._writing is not None:
                await self._writing.close()
            self._writing = None
        await self._reading.close()
        await self._looking.close()

    async def commit(self, commands: Sequence[Command]) -> list[Outcome]:
        """See `Store.commit`."""
        work: Work = self._together
        async with self._writing_turn:
            for _ in range(COLLISIONS_MAX):
                try:
                    return await self._commit(commands, work)
                except COLLISIONS:
                    continue
                except CONTRADICTIONS:
                    work = self._one_by_one
        raise StoreUnavailable("other writers are always in the way")

    async def fetch(self, query: str, /, **parameters: Any) -> list[Mapping[str, Any]]:
        """See `Store.fetch`."""
        # What an edit asks, as whose its key is, does not wait behind a page or a scrape.
        lane = self._looking if query in LONG else self._reading
        with _translated():
            async with lane.turn() as connection:
                return await self._run(connection, query, parameters)

    async def scan(self, query: str, /, **parameters: Any) -> list[Mapping[str, Any]]:
        """See `Store.scan`. It is seldom, so it has a connection for its own time only."""
        with _translated():
            connection = await connect(self._url, statement_s=SCAN_S)
            try:
                return await self._run(connection, query, parameters)
            finally:
                await connection.close()

    async def execute(self, query: str, /, **parameters: Any) -> None:
        """See `Store.execute`."""
        async with self._writing_turn:
            with _translated():
                await self._run(await self._writable(), query, parameters)

    async def make_room(self) -> bool:
        """See `Store.make_room`. The server's disk is not ours to see: the next batch tells."""
        return True

    async def _commit(self, commands: Sequence[Command], work: Work) -> list[Outcome]:
        batch = uuid.uuid4().hex
        with _translated():
            connection = await self._writable()
            try:
                await connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
                answers = await work(commands)
                await self._run(connection, "mark_batch", {"batch": batch, "writer": self._writer})
            except BaseException:
                # The server rolls back what its client left.
                self._drop_writing()
                raise
        if await self._commits(connection) or await self._is_durable(batch):
            return answers
        raise StoreUnavailable("the batch was not committed")

    async def _commits(self, connection: Connection) -> bool:
        """Whether COMMIT says that it did. What raised may have been committed all the same."""
        try:
            return await connection.execute("COMMIT") == "COMMIT"
        except TROUBLE:
            self._drop_writing()
            return False

    async def _is_durable(self, batch: str) -> bool:
        """Look a batch up on a fresh connection; the row's lock waits for a COMMIT under way."""
        deadline_s = self._clock.monotonic_s() + LOOKUP_S
        while True:
            try:
                connection = await self._writable()
                rows = await self._run(connection, "last_batch", {"writer": self._writer})
            except TROUBLE as error:
                self._drop_writing()
                if self._clock.monotonic_s() >= deadline_s:
                    raise StoreBroken("a COMMIT raised and cannot be looked up") from error
                await self._clock.sleep_s(LOOKUP_RETRY_S)
            else:
                return bool(rows[0]["batch"] == batch)

    async def _together(self, commands: Sequence[Command]) -> list[Outcome]:
        page = await self._load(commands)
        answers = decide_all(page, commands, self._decider)
        await self._put(page.changed)
        return list(answers)

    async def _one_by_one(self, commands: Sequence[Command]) -> list[Outcome]:
        """As one transaction still, whose rows are all locked before the first is decided."""
        connection = await self._writable()
        answers: list[Outcome] = []
        await self._load(commands)
        for command in commands:
            await connection.execute("SAVEPOINT one")
            try:
                answers.extend(await self._together([command]))
            except CONTRADICTIONS as error:
                await connection.execute("ROLLBACK TO one")
                answers.append(Contradiction(str(error)))
            await connection.execute("RELEASE one")
        return answers

    async def _load(self, commands: Sequence[Command]) -> Page:
        page = Page()
        await self._load_keys(page, {key for command in commands for key in subjects(command)})
        await self._lay(commands)
        await self._lock_accounts(commands)
        await self._load_keys(
            page, {key for command in commands for key in balances(command, page)}
        )
        return page

    async def _load_keys(self, page: Page, keys: set[Key]) -> None:
        connection = await self._writable()
        for kind in (*ROW_TYPES, RollingRow):
            wanted = [key for of, key in keys if of is kind]
            if not wanted:
                continue
            columns = dict(zip(kind.key_columns, zip(*wanted, strict=True), strict=True))
            rows = await self._run(connection, f"get_{kind.table}", columns)
            page.load(decode(kind, row) for row in rows)

    async def _lay(self, commands: Sequence[Command]) -> None:
        """Make the rows that holds may be the first to need, so that they can be locked."""
        windows: set[tuple[object, ...]] = set()
        counts: set[tuple[object, ...]] = set()
        for command in commands:
            hour = command.at.replace(minute=0, second=0, microsecond=0)
            if isinstance(command, Refuse):
                limit = command.refused.limit
                counts.add((limit.budget, limit.scope, hour))
            elif isinstance(command, Spending):
                limits = tuple(limits_of(command))
                windows |= {Window.of(limit).key for limit in limits}
                counts |= {(limit.budget, limit.scope, hour) for limit in limits}
        await self._lay_rows("lay_balances", BalanceRow.key_columns, windows)
        await self._lay_rows("lay_refusals", RefusalRow.key_columns, counts)

    async def _lay_rows(
        self, query: str, names: tuple[str, ...], keys: set[tuple[object, ...]]
    ) -> None:
        if keys:
            columns = dict(zip(names, zip(*keys, strict=True), strict=True))
            await self._run(await self._writable(), query, columns)

    async def _lock_accounts(self, commands: Sequence[Command]) -> None:
        """
        Let one writer at a time sum up an account's hours, or book on a provider's.

        Their rows alone are no lock: two clocks may differ, and the hour that another writer's hold
        is the first to need is not there to be locked yet.
        """
        limits = (limit for command in commands for limit in limits_of(command))
        accounts = {(one.budget, one.scope) for one in limits if one.bucket_start is not None}
        # No budget's name has a space in it.
        booked = (one.row for one in commands if isinstance(one, Record | Close))
        accounts |= {("account of", row.provider) for row in booked}
        if accounts:
            budgets, scopes = zip(*accounts, strict=True)
            columns = {"budget": budgets, "scope": scopes}
            await self._run(await self._writable(), "lock_accounts", columns)

    async def _put(self, changed: Sequence[Row]) -> None:
        """Write rows table by table, those that others refer to first."""
        connection = await self._writable()
        ordered = sorted(changed, key=lambda row: ROW_TYPES.index(type(row)))
        for table, rows in itertools.groupby(ordered, key=lambda row: row.table):
            query, names = positional(self._queries[f"put_{table}"])
            columns = [encode(row) for row in rows]
            await connection.executemany(query, [[row[name] for name in names] for row in columns])

    async def _run(
        self, connection: Connection, name: str, parameters: Mapping[str, Any]
    ) -> list[Mapping[str, Any]]:
        query, names = positional(self._queries[name])
        found = await connection.fetch(query, *(argument(parameters[name]) for name in names))
        return [dict(row) for row in found]

    async def _writable(self) -> Connection:
        if self._writing is None or self._writing.is_closed():
            self._writing = await connect(self._url)
        return self._writing

    def _drop_writing(self) -> None:
        if self._writing is not None:
            self._writing.terminate()
            self._writing = None


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except (*COLLISIONS, *CONTRADICTIONS):
        raise
    except asyncpg.DiskFullError as error:
        raise StoreFull(str(error)) from error
    except TROUBLE as error:
        raise StoreUnavailable(str(error)) from error
