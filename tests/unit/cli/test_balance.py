"""How credit is shown."""

import json

import pytest

from router.cli.balance import say_balances
from tests.commands import Commands
from tests.ledger_kit import a_sqlite_store

CREDIT = {
    "provider": "shortapi",
    "left": "3.20",
    "read": "41.20",
    "read_at": "2026-11-20T09:00:00.000000Z",
    "topped_up": "0.00",
    "posted": "38.00",
    "open": "0.31",
    "per_day": "19.00",
    "gone_at": "2026-11-20T13:00:00.000000Z",
    "low": True,
}


@pytest.fixture
def empty(farebox: Commands) -> Commands:
    """Commands beside an empty ledger."""
    a_sqlite_store(farebox.folder / "farebox.db").close()
    return farebox


def test_where_nothing_was_read_it_says_how(empty: Commands) -> None:
    """And a program is told an empty list."""
    ran, document = empty("balance"), empty("balance", "runpod", "--json")

    assert (ran.code, document.code) == (0, 0)
    assert "farebox reconcile PROVIDER --balance AMOUNT" in ran.out
    assert json.loads(document.out) == {"balances": [], "between": []}


def test_what_is_low_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    """With when it is gone; readings that agree with the books are not worth a line."""
    agrees = {"difference": "0.00"}
    kept = {**CREDIT, "gone_at": None, "low": False, "provider": "runpod", "left": "7.10"}
    say_balances({"balances": [CREDIT, kept], "between": [agrees]}, as_json=False)
    shown = capsys.readouterr().out

    assert all(
        text in shown for text in ("$3.20", "$0.31", "$19.00", "LOW", "2026-11-20T13:00", "$7.10")
    )
    assert "difference" not in shown
