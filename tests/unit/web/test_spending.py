from pathlib import Path
from typing import Any

import pytest

from router.ledger import sums
from router.model.errors import LedgerUnavailable
from router.web.keys import Role
from tests.policy_files import a_policy
from tests.web_stage import Front, an_edit, open_front

BUDGETS = [{"name": "daily", "who": "each_tenant", "limit": "$9.00", "per": "day"}]


async def after_two_tenants(front: Front) -> dict[str, str]:
    """Have `acme` buy 1k and `other` 2k; gives keys by who they are."""
    _, theirs = await front.mint("other")
    await front.edit()
    await front.ask("POST", "/v1/edits", an_edit(resolution="2k"), key=theirs)
    return {
        "acme": front.key or "",
        "other's viewer": (await front.mint("other", Role.VIEWER))[1],
        "everyone": (await front.mint("everyone", Role.VIEWER))[1],
        "admin": (await front.mint("house", Role.ADMIN))[1],
    }


def scopes(answer: Any) -> dict[str, str]:
    """Each line's scope and what it has left."""
    return {line["scope"]: line["available"] for line in answer.json["budgets"]}


async def test_of_what_tenants_share_there_is_whether_there_is_room(tmp_path: Path) -> None:
    """In budgets and quotes, headers and refusals: nobody learns what the others spend."""
    shared = {"name": "all", "who": "everyone", "limit": "$0.11", "per": "month"}
    policy = a_policy(budgets=[shared, *BUDGETS], failover={"providers_max": 1})
    async with open_front(tmp_path, policy=policy) as front:
        keys = await after_two_tenants(front)
        bought = await front.ask("GET", "/v1/edits", key=keys["acme"])
        (job,) = bought.json["edits"]
        own = await front.ask("GET", f"/v1/edits/{job['id']}", key=keys["acme"])
        refused = await front.ask("POST", "/v1/edits", an_edit(), key=keys["acme"])
        quote = await front.ask("POST", "/v1/quotes", an_edit(), key=keys["acme"])
        told = {
            who: (await front.ask("GET", "/v1/budgets", key=key)).json["budgets"][0]
            for who, key in keys.items()
        }

    amounts = {"limit", "posted", "presumed", "held", "in_doubt", "available", "forecast"}
    assert own.headers["Farebox-Budget-Remaining-USD"] == "8.96"
    assert {told["everyone"]["available"], told["admin"]["available"]} == {"0.01"}
    for who in ("acme", "other's viewer"):
        assert told[who].keys() == told["admin"].keys()
        assert (told[who]["name"], told[who]["scope"]) == ("all", "everyone")
        assert told[who]["has_room"] is True
        assert {name: told[who][name] for name in amounts} == dict.fromkeys(amounts)
        assert (told[who]["thresholds"], told[who]["burn_rates"]) == ([], [])
    assert (refused.status, refused.json["budget"], refused.json["available"]) == (402, "all", None)
    assert "Farebox-Budget-Remaining-USD" not in refused.headers
    line = next(one for one in quote.json["budgets"] if one["budget"] == "all")
    assert (line["scope"], line["available"], line["fits"]) == ("everyone", None, False)


async def test_budgets_are_shown_to_those_they_bind(tmp_path: Path) -> None:
    """A tenant sees its own lines; who sees all tenants sees every line, or one tenant's."""
    policy = a_policy(budgets=BUDGETS, failover={"providers_max": 2})
    async with open_front(tmp_path, policy=policy) as front:
        keys = await after_two_tenants(front)
        seen = {
            who: scopes(await front.ask("GET", "/v1/budgets", key=key)) for who, key in keys.items()
        }
        one = scopes(await front.ask("GET", "/v1/budgets?tenant=other", key=keys["admin"]))
        refused = await front.ask("GET", "/v1/budgets?tenant=other")

    all_of_them = {"tenant:acme": "8.96", "tenant:other": "8.94"}
    assert seen == {
        "acme": {"tenant:acme": "8.96"},
        "other's viewer": {"tenant:other": "8.94"},
        "everyone": all_of_them,
        "admin": all_of_them,
    }
    assert one == {"tenant:other": "8.94"}
    assert (refused.status, refused.json["code"]) == (403, "forbidden")


async def test_spend_is_shown_to_those_whose_it_is(tmp_path: Path) -> None:
    """Broken down as asked; the total is that of the lines that are shown."""
    async with open_front(tmp_path) as front:
        keys = await after_two_tenants(front)
        seen = {
            who: (await front.ask("GET", "/v1/spend?by=tenant,resolution", key=key)).json
            for who, key in keys.items()
        }
        one = (await front.ask("GET", "/v1/spend?tenant=acme", key=keys["admin"])).json
        refused = await front.ask("GET", "/v1/spend?tenant=other")

    assert {who: told["total"]["posted"] for who, told in seen.items()} == {
        "acme": "0.04",
        "other's viewer": "0.06",
        "everyone": "0.10",
        "admin": "0.10",
    }
    assert [(row["tenant"], row["resolution"]) for row in seen["admin"]["rows"]] == [
        ("acme", "1k"),
        ("other", "2k"),
    ]
    assert [(row["provider"], row["posted"]) for row in one["rows"]] == [("shortapi", "0.04")]
    assert (refused.status, refused.json["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("query", "edits"),
    [
        ("", 1),
        ("from=2026-11-20", 1),
        ("from=2026-11-21", 0),
        ("to=2026-11-20", 0),
        ("to=2026-11-21", 1),
        ("from=2026-11-20T09:00:00Z&to=2026-11-20T09:00:01Z", 1),
        ("from=2026-11-20T09:00:01Z", 0),
        ("to=2026-11-20T10:00:00%2B01:00", 0),
        ("from=2026-11-20T10:00:00%2B01:00", 1),
        ("from=2026-11-20T18:00:00&time_zone=Asia/Tokyo", 1),
        ("from=2026-11-20T18:00:01&time_zone=Asia/Tokyo", 0),
    ],
)
async def test_spend_is_within_instants(tmp_path: Path, query: str, edits: int) -> None:
    """From the first, up to but without the second; a date is its midnight in the time zone."""
    async with open_front(tmp_path) as front:
        await front.edit()
        told = (await front.ask("GET", f"/v1/spend?{query}")).json

    assert told["total"]["edits"] == edits


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "to=",
        "to=0001-01-01T00:00:00%2B14:00",
        "by=colour",
        "form=x",
        "time_zone=Nowhere",
        "from=2026-11-21&to=2026-11-21",
    ],
)
async def test_a_period_that_is_none_is_refused(tmp_path: Path, query: str) -> None:
    """Rather than a report of something else."""
    async with open_front(tmp_path) as front:
        answer = await front.ask("GET", f"/v1/spend?{query}")

    assert (answer.status, answer.json["code"]) == (400, "malformed")


async def test_no_day_to_come_is_told(tmp_path: Path) -> None:
    """Not even where the day of a time zone is made of one of UTC that has begun."""
    async with open_front(tmp_path) as front:
        front.clock.advance(17 * 3600)
        await front.edit()
        told = (await front.ask("GET", "/v1/spend?by=day&time_zone=America/New_York")).json

    assert [row["day"] for row in told["rows"]] == ["2026-11-20"]
    assert told["total"]["posted"] == "0.04"


async def test_the_tags_that_there_are_are_told_to_whoever_asks_by_none(tmp_path: Path) -> None:
    """Those of the caller's own edits."""
    async with open_front(tmp_path) as front:
        _, theirs = await front.mint("other")
        await front.ask("POST", "/v1/edits", an_edit(tags={"team": "growth", "shop": "1"}))
        await front.ask("POST", "/v1/edits", an_edit(tags={"hidden": "x"}), key=theirs)
        told = await front.ask("GET", "/v1/spend?by=day,tag")

    assert (told.status, told.json["code"]) == (400, "malformed")
    assert told.json["detail"] == "Say which tag, as tag:shop: there are tag:shop, tag:team."


async def test_spend_of_more_lines_than_anybody_reads_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to do instead, also where a tag has as many values as edits; a day is told."""
    monkeypatch.setattr(sums, "ROWS_MAX", 2)
    async with open_front(tmp_path) as front:
        for number in range(3):
            await front.ask("POST", "/v1/edits", an_edit(tags={"order": f"A-{number}"}))
        orders = await front.ask("GET", "/v1/spend?by=tag:order")
        two = await front.ask("GET", "/v1/spend?by=tag:order,tag:team")
        team = await front.ask("GET", "/v1/spend?by=tag:team")

    assert (orders.status, orders.json["code"]) == (400, "malformed")
    assert two.status == 400
    assert "ask for a shorter time" in orders.json["detail"]
    assert [(row["tag:team"], row["edits"]) for row in team.json["rows"]] == [("", 3)]


async def test_the_tightest_budget_is_a_header_that_may_be_missing(tmp_path: Path) -> None:
    """Without budgets there is none; and a reply is not lost because it cannot be read."""
    no_budgets = a_policy(budgets=[], failover={"providers_max": 1})
    async with open_front(tmp_path / "none", policy=no_budgets) as front:
        without = await front.edit()
    async with open_front(tmp_path / "blind") as front:

        async def blind(at: object) -> None:
            raise LedgerUnavailable(str(at))

        front.stage.ledger.balances_at = blind  # type: ignore[method-assign, assignment]
        unread = await front.edit()

    for answer in (without, unread):
        assert answer.status == 200
        assert answer.headers["Farebox-Charged-USD"] == "0.04"
        assert "Farebox-Budget-Remaining-USD" not in answer.headers


async def test_what_is_left_is_not_told_of_an_account_of_others(tmp_path: Path) -> None:
    """The header tells the tightest of those that its reader may see; an admin sees them all."""
    tight = {"name": "teams", "who": {"tag": {"team": "each"}}, "limit": "$0.91", "per": "day"}
    async with open_front(tmp_path, policy=a_policy(budgets=[tight, *BUDGETS])) as front:
        bought = await front.edit(tags={"team": "ads"})
        path = f"/v1/edits/{bought.json['id']}"
        admin = (await front.mint("house", Role.ADMIN))[1]
        seen = await front.ask("GET", path, key=admin)
        front.stage.policy = a_policy(budgets=[tight])
        alone = await front.ask("GET", path)

    assert bought.headers["Farebox-Budget-Remaining-USD"] == "8.96"
    assert seen.headers["Farebox-Budget-Remaining-USD"] == "0.87"
    assert "Farebox-Budget-Remaining-USD" not in alone.headers
