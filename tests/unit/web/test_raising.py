from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from router.ledger.limit_rows import RaiseRow
from router.web.keys import Role
from tests.policy_files import a_policy
from tests.web_stage import Answer, Front, open_front

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
    assert seen.json["budgets"][0]["raises"] == [{"id": raised.json["id"], **entry}]
    assert own.json["budgets"][0]["raises"] == [told]
    assert own.json["budgets"][0]["limit"] == "0.12"
    assert (after.json["budgets"][0]["limit"], after.json["budgets"][0]["raises"]) == ("0.05", [])
    assert after.json["budgets"][0]["available"] == "-0.03"


@pytest.mark.parametrize(
    ("name", "fields", "status", "told"),
    [
        ("dayly", {}, 404, "The policy has no budget 'dayly'; did you mean 'daily'?"),
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


async def test_a_raise_beyond_what_money_can_be_is_not_made(tmp_path: Path) -> None:
    """By itself or with those that are in force; an account of its own has what others have not."""
    most, path = {**ASKED, "by": "600000000"}, "/v1/budgets/daily/raise"
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        client = front.key
        await as_admin(front)
        asked = [
            {**ASKED, "by": "999999999.99"},
            {**most, "scope": "tenant:acme"},
            {**most, "scope": "tenant:beta"},
            {**most, "scope": "tenant:acme"},
            most,
        ]
        answers = [await front.ask("POST", path, one) for one in asked]
        other = await front.ask("POST", "/v1/budgets/double-spend/raise", most)
        listed = await front.ask("GET", "/v1/budgets")
        front.key = client
        bought = await front.edit()

    assert [answer.status for answer in answers] == [400, 201, 201, 400, 400]
    told = "`by` is too much: the limit would be beyond a billion dollars."
    assert {answer.json["detail"] for answer in answers if answer.status == 400} == {told}
    assert (other.status, listed.status, bought.status) == (201, 200, 200)


async def test_a_limit_that_a_reload_raises_too_far_still_binds(tmp_path: Path) -> None:
    """Edits are bought, and what is told is as much as money can be."""
    high = [{**BUDGETS[0], "limit": "$999999999.00"}]
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        client = front.key
        await as_admin(front)
        made = await front.ask("POST", "/v1/budgets/daily/raise", {**ASKED, "by": "10"})
        front.stage.policy = a_policy(budgets=high)
        listed = await front.ask("GET", "/v1/budgets?tenant=acme")
        front.key = client
        bought = await front.edit()

    assert (made.status, bought.status) == (201, 200)
    assert listed.json["budgets"][0]["limit"] == "1000000000.00"


async def test_a_raise_can_be_ended_once(tmp_path: Path) -> None:
    """The limit is the file's again, with who ended it and why; what was bought stays."""
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        client = front.key
        await as_admin(front)
        made = await front.ask("POST", "/v1/budgets/daily/raise", ASKED)
        front.clock.advance(60)
        path = f"/v1/raises/{made.json['id']}/end"
        front.key = client
        forbidden = await front.ask("POST", path, {"reason": "mine"})
        bought = [await front.edit(), await front.edit()]
        await as_admin(front)
        wordless = await front.ask("POST", path, {})
        ended = await front.ask("POST", path, {"reason": "a nought too much"})
        again = await front.ask("POST", path, {"reason": "once more"})
        seen = await front.ask("GET", "/v1/budgets")
        front.key = client
        refused = await front.edit()

    assert [one.status for one in (forbidden, wordless, ended, again)] == [403, 400, 200, 404]
    assert [one.status for one in (*bought, refused)] == [200, 200, 402]
    told = {"ended_at": "2026-11-20T09:01:00.000000Z", "reason": "a nought too much"}
    assert ended.json == {**made.json, **told, "who": "house's admin"}
    (line,) = [one for one in seen.json["budgets"] if one["name"] == "daily"]
    assert (line["limit"], line["raises"], line["available"]) == ("0.05", [], "-0.03")
    assert again.json["detail"] == "No raise by that id is in force."


async def test_a_raise_that_another_ends_at_that_moment_is_not_ended_twice(tmp_path: Path) -> None:
    """The ledger has the last word."""
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        await as_admin(front)
        made = await front.ask("POST", "/v1/budgets/daily/raise", ASKED)
        before = await front.stage.ledger.raises_at(front.clock.now())
        path = f"/v1/raises/{made.json['id']}/end"
        await front.ask("POST", path, {"reason": "first"})

        async def raises_at(_: datetime) -> list[RaiseRow]:
            return before

        front.stage.ledger.raises_at = raises_at  # type: ignore[assignment, method-assign]
        late = await front.ask("POST", path, {"reason": "second"})

    assert late.status == 404
    assert late.json["detail"] == "Somebody else has just ended that raise."


async def test_a_keys_budget_is_raised_for_an_account_that_a_key_has(tmp_path: Path) -> None:
    """An account that no good key has is a slip of the pen, and so is one of double spending."""
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        await front.mint(budget="$0.05 per day")
        await as_admin(front)
        statuses = [
            (await front.ask("POST", path, {**ASKED, "scope": scope})).status
            for path, scope in (
                ("/v1/budgets/of-its-key/raise", "tenant:acme,key:acme's client"),
                ("/v1/budgets/of-its-key/raise", "tenant:acme,key:nobody"),
                ("/v1/budgets/double-spend/raise", "everyone"),
                ("/v1/budgets/double-spend/raise", "tenant:acme"),
            )
        ]

    assert statuses == [201, 400, 201, 400]


async def test_a_key_that_buys_nothing_has_no_budget_to_raise(tmp_path: Path) -> None:
    """One that was revoked, one past its end, and one that was made without a budget."""
    ends = datetime(2026, 11, 20, 9, 1, tzinfo=UTC)
    path, asked = "/v1/budgets/of-its-key/raise", {**ASKED, "by": "0.13"}
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        lost, _ = await front.mint("lost", budget="$0.03 per day")
        await front.mint("brief", budget="$0.04 per rolling 2 days", expires_at=ends)
        await front.mint("plain")
        await as_admin(front)

        async def raise_for(tenant: str) -> Answer:
            scope = f"tenant:{tenant},key:{tenant}'s client"
            return await front.ask("POST", path, {**asked, "scope": scope})

        before = [await raise_for(tenant) for tenant in ("lost", "brief", "plain")]
        await front.ask("DELETE", f"/v1/keys/{lost}")
        front.clock.advance(60)
        after = [await raise_for(tenant) for tenant in ("lost", "brief")]
        raises = await front.stage.ledger.raises_at(front.clock.now())

    assert [one.status for one in before] == [201, 201, 400]
    assert [one.status for one in after] == [400, 400]
    told = "`scope` is none of this budget's: tenant:lost,key:lost's client."
    assert after[0].json["detail"] == told
    assert len(raises) == 2


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
