"""What stands beside the money, where it cannot be read."""

from pathlib import Path

import pytest

from router.ledger.reading import Readings
from router.model.errors import LedgerUnavailable
from tests.fakes import EPOCH
from tests.ledger_kit import a_sqlite_store, at_once


def test_what_cannot_be_read_is_told_as_unavailable(tmp_path: Path) -> None:
    """Whoever wants a callback gets the word that they may try again."""
    store = a_sqlite_store(tmp_path / "farebox.db")
    store._database.execute("DROP TABLE outbox")

    with pytest.raises(LedgerUnavailable):
        at_once(Readings(store).callbacks_due(EPOCH, most=1))
    store.close()
