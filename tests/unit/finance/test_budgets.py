"""Budgets as people ask for them."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from router.finance.budgets import BudgetLine, as_json, budget_lines, tightest
from router.ledger.alert_commands import Alert
from router.ledger.answers import Placed, Refused
from router.model.money import Money
from router.model.yielding import PIECE
from router.policy.policy import Policy
from router.policy.scopes import JobFacts
from tests.fakes import EPOCH
from tests.finance_kit import Shop, a_shop
from tests.ledger_kit import at_once, usd
from tests.policy_files import a_policy

BUDGETS: list[dict[str, Any]] = [
    {"name": "each-daily", "who": "each_tenant", "limit": "$0.50", "per": "day"},
    {"name": "monthly", "who": "everyone", "limit": "$70.00", "per": "month"},
    {"name": "at-runpod", "who": {"provider": "runpod"}, "limit": "$20.00", "per": "lifetime"},
    {"name": "zeta-only", "who": {"tenant": "zeta"}, "limit": "$5.00", "per": "day"},
]


@pytest.fixture(name="policy")
def _policy() -> Policy:
    return a_policy(budgets=BUDGETS)


@pytest.fixture(name="shop")
def _shop(policy: Policy, tmp_path: Path) -> Iterator[Shop]:
    with a_shop(policy, tmp_path) as shop:
        yield shop


def lines_of(
    shop: Shop, *, at: datetime = EPOCH, tenant: str | None = None, policy: Policy | None = None
) -> dict[tuple[str, str], BudgetLine]:
    """The lines by name and scope, each of them once."""
    lines = at_once(budget_lines(shop.ledger, policy or shop.policy, at, tenant))
    found = {(line.name, line.scope): line for line in lines}
    assert len(found) == len(lines)
    return found


def test_an_unused_budget_is_there_where_its_scope_is_concrete(shop: Shop) -> None:
    """A budget of each tenant has no line before a tenant has spent."""
    lines = lines_of(shop)

    assert list(lines) == [
        ("monthly", "everyone"),
        ("at-runpod", "provider:runpod"),
        ("zeta-only", "tenant:zeta"),
        ("double-spend", "everyone"),
    ]
    assert [line.available for line in lines.values()] == [
        usd("70.00"),
        usd("20.00"),
        usd("5.00"),
        usd("3.00"),
    ]


def test_each_amount_is_in_every_budget_it_binds(shop: Shop) -> None:
    """Posted, held and in doubt, apart, and what they leave."""
    shop.buy("j1", "0.04")
    shop.post("j1.1", "0.05")
    shop.buy("j2", "0.06")
    shop.buy("j3", "0.09")
    shop.doubt("j3.1")
    shop.buy("j4", "0.0875", tenant="zeta", provider="runpod")
    lines = lines_of(shop)
    used = {key: (line.posted, line.held, line.in_doubt) for key, line in lines.items()}

    acme, zeta = (usd("0.05"), usd("0.06"), usd("0.09")), (Money.ZERO, usd("0.0875"), Money.ZERO)
    assert used == {
        ("each-daily", "tenant:acme"): acme,
        ("each-daily", "tenant:zeta"): zeta,
        ("monthly", "everyone"): (usd("0.05"), usd("0.1475"), usd("0.09")),
        ("at-runpod", "provider:runpod"): zeta,
        ("zeta-only", "tenant:zeta"): zeta,
        ("double-spend", "everyone"): (Money.ZERO, Money.ZERO, Money.ZERO),
    }
    assert lines["each-daily", "tenant:acme"].available == usd("0.30")
    assert lines["monthly", "everyone"].available == usd("69.7125")


def test_what_is_available_is_what_a_hold_gets(shop: Shop) -> None:
    """To the nano-dollar: that much is placed, a nano-dollar more is refused."""
    shop.buy("j1", "0.123456789")
    left = lines_of(shop)["each-daily", "tenant:acme"].available

    assert isinstance(shop.buy("j2", str(left + Money(1))), Refused)
    assert isinstance(shop.buy("j3", str(left)), Placed)
    assert lines_of(shop)["each-daily", "tenant:acme"].available == Money.ZERO


def test_a_second_attempt_counts_against_the_double_spend_budget(shop: Shop) -> None:
    """Beside the budgets that bind every attempt."""
    shop.buy("j1", "0.04")
    shop.doubt("j1.1")
    shop.buy_again("j1.2", "0.0875")
    double = lines_of(shop)["double-spend", "everyone"]

    assert (double.held, double.available) == (usd("0.0875"), usd("2.9125"))


def test_a_policy_that_never_pays_twice_has_no_line_for_it(shop: Shop) -> None:
    """Zero dollars are no budget."""
    never = a_policy(failover={"double_spend_max": "$0"}, budgets=BUDGETS)

    assert ("double-spend", "everyone") not in lines_of(shop, policy=never)


def test_a_tenant_sees_what_binds_it_and_no_other_tenant(shop: Shop) -> None:
    """Its own budgets, used or not, and everyone's."""
    shop.buy("j1", "0.04", tenant="zeta")
    for tenant in ("acme", "zeta"):
        lines = lines_of(shop, tenant=tenant)
        own = {key for key in lines if f"tenant:{tenant}" in key[1]}
        others = {key for key in lines if "tenant:" in key[1]} - own

        assert others == set()
        assert ("each-daily", f"tenant:{tenant}") in own
        assert lines["monthly", "everyone"].held == usd("0.04")
    assert ("zeta-only", "tenant:zeta") not in lines_of(shop, tenant="acme")


def test_a_budget_begins_anew_with_its_window(shop: Shop) -> None:
    """Tomorrow today's spending is gone from the daily budget, not from the monthly one."""
    shop.buy("j1", "0.04")
    tomorrow = EPOCH + timedelta(days=1)
    lines = lines_of(shop, at=tomorrow, tenant="acme")

    daily = lines["each-daily", "tenant:acme"]
    assert (daily.held, daily.window_start) == (Money.ZERO, datetime(2026, 11, 21, tzinfo=UTC))
    assert daily.window_end == datetime(2026, 11, 22, tzinfo=UTC)
    assert lines["monthly", "everyone"].held == usd("0.04")
    assert lines["monthly", "everyone"].window_end == datetime(2026, 12, 1, tzinfo=UTC)
    assert lines["at-runpod", "provider:runpod"].window_end is None


def test_a_lowered_limit_leaves_less_than_nothing(shop: Shop) -> None:
    """What is used stays used."""
    shop.buy("j1", "0.04")
    lowered = a_policy(budgets=[{**BUDGETS[1], "limit": "$0.01"}])

    assert lines_of(shop, policy=lowered)["monthly", "everyone"].available == usd("-0.03")


def test_a_balance_under_another_window_is_another_budgets(shop: Shop) -> None:
    """A budget that became daily does not count what was held under its month."""
    shop.buy("j1", "0.04")
    daily = a_policy(budgets=[{**BUDGETS[1], "per": "day"}])
    lines = lines_of(shop, policy=daily)

    assert lines["monthly", "everyone"].held == Money.ZERO
    assert list(lines) == [("monthly", "everyone"), ("double-spend", "everyone")]


def test_a_budget_of_each_provider_has_a_line_for_each(tmp_path: Path) -> None:
    """The price book says which there are; with tenants, those that have spent."""
    policy = a_policy(
        budgets=[
            {"name": "each-provider", "who": {"provider": "each"}, "limit": "$9.00", "per": "day"},
            {
                "name": "both",
                "who": {"tenant": "each", "provider": "runpod"},
                "limit": "$8.00",
                "per": "day",
            },
        ]
    )
    with a_shop(policy, tmp_path) as shop:
        shop.buy("j1", "0.0875", tenant="zeta", provider="runpod")
        held = {key: line.held for key, line in lines_of(shop).items()}

    assert held == {
        ("each-provider", "provider:runpod"): usd("0.0875"),
        ("each-provider", "provider:shortapi"): Money.ZERO,
        ("both", "tenant:zeta,provider:runpod"): usd("0.0875"),
        ("double-spend", "everyone"): Money.ZERO,
    }


def test_the_tightest_is_the_one_with_the_least_left(shop: Shop) -> None:
    """Not the double-spend budget, which binds no first attempt."""
    shop.buy("j1", "0.04")
    lines = at_once(budget_lines(shop.ledger, shop.policy, EPOCH, "acme"))
    found = tightest(lines)

    assert found is not None
    assert (found.name, found.available) == ("each-daily", usd("0.46"))
    assert tightest(line for line in lines if line.name == "double-spend") is None


def test_json_has_money_as_text_and_a_lifetimes_ends_as_null(shop: Shop) -> None:
    """In the order of the policy."""
    shop.buy("j1", "0.0875", provider="runpod")
    lines = at_once(budget_lines(shop.ledger, shop.policy, EPOCH))
    daily, monthly, at_runpod, *_ = json.loads(as_json(lines))["budgets"]

    assert daily == {
        "name": "each-daily",
        "scope": "tenant:acme",
        "limit": "0.50",
        "raises": [],
        "thresholds": [],
        "window_start": "2026-11-20T00:00:00.000000Z",
        "window_end": "2026-11-21T00:00:00.000000Z",
        "rolls": False,
        "time_zone": "UTC",
        "has_room": True,
        "posted": "0.00",
        "presumed": "0.00",
        "held": "0.0875",
        "in_doubt": "0.00",
        "available": "0.4125",
        "refused": False,
        "forecast": None,
        "no_forecast": "nothing was charged yet",
        "exhausted_at": None,
        "burn_rates": [{"over_s": over_s, "rate": "0.00"} for over_s in (3_600, 21_600, 259_200)],
    }
    assert monthly["available"] == "69.9125"
    assert (at_runpod["window_start"], at_runpod["window_end"]) == (None, None)


@pytest.mark.parametrize("per", ["day", "lifetime", "rolling 7 days"])
def test_thresholds_are_shown_with_when_they_were_reached(tmp_path: Path, per: str) -> None:
    """In the window that they were reached in, and in no other account's line."""
    budget = {"name": "team", "who": "each_tenant", "limit": "$0.50", "per": per}
    policy = a_policy(budgets=[{**budget, "alerts": ["50%", "80%"]}])
    with a_shop(policy, tmp_path) as shop:
        for tenant, price in (("acme", "0.26"), ("zeta", "0.11")):
            shop.buy(f"j-{tenant}", price, tenant=tenant)
            shop.post(f"j-{tenant}.1", price)
            limits = policy.limits(JobFacts(tenant=tenant), "shortapi", EPOCH)
            shop.told(Alert(at=EPOCH, limits=limits))
        later = EPOCH + timedelta(hours=14)
        acme, zeta, *_ = json.loads(as_json(at_once(budget_lines(shop.ledger, policy, later))))[
            "budgets"
        ]

    assert acme["thresholds"] == [
        {"percent": 50, "reached_at": "2026-11-20T09:00:00.000000Z"},
        {"percent": 80, "reached_at": None},
    ]
    assert [one["reached_at"] for one in zeta["thresholds"]] == [None, None]


def test_a_line_looks_ahead_by_what_was_charged_by_the_hour(shop: Shop) -> None:
    """Of the month, two thirds of it over; a lifetime has no end; today nothing was charged."""
    for day in range(1, 6):
        at = EPOCH - timedelta(days=day)
        shop.buy(f"j{day}", "0.5", provider="runpod", tenant="zeta", at=at)
        shop.post(f"j{day}.1", "0.4", at=at)
    fields = {
        line["name"]: line
        for line in json.loads(
            as_json(at_once(budget_lines(shop.ledger, shop.policy, EPOCH, "zeta")))
        )["budgets"]
    }

    month = fields["monthly"]
    assert month["forecast"] == {
        "expected": "6.25",
        "low": "6.25",
        "high": "6.25",
        "method": "linear",
    }
    assert (month["no_forecast"], month["exhausted_at"]) == (None, None)
    assert month["burn_rates"][-1] == {"over_s": 259_200, "rate": "0.17"}
    ever = fields["at-runpod"]
    assert (ever["forecast"], ever["no_forecast"]) == (None, "a lifetime has no end")
    assert ever["exhausted_at"] == "2027-01-04T09:00:00.000000Z"
    assert ever["burn_rates"] == []
    assert fields["each-daily"]["forecast"]["expected"] == "0.00"


async def test_many_accounts_keep_nobody_waiting(shop: Shop) -> None:
    """Others have the event loop's turn meanwhile, and no line is lost."""
    many = PIECE // 50
    for number in range(many):
        shop.buy(f"j{number}", "0.01", tenant=f"t{number}")
    turns: list[int] = []

    async def others() -> None:
        while len(turns) < 2:
            turns.append(1)
            await asyncio.sleep(0)

    lines, _ = await asyncio.gather(budget_lines(shop.ledger, shop.policy, EPOCH), others())

    assert len({(line.name, line.scope) for line in lines}) == len(lines) == many + 4
    assert len(turns) == 2


def test_a_budget_that_refused_what_still_finds_no_room_says_so(shop: Shop) -> None:
    """Another account's line says nothing of it, nor does the next window's."""
    shop.buy("j1", "0.45", tenant="acme")
    shop.buy("j2", "0.47", tenant="zeta")
    assert isinstance(shop.buy("j3", "0.06", tenant="acme"), Refused)

    def told(at: datetime) -> list[str]:
        return [scope for (_, scope), line in lines_of(shop, at=at).items() if line.refused]

    assert told(EPOCH) == ["tenant:acme"]
    assert told(EPOCH + timedelta(days=1)) == []
