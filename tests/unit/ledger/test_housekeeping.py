"""Housekeeping, where the books cannot be written."""

from datetime import timedelta
from pathlib import Path

import pytest

from router.ledger.housekeeping import Housekeeping
from router.model.errors import LedgerUnavailable
from tests.fakes import EPOCH
from tests.ledger_kit import a_sqlite_store, at_once


def test_what_the_disk_refuses_is_told_as_unavailable(tmp_path: Path) -> None:
    """Whoever wants a secret, or something forgotten, gets the word that they may try again."""
    store = a_sqlite_store(tmp_path / "farebox.db")
    store._database.execute(
        "CREATE TRIGGER full BEFORE INSERT ON secrets BEGIN SELECT RAISE(ABORT, 'no'); END;"
        "DROP TABLE outbox"
    )
    housekeeping = Housekeeping(store)

    with pytest.raises(LedgerUnavailable):
        at_once(housekeeping.secret("callbacks"))
    with pytest.raises(LedgerUnavailable):
        at_once(housekeeping.forget_addresses(EPOCH + timedelta(days=2)))
    store.close()
