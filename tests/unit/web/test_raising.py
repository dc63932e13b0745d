from pathlib import Path
from typing import Any

import pytest

from router.web.keys import Role
from tests.policy_files import a_policy
from tests.web_stage import Front, open_front

BUDGETS = [{"name": "daily", "who": "each_tenant", "limit": "$0.05", "per": "day"}]
ASKED = {"by": "0.07", "until": "2026-11-20T10:00:00Z", "reason": " the sale "}


async def as_admin(front: Front) -> None:
    """Ask as an administrator from now on."""
    _, front.key = await front.mint("house", Role.ADMIN)


async def test_a_raise_is_in_force_until_it_ends(tmp_path: Path) -> None:
    """A tenant is told how much and until when; who and why, those who see all."""
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        client = front.key
        bought = await front.edit()
        refused = await front.edit()
        await as_admin(front)
        raised = await front.ask("POST", "/v1/budgets/daily/raise", ASKED)
        seen = await front.ask("GET", "/v1/budgets")
        front.key = client
        own = await front.ask("GET", "/v1/budgets")
        again = await front.edit()
        front.clock.advance(3600)
        after = await front.ask("GET", "/v1/budgets")

    told = {"by": "0.07", "until": "2026-11-20T10:00:00.000000Z"}
    entry = {**told, "who": "house's admin", "reason": "the sale"}
    assert (bought.status, refused.status, again.status) == (200, 402, 200)
    assert raised.status == 201
    assert raised.json == {"id": raised.json["id"], "budget": "daily", "scope": None, **entry}
    assert seen.json["budgets"][0]["raises"] == [entry]
    assert own.json["budgets"][0]["raises"] == [told]
    assert own.json["budgets"][0]["limit"] == "0.12"
    assert (after.json["budgets"][0]["limit"], after.json["budgets"][0]["raises"]) == ("0.05", [])
    assert after.json["budgets"][0]["available"] == "-0.03"


@pytest.mark.parametrize(
    ("name", "fields", "status", "told"),
    [
        ("dayly", {}, 404, "The policy has no budget 'dayly'; did you mean 'daily'?."),
        ("daily", {"by": "0"}, 400, "`by` is nothing."),
        ("daily", {"by": "-1"}, 400, "`by` must not be negative."),
        ("daily", {"by": "ten"}, 400, None),
        ("daily", {"until": "2026-11-20T09:00:00Z"}, 400, "`until` is past."),
        ("daily", {"until": "soon"}, 400, None),
        ("daily", {"reason": " "}, 400, "`reason` must not be empty."),
        ("daily", {"scope": "everyone"}, 400, "`scope` is none of this budget's: everyone."),
        ("daily", {"who": "me"}, 400, "`who` is not a field of this request."),
    ],
)
async def test_a_raise_that_cannot_be_is_not_made(
    tmp_path: Path, name: str, fields: dict[str, Any], status: int, told: str | None
) -> None:
    """And says what is wrong."""
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        await as_admin(front)
        answer = await front.ask("POST", f"/v1/budgets/{name}/raise", {**ASKED, **fields})
        raises = await front.stage.ledger.raises_at(front.clock.now())

    assert answer.status == status
    assert told in {None, answer.json["detail"]}
    assert raises == []


async def test_failovers_and_keys_own_budgets_can_be_raised(tmp_path: Path) -> None:
    """The first only where there is one."""
    never = a_policy(budgets=BUDGETS, failover={"double_spend_max": "$0"})
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        await as_admin(front)
        statuses = [
            (await front.ask("POST", f"/v1/budgets/{name}/raise", ASKED)).status
            for name in ("double-spend", "of-its-key")
        ]
        front.stage.policy = never
        gone = await front.ask("POST", "/v1/budgets/double-spend/raise", ASKED)

    assert (statuses, gone.status) == ([201, 201], 404)


async def test_a_keys_own_budget_binds_its_jobs(tmp_path: Path) -> None:
    """Another key of the tenant has room of its own; one of the same name shares it."""
    async with open_front(tmp_path, policy=a_policy(budgets=[])) as front:
        _, front.key = await front.mint(budget="$0.05 per rolling 30 days")
        first = await front.edit()
        _, front.key = await front.mint(budget="$0.05 per rolling 30 days")
        rotated = await front.edit()
        _, front.key = await front.mint(role=Role.ADMIN, budget="$0.06 per day")
        other = await front.edit()
        lines = (await front.ask("GET", "/v1/budgets")).json["budgets"]

    assert [first.status, rotated.status, other.status] == [200, 402, 200]
    assert first.headers["Farebox-Budget-Remaining-USD"] == "0.01"
    assert rotated.json["budget"] == "of-its-key"
    own = {line["scope"]: line["posted"] for line in lines if line["name"] == "of-its-key"}
    assert own == {"tenant:acme,key:acme's client": "0.04", "tenant:acme,key:acme's admin": "0.04"}
