"""A ledger's file as other processes read it."""

from contextlib import closing
from pathlib import Path

import pytest

from router.ledger.books import Books
from router.ledger.housekeeping import Housekeeping
from router.ledger.sqlite_connection import SqliteReader
from router.ledger.store import StoreUnavailable
from tests.fakes import EPOCH
from tests.ledger_kit import a_sqlite_store, at_once


def test_what_is_read_within_a_moment_is_of_that_moment(tmp_path: Path) -> None:
    """Whatever is committed meanwhile, two figures of one page are never of two states."""
    path = tmp_path / "farebox.db"
    store = a_sqlite_store(path)
    with closing(store), closing(SqliteReader(path)) as reader:
        books, ledger = Books(reader), Housekeeping(store)
        with reader.moment():
            before = at_once(books.policy_bundle("5eed"))
            at_once(ledger.keep_policy("5eed", "thrift", EPOCH, "the files"))
            meanwhile = at_once(books.policy_bundle("5eed"))
        after = at_once(reader.scan("policy", hash="5eed"))

    assert (before, meanwhile) == (None, None)
    assert [row["bundle"] for row in after] == ["the files"]


def test_what_is_no_ledger_is_told_as_unavailable(tmp_path: Path) -> None:
    """Neither a missing file nor a broken one is an error of our own."""
    with pytest.raises(StoreUnavailable):
        SqliteReader(tmp_path / "farebox.db")
    path = tmp_path / "broken.db"
    path.write_bytes(b"no database, and long enough to be told apart from one" * 99)
    with closing(SqliteReader(path)) as reader, pytest.raises(StoreUnavailable):
        at_once(reader.fetch("policy", hash="5eed"))


def test_nothing_is_written_through_it(tmp_path: Path) -> None:
    """The file itself refuses."""
    path = tmp_path / "farebox.db"
    a_sqlite_store(path).close()
    with closing(SqliteReader(path)) as reader, pytest.raises(StoreUnavailable, match="readonly"):
        at_once(reader.fetch("forget_idempotency", before=EPOCH))
