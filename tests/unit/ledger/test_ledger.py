"""The ledger's face: what it answers, what it raises, and its check of itself."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from router.ledger.answers import Placed
from router.ledger.commands import Run
from router.ledger.ledger import Ledger
from router.ledger.sqlite import SqliteStore
from router.ledger.store import Contradiction
from router.ledger.writer import Writer
from router.model.errors import LedgerUnavailable
from router.model.ids import AttemptId, JobId, ProviderRef
from router.model.money import Money
from router.model.tasks import TaskRegistry
from tests.fakes import EPOCH, FakeClock
from tests.ledger_kit import a_limit, a_sqlite_store, an_accept, at_once, usd


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = a_sqlite_store(tmp_path / "farebox.db")
    yield store
    store.close()


def the_ledger(store: SqliteStore) -> Ledger:
    """Read a store; nothing is written through it."""
    return Ledger(store, Writer(FakeClock(), store, lambda *_: None, lambda: None))


async def test_a_contradiction_is_raised_and_a_new_job_is_told_to_come_again(
    store: SqliteStore,
) -> None:
    """A job that cannot be accepted was not bought; any other contradiction is ours to see."""
    tasks = TaskRegistry(lambda *_: None)
    writer = Writer(FakeClock(), store, lambda *_: None, lambda: None)
    ledger = Ledger(store, writer)
    running = tasks.start("writer", writer.run())
    ready = frozenset({"shortapi"})
    for name, price in (("j1", "0.04"), ("j2", "0.05")):
        assert isinstance(await ledger.submit(an_accept(name, price, ready=ready)), Placed)
    runs = [
        Run(at=EPOCH, attempt_id=AttemptId(f"{name}.1"), ref=ProviderRef("same"))
        for name in ("j1", "j2")
    ]

    await ledger.submit(runs[0])
    with pytest.raises(Contradiction):
        await ledger.submit(runs[1])
    with pytest.raises(LedgerUnavailable):
        await ledger.submit(an_accept("j1", "0.06"))

    writer.close()
    await running


@pytest.mark.parametrize(
    ("tampering", "difference"),
    [
        ("UPDATE balances SET held = held + 7", Money(7)),
        ("UPDATE attempts SET quoted = quoted - 5", Money(5)),
        ("UPDATE attempts SET state = 'in_doubt'", usd("0.08")),
        ("DELETE FROM balances", usd("0.04")),
        ("UPDATE attempts SET windows = '[]'", usd("0.04")),
    ],
)
def test_books_that_were_tampered_with_are_out_of_balance(
    store: SqliteStore, tampering: str, difference: Money
) -> None:
    """The check sees what the journal does not say, in either direction."""
    at_once(store.commit([an_accept("j1", "0.04", a_limit())]))
    ledger = the_ledger(store)
    assert at_once(ledger.imbalance()) == Money.ZERO

    store._database.execute(tampering)

    assert at_once(ledger.imbalance()) == difference


def test_a_query_that_the_disk_refuses_is_told_as_unavailable(store: SqliteStore) -> None:
    """Readers and housekeeping get the word that they may try again."""
    store._database.execute("DROP TABLE idempotency; ALTER TABLE attempts RENAME TO gone")
    store._database.execute("ALTER TABLE jobs RENAME TO gone_too")
    store._database.execute(
        "CREATE TRIGGER full BEFORE INSERT ON secrets BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    ledger = the_ledger(store)

    with pytest.raises(LedgerUnavailable):
        at_once(ledger.open_attempts())
    with pytest.raises(LedgerUnavailable):
        at_once(ledger.forget_promises(EPOCH + timedelta(days=2)))
    with pytest.raises(LedgerUnavailable):
        at_once(ledger.forget_part(JobId("j1"), "prompt", "{}", EPOCH))
    with pytest.raises(LedgerUnavailable):
        at_once(ledger.secret("callbacks"))
    with pytest.raises(LedgerUnavailable):
        at_once(ledger.imbalance())
