"""Sessions of browsers: who they let in, where, and for how long."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from router.ledger.commands import SaveKey
from router.web.dashboard.session import COOKIE, LASTS, SECRET, written
from router.web.keys import Role
from tests.page_kit import session_of
from tests.web_stage import Front, open_front

PAGE = "/dashboard"


async def test_a_session_opens_pages_and_nothing_else(tmp_path: Path) -> None:
    """What buys, changes or tells programs takes a key: no other site's form can use a session."""
    async with open_front(tmp_path) as front:
        _, key = await front.mint("house", Role.ADMIN)
        front.key, sent = None, await session_of(front, key)
        opened = await front.ask("GET", PAGE, headers=sent)
        told = await front.ask("GET", "/v1/spend", headers=sent)
        bought = await front.ask("POST", "/v1/edits", {"prompt": "x"}, headers=sent)
        key_wins = await front.ask("GET", PAGE, headers=sent, key="fbx_wrong")

    assert opened.status == 200
    assert [told.status, bought.status, key_wins.status] == [401, 401, 401]


async def test_a_session_ends_with_its_time(tmp_path: Path) -> None:
    """Not a second later."""
    async with open_front(tmp_path) as front:
        _, key = await front.mint("acme", Role.VIEWER)
        front.key, sent = None, await session_of(front, key)
        front.clock.advance(LASTS.total_seconds() - 1)
        last = await front.ask("GET", PAGE, headers=sent)
        front.clock.advance(1)
        late = await front.ask("GET", PAGE, headers=sent)

    assert (last.status, late.status) == (200, 401)


async def test_a_session_ends_with_its_key(tmp_path: Path) -> None:
    """Revoked is revoked, whoever signed in before."""
    async with open_front(tmp_path) as front:
        key_id, key = await front.mint("acme", Role.VIEWER)
        _, admin = await front.mint("house", Role.ADMIN)
        front.key, sent = None, await session_of(front, key)
        await front.ask("DELETE", f"/v1/keys/{key_id}", key=admin)
        answer = await front.ask("GET", PAGE, headers=sent)

    assert answer.status == 401
    assert "Sign in" in answer.text


async def test_a_session_of_the_environments_key_ends_when_that_changes(tmp_path: Path) -> None:
    """It is in no store, so its own digest is what the session is bound to."""
    first, second = "first-admin-key-of-1", "second-admin-key-of-2"
    async with open_front(tmp_path, admin_key=first, keyless=True) as front:
        sent = await session_of(front, first)
        opened = await front.ask("GET", PAGE, headers=sent)
    statuses = [opened.status]
    for number, admin_key in enumerate((second, None)):
        folder = tmp_path / str(number)
        async with open_front(folder, admin_key=admin_key) as front:
            front.key = None
            secret = await front.stage.ledger.secret(SECRET)
            ends_at = front.clock.now() + timedelta(hours=1)
            forged = written(secret, "environment", "another digest", ends_at)
            answers = [
                await front.ask("GET", PAGE, headers=one)
                for one in (sent, {"Cookie": f"{COOKIE}={forged}"})
            ]
            statuses.extend(answer.status for answer in answers)

    assert statuses == [200, 401, 401, 401, 401]


@pytest.mark.parametrize("change", ["id", "ends", "session", "mac", "digest", "shape", "nobody"])
async def test_a_forged_session_is_none(tmp_path: Path, change: str) -> None:
    """Another key's id, a later end, a guessed signature, another key by the same id."""
    async with open_front(tmp_path) as front:
        mine, _ = await front.mint("acme", Role.VIEWER)
        other, _ = await front.mint("zeta", Role.VIEWER)
        row = await front.stage.ledger.key(mine)
        assert row is not None
        secret, ends_at = await front.stage.ledger.secret(SECRET), front.clock.now() + LASTS
        value = written(secret, mine, row.digest, ends_at)
        key_id, ends, one, mac = value.split(".")
        front.key = None
        forged = {
            "id": f"{other}.{ends}.{one}.{mac}",
            "ends": f"{key_id}.{int(ends) + 1}.{one}.{mac}",
            "mac": f"{key_id}.{ends}.{one}.{'0' * 64}",
            "session": f"{key_id}.{ends}.{'0' * 32}.{mac}",
            "digest": written(secret, mine, "0" * 64, ends_at),
            "shape": value.upper(),
            "nobody": written(secret, "0" * 8, row.digest, ends_at),
        }[change]
        good = await front.ask("GET", PAGE, headers={"Cookie": f"{COOKIE}={value}"})
        bad = await front.ask("GET", PAGE, headers={"Cookie": f"{COOKIE}={forged}"})

    assert (good.status, bad.status) == (200, 401)


async def test_without_keys_an_old_session_is_in_nobodys_way(tmp_path: Path) -> None:
    """Cookies of one address are those of all its ports: another router's may come along."""
    async with open_front(tmp_path, keyless=True) as front:
        answer = await front.ask(
            "GET", PAGE, headers={"Cookie": f"{COOKIE}=a.1.{'0' * 32}.{'0' * 64}"}
        )

    assert answer.status == 200


async def test_a_rotated_keys_session_ends_with_its_grace(tmp_path: Path) -> None:
    """As the key itself does."""
    async with open_front(tmp_path) as front:
        key_id, key = await front.mint("acme", Role.VIEWER)
        front.key, sent = None, await session_of(front, key)
        row = await front.stage.ledger.key(key_id)
        assert row is not None
        ended = replace(row, expires_at=front.clock.now())
        await front.stage.ledger.submit(SaveKey(at=front.clock.now(), key=ended))
        answer = await front.ask("GET", PAGE, headers=sent)

    assert answer.status == 401


async def signed_out(front: Front, sent: dict[str, str]) -> int:
    """Sign out as a browser does; gives the status."""
    assert front.client is not None
    answer = await front.client.post("/dashboard/sign-out", headers=sent, allow_redirects=False)
    return answer.status


async def test_a_session_that_was_signed_out_of_opens_nothing(tmp_path: Path) -> None:
    """Nor does a copy of its cookie; the key's other sessions go on."""
    async with open_front(tmp_path) as front:
        _, key = await front.mint("acme", Role.VIEWER)
        front.key, mine = None, await session_of(front, key)
        others = await session_of(front, key)
        before = await front.ask("GET", PAGE, headers=mine)
        statuses = [await signed_out(front, mine) for _ in range(2)]
        after = [await front.ask("GET", PAGE, headers=one) for one in (mine, others)]

    assert mine != others
    assert before.status == 200
    assert statuses == [303, 303]
    assert [one.status for one in after] == [401, 200]


async def test_what_was_signed_out_of_is_kept_while_it_could_be_used(tmp_path: Path) -> None:
    """Also over a restart; then it is dropped. What nobody signed is not kept at all."""
    async with open_front(tmp_path) as front:
        _, key = await front.mint("acme", Role.VIEWER)
        front.key, first = None, await session_of(front, key)
        first_id = first["Cookie"].split(".")[2]
        await signed_out(front, first)
        await signed_out(front, {"Cookie": f"{COOKIE}=a.1.{'0' * 32}.{'0' * 64}"})
        await signed_out(front, {})
        kept = [await front.stage.ledger.is_ended(one) for one in (first_id, "0" * 32)]
        front.clock.advance(LASTS.total_seconds())
        await signed_out(front, await session_of(front, key))
        dropped = await front.stage.ledger.is_ended(first_id)

    assert kept == [True, False]
    assert dropped is False
