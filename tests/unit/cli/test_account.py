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
    """An empty table would look as if something were wrong; and says how something is noted."""
    of_one, of_all = farebox("account", "list", "runpod").out, farebox("account", "list").out

    assert of_one.startswith("Nothing was booked on the account with runpod: farebox account topup")
    assert of_all.startswith("Nothing was booked on any account: farebox account topup")


def test_all_accounts_are_listed_where_none_is_named(farebox: Commands) -> None:
    """Each event with whose it is; one account's sums are not another's."""
    farebox(*TOPUP, "--at", "2026-01-02")
    other = ("--amount", "30.11", "--reference", "receipt 8", "--at", "2026-01-03")
    farebox("account", "topup", "runpod", *other)
    shown = farebox("account", "list").out
    found = json.loads(farebox("account", "list", "--json").out)
    later = json.loads(farebox("account", "list", "--from", "2026-01-03", "--json").out)

    assert [one["provider"] for one in found["events"]] == ["shortapi", "runpod"]
    assert found["topped_up"] == "130.18"
    assert [one["provider"] for one in later["events"]] == ["runpod"]
    assert all(text in shown for text in ("runpod", "shortapi", "$130.18"))


def test_what_is_left_is_asked_for_by_either_word(farebox: Commands) -> None:
    """`farebox balance` is what it was called once."""
    read = farebox("reconcile", "shortapi", "--balance", "41.21", "--at", "2026-01-02", "--json")
    now, once = farebox("account", "balance", "--json"), farebox("balance", "--json")

    assert read.code == 0
    assert [one["left"] for one in json.loads(now.out)["balances"]] == ["41.21"]
    assert json.loads(once.out)["balances"][0]["left"] == "41.21"


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

    assert ran.code == 2
    assert "did you mean 'shortapi'?" in ran.err
