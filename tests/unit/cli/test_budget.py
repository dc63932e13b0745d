import json
from pathlib import Path
from typing import Any

import pytest

from router.cli.budget import AMOUNTS, budget_table, read_by
from router.cli.mistakes import Mistake
from router.cli.show import console
from tests.commands import Commands

SHIPPED = Path(__file__).parents[3] / "policies"
BARE = """\
policy: bare
summary: Nothing limits it.
prefer: lowest_price
prices: prices.yaml
examples:
  - {job: 1k, expect: shortapi at $0.04}
"""


def test_budgets_that_nobody_has_touched_are_whole(farebox: Commands) -> None:
    """Every amount apart, in the order of the policy's file."""
    farebox("keys", "create", "--tenant", "acme")

    shown = farebox("budget", "list")
    listed = json.loads(farebox("budget", "list", "--json").out)["budgets"]

    assert "│ everyone-monthly │" in shown.out
    assert "$900.00" in shown.out
    month = next(line for line in listed if line["name"] == "everyone-monthly")
    assert (month["limit"], month["posted"], month["available"]) == ("900.00", "0.00", "900.00")


def test_a_policy_without_budgets_is_told(farebox: Commands) -> None:
    """An empty table would look as if all were well."""
    (farebox.folder / "prices.yaml").write_bytes((SHIPPED / "prices.yaml").read_bytes())
    (farebox.folder / "bare.yaml").write_text(BARE)
    farebox("keys", "create", "--tenant", "acme")

    shown = farebox("budget", "list", "--policy", "bare.yaml")

    assert shown.out == "The policy has no budgets: nothing limits what is spent.\n"


def test_a_raise_is_an_entry_and_is_shown(farebox: Commands) -> None:
    """Where no server runs, the ledger itself takes it; the file stays as it is."""
    farebox("keys", "create", "--tenant", "acme")
    words = ("--by", "100", "--until", "2999-01-01", "--reason", "the sale")

    raised = farebox("budget", "raise", "everyone-monthly", *words)
    shown = farebox("budget", "list")
    lines = json.loads(farebox("budget", "list", "--json").out)["budgets"]

    assert raised.out == "everyone-monthly: $100.00 more until 2999-01-01T00:00:00.000000Z.\n"
    assert "$1000.00" in shown.out.replace(",", "")
    month = next(line for line in lines if line["name"] == "everyone-monthly")
    assert (month["limit"], month["available"]) == ("1000.00", "1000.00")
    (entry,) = month["raises"]
    assert entry.pop("who")
    assert entry == {
        "by": "100.00",
        "until": "2999-01-01T00:00:00.000000Z",
        "reason": "the sale",
    }


def test_a_raise_for_a_program_may_be_for_one_account(farebox: Commands) -> None:
    """As the list of budgets names it."""
    farebox("keys", "create", "--tenant", "acme")
    words = ("--by", "7", "--until", "2999-01-01", "--reason", "x", "--json")

    made = farebox("budget", "raise", "each-tenant-daily", "--scope", "tenant:acme", *words)
    wrong = farebox("budget", "raise", "each-tenant-daily", "--scope", "everyone", *words)
    nobodys = farebox("budget", "raise", "everyone-monthy", *words)

    assert json.loads(made.out)["scope"] == "tenant:acme"
    assert (wrong.code, wrong.err) == (
        2,
        "farebox: `scope` is none of this budget's: everyone.\n",
    )
    assert nobodys.code == 1
    assert "did you mean 'everyone-monthly'?" in nobodys.err


@pytest.mark.parametrize(
    ("said", "told"),
    [("0", "more than nothing"), ("-5", "more than nothing"), ("ten", "--by: ")],
)
def test_a_limit_is_raised_by_an_amount(said: str, told: str) -> None:
    """To lower one is what the file is for."""
    with pytest.raises(Mistake, match=told):
        read_by(said)
    assert read_by("100") == "100.00"


def test_the_highest_threshold_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Or the next one, while there is none."""
    line: dict[str, Any] = {"window_end": None, "raises": [], "scope": "s"}
    line |= dict.fromkeys(AMOUNTS, "0.00")
    half, most = {"percent": 50, "reached_at": "long ago"}, {"percent": 80, "reached_at": "now"}
    later = {"percent": 90, "reached_at": None}
    shown = {"a": [half, most, later], "b": [later], "c": []}
    console().print(
        budget_table([{**line, "name": name, "thresholds": one} for name, one in shown.items()])
    )

    out = capsys.readouterr().out
    assert "80% on now" in out
    assert "not yet 90%" in out
    assert "50%" not in out
