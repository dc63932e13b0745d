"""Callbacks as their clients and administrators see them."""

import base64
from pathlib import Path

import pytest

from router.dispatch.signing import MASTER, tenant_secret
from router.ledger.commands import Told
from router.ledger.outbox_rows import OutboxState
from router.model.ids import JobId
from router.web.keys import Role
from tests.web_stage import NEVER, Front, open_front

URL = "https://app.example/hooks/T0/secret?token=t7"


async def told(front: Front, job_id: str, state: OutboxState, status: int | None = None) -> None:
    """Note that a client was told, or could not be."""
    row = await front.stage.ledger.callback_of(JobId(job_id))
    assert row is not None
    now = front.clock.now()
    command = Told(at=now, job_id=row.job_id, number=row.tries + 1, state=state, status=status)
    await front.stage.ledger.submit(command)


async def test_a_job_says_how_far_its_client_was_told(tmp_path: Path) -> None:
    """From waiting to delivered, in its own body and in the list, and never where."""
    async with open_front(tmp_path) as front:
        front.stage.troupe.acts["shortapi"].append(NEVER)
        waiting = await front.edit({"Prefer": "respond-async"}, callback_url=URL)
        ended = await front.edit(callback_url=URL)
        plain = await front.edit()
        await told(front, ended.json["id"], OutboxState.DELIVERED, 204)
        later = await front.ask("GET", f"/v1/edits/{ended.json['id']}")
        listed = await front.ask("GET", "/v1/edits")

    nothing = {"tries": 0, "last_status": None, "next_at": None}
    assert waiting.json["callback"] == {**nothing, "state": "waiting"}
    assert ended.json["callback"] == {
        **nothing,
        "state": "due",
        "next_at": "2026-11-20T09:00:00.000000Z",
    }
    assert plain.json["callback"] is None
    delivered = {"state": "delivered", "tries": 1, "last_status": 204, "next_at": None}
    assert later.json["callback"] == delivered
    assert [edit["callback"] for edit in listed.json["edits"]] == [
        None,
        delivered,
        waiting.json["callback"],
    ]
    assert not any("token" in one.text for one in (waiting, ended, later, listed))


async def test_an_address_that_the_guard_refuses_buys_nothing(tmp_path: Path) -> None:
    """It is said at once, not after the edit was paid for."""
    async with open_front(tmp_path) as front:
        answer = await front.edit(callback_url="https://10.0.0.7/hooks")
        sent = front.stage.troupe.sent

    assert (answer.status, answer.json["code"], sent) == (422, "invalid_job", [])
    assert "`callback_url`" in answer.json["detail"]


async def test_it_is_told_again_on_command(tmp_path: Path) -> None:
    """The job's own tenant may say so; the callback is due at once."""
    async with open_front(tmp_path) as front:
        job_id = (await front.edit(callback_url=URL)).json["id"]
        await told(front, job_id, OutboxState.FAILED, 500)
        front.clock.advance(60)
        answer = await front.ask("POST", f"/v1/edits/{job_id}/callback/redeliver")

    assert answer.status == 200
    assert answer.json == {
        "id": job_id,
        "callback": {
            "state": "due",
            "tries": 0,
            "last_status": 500,
            "next_at": "2026-11-20T09:01:00.000000Z",
        },
    }


async def test_what_cannot_be_told_again_says_why(tmp_path: Path) -> None:
    """No callback, no end yet, or no address any more; and a viewer may not say so at all."""
    async with open_front(tmp_path) as front:
        plain = (await front.edit()).json["id"]
        done = (await front.edit(callback_url=URL)).json["id"]
        front.stage.troupe.acts["shortapi"].append(NEVER)
        running = await front.edit({"Prefer": "respond-async"}, callback_url=URL)
        await told(front, done, OutboxState.DELIVERED)
        front.clock.advance(1)
        await front.stage.ledger.forget_addresses(front.clock.now())
        answers = [
            await front.ask("POST", f"/v1/edits/{job_id}/callback/redeliver")
            for job_id in (plain, running.json["id"], done)
        ]
        _, viewer = await front.mint(role=Role.VIEWER)
        path = f"/v1/edits/{done}/callback/redeliver"
        forbidden = await front.ask("POST", path, key=viewer)

    assert [(answer.status, answer.json["detail"].partition(":")[0]) for answer in answers] == [
        (404, "This edit has no callback"),
        (422, "The edit has not ended"),
        (422, "Where to is forgotten"),
    ]
    assert forbidden.status == 403


async def test_administrators_list_all_of_them(tmp_path: Path) -> None:
    """By pages and by state; of an address only the host, for its path may be a secret too."""
    async with open_front(tmp_path) as front:
        jobs = [(await front.edit(callback_url=URL)).json["id"] for _ in range(3)]
        await told(front, jobs[0], OutboxState.REFUSED)
        _, admin = await front.mint("ops", Role.ADMIN)
        whole = await front.ask("GET", "/v1/callbacks", key=admin)
        page = await front.ask("GET", "/v1/callbacks?limit=2", key=admin)
        rest = await front.ask("GET", f"/v1/callbacks?after={page.json['after']}", key=admin)
        refused = await front.ask("GET", "/v1/callbacks?state=refused", key=admin)
        forbidden = await front.ask("GET", "/v1/callbacks")

    newest_first = sorted(jobs, reverse=True)
    assert [one["id"] for one in whole.json["callbacks"]] == newest_first
    assert [one["id"] for one in page.json["callbacks"]] == newest_first[:2]
    assert [one["id"] for one in rest.json["callbacks"]] == newest_first[2:]
    assert (whole.json["after"], rest.json["after"]) == (None, None)
    (one,) = refused.json["callbacks"]
    assert (one["id"], one["tenant"], one["host"], one["dialect"]) == (
        *(jobs[0], "acme", "app.example", "native"),
    )
    assert one["tried_at"] == "2026-11-20T09:00:00.000000Z"
    assert "secret" not in whole.text + refused.text
    assert forbidden.status == 403


@pytest.mark.parametrize("query", ["state=gone", "after=7", "limit=0", "tenant=acme"])
async def test_a_list_that_cannot_be_is_malformed(tmp_path: Path, query: str) -> None:
    """With a sentence on what may stand there."""
    async with open_front(tmp_path) as front:
        _, admin = await front.mint("ops", Role.ADMIN)
        answer = await front.ask("GET", f"/v1/callbacks?{query}", key=admin)

    assert (answer.status, answer.json["code"]) == (400, "malformed")


async def test_each_tenant_reads_its_own_secret(tmp_path: Path) -> None:
    """The same each time; another's only an administrator, and a viewer none."""
    async with open_front(tmp_path) as front:
        path = "/v1/callbacks/secret"
        own = await front.ask("GET", path)
        again = await front.ask("GET", f"{path}?tenant=acme")
        others = await front.ask("GET", f"{path}?tenant=other")
        _, admin = await front.mint("ops", Role.ADMIN)
        _, viewer = await front.mint(role=Role.VIEWER)
        by_admin = await front.ask("GET", f"{path}?tenant=acme", key=admin)
        admins = await front.ask("GET", path, key=admin)
        by_viewer = await front.ask("GET", path, key=viewer)
        master = await front.stage.ledger.secret(MASTER)

    assert own.json == again.json == by_admin.json
    secret = base64.b64decode(own.json["secret"].removeprefix("whsec_"))
    assert (own.json["tenant"], secret) == ("acme", tenant_secret(master, "acme"))
    assert admins.json["tenant"] == "ops"
    assert admins.json["secret"] != own.json["secret"]
    assert (others.status, by_viewer.status) == (403, 403)
