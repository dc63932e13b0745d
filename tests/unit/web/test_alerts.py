"""Alerts as admins see them."""

from pathlib import Path
from typing import Any

from router.upstream.fetcher import Posted
from router.web.keys import Role
from tests.policy_files import a_policy
from tests.web_stage import Front, open_front

URL = "https://hooks.example/T0/B1"
BUDGET: dict[str, Any] = {"name": "daily", "who": "everyone", "limit": "$0.05", "per": "day"}
POLICY = a_policy(budgets=[{**BUDGET, "alerts": ["50%"]}], alerts={"to": URL, "format": "slack"})


async def reached(front: Front) -> str:
    """Reach a threshold; an admin's key."""
    _, admin = await front.mint("house", Role.ADMIN)
    assert (await front.edit()).status == 200
    await front.stage.sweep.once()
    return admin


async def test_alerts_are_listed_with_how_far_telling_them_is(tmp_path: Path) -> None:
    """Of the address only its host; in a span of time, or of late."""
    async with open_front(tmp_path, policy=POLICY) as front:
        admin = await reached(front)
        listed = await front.ask("GET", "/v1/alerts", key=admin)
        none = await front.ask("GET", "/v1/alerts?to=2026-11-20", key=admin)
        wrong = await front.ask("GET", "/v1/alerts?from=2026-12-01&to=2026-12-01", key=admin)

    (alert,) = listed.json["alerts"]
    assert len(alert.pop("id")) == 32
    assert alert == {
        "at": "2026-11-20T09:00:00.000000Z",
        "budget": "daily",
        "scope": "everyone",
        "basis": "actual",
        "percent": 50,
        "over_s": None,
        "charged": "0.04",
        "limit": "0.05",
        "amount": None,
        "window_start": "2026-11-20T00:00:00.000000Z",
        "window_end": "2026-11-21T00:00:00.000000Z",
        "rolls": False,
        "delivery": {
            "host": "hooks.example",
            "format": "slack",
            "state": "due",
            "tries": 0,
            "last_status": None,
            "tried_at": None,
            "next_at": "2026-11-20T09:00:00.000000Z",
        },
    }
    assert "T0/B1" not in listed.text
    assert (none.json, wrong.status) == ({"alerts": []}, 400)


async def test_a_sample_is_posted_where_the_policy_says(tmp_path: Path) -> None:
    """What came of it is said, and never where; a policy that says nothing is told so."""
    async with open_front(tmp_path, policy=POLICY) as front:
        _, admin = await front.mint("house", Role.ADMIN)
        front.stage.mailbox.always[URL] = Posted(403)
        sent = await front.ask("POST", "/v1/alerts/test", key=admin)
        secret = await front.ask("GET", "/v1/alerts/secret", key=admin)
        front.stage.policy = a_policy()
        refused = await front.ask("POST", "/v1/alerts/test", key=admin)

    told = sent.json
    assert told.pop("id").startswith("alert_test_")
    assert told == {
        "host": "hooks.example",
        "format": "slack",
        "delivered": False,
        "status": 403,
        "detail": None,
    }
    assert secret.json["secret"].startswith("whsec_")
    assert refused.status == 422
    assert "alerts: {to:" in refused.json["detail"]


async def test_an_alert_that_nobody_is_told_of_is_listed(tmp_path: Path) -> None:
    """Its delivery is null."""
    policy = a_policy(budgets=[{**BUDGET, "alerts": ["50%"]}])
    async with open_front(tmp_path, policy=policy) as front:
        admin = await reached(front)
        listed = await front.ask("GET", "/v1/alerts", key=admin)

    assert [one["delivery"] for one in listed.json["alerts"]] == [None]
