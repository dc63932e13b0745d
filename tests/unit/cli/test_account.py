import json

import pytest

from tests.commands import Commands

TOPUP = ("account", "topup", "shortapi", "--amount", "100.07", "--reference", "receipt 7")


@pytest.fixture(autouse=True)
def _a_ledger(farebox: Commands) -> None:
    farebox("keys", "create", "--tenant", "acme")


def test_a_topup_and_a_credit_are_noted_and_listed(farebox: Commands) -> None:
    """With who noted them; sums at the end."""
    topped = farebox(*TOPUP, "--at", "2026-01-02")
    credit = ("credit", "shortapi", "--amount", "2.51", "--reference", "CN-1", "--reason", "a gift")
    credited = farebox("account", *credit)
    shown = farebox("account", "list", "shortapi")
    found = json.loads(farebox("account", "list", "shortapi", "--json").out)
    of_january = farebox("account", "list", "shortapi", "--to", "2026-02-01", "--json")

    assert topped.out == "shortapi: topped up by $100.07, receipt 7.\n"
    assert credited.out == "shortapi: was credited $2.51, CN-1.\n"
    assert "$100.07, $2.51" in shown.out
    assert [one["kind"] for one in found["events"]] == ["topup", "credit"]
    assert found["events"][0]["at"] == "2026-01-02T00:00:00.000000Z"
    assert found["events"][1]["who"]
    assert [one["reference"] for one in json.loads(of_january.out)["events"]] == ["receipt 7"]


def test_an_account_on_which_nothing_passed_says_so(farebox: Commands) -> None:
    """An empty table would look as if something were wrong."""
    assert farebox("account", "list", "runpod").out == (
        "Nothing was booked on the account with runpod.\n"
    )


def test_a_receipt_is_noted_once(farebox: Commands) -> None:
    """The second time is an error, and says what is there."""
    assert json.loads(farebox(*TOPUP, "--json").out)["amount"] == "100.07"

    again = farebox(*TOPUP)

    assert again.code == 2
    assert "receipt 7 is booked already: $100.07" in again.err


@pytest.mark.parametrize("amount", ["much", "0", "-1"])
def test_an_amount_is_more_than_nothing(farebox: Commands, amount: str) -> None:
    """Before anything is asked."""
    ran = farebox("account", "credit", "shortapi", f"--amount={amount}", "--reference", "CN-1")

    assert ran.code == 2
    assert ran.err.startswith("farebox: --amount: ")


def test_a_provider_that_is_unknown_is_told(farebox: Commands) -> None:
    """With the one that may have been meant."""
    ran = farebox("account", "topup", "shortap", "--amount", "1", "--reference", "r")

    assert ran.code == 1
    assert "did you mean 'shortapi'?" in ran.err
