"""`farebox alerts`, without a server."""

import json
from pathlib import Path
from typing import Any

import pytest

from router.cli.alerts import alerts_table, reached_words
from router.cli.show import console
from tests.commands import Commands

SHIPPED = Path(__file__).parents[3] / "policies"


def test_an_empty_list_and_the_secret(farebox: Commands) -> None:
    """The ledger's own secret, the same each time."""
    farebox("keys", "create", "--tenant", "acme")

    assert farebox("alerts", "list").out == "No budget has reached anything in that time.\n"
    assert json.loads(farebox("alerts", "list", "--json").out) == {"alerts": []}
    shown = farebox("alerts", "secret").out
    assert shown.startswith("whsec_")
    assert json.loads(farebox("alerts", "secret", "--json").out) == {"secret": shown.strip()}


def test_a_sample_needs_somewhere_to_go(farebox: Commands) -> None:
    """It says what to write; and exits 1 where the receiver does not take it."""
    farebox("keys", "create", "--tenant", "acme")
    (farebox.folder / "prices.yaml").write_bytes((SHIPPED / "prices.yaml").read_bytes())
    told = (SHIPPED / "cheapest-first.yaml").read_text() + "\nalerts: {to: https://127.0.0.1/t7}\n"
    (farebox.folder / "told.yaml").write_text(told)

    nowhere = farebox("alerts", "test")
    refused = farebox("alerts", "test", "--policy", "told.yaml")
    shown = farebox("alerts", "test", "--policy", "told.yaml", "--json")

    assert nowhere.code != 0
    assert "alerts: {to:" in nowhere.err
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("127.0.0.1 has not taken it: ")
    assert "t7" not in refused.err
    assert (shown.code, json.loads(shown.out)["delivered"]) == (1, False)


def test_each_alert_is_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    """With what was reached, and how far telling it is."""
    one: dict[str, Any] = {"at": "then", "budget": "b", "scope": "s", "percent": 80}
    one |= {"basis": "actual", "charged": "4.00", "limit": "5.00", "amount": None}
    sent = {"host": "h", "state": "delivered", "tries": 2, "last_status": 204}
    failed = {**sent, "state": "failed", "last_status": None}
    console().print(alerts_table([{**one, "delivery": it} for it in (None, sent, failed)]))

    logged, told, lost = (row for row in capsys.readouterr().out.splitlines() if "$4.00" in row)
    assert "in the log alone" in logged
    assert [cell.strip() for cell in told.split("│")][7:10] == ["delivered at h", "2", "204"]
    assert "none" in lost


def test_what_is_used_up_is_told_apart_from_what_is_charged_whole() -> None:
    """By what was refused."""
    one = {"basis": "actual", "percent": 100, "amount": None}

    assert reached_words(one) == "100%"
    assert reached_words({**one, "amount": "0.06"}) == "used up: $0.06 refused"
