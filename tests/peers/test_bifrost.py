"""What went wrong in Bifrost, by the number of the issue; and what happens here."""

from pathlib import Path

import pytest

from router.model.errors import BudgetExceeded
from router.model.money import Money
from router.web.keys import Role
from router.web.routes import ROUTES, Route
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.stage import Stage, play
from tests.web_stage import an_edit, open_front

SLUG = "google-nano-banana-2-edit"


def named(route: Route) -> str:
    """Name a test's case."""
    return f"{route.method} {route.path}"


@pytest.mark.parametrize("route", ROUTES, ids=named)
async def test_bifrost_2873_no_route_buys_past_a_full_budget(tmp_path: Path, route: Route) -> None:
    """
    There, requests by the pass-through routes were not counted against any budget; here, whatever
    route is asked, by a client or an admin, nothing is sent once the budget is full.
    """
    budgets = [{"name": "cap", "who": "everyone", "limit": "$0.05", "per": "day"}]
    async with open_front(tmp_path, policy=a_policy(budgets=budgets)) as front:
        _, admin = await front.mint("acme", Role.ADMIN)
        filled = await front.edit()
        parts = {
            "provider": "shortapi",
            "kind": "drifted",
            "token": "0" * 32,
            "name": "0" * 64,
            "slug": SLUG,
        }
        path = route.path.format(id=filled.json["id"], **parts)
        for key in (front.key, admin):
            for body in (an_edit(), {}):
                await front.ask(route.method, path, body, key=key)

        assert filled.json["charged"] == "0.04"
        assert len(front.stage.troupe.sent) == 1
        assert await front.stage.used("cap") == usd("0.04")


def test_bifrost_5770_a_budget_is_full_when_it_is_full(tmp_path: Path) -> None:
    """
    There, a rule for budgets used by more than 99 % applied after $0.40 of $15; here, all of a
    budget can be spent, to the last edit that fits, and what is told to be left is what is left.
    """

    async def story(stage: Stage) -> None:
        for number in range(1, 26):
            await stage.see(await stage.submit())
            assert await stage.used("cap") == usd("0.04") * number
        with pytest.raises(BudgetExceeded) as caught:
            await stage.submit()
        usage, limit = caught.value.usage, caught.value.limit.limit
        assert usage.posted == usd("1.00")
        assert Money.ZERO < usage.available(limit) == usd("0.0399") < caught.value.asked

    budgets = [{"name": "cap", "who": "everyone", "limit": "$1.0399", "per": "day"}]
    policy = a_policy(budgets=budgets, failover={"providers_max": 1})
    play(tmp_path, story, policy=policy)
