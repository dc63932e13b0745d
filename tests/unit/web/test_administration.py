from pathlib import Path
from typing import Any

import pytest

from router.model.job import JobState
from router.web.keys import Role
from tests.ledger_kit import usd
from tests.web_stage import Front, open_front

NEW = {
    "tenant": "globex",
    "role": "client",
    "name": "  the shop ",
    "tags": {"team": "shop"},
    "budget": "$20.00 per month",
    "expires_at": "2026-11-22T12:00:00+01:00",
}


async def as_admin(front: Front) -> None:
    """Ask as an administrator from now on."""
    _, front.key = await front.mint("house", Role.ADMIN)


async def test_a_key_is_made_and_told_once(tmp_path: Path) -> None:
    """It works at once, its tags are its jobs', and no list ever shows it again."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        made = await front.ask("POST", "/v1/keys", NEW)
        key = made.json["key"]
        bought = await front.edit({"Authorization": f"Bearer {key}"})
        row = (await front.stage.ledger.jobs_of("globex"))[0]
        listed = await front.ask("GET", "/v1/keys")

    shown = {
        "id": key[4:12],
        "tenant": "globex",
        "role": "client",
        "name": "the shop",
        "tags": {"team": "shop"},
        "budget": "$20.00 per month",
        "created_at": "2026-11-20T09:00:00.000000Z",
        "expires_at": "2026-11-22T11:00:00.000000Z",
        "revoked_at": None,
    }
    assert (made.status, made.json) == (201, {**shown, "key": key})
    assert bought.status == 200
    assert (row.key_id, row.tags) == (shown["id"], (("team", "shop"),))
    assert shown in listed.json["keys"]
    assert key not in listed.text
    assert len(listed.json["keys"]) == 3
    assert "digest" not in listed.text


async def test_a_revoked_key_is_refused_from_then_on(tmp_path: Path) -> None:
    """Revoking it again changes nothing, and one that is none is not there."""
    async with open_front(tmp_path) as front:
        key_id, key = await front.mint("globex")
        await as_admin(front)
        before = await front.ask("GET", "/v1/edits", key=key)
        revoked = await front.ask("DELETE", f"/v1/keys/{key_id}")
        front.clock.advance(60)
        again = await front.ask("DELETE", f"/v1/keys/{key_id}")
        after = await front.ask("GET", "/v1/edits", key=key)
        missing = await front.ask("DELETE", "/v1/keys/nobodys1")
        strange = await front.ask("DELETE", "/v1/keys/no-key")

    assert [before.status, revoked.status, after.status] == [200, 200, 401]
    assert revoked.json["revoked_at"] == "2026-11-20T09:00:00.000000Z"
    assert again.json == revoked.json
    assert [missing.status, strange.status] == [404, 404]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"tenant": None}, "`tenant` must be text."),
        ({"tenant": "a b"}, None),
        ({"tenant": "each_tenant"}, "`tenant` cannot be each_tenant; a viewer's may be everyone."),
        ({"tenant": "everyone"}, "`tenant` cannot be everyone; a viewer's may be everyone."),
        ({"role": "owner"}, "`role` must be 'client', 'viewer' or 'admin'."),
        ({"name": " "}, "`name` must not be empty."),
        ({"tags": {"a b": "x"}}, None),
        (
            {"budget": "20"},
            '`budget` must be as "$20.00 per month" or "$5.00 per rolling 30 days".',
        ),
        ({"expires_at": "2027-01-01"}, "`expires_at` must be an instant, as 2027-01-01T00:00:00Z."),
        ({"expires_at": "soon"}, "`expires_at` must be an instant, as 2027-01-01T00:00:00Z."),
        ({"expires_at": "2026-11-20T09:00:00Z"}, "`expires_at` is past."),
        ({"secret": "mine"}, "`secret` is not a field of this request."),
    ],
)
async def test_a_key_that_cannot_be_is_not_made(
    tmp_path: Path, fields: dict[str, Any], told: str | None
) -> None:
    """And the answer says by which field."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        answer = await front.ask("POST", "/v1/keys", {**NEW, **fields})
        keys = await front.stage.ledger.keys()

    assert (answer.status, answer.json["code"]) == (400, "malformed")
    assert told in {None, answer.json["detail"]}
    assert len(keys) == 2


async def test_a_viewer_may_be_for_everyone(tmp_path: Path) -> None:
    """For finance and for Prometheus: it reads all and changes nothing."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        made = await front.ask("POST", "/v1/keys", {**NEW, "tenant": "everyone", "role": "viewer"})

    assert (made.status, made.json["tenant"]) == (201, "everyone")


async def test_attempts_in_doubt_are_listed(tmp_path: Path) -> None:
    """With what a person needs to look them up at the provider."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        job_id = await front.in_doubt()
        await front.running()
        doubted = await front.ask("GET", "/v1/attempts?state=in_doubt")
        open_ = await front.ask("GET", "/v1/attempts")
        none = await front.ask("GET", "/v1/attempts?state=held")
        wrong = await front.ask("GET", "/v1/attempts?state=posted")

    assert doubted.json == {
        "attempts": [
            {
                "id": f"{job_id}.1",
                "provider": "shortapi",
                "outcome": "provider_in_doubt",
                "quoted": "0.04",
                "charged": "0.00",
                "money": "in_doubt",
                "seconds": None,
                "job_id": job_id,
                "tenant": "local",
                "provider_ref": None,
                "detail": "no answer",
                "created_at": "2026-11-20T09:00:00.000000Z",
                "horizon_at": "2026-11-20T10:35:00.000000Z",
            }
        ]
    }
    assert len(open_.json["attempts"]) == 2
    assert none.json == {"attempts": []}
    assert (wrong.status, wrong.json["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    ("body", "money", "charged", "used", "entry"),
    [
        ({"posted": "0.05"}, "posted", "0.05", "0.05", "overage"),
        ({"posted": "0.03"}, "posted", "0.03", "0.03", "post"),
        ({"posted": "0"}, "posted", "0.00", "0.00", "post"),
        ({"voided": True}, "voided", "0.00", "0.00", "void"),
    ],
)
async def test_a_person_settles_an_attempt_in_doubt(
    tmp_path: Path, body: dict[str, Any], money: str, charged: str, used: str, entry: str
) -> None:
    """The budgets have what was charged, and the journal who said so and why."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        job_id = await front.in_doubt()
        path = f"/v1/attempts/{job_id}.1/settle"
        answer = await front.ask("POST", path, {**body, "reason": " invoice 7 "})
        again = await front.ask("POST", path, {**body, "reason": "twice"})
        balance = await front.stage.used()
        journal = front.journal(f"{job_id}.1")
        view = await front.stage.see(job_id, 0)
        in_hand = list(front.stage.dispatcher.errands)

    assert answer.status == 200
    assert (answer.json["money"], answer.json["charged"]) == (money, charged)
    assert answer.json["outcome"] == "provider_in_doubt"
    assert balance == usd(used)
    assert journal[-1] == (entry, "house's admin", "invoice 7")
    assert (again.status, again.json["code"]) == (422, "invalid_job")
    assert f"The attempt is {money}" in again.json["detail"]
    assert view.row.state is JobState.FAILED
    assert in_hand == []


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "none of both"},
        {"posted": "0.04", "voided": True, "reason": "both"},
        {"posted": "0.04"},
        {"posted": "0.04", "reason": ""},
        {"posted": 0.04, "reason": "a float"},
        {"posted": "-0.04", "reason": "negative"},
        {"posted": "four", "reason": "words"},
        {"voided": False, "reason": "not voided"},
        {"posted": "0.04", "reason": "r", "who": "somebody else"},
    ],
)
async def test_what_settles_nothing_is_refused(tmp_path: Path, body: dict[str, Any]) -> None:
    """Money is only moved by a plain word."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        job_id = await front.in_doubt()
        answer = await front.ask("POST", f"/v1/attempts/{job_id}.1/settle", body)
        balance = await front.stage.used()

    assert (answer.status, answer.json["code"]) == (400, "malformed")
    assert balance == usd("0.04")


@pytest.mark.parametrize("name", ["x", "0199d6f0-0000-7000-8000-000000000009.1"])
async def test_an_attempt_that_is_none_is_not_there(tmp_path: Path, name: str) -> None:
    """Whatever it looks like."""
    async with open_front(tmp_path) as front:
        await as_admin(front)
        body = {"voided": True, "reason": "r"}
        answer = await front.ask("POST", f"/v1/attempts/{name}/settle", body)

    assert (answer.status, answer.json["code"]) == (404, "not_found")
