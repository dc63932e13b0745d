import json
from pathlib import Path
from typing import Any

import pytest

from router.cli.budget import (
    AMOUNTS,
    budget_table,
    history_table,
    outlook_table,
    read_by,
    show_budgets,
)
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

    assert "│ everyone-monthly " in shown.out
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

    assert (
        raised.out
        == "everyone-monthly: $100.00 more in each window until 2999-01-01T00:00:00.000000Z.\n"
    )
    assert "$1000.00" in shown.out.replace(",", "")
    month = next(line for line in lines if line["name"] == "everyone-monthly")
    assert (month["limit"], month["available"]) == ("1000.00", "1000.00")
    (entry,) = month["raises"]
    assert entry.pop("who")
    assert entry.pop("id")
    assert entry == {
        "by": "100.00",
        "until": "2999-01-01T00:00:00.000000Z",
        "reason": "the sale",
    }


def test_a_raise_is_ended_and_both_are_shown(farebox: Commands) -> None:
    """By its id, which the list shows; the history has both, with their reasons."""
    farebox("keys", "create", "--tenant", "acme")
    assert farebox("budget", "history").out == (
        "No limit was raised in that time, and no threshold reached.\n"
    )
    words = ("--by", "100", "--until", "2999-01-01", "--reason", "the sale", "--json")
    made = json.loads(farebox("budget", "raise", "everyone-monthly", *words).out)
    listed = farebox("budget", "list")

    ended = farebox("budget", "raise", "--end", made["id"], "--reason", "too much")
    again = farebox("budget", "raise", "--end", made["id"], "--reason", "too much")
    lines = json.loads(farebox("budget", "list", "--json").out)["budgets"]
    shown = farebox("budget", "history")
    told = json.loads(farebox("budget", "history", "--from", "2020-01-01", "--json").out)

    assert (
        f"everyone-monthly, everyone: raised by $100.00 until 2999-01-01 00:00Z ({made['id']}).\n"
    ) in listed.out
    assert ended.out == "everyone-monthly: $100.00 less from now on.\n"
    assert (again.code, again.err) == (2, "farebox: No raise by that id is in force.\n")
    month = next(line for line in lines if line["name"] == "everyone-monthly")
    assert (month["limit"], month["raises"]) == ("900.00", [])
    assert [(one["what"], one["reason"]) for one in told["history"]] == [
        ("raise_ended", "too much"),
        ("raised", "the sale"),
    ]
    assert "$100.00 no more" in shown.out


@pytest.mark.parametrize(
    "words",
    [
        ("everyone-monthly", "--end", "x"),
        ("--end", "x", "--by", "1"),
        ("everyone-monthly", "--by", "1"),
        ("--by", "1", "--until", "2999-01-01"),
    ],
)
def test_a_raise_is_made_or_ended(farebox: Commands, words: tuple[str, ...]) -> None:
    """One of them, and whole."""
    asked = farebox("budget", "raise", *words, "--reason", "x")

    assert asked.code == 2
    assert "--end" in asked.err


def test_a_history_is_one_row_for_each_event(capsys: pytest.CaptureFixture[str]) -> None:
    """A raise of no account in particular is one of all; a threshold has its figures."""
    then = "2026-12-01T00:00:00.000000Z"
    raised = {"at": "2026-11-20T09:00:00.000000Z", "budget": "b", "scope": None, "what": "raised"}
    raised |= {"by": "7.00", "until": then, "who": "ada", "reason": "sale"}
    reached: dict[str, Any] = {"at": then, "budget": "d", "scope": "everyone", "percent": 80}
    reached |= {"what": "threshold_reached", "charged": "4.00", "limit": "5.00"}
    reached |= {"basis": "actual", "amount": None}
    ahead = {**reached, "basis": "forecast", "percent": 100, "amount": "6.10"}
    fast = {**reached, "basis": "burn", "percent": 1440, "over_s": 3600, "amount": "0.70"}
    console().print(history_table([raised, reached, ahead, fast]))

    out = capsys.readouterr().out
    assert "all of its accounts" in out
    assert "│ 2026-11-20 09:00Z │ b " in out
    assert "$7.00 more until 2026-12-01 00:00Z" in out
    assert "80%: $4.00 of $5.00" in out
    assert "forecast 100%: $6.10, $4.00 of $5.00" in out
    assert "14.4 times too fast over 1 h: $0.70, $4.00 of $5.00" in out


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
    assert nobodys.code == 2
    assert nobodys.err.endswith("'everyone-monthy'; did you mean 'everyone-monthly'?\n")


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
    line: dict[str, Any] = {"window_end": None, "rolls": False, "raises": [], "scope": "s"}
    line |= {**dict.fromkeys(AMOUNTS, "0.00"), "forecast": None, "exhausted_at": None}
    half = {"percent": 50, "reached_at": "2026-11-20T09:00:00.000000Z"}
    most = {"percent": 80, "reached_at": "2026-11-21T09:00:00.000000Z"}
    later = {"percent": 90, "reached_at": None}
    shown = {"a": [half, most, later], "b": [later], "c": []}
    show_budgets([{**line, "name": name, "thresholds": one} for name, one in shown.items()])

    out = capsys.readouterr().out
    assert "80% on            │\n" in out
    assert "2026-11-21 09:00Z │\n" in out
    assert "not yet 90%" in out
    assert "50%" not in out


def test_a_window_that_rolls_is_shown_without_an_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing becomes free at the end of the hour; a lifetime has none either."""
    line: dict[str, Any] = {"window_end": None, "raises": [], "scope": "s", "thresholds": []}
    line |= {**dict.fromkeys(AMOUNTS, "0.00"), "forecast": None, "exhausted_at": None}
    raises = [{"by": "1.00", "until": "2026-12-01T00:00:00.000000Z"}]
    show_budgets(
        [
            {**line, "name": "week", "rolls": True},
            {**line, "name": "ever", "rolls": False, "raises": raises},
        ]
    )

    out = capsys.readouterr().out
    _, week = (row for row in out.splitlines() if "│ week " in row)
    _, ever = (row for row in out.splitlines() if "│ ever " in row)
    assert "│ rolls " in week
    assert "│ for ever │" in ever
    assert out.endswith("\never, s: raised by $1.00 until 2026-12-01 00:00Z.\n")


def test_a_windows_end_names_whose_days_end(capsys: pytest.CaptureFixture[str]) -> None:
    """The instant is of UTC, where a day of Berlin ends an hour or two earlier."""
    line: dict[str, Any] = {"rolls": False, "raises": [], "scope": "s", "thresholds": []}
    line |= {**dict.fromkeys(AMOUNTS, "0.00"), "forecast": None, "exhausted_at": None}
    line |= {"window_end": "2026-11-30T23:00:00.000000Z"}
    zones = ("Europe/Berlin", "UTC")
    show_budgets([{**line, "name": "n", "time_zone": one} for one in zones])

    out = capsys.readouterr().out
    assert out.count("│ days of Europe/Berlin │") == 1
    assert out.count("│ 2026-11-30 23:00Z     │") == len(zones)


def test_what_is_expected_is_shown_with_its_band(capsys: pytest.CaptureFixture[str]) -> None:
    """And when the budget runs out; an empty place where too little is known."""
    line: dict[str, Any] = {"window_end": None, "raises": [], "scope": "s", "thresholds": []}
    line |= {**dict.fromkeys(AMOUNTS, "0.00"), "rolls": False}
    ahead = {"expected": "93.20", "low": "88.10", "high": "98.30", "method": "weekday"}
    gone_at = "2026-11-28T07:30:12.345678Z"
    show_budgets(
        [
            {**line, "name": "month", "forecast": ahead, "exhausted_at": gone_at},
            {**line, "name": "young", "forecast": None, "exhausted_at": None},
        ]
    )

    out = capsys.readouterr().out
    assert "│ $93.20           │ 2026-11-28 07:30Z │" in out
    assert "│ $88.10 to $98.30 │" in out
    assert "│ young         │ for ever │                  │                   │" in out


def test_of_a_shared_budget_there_is_no_amount(capsys: pytest.CaptureFixture[str]) -> None:
    """Only whether anything is available."""
    line: dict[str, Any] = {"name": "all", "scope": "everyone", "rolls": True, "raises": []}
    line |= {"thresholds": [], "forecast": None, "exhausted_at": None, "has_room": True}
    line |= dict.fromkeys(AMOUNTS)
    show_budgets([line, {**line, "has_room": False}])

    out = capsys.readouterr().out
    assert "some" in out
    assert "nothing" in out
    assert "$" not in out


def test_a_terminal_of_a_hundred_columns_breaks_no_name_and_no_instant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With amounts of four figures to the cent, a scope of two parts, and all there is to tell."""
    line: dict[str, Any] = {"name": "each-tenant-month", "scope": "tenant:acme,provider:shortapi"}
    line |= {**dict.fromkeys(AMOUNTS, "1234.56"), "rolls": False, "time_zone": "UTC", "raises": []}
    line |= {"window_end": "2026-12-01T00:00:00.000000Z", "thresholds": []}
    line |= {"exhausted_at": "2026-11-28T07:30:12.345678Z"}
    line["thresholds"] = [{"percent": 80, "reached_at": "2026-11-20T09:00:00.000000Z"}]
    line["forecast"] = {"expected": "993.20", "low": "888.10", "high": "998.30"}
    for made in (budget_table([line]), outlook_table([line])):
        console(columns=100).print(made)

    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 100
    for text in ("each-tenant-month", "  tenant:acme ", "  provider:shortapi", "budget, scope"):
        assert out.count(text) == 2
    for text in ("2026-12-01 00:00Z", "2026-11-28 07:30Z", "2026-11-20 09:00Z", "available"):
        assert out.count(text) == 1
    assert out.count("$1234.56") == len(AMOUNTS)
