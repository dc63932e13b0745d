from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router.ledger.answers import Answer as LedgerAnswer
from router.ledger.commands import Command, SaveKey
from router.model.clock import from_rfc3339, rfc3339
from router.web.keys import Role
from tests.fakes import EPOCH
from tests.web_stage import Front, open_front

DAY_S = 86_400.0


async def as_admin(front: Front) -> None:
    """Ask as an administrator from now on."""
    _, front.key = await front.mint("house", Role.ADMIN)


async def test_two_keys_live_until_the_grace_is_over(tmp_path: Path) -> None:
    """The new one is like the former one, whose end is told; then only the new one works."""
    async with open_front(tmp_path) as front:
        key_id, old = await front.mint("globex", Role.VIEWER, tags=(("team", "shop"),))
        await as_admin(front)
        made = await front.ask("POST", f"/v1/keys/{key_id}/rotate", {"grace_s": 7 * DAY_S})
        new = made.json["key"]
        during = [(await front.ask("GET", "/v1/edits", key=key)).status for key in (old, new)]
        front.clock.advance(7 * DAY_S - 1)
        nearly = [(await front.ask("GET", "/v1/edits", key=key)).status for key in (old, new)]
        front.clock.advance(1)
        after = [(await front.ask("GET", "/v1/edits", key=key)).status for key in (old, new)]
        listed = await front.ask("GET", "/v1/keys")

    row = next(one for one in listed.json["keys"] if one["id"] == made.json["id"])
    assert made.status == 201
    assert (row["tenant"], row["role"], row["name"]) == ("globex", "viewer", "globex's viewer")
    assert (row["tags"], row["expires_at"]) == ({"team": "shop"}, None)
    assert made.json["former"]["id"] == key_id
    assert made.json["former"]["expires_at"] == rfc3339(EPOCH + timedelta(days=7))
    assert made.json["former"] in listed.json["keys"]
    assert (during, nearly, after) == ([200, 200], [200, 200], [401, 200])
    assert new not in listed.text


async def test_without_a_grace_the_former_key_ends_at_once(tmp_path: Path) -> None:
    """For a secret that has leaked; by default there are seven days."""
    async with open_front(tmp_path) as front:
        key_id, old = await front.mint("globex")
        other_id, _ = await front.mint("acme")
        await as_admin(front)
        await front.ask("POST", f"/v1/keys/{key_id}/rotate", {"grace_s": 0})
        usual = await front.ask("POST", f"/v1/keys/{other_id}/rotate", {})
        refused = await front.ask("GET", "/v1/edits", key=old)

    assert refused.status == 401
    assert usual.json["former"]["expires_at"] == rfc3339(EPOCH + timedelta(days=7))


async def test_a_key_with_an_end_has_a_successor_of_the_same_life(tmp_path: Path) -> None:
    """Unless the end is said; and a grace never lengthens the former one's life."""
    async with open_front(tmp_path) as front:
        key_id, _ = await front.mint(expires_at=EPOCH + timedelta(days=90))
        await as_admin(front)
        front.clock.advance(88 * DAY_S)
        path = f"/v1/keys/{key_id}/rotate"
        same = await front.ask("POST", path, {"grace_s": 5 * DAY_S})
        await front.ask("DELETE", f"/v1/keys/{same.json['id']}")
        said = await front.ask("POST", path, {"expires_at": "2027-03-04T05:06:07Z"})

    assert same.json["expires_at"] == rfc3339(EPOCH + timedelta(days=88 + 90))
    assert same.json["former"]["expires_at"] == rfc3339(EPOCH + timedelta(days=90))
    assert said.json["expires_at"] == "2027-03-04T05:06:07.000000Z"


async def test_of_a_key_and_its_successor_neither_is_rotated(tmp_path: Path) -> None:
    """Three would work at once; when one of them is over, the other may be."""
    async with open_front(tmp_path) as front:
        key_id, _ = await front.mint()
        await as_admin(front)
        made = await front.ask("POST", f"/v1/keys/{key_id}/rotate", {})
        ids = {"former": key_id, "new": made.json["id"]}
        again = {
            name: await front.ask("POST", f"/v1/keys/{one}/rotate", {"grace_s": 0})
            for name, one in ids.items()
        }
        keys = await front.stage.ledger.keys()
        front.clock.advance(7 * DAY_S)
        later = await front.ask("POST", f"/v1/keys/{ids['new']}/rotate", {})

    assert {name: one.status for name, one in again.items()} == {"former": 422, "new": 422}
    assert f"The key {ids['new']} works beside this one" in again["former"].json["detail"]
    assert f"The key {ids['former']} works beside this one" in again["new"].json["detail"]
    assert {row.id for row in keys} >= set(ids.values())
    assert len(keys) == 4
    assert later.status == 201


async def test_a_revocation_at_the_same_time_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before it does not let the key live on under another secret."""
    async with open_front(tmp_path) as front:
        key_id, _ = await front.mint()
        await as_admin(front)
        ledger = front.stage.ledger
        row, submit = await ledger.key(key_id), ledger.submit
        assert row is not None
        before = {one.id: one for one in await ledger.keys()}
        revoked = replace(row, revoked_at=EPOCH)

        async def late(command: Command) -> LedgerAnswer:
            await submit(SaveKey(at=EPOCH, key=revoked))
            return await submit(command)

        monkeypatch.setattr(ledger, "submit", late)
        answer = await front.ask("POST", f"/v1/keys/{key_id}/rotate", {})
        keys = await ledger.keys()

    assert answer.status == 422
    assert "This key was revoked at 2026-11-20T09:00:00.000000Z" in answer.json["detail"]
    assert {one.id: one for one in keys} == {**before, key_id: revoked}


@pytest.mark.parametrize("lives_until", ["2999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z"])
async def test_a_long_life_is_handed_on_within_bounds(tmp_path: Path, lives_until: str) -> None:
    """No sum of instants overflows, also for a key that was made before there were bounds."""
    async with open_front(tmp_path) as front:
        key_id, _ = await front.mint(expires_at=from_rfc3339(lives_until))
        await as_admin(front)
        front.clock.advance(DAY_S)
        made = await front.ask("POST", f"/v1/keys/{key_id}/rotate", {})

    assert made.status == 201
    assert made.json["expires_at"] == "3000-01-01T00:00:00.000000Z"


async def test_what_has_ended_does_not_live_on(tmp_path: Path) -> None:
    """A revoked or expired key has no successor; nothing is stored."""
    async with open_front(tmp_path) as front:
        revoked_id, _ = await front.mint()
        expired_id, _ = await front.mint(expires_at=EPOCH + timedelta(seconds=5))
        await as_admin(front)
        await front.ask("DELETE", f"/v1/keys/{revoked_id}")
        front.clock.advance(5)
        keys = [await front.stage.ledger.keys()]
        revoked = await front.ask("POST", f"/v1/keys/{revoked_id}/rotate", {})
        expired = await front.ask("POST", f"/v1/keys/{expired_id}/rotate", {})
        missing = await front.ask("POST", "/v1/keys/nobodys1/rotate", {})
        keys.append(await front.stage.ledger.keys())

    assert [revoked.status, expired.status, missing.status] == [422, 422, 404]
    assert "was revoked at 2026-11-20T09:00:00.000000Z: make a new one" in revoked.json["detail"]
    assert "expired at 2026-11-20T09:00:05.000000Z: make a new one" in expired.json["detail"]
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"grace_s": -1}, "`grace_s` must be at least 0."),
        ({"grace_s": 91 * DAY_S}, "`grace_s` must be at most 7776000."),
        ({"grace_s": "7d"}, "`grace_s` must be a number."),
        ({"expires_at": "2026-11-20T09:00:00Z"}, "`expires_at` is past."),
        ({"expires_at": "soon"}, "`expires_at` must be an instant, as 2027-01-01T00:00:00Z."),
        ({"expires_at": "3000-01-01T00:00:00Z"}, "`expires_at` must be before the year 3000."),
        ({"tenant": "mine"}, "`tenant` is not a field of this request."),
    ],
)
async def test_a_rotation_that_cannot_be_is_none(
    tmp_path: Path, body: dict[str, Any], told: str
) -> None:
    """The field is named, and the key goes on as before."""
    async with open_front(tmp_path) as front:
        key_id, _ = await front.mint()
        await as_admin(front)
        answer = await front.ask("POST", f"/v1/keys/{key_id}/rotate", body)
        row = await front.stage.ledger.key(key_id)

    assert (answer.status, answer.json["code"], answer.json["detail"]) == (400, "malformed", told)
    assert row is not None
    assert row.expires_at is None
