"""Letters of alerts, with what is to be expected when they are written."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from router.finance.alert_letters import AlertWriter
from router.ledger.alert_commands import Alert
from router.ledger.alert_rows import AlertRow
from router.policy.scopes import JobFacts
from tests.fakes import EPOCH, FakeClock
from tests.finance_kit import a_shop
from tests.ledger_kit import DAY, at_once
from tests.policy_files import a_policy

BUDGET = {"name": "team", "who": "each_tenant", "limit": "$4.00", "per": "month"}


def test_a_letter_says_when_the_budget_runs_out(tmp_path: Path) -> None:
    """By the pace of its own account; of a window that is over or of a former budget, nothing."""
    policy = a_policy(budgets=[{**BUDGET, "time_zone": "Europe/Berlin", "alerts": ["50%"]}])
    with a_shop(policy, tmp_path) as shop:
        for day in range(1, 11):
            at = EPOCH - timedelta(days=day)
            shop.buy(f"j{day}", "0.25", at=at)
            shop.post(f"j{day}.1", "0.25", at=at)
        limits = policy.limits(JobFacts(tenant="acme"), "shortapi", EPOCH)
        shop.told(Alert(at=EPOCH, limits=limits))
        (row,) = at_once(shop.ledger.alerts_at(EPOCH))
        writer = AlertWriter(FakeClock(), shop.ledger, lambda: policy)

        def text(one: AlertRow) -> str:
            return str(json.loads(at_once(writer.write(one, "slack")))["text"])

        assert text(row) == (
            "Budget 'team' (tenant acme) has used 62 % ($2.50 of $4.00) with 10 days left; at this "
            "pace it runs out on 26 November."
        )
        past = replace(row, window_end=row.window_end - DAY)
        assert text(past).endswith("with 9 days left.")
        assert text(replace(row, budget="former")).endswith("with 10 days left.")
        assert "sample-monthly" in json.loads(writer.sample("slack"))["text"]
