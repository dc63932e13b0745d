from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from router.model.errors import ProviderRefused, ProviderThrottled, Refusal
from router.model.ids import AttemptId
from router.web.keys import Role
from tests.policy_files import PRICES, a_policy
from tests.web_stage import an_edit, open_front

BUDGETS = [
    {"name": "tight", "who": {"provider": "shortapi"}, "limit": "$0.05", "per": "day"},
    {"name": "forever", "who": "each_tenant", "limit": "$0.60", "per": "lifetime"},
]


WELL = {
    "state": "serving",
    "state_reason": None,
    "state_since": "2026-11-20T09:00:00.000000Z",
    "state_until": None,
}

FOREVER = {
    "budget": "forever",
    "scope": "tenant:acme",
    "window_end": None,
    "rolls": False,
    "limit": "0.60",
    "available": "0.60",
    "fits": True,
}


async def test_a_quote_explains_and_spends_nothing(tmp_path: Path) -> None:
    """Candidates with their verdicts, the winner, its price, and each budget's headroom."""
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        quote = await front.ask("POST", "/v1/quotes", an_edit())
        jobs = await front.stage.ledger.jobs_of("acme")
        balances = await front.stage.ledger.balances_at(front.clock.now())

    assert quote.status == 200
    assert quote.json == {
        "model": "nano-banana-2-edit",
        "resolution": "1k",
        "downshifted": None,
        "tenant": "acme",
        "chosen": "shortapi",
        "price": "0.04",
        "by_lot": None,
        "error": None,
        "decision": {
            "policy": "thrift",
            "policy_hash": "",
            "rule": "lowest price",
            "candidates": [
                {
                    "provider": "shortapi",
                    "price": "0.04",
                    "verdict": "chosen by lowest price",
                    **WELL,
                    "latency": None,
                    "failing": 0.02,
                },
                {
                    "provider": "runpod",
                    "price": "0.0875",
                    "verdict": "next if shortapi does not deliver; $0.0475 dearer than shortapi",
                    **WELL,
                    "latency": None,
                    "failing": 0.02,
                },
            ],
        },
        "budgets": [
            {
                "provider": "shortapi",
                "budget": "tight",
                "scope": "provider:shortapi",
                "window_end": "2026-11-21T00:00:00.000000Z",
                "rolls": False,
                "limit": None,
                "available": None,
                "fits": True,
            },
            {"provider": "shortapi", **FOREVER},
            {"provider": "runpod", **FOREVER},
        ],
    }
    assert (jobs, balances) == ([], [])


async def test_a_quote_chooses_as_the_purchase_would(tmp_path: Path) -> None:
    """A provider whose budget is used up is passed over, by both alike."""
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        await front.edit()
        quote = (await front.ask("POST", "/v1/quotes", an_edit())).json
        bought = await front.edit()

    assert (quote["chosen"], quote["price"]) == ("runpod", "0.0875")
    assert [(line["available"], line["fits"]) for line in quote["budgets"]] == [
        (None, False),
        ("0.56", True),
        ("0.56", True),
    ]
    assert bought.json["provider"] == "runpod"


@pytest.mark.parametrize(
    ("limit", "fields", "error"),
    [
        ("$0.02", {}, "budget_exceeded"),
        ("$0.60", {"price_max": "0.01"}, "no_provider_qualifies"),
    ],
)
async def test_a_quote_says_why_there_is_none(
    tmp_path: Path, limit: str, fields: dict[str, Any], error: str
) -> None:
    """With the code that the purchase would be refused with."""
    budgets = [{"name": "small", "who": "everyone", "limit": limit, "per": "day"}]
    async with open_front(tmp_path, policy=a_policy(budgets=budgets)) as front:
        quote = await front.ask("POST", "/v1/quotes", an_edit(**fields))
        bought = await front.edit(**fields)

    assert quote.status == 200
    assert (quote.json["chosen"], quote.json["price"], quote.json["error"]) == (None, None, error)
    assert bought.json["code"] == error


async def test_a_quote_for_another_tenant_takes_an_admin(tmp_path: Path) -> None:
    """Its budgets are then that tenant's."""
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        _, admin = await front.mint("house", Role.ADMIN)
        theirs = await front.ask("POST", "/v1/quotes?tenant=other", an_edit(), key=admin)
        refused = await front.ask("POST", "/v1/quotes?tenant=other", an_edit())

    assert theirs.json["tenant"] == "other"
    assert theirs.json["budgets"][1]["scope"] == "tenant:other"
    assert (refused.status, refused.json["code"]) == (403, "forbidden")


SHRINKING = {"name": "small", "who": "each_tenant", "limit": "$0.07", "per": "day"}
ALL_SIZES = PRICES.replace("{1k: $0.04, 2k: $0.06}", "{1k: $0.04, 2k: $0.06, 4k: $0.09}")


async def test_a_budget_with_room_for_2k_alone_delivers_2k(tmp_path: Path) -> None:
    """Quote, body, header, journal and budget agree on what a 4k became, and what it cost."""
    policy = a_policy(prices=ALL_SIZES, budgets=[{**SHRINKING, "on_limit": "downshift"}])
    downshifted = {"from": "4k", "to": "2k", "budget": "small"}
    async with open_front(tmp_path, policy=policy) as front:
        quote = (await front.ask("POST", "/v1/quotes", an_edit(resolution="4k"))).json
        bought = await front.edit(resolution="4k")
        read = await front.ask("GET", f"/v1/edits/{bought.json['id']}")
        refused = await front.edit(resolution="4k")
        path = str(front.stage.folder / "ledger.db")
        with closing(apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)) as database:
            entries = database.execute("SELECT kind, posted, held FROM entries ORDER BY seq")
            journal = [tuple(entry) for entry in entries]

    assert (quote["resolution"], quote["downshifted"], quote["price"], quote["error"]) == (
        "2k",
        downshifted,
        "0.06",
        None,
    )
    for answer in (bought, read):
        assert answer.status == 200
        assert answer.headers["Farebox-Downshifted"] == "4k -> 2k"
        assert answer.json["downshifted"] == downshifted
        assert (answer.json["resolution"], answer.json["charged"]) == ("2k", "0.06")
        assert "downshifted" not in answer.json["decision"]
    assert journal == [("hold", 0, 60_000_000), ("post", 60_000_000, -60_000_000)]
    assert (refused.status, refused.json["code"]) == (402, "budget_exceeded")
    assert (refused.json["asked"], refused.json["available"]) == ("0.04", "0.01")


async def test_what_is_bought_as_asked_has_no_such_header(tmp_path: Path) -> None:
    """Only who gets less is told so."""
    async with open_front(tmp_path) as front:
        bought = await front.edit()

    assert bought.json["downshifted"] is None
    assert "Farebox-Downshifted" not in bought.headers


@pytest.mark.parametrize(("who", "available"), [("each_tenant", "0.03"), ("everyone", None)])
async def test_a_quote_of_what_a_stage_stops_is_a_refusal_for_money(
    tmp_path: Path, who: str, available: str | None
) -> None:
    """As the purchase is, which says why also where it may not say how much is left."""
    stages = [{"when": "50% of small is used", "stop": "true"}]
    policy = a_policy(budgets=[{**SHRINKING, "who": who}], stages=stages)
    async with open_front(tmp_path, policy=policy) as front:
        await front.edit()
        quote = (await front.ask("POST", "/v1/quotes", an_edit())).json
        bought = await front.edit()

    assert (quote["chosen"], quote["error"]) == (None, "budget_exceeded")
    assert (bought.status, bought.json["code"]) == (402, "budget_exceeded")
    assert "50% of small is used" in bought.json["detail"]
    assert bought.json["available"] == available
    assert ("$0.03" in bought.json["detail"]) is (available is not None)


async def test_a_rule_sets_the_deadline_of_jobs_that_name_none(tmp_path: Path) -> None:
    """A job's own deadline goes before it."""
    rules = [{"name": "slow", "when": {"tag": {"kind": "batch"}}, "deadline": "700s"}]
    async with open_front(tmp_path, policy=a_policy(rules=rules)) as front:
        for deadline_s in (None, 80):
            await front.edit(tags={"kind": "batch"}, deadline_s=deadline_s)
        rows = await front.stage.ledger.jobs_of("acme")

    assert sorted((row.deadline_at - row.created_at).total_seconds() for row in rows) == [80, 700]


@pytest.mark.parametrize(("role", "reason"), [(Role.ADMIN, "empty"), (Role.CLIENT, None)])
async def test_a_quote_says_why_a_provider_is_not_serving(
    tmp_path: Path, role: Role, reason: str | None
) -> None:
    """Since when and until when, or until when it has asked for patience; to operators also why."""
    async with open_front(tmp_path) as front:
        key = (await front.mint("acme", role))[1]
        health = front.stage.health
        health.failed("shortapi", AttemptId("a"), ProviderRefused("empty", reason=Refusal.CREDIT))
        health.failed("runpod", AttemptId("b"), ProviderThrottled(retry_after_s=9.0))
        quote = await front.ask("POST", "/v1/quotes", body=an_edit(), key=key)

    told = {one["provider"]: one for one in quote.json["decision"]["candidates"]}
    assert {name: told["shortapi"][name] for name in WELL} == {
        "state": "ejected",
        "state_reason": reason,
        "state_since": "2026-11-20T09:00:00.000000Z",
        "state_until": "2026-11-20T09:00:30.000000Z",
    }
    assert told["shortapi"]["verdict"] == f"is set aside{': empty' if reason else ''}"
    assert told["runpod"]["state"] == "serving"
    assert told["runpod"]["state_until"] == "2026-11-20T09:00:09.000000Z"
    assert quote.json["chosen"] == "runpod", "nobody else can: it waits"


async def test_a_quote_of_what_would_be_refused_for_load_says_so(tmp_path: Path) -> None:
    """With the code that the edit would be refused with, as an edit is."""
    async with open_front(tmp_path) as front:
        for provider in ("shortapi", "runpod"):
            front.stage.slots.hold_off(provider, 9000.0)
        quote = await front.ask("POST", "/v1/quotes", body=an_edit())
        edit = await front.edit()

    assert (quote.json["chosen"], quote.json["error"]) == (None, "overloaded")
    assert (edit.status, edit.json["code"]) == (503, "overloaded")
    assert edit.headers["Retry-After"] == "60"


async def test_a_quote_shows_how_long_each_offer_is_expected_to_take(tmp_path: Path) -> None:
    """What is stated, until there were edits to learn from; then also from how many."""
    stated = PRICES.replace("images_max: 3", "images_max: 3\n    latency: {p50: 6s, p95: 15s}")
    policy = a_policy(prices=stated, latency_max={"p95": "15s"})
    async with open_front(tmp_path, policy=policy) as front:
        before = await front.ask("POST", "/v1/quotes", an_edit())
        for _ in range(3):
            await front.ask("POST", "/v1/edits", an_edit())
        after = await front.ask("POST", "/v1/quotes", an_edit())

    shortapi, runpod = before.json["decision"]["candidates"]
    assert shortapi["latency"] == {
        "p50_s": 6.0,
        "p95_s": 15.0,
        "mean_s": 7.0,
        "queue_s": None,
        "execution_s": None,
        "samples": 0,
    }
    assert (runpod["latency"], before.json["chosen"]) == (None, "shortapi")
    assert runpod["verdict"].startswith("is too slow: nothing is known that would be within")
    assert after.json["decision"]["candidates"][0]["latency"]["samples"] is None


async def test_how_many_edits_others_buy_is_told_to_who_sees_all_tenants(tmp_path: Path) -> None:
    """It is learnt from everybody's; a client is told less exactly, and not of how many."""
    async with open_front(tmp_path) as front:
        other, admin = (await front.mint("other"))[1], (await front.mint("house", Role.ADMIN))[1]
        for _ in range(7):
            await front.ask("POST", "/v1/edits", an_edit(), key=other)
        job_id = (await front.edit()).json["id"]
        told = {
            key: [
                (await front.ask("POST", "/v1/quotes", an_edit(), key=key)).json,
                (await front.ask("GET", f"/v1/edits/{job_id}", key=key)).json,
                (await front.ask("GET", "/v1/edits?tenant=acme", key=key)).json["edits"][0],
            ]
            for key in (front.key, admin)
        }

    for key, samples, failing in ((front.key, None, 0.01), (admin, 8, 0.0143)):
        for one in told[key]:
            candidate = one["decision"]["candidates"][0]
            assert candidate["provider"] == "shortapi"
            assert candidate["latency"]["samples"] in {samples, samples and samples - 1}
            assert candidate["failing"] == pytest.approx(failing, abs=0.001)


async def test_a_decision_says_which_budget_had_no_room(tmp_path: Path) -> None:
    """The winner is whom it was bought from, as the quote has foreseen; refused, nobody is."""
    async with open_front(tmp_path, policy=a_policy(budgets=BUDGETS)) as front:
        await front.edit()
        quote = (await front.ask("POST", "/v1/quotes", an_edit())).json
        bought = await front.edit()
        for _ in range(6):
            await front.edit()
        refused = (await front.ask("POST", "/v1/quotes", an_edit())).json

    passed = "passed over: the budget 'tight' has no room for it"
    for one in (quote, bought.json):
        assert [each["verdict"] for each in one["decision"]["candidates"]] == [
            passed,
            "chosen: the next one that the budgets have room for; $0.0475 dearer than shortapi",
        ]
        assert "no_room" not in one["decision"]
    assert [each["verdict"] for each in refused["decision"]["candidates"]] == [
        passed,
        "passed over: the budget 'forever' has no room for it",
    ]
