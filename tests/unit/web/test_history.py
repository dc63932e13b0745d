from pathlib import Path

from router.web.keys import Role
from tests.policy_files import a_policy
from tests.web_stage import an_edit, open_front

EDIT = an_edit()
BUDGETS = [
    {"name": "daily", "who": "everyone", "limit": "$0.05", "per": "day", "alerts": ["50%"]},
    {"name": "week", "who": "everyone", "limit": "$9", "per": "rolling 7 days", "alerts": ["1%"]},
    {"name": "ever", "who": "everyone", "limit": "$8", "per": "lifetime", "alerts": ["10%"]},
]
DAY_S = 86_400


async def test_what_became_of_limits_is_told_the_newest_first(tmp_path: Path) -> None:
    """Raises, their ends and thresholds; also those of windows that are long over."""
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        client = front.key
        _, admin = await front.mint("house", Role.ADMIN)
        asked = {"by": "0.70", "until": "2026-11-21T00:00:00Z", "reason": "the sale"}
        made = await front.ask("POST", "/v1/budgets/daily/raise", asked, key=admin)
        front.clock.advance(60)
        path = f"/v1/raises/{made.json['id']}/end"
        await front.ask("POST", path, {"reason": "over"}, key=admin)
        front.clock.advance(60)
        front.key = client
        assert (await front.edit()).status == 200
        await front.stage.sweep.once()
        front.clock.advance(7 * DAY_S)
        told = await front.ask("GET", "/v1/budgets/history", key=admin)
        front.clock.advance(31 * DAY_S)
        nothing = await front.ask("GET", "/v1/budgets/history", key=admin)
        some = await front.ask(
            "GET", "/v1/budgets/history?from=2026-11-20&to=2026-11-20T09:01:00Z", key=admin
        )
        refused = await front.ask("GET", "/v1/budgets/history")
        wrong = await front.ask(
            "GET", "/v1/budgets/history?from=2026-12-01&to=2026-12-01", key=admin
        )

    first, *_, ended, raised = told.json["history"]
    entry = {"budget": "daily", "scope": None, "by": "0.70", "who": "house's admin"}
    entry |= {"id": made.json["id"], "until": "2026-11-21T00:00:00.000000Z"}
    at = {"at": "2026-11-20T09:00:00.000000Z", "what": "raised", "reason": "the sale"}
    assert raised == {**entry, **at}
    at = {"at": "2026-11-20T09:01:00.000000Z", "what": "raise_ended", "reason": "over"}
    assert ended == {**entry, **at}
    reached = {one["budget"]: one for one in told.json["history"] if "percent" in one}
    assert set(reached) == {"daily"}
    assert first == reached["daily"]
    assert (first["percent"], first["charged"], first["limit"]) == (50, "0.04", "0.05")
    assert first["window_end"] == "2026-11-21T00:00:00.000000Z"
    assert (nothing.json["history"], some.json["history"]) == ([], [raised])
    assert (refused.status, wrong.status) == (403, 400)


async def test_a_window_without_an_end_is_told_without_one(tmp_path: Path) -> None:
    """A lifetime has none, and one that rolls has none at which it begins anew."""
    few = [{**one, "limit": "$0.05"} for one in BUDGETS[1:]]
    async with open_front(tmp_path, policy=a_policy(budgets=few)) as front:
        _, admin = await front.mint("house", Role.ADMIN)
        assert (await front.edit()).status == 200
        await front.stage.sweep.once()
        told = await front.ask("GET", "/v1/budgets/history", key=admin)
        listed = await front.ask("GET", "/v1/budgets", key=admin)
        refused = await front.edit()
        quoted = await front.ask("POST", "/v1/quotes", EDIT)

    ends = {one["budget"]: (one["window_end"], one["rolls"]) for one in told.json["history"]}
    assert ends == {"week": (None, True), "ever": (None, False)}
    for lines, name in ((listed.json["budgets"], "name"), (quoted.json["budgets"], "budget")):
        rolls = {one[name]: (one["window_end"], one["rolls"]) for one in lines}
        assert {**rolls, **ends} == rolls
    assert refused.status == 402
    assert refused.json["window_end"] is None
    assert refused.json["rolls"] is (refused.json["budget"] == "week")
