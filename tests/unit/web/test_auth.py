import os
import pwd
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from router.ledger.commands import SaveKey
from router.web.auth import Caller
from router.web.keys import EVERYONE, Role, mint_key
from router.web.server import serve_on
from tests.fakes import EPOCH
from tests.web_stage import an_edit, open_front, open_house


async def test_a_key_is_sent_with_or_without_bearer(tmp_path: Path) -> None:
    """Both forms that clients use are understood, however `bearer` is written."""
    async with open_front(tmp_path) as front:
        for header in (f"Bearer {front.key}", f"bearer  {front.key}", f"{front.key}"):
            answer = await front.ask("GET", "/v1/edits", headers={"Authorization": header})
            assert answer.status == 200, header


async def test_without_a_good_key_nothing_is_shown(tmp_path: Path) -> None:
    """Each refusal says what is wrong with the key, in one shape, and how to get one."""
    async with open_front(tmp_path) as front:
        key = front.key or ""
        lost_id, lost = await front.mint("lost")
        row = await front.stage.ledger.key(lost_id)
        assert row is not None
        now = front.clock.now()
        await front.stage.ledger.submit(SaveKey(at=now, key=replace(row, revoked_at=now)))
        _, old = await front.mint("old", expires_at=now + timedelta(hours=3))
        _, other = await front.mint("other")
        front.clock.advance(3 * 3600)
        unknown = key.replace(key[4:12], "unknown8")
        forged = other[:13] + key[13:]
        told = {}
        for name, sent in {
            "none": "",
            "other": "sk-proj-123",
            "mistyped": key[:-1] + "!",
            "unknown": unknown,
            "forged": forged,
            "revoked": lost,
            "expired": old,
        }.items():
            answer = await front.ask("GET", "/v1/edits", headers={"Authorization": sent})
            assert answer.status == 401, name
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="farebox"'
            assert answer.json["code"] == "unauthorized"
            assert answer.json["retryable"] is False
            told[name] = answer.json["detail"]

    how = "Send one as `Authorization: Bearer fbx_…`; `farebox keys create` makes one."
    mistyped = "This is not a whole Farebox key: a character is missing or wrong."
    assert told == {
        "none": f"A Farebox key is needed. {how}",
        "other": f"A Farebox key is needed. {how}",
        "mistyped": mistyped,
        "unknown": mistyped,
        "forged": mistyped,
        "revoked": f"This key was revoked at 2026-11-20T09:00:00.000000Z. {how}",
        "expired": f"This key expired at 2026-11-20T12:00:00.000000Z. {how}",
    }


async def test_a_whole_key_of_another_house_is_unknown(tmp_path: Path) -> None:
    """Neither an unknown id nor a known id with another secret is let in."""
    async with open_front(tmp_path) as front:
        row_id, _ = await front.mint("theirs")
        row = await front.stage.ledger.key(row_id)
        assert row is not None
        foreign_row, foreign = mint_key(EPOCH, tenant="x", role=Role.ADMIN, name="foreign")

        unknown = await front.ask("GET", "/v1/edits", key=foreign)
        # As if another key had been given the same id.
        same_id = replace(row, id=foreign_row.id)
        await front.stage.ledger.submit(SaveKey(at=EPOCH, key=same_id))
        forged = await front.ask("GET", "/v1/edits", key=foreign)

    assert [unknown.status, forged.status] == [401, 401]
    assert unknown.json == forged.json
    assert "This key is not known here." in unknown.json["detail"]


async def test_the_environments_key_is_an_admins(tmp_path: Path) -> None:
    """It works before any other key exists, and from then on nobody gets in without one."""
    async with open_front(tmp_path, keyless=True, admin_key="opensesame") as front:
        keys = await front.ask("GET", "/v1/keys", key="opensesame")
        wrong = await front.ask("GET", "/v1/keys", key="opensesamf")
        none = await front.ask("GET", "/v1/keys")

    assert [keys.status, wrong.status, none.status] == [200, 401, 401]


async def test_without_keys_this_machines_programs_are_let_in(tmp_path: Path) -> None:
    """As tenant `local`; whatever key a client insists on sending is not looked at."""
    async with open_front(tmp_path, keyless=True) as front:
        answer = await front.edit()
        as_local = await front.ask("GET", "/v1/edits", key="sk-any")
        at_localhost = await front.ask("GET", "/", headers={"Host": "localhost:8080"})
        over_six = await front.ask("GET", "/v1/edits", headers={"Host": "[::1]:8080"})
        row = (await front.stage.ledger.jobs_of("local"))[0]

    assert answer.status == 200
    assert (row.tenant, row.key_id) == ("local", "local")
    assert [as_local.status, at_localhost.status, over_six.status] == [200, 200, 200]


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Host": "evil.example"}, "only at a loopback address"),
        ({"Host": "127.0.0.1.evil.example:80"}, "only at a loopback address"),
        ({"Host": "192.168.0.7"}, "only at a loopback address"),
        ({"Origin": "http://127.0.0.1"}, "does not answer web pages"),
        ({"Sec-Fetch-Site": "cross-site"}, "does not answer web pages"),
        ({"X-Forwarded-For": "203.0.113.9"}, "through a proxy"),
        ({"Forwarded": "for=203.0.113.9"}, "through a proxy"),
        ({"Content-Type": "text/plain"}, "must be declared"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "must be declared"),
    ],
)
async def test_without_keys_browsers_and_strangers_are_not(
    tmp_path: Path, headers: dict[str, str], why: str
) -> None:
    """A page that a browser shows can neither rebind a name nor post a form; nothing is bought."""
    async with open_front(tmp_path, keyless=True) as front:
        answer = await front.edit(headers)
        bought = await front.stage.ledger.jobs_of("local")

    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert why in answer.json["detail"]
    assert bought == []


async def test_the_operators_socket_is_an_admins_with_the_users_name(tmp_path: Path) -> None:
    """Whoever can open the socket beside the database is the system user, and may do all."""
    path = tmp_path / "farebox.sock"
    async with open_house(tmp_path) as front:
        await front.mint()
        async with (
            serve_on(front.app, "127.0.0.1", 0, unix_socket=path),
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
        ):
            async with session.get("http://farebox/v1/keys") as answer:
                assert answer.status == 200
            async with session.post("http://farebox/v1/edits", json=an_edit()) as answer:
                assert answer.status == 200
                job = await answer.json()
        row = await front.stage.ledger.job(job["id"])

    assert row is not None
    assert (row.tenant, row.key_id) == ("local", "socket")


async def test_a_user_without_a_name_is_told_by_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container the user often has no entry; the journal still says who."""

    def nobody(user_id: int) -> None:
        raise KeyError(user_id)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    path = tmp_path / "farebox.sock"
    async with (
        open_house(tmp_path) as front,
        serve_on(front.app, "127.0.0.1", 0, unix_socket=path),
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
    ):
        job_id = await front.in_doubt()
        settled = f"http://farebox/v1/attempts/{job_id}.1/settle"
        body = {"voided": True, "reason": "not on the invoice"}
        async with session.post(settled, json=body) as answer:
            assert answer.status == 200
        entries = front.journal(f"{job_id}.1")

    assert entries[-1] == ("void", f"user {os.getuid()}", "not on the invoice")


def test_who_sees_what() -> None:
    """An admin and a viewer for everyone see all tenants; everybody else their own."""
    seen = {
        (role, tenant): Caller(tenant=tenant, key_id="k", role=role, who="w").may_see("other")
        for role in Role
        for tenant in ("acme", EVERYONE)
    }

    assert {who for who, sees in seen.items() if sees} == {
        (Role.ADMIN, "acme"),
        (Role.ADMIN, EVERYONE),
        (Role.VIEWER, EVERYONE),
    }
    assert Caller(tenant="acme", key_id="k", role=Role.CLIENT, who="w").may_see("acme")
