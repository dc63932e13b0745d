"""What stands beside the money, where it cannot be read or written."""

from datetime import timedelta
from pathlib import Path

import pytest

from router.ledger.reading import Readings
from router.model.errors import LedgerUnavailable
from tests.fakes import EPOCH
from tests.ledger_kit import a_sqlite_store, at_once


def test_what_the_disk_refuses_is_told_as_unavailable(tmp_path: Path) -> None:
    """Whoever wants a secret or a callback gets the word that they may try again."""
    store = a_sqlite_store(tmp_path / "farebox.db")
    store._database.execute(
        "CREATE TRIGGER full BEFORE INSERT ON secrets BEGIN SELECT RAISE(ABORT, 'no'); END;"
        "DROP TABLE outbox"
    )
    readings = Readings(store)

    with pytest.raises(LedgerUnavailable):
        at_once(readings.secret("callbacks"))
    with pytest.raises(LedgerUnavailable):
        at_once(readings.callbacks_due(EPOCH, most=1))
    with pytest.raises(LedgerUnavailable):
        at_once(readings.forget_addresses(EPOCH + timedelta(days=2)))
    store.close()
