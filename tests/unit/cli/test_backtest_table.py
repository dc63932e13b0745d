from typing import Any

import pytest

from router.cli.backtest_table import TENANTS_MAX, changed, tell, told_of_check
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
    ((*thrift,),) = rows(out, "thrift")
    assert thrift[3].startswith("-$0.05 (-5")
    assert thrift[6] == "1"
    assert rows(out, "acme")[0][:2] == ["acme", "what happened"]
    assert "thrift: the budget 'daily' had no room for 1 jobs." in out


def test_what_nobody_serves_has_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """And many tenants are not all shown."""
    jobs = [a_past(Happened(is_denied=True), model="x", tenant=f"t{n}") for n in range(12)]
    tell(document(*jobs))

    out = capsys.readouterr().out
    assert "thrift: nobody serves 12 jobs: nobody sells it." in out
    assert f"({12 - TENANTS_MAX} more are in --json and --html)" in out


def test_no_jobs_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Instead of tables of nothing."""
    tell(document())

    assert capsys.readouterr().out.startswith("There are no jobs to replay")


def test_a_check_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """None compared, none differing, and those that differ by their ids."""
    assert "no decision was compared" in told_of_check({"compared": 0, "differing": 0, "jobs": []})
    assert told_of_check({"compared": 7, "differing": 2, "jobs": ["j1", "j2"]}).endswith(
        "7 recorded decisions were made again: 2 differ, first j1, j2"
    )
    checked = {"compared": 1, "differing": 0, "jobs": []}
    tell({**document(a_past()), "checked": checked})
    assert "1 recorded decisions were made again: none differs." in capsys.readouterr().out


def test_a_change_is_to_the_cent() -> None:
    """With its sign."""
    assert changed("1.239", "1.00") == "+$0.24 (+23.9 %)"
