"""Readings about accounts, where the books cannot be read, and page by page."""

from dataclasses import replace
from pathlib import Path

import pytest

from router.ledger import statement_reading
from router.ledger.commands import Dispatch, Enter
from router.ledger.statement_reading import StatementReadings
from router.ledger.views import BilledRow
from router.model.errors import LedgerUnavailable
from router.model.ids import AttemptId
from tests.fakes import EPOCH
from tests.ledger_kit import DAY, HOUR, a_sqlite_store, an_accept, at_once, usd
from tests.statement_kit import LINE, STATEMENT


def test_what_cannot_be_read_is_told_as_unavailable(tmp_path: Path) -> None:
    """Nobody takes it for a bill without lines."""
    store = a_sqlite_store(tmp_path / "farebox.db")
    store._database.execute("DROP TABLE statement_outcomes; DROP TABLE statement_lines")
    readings = StatementReadings(store)

    with pytest.raises(LedgerUnavailable):
        at_once(_all_lines(readings))
    store.close()


def test_lines_come_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, each once, whether or not the last page is full."""
    store = a_sqlite_store(tmp_path / "farebox.db")
    lines = [replace(LINE, id=f"l{one}", amount=usd(f"0.0{one}")) for one in range(1, 5)]
    at_once(store.commit([Enter(at=EPOCH, facts=(STATEMENT, *lines))]))
    readings = StatementReadings(store)
    for page in (2, 3):
        monkeypatch.setattr(statement_reading, "PAGE", page)
        assert at_once(_all_lines(readings)) == lines
    store.close()


async def _all_lines(readings: StatementReadings) -> list[object]:
    return [one async for one in readings.lines_between("shortapi", EPOCH - DAY, EPOCH + HOUR)]


def test_attempts_come_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were sent, each once, and a last page that is empty ends it."""
    store = a_sqlite_store(tmp_path / "farebox.db")
    for name in ("j1", "j2", "j3"):
        at_once(store.commit([an_accept(name, f"0.0{name[1]}")]))
    for name in ("j1.1", "j3.1"):
        at_once(store.commit([Dispatch(at=EPOCH, attempt_id=AttemptId(name))]))
    readings = StatementReadings(store)
    for page in (1, 2, 3):
        monkeypatch.setattr(statement_reading, "PAGE", page)
        found = at_once(_all_sent(readings))
        assert [(row.id, row.quoted) for row in found] == [
            ("j1.1", usd("0.01")),
            ("j3.1", usd("0.03")),
        ]
    store.close()


async def _all_sent(readings: StatementReadings) -> list[BilledRow]:
    return [one async for one in readings.sent_between("shortapi", EPOCH - DAY, EPOCH + HOUR)]
