import json
from typing import Any

import pytest

from router.cli.backtest_table import TENANTS_MAX, WIDTH, changed, tell, told_of_check
from router.finance.backtest.document import document_of
from router.finance.backtest.past import Happened
from router.finance.backtest.running import backtest
from tests.past_jobs import Given, a_past, delivered, tried
from tests.policy_files import PRICES, a_policy

BUDGETS = [{"name": "daily", "who": {"tenant": "zeta"}, "limit": "$0.01", "per": "day"}]
POLICY = a_policy(prices=PRICES.replace("    aspect_ratio_required: true\n", ""), budgets=BUDGETS)


def document(*jobs: Any) -> dict[str, Any]:
    """Of a backtest of jobs."""
    return document_of(backtest(Given(jobs), POLICY, workers=1))


def rows(out: str, first: str) -> list[list[str]]:
    """The cells of the rows that begin with a word."""
    found = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines()]
    return [cells for cells in found if cells and cells[0] == first]


def test_each_scenario_has_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    """Compared with what happened, in dollars and percent."""
    tell(document(a_past(delivered(tried("runpod", "0.0875"))), a_past(None, tenant="zeta")))

    out = capsys.readouterr().out
    ((*_,), (*always,)) = rows(out, "what happened")[:1] + rows(out, "always runpod")[:1]
    assert always[1:4] == ["2", "$0.0875", "$0.00 (0.0 %)"]
    thrift, course, *parts = rows(out, "thrift")
    assert thrift[3].startswith("-$0.05 (-5")
    assert course[2] == "1"
    assert [cells[0] for cells in rows(out, "acme: 1 job")] == ["acme: 1 job"]
    assert [cells[5] for cells in parts] == ["1", "0", "1"]
    assert "thrift: the budget 'daily' had no room: 1 job." in out


def test_tables_are_no_wider_than_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    """Also of much money and long names: names are folded, figures are whole."""
    told = json.dumps(document(a_past(delivered(tried("runpod", "0.0875")), tenant="t" * 70)))
    great = {"jobs": 1_000_000, "spend": "123456.7890125", "per_delivered": "0.0512345"}
    long = json.loads(told.replace("thrift", "the-longest-name-of-a-policy-that-there-is"))
    for one in long["scenarios"]:
        for line in (one["total"], *one["by_tenant"], *one["by_resolution"]):
            line.update(great)
    tell(long)

    lines = [line for line in capsys.readouterr().out.splitlines() if line[:1] in "┏┃┡│└"]
    assert len(lines) > 30
    assert max(map(len, lines)) <= WIDTH
    assert not any("…" in line for line in lines)
    assert sum("~$123,456.79" in line for line in lines) >= 3


def test_what_nobody_serves_has_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """And many tenants are not all shown."""
    jobs = [a_past(Happened(is_denied=True), model="x", tenant=f"t{n}") for n in range(12)]
    tell(document(*jobs))

    out = capsys.readouterr().out
    assert "thrift: nobody serves 12 jobs: nobody sells it." in out
    assert "what happened: a budget had no room; which one was not recorded: 12 jobs." in out
    assert f"({12 - TENANTS_MAX} more are in --json and --html)" in out


def test_no_jobs_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Instead of tables of nothing."""
    tell(document())

    assert capsys.readouterr().out.startswith("There are no jobs to replay")


def test_a_check_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """None compared, none differing, and those that differ by their ids."""
    assert "no decision was compared" in told_of_check({"compared": 0, "differing": 0, "jobs": []})
    assert told_of_check({"compared": 7, "differing": 2, "jobs": ["j1", "j2"]}).endswith(
        "7 recorded decisions made again, of which 2 came out otherwise, first j1, j2"
    )
    checked = {"compared": 1, "differing": 0, "jobs": []}
    tell({**document(a_past()), "checked": checked})
    assert "1 recorded decision made again: none differs." in capsys.readouterr().out


def test_a_change_is_to_the_cent() -> None:
    """With its sign."""
    assert changed("1.239", "1.00") == "+$0.24 (+23.9 %)"
