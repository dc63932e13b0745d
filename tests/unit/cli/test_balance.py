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
    "topped_up": "7.50",
    "credited": "0.25",
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


def test_who_was_never_read_is_named_with_what_to_do(empty: Commands) -> None:
    """With what was topped up and credited, of which nobody knows how much is left."""
    book = ("--reference", "r1", "--at", "2026-11-20")
    empty("account", "topup", "shortapi", "--amount", "100", *book)
    empty("account", "credit", "shortapi", "--amount", "2.50", *book)
    ran, document = empty("account", "balance"), empty("balance", "runpod", "--json")

    assert (ran.code, document.code) == (0, 0)
    runpod, shortapi = sorted(ran.out.splitlines())
    assert runpod == (
        "runpod: its credit was never read, so what is left is not known ($0.00 was charged by "
        "these books). Look there, and record it: farebox reconcile runpod --balance AMOUNT"
    )
    assert shortapi == (
        "shortapi: its credit was never read, so what is left is not known ($100.00 was topped up, "
        "$2.50 was credited, $0.00 was charged by these books). Look there, and record it: farebox "
        "reconcile shortapi --balance AMOUNT"
    )
    unread = {"provider": "runpod", "topped_up": "0.00", "credited": "0.00", "posted": "0.00"}
    assert json.loads(document.out) == {"balances": [], "unread": [unread], "between": []}


def test_a_provider_that_is_unknown_is_told(empty: Commands) -> None:
    """With the one that may have been meant, and the exit code of a mistake."""
    ran = empty("balance", "shortap")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "farebox: Neither the price book nor the ledger knows a provider 'shortap'; did you mean "
        "'shortapi'?\n"
    )


def test_where_nobody_is_prepaid_it_says_how_to_record_a_reading(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An empty table would tell nothing."""
    say_balances({"balances": [], "unread": [], "between": []}, as_json=False)

    assert "farebox reconcile PROVIDER --balance AMOUNT" in capsys.readouterr().out


def test_what_is_low_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    """With when it is gone; readings that agree with the books are not worth a line."""
    agrees = {"difference": "0.00"}
    kept = {**CREDIT, "gone_at": None, "low": False, "provider": "runpod", "left": "7.10"}
    say_balances({"balances": [CREDIT, kept], "unread": [], "between": [agrees]}, as_json=False)
    shown = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines()[3:-1]]

    assert rows == [
        ["read at", "2026-11-20 09:00Z", "2026-11-20 09:00Z"],
        ["read", "$41.20", "$41.20"],
        ["topped up since", "$7.50", "$7.50"],
        ["credited since", "$0.25", "$0.25"],
        ["charged since", "$38.00", "$38.00"],
        ["left", "$3.20", "$7.10"],
        ["open", "$0.31", "$0.31"],
        ["charged in a day", "$19.00", "$19.00"],
        ["gone at", "2026-11-20 13:00Z", "-"],
        ["low", "LOW", "no"],
    ]
    assert "credit           ┃          shortapi ┃            runpod ┃" in shown.splitlines()[1]
    assert max(map(len, shown.splitlines())) <= 100
    assert "difference" not in shown
