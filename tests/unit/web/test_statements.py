"""Bills, balances and drift by HTTP: who may, and what is answered."""

from pathlib import Path
from typing import Any

import pytest

from router.model.clock import rfc3339
from router.model.job import AttemptState
from router.web.keys import Role
from tests.policy_files import a_policy
from tests.stage import Act, reported
from tests.web_stage import Answer, Front, open_front

PAID = {"provider": "shortapi", "name": "usage.csv"}


def a_csv(front: Front, *lines: tuple[str, str]) -> str:
    """Write a bill of now."""
    now = rfc3339(front.clock.now())
    return "ref,amount,at\n" + "".join(f"{ref},{amount},{now}\n" for ref, amount in lines)


async def asked(front: Front, key: str, text: str, **fields: Any) -> Answer:
    """Bring a bill."""
    body = {**PAID, "csv": text, **fields}
    return await front.ask("POST", "/v1/statements", body, key=key)


async def test_a_bill_is_compared_and_then_applied(tmp_path: Path) -> None:
    """Nothing is kept of it before it is; then it is listed, with who it was."""
    async with open_front(tmp_path) as front:
        _, admin = await front.mint(role=Role.ADMIN)
        edit = await front.edit()
        text = a_csv(front, ("shortapi-1", "0.05"), ("nobodys", "0.07"))
        before = await asked(front, admin, text)
        none = await front.ask("GET", "/v1/statements", key=admin)
        applied = await asked(front, admin, text, apply=True)
        listed = await front.ask("GET", "/v1/statements", key=admin)
        journal = front.journal(f"{edit.json['id']}.1")

    assert (before.status, before.json["applied"], none.json["statements"]) == (200, False, [])
    differs, stranger = before.json["findings"]
    assert (differs["kind"], differs["difference"], differs["applied"]) == (
        *("amount_differs", "0.01", False),
    )
    assert stranger["kind"] == "missing_here"
    assert [one["applied"] for one in applied.json["findings"]] == [True, False]
    (statement,) = listed.json["statements"]
    assert (statement["who"], statement["total"]) == ("acme's admin", "0.12")
    assert statement["id"] == applied.json["statement"]["id"]
    assert [kind for kind, _, _ in journal] == ["hold", "post", "adjust"]


async def test_a_line_that_repeats_another_is_told(tmp_path: Path) -> None:
    """Which one it is, and what to do about it: nothing is done by itself."""
    async with open_front(tmp_path) as front:
        _, admin = await front.mint(role=Role.ADMIN)
        await front.edit()
        text = a_csv(front, ("shortapi-1", "0.04"), ("shortapi-1", "0.04"))
        done = await asked(front, admin, text, apply=True)

    (finding,) = done.json["findings"]
    assert (done.json["agrees"], done.json["repeated"]) == (False, [{"line": 3, "same_as": 2}])
    assert (finding["action"], finding["billed"]) == (None, "0.08")
    assert "--posted 0.08 --force" in finding["why"]
    assert done.json["statement"]["total"] == "0.08"


async def test_a_bill_is_taken_back(tmp_path: Path) -> None:
    """It stays listed, with who took it back and why; one that is not there is not found."""
    async with open_front(tmp_path) as front:
        _, admin = await front.mint(role=Role.ADMIN)
        await front.edit()
        text = a_csv(front, ("shortapi-1", "0.05"))
        applied = await asked(front, admin, text, apply=True)
        path = f"/v1/statements/{applied.json['statement']['id']}/withdraw"
        taken = await front.ask("POST", path, {"reason": "the wrong file"}, key=admin)
        listed = await front.ask("GET", "/v1/statements", key=admin)
        again = await asked(front, admin, text, apply=True)
        nobodys = await front.ask(
            "POST", "/v1/statements/nobodys/withdraw", {"reason": "r"}, key=admin
        )

    assert (taken.status, again.status, nobodys.status) == (200, 422, 404)
    assert listed.json["statements"] == [taken.json]
    assert (taken.json["withdrawn"]["who"], taken.json["withdrawn"]["reason"]) == (
        *("acme's admin", "the wrong file"),
    )


async def test_a_bill_that_cannot_be_meant_is_refused(tmp_path: Path) -> None:
    """With its place in the file, or what is missing of its time, or who it is of."""
    async with open_front(tmp_path) as front:
        _, admin = await front.mint(role=Role.ADMIN)
        good = a_csv(front, ("r1", "0.04"))
        broken = await asked(front, admin, a_csv(front, ("r1", "much")))
        half = await asked(front, admin, good, **{"from": "2026-11-01T00:00:00Z"})
        columns = await asked(front, admin, good, columns={"price": "Cost"})
        stranger = await asked(front, admin, good, provider="runpot")

    assert [one.status for one in (broken, half, columns, stranger)] == [400, 400, 400, 422]
    assert broken.json["detail"] == "usage.csv:2:4: 'much' is no amount as 0.0875"
    assert "both `from` and `to`" in half.json["detail"]
    assert "takes ref, amount, at" in columns.json["detail"]
    assert stranger.json["detail"] == (
        "The price book has no provider 'runpot'; did you mean 'runpod'?"
    )


async def test_a_complete_bill_settles_by_its_silence(tmp_path: Path) -> None:
    """The HTTP face has the same meaning: an attempt in doubt is voided past its horizon."""
    async with open_front(tmp_path) as front:
        _, admin = await front.mint(role=Role.ADMIN)
        job = await front.in_doubt()
        since = rfc3339(front.clock.now())
        front.clock.advance(6 * 3600)
        times = {"from": since, "to": rfc3339(front.clock.now())}
        done = await asked(front, admin, "ref,amount,at\n", apply=True, **times)
        (row,) = await front.stage.ledger.attempts_of(job)

    assert (done.status, done.json["agrees"]) == (200, True)
    assert row.state is AttemptState.VOIDED


async def test_a_balance_is_kept_and_compared(tmp_path: Path) -> None:
    """What is left is what was read less what was posted; two readings are held to the books."""
    async with open_front(tmp_path) as front:
        _, admin = await front.mint(role=Role.ADMIN)
        first = await _read(front, admin, "41.20")
        front.clock.advance(60)
        await front.edit()
        front.clock.advance(60)
        second = await _read(front, admin, "41.11")
        none = await front.ask("GET", "/v1/balances?provider=runpod", key=admin)
        _, viewer = await front.mint(tenant="everyone", role=Role.VIEWER)
        seen = await front.ask("GET", "/v1/balances", key=viewer)
        verbose = await front.ask("GET", "/readyz?verbose", key=admin)
        strange = await front.ask("GET", "/readyz?verbose")

    assert (first.status, second.status) == (201, 201)
    assert first.json["balances"][0]["left"] == "41.20"
    (between,) = second.json["between"]
    assert (between["spent"], between["posted"], between["difference"]) == ("0.09", "0.04", "0.05")
    unread = {"provider": "runpod", "topped_up": "0.00", "credited": "0.00", "posted": "0.00"}
    assert none.json == {"balances": [], "unread": [unread], "between": []}
    assert second.json["unread"] == []
    assert seen.json == {**second.json, "unread": [unread]}
    assert verbose.json["providers"]["shortapi"]["credit"]["left"] == "41.11"
    assert "credit" not in verbose.json["providers"]["runpod"]
    assert "credit" not in strange.json["providers"]["shortapi"]


async def _read(front: Front, key: str, balance: str, **fields: Any) -> Answer:
    body = {"provider": "shortapi", "balance": balance, **fields}
    return await front.ask("POST", "/v1/balances", body, key=key)


async def test_a_balance_of_the_past_counts_what_was_posted_before(tmp_path: Path) -> None:
    """What was posted since is not left any more; of one instant there is one reading."""
    async with open_front(tmp_path) as front:
        _, admin = await front.mint(role=Role.ADMIN)
        began = rfc3339(front.clock.now())
        front.clock.advance(60)
        await front.edit()
        past = await _read(front, admin, "10.00", at=began)
        again = await _read(front, admin, "10.00", at=began)
        other = await _read(front, admin, "11.00", at=began)
        to_come = await _read(front, admin, "12.00", at="2026-11-21T09:00:00Z")

    assert past.json["balances"][0]["left"] == "9.96"
    assert again.json == past.json
    assert (other.status, other.json["detail"]) == (
        *(422, "There is a reading of that instant already: $10.00."),
    )
    assert to_come.status == 400


async def test_drift_and_its_proposal_are_told(tmp_path: Path) -> None:
    """Three charges of one other amount are a row for the price book."""
    policy = a_policy(failover={"providers_max": 1}, prefer={"order": ["runpod", "shortapi"]})
    async with open_front(tmp_path, policy=policy) as front:
        _, admin = await front.mint(role=Role.ADMIN)
        dear = Act(answers_after_s=0.0, ends_after_s=0.0, charge=reported("0.0869"))
        front.stage.troupe.acts["runpod"] = [dear, dear, dear]
        for _ in range(3):
            await front.edit()
        found = await front.ask("GET", "/v1/prices/drift", key=admin)

    (drift,) = found.json["drift"]
    assert (drift["provider"], drift["pinned"], drift["changed_to"], drift["under"]) == (
        *("runpod", "0.0875", "0.0869", "0.0018"),
    )
    assert [one["at_completion"] for one in drift["attempts"]] == ["0.0869"] * 3
    assert "1k: $0.0869" in found.json["proposal"]


async def test_drift_by_a_withdrawn_bill_is_told_apart_and_agrees_with_what_was_spent(
    tmp_path: Path,
) -> None:
    """It stays in both until a right bill comes, and proposes nothing."""
    async with open_front(tmp_path) as front:
        _, admin = await front.mint(role=Role.ADMIN)
        for _ in range(3):
            await front.edit()
        refs = [f"shortapi-{number}" for number in (1, 2, 3)]
        applied = await asked(
            front, admin, a_csv(front, *((ref, "0.053") for ref in refs)), apply=True
        )
        billed = await front.ask("GET", "/v1/prices/drift", key=admin)
        path = f"/v1/statements/{applied.json['statement']['id']}/withdraw"
        await front.ask("POST", path, {"reason": "the wrong column"}, key=admin)
        found = await front.ask("GET", "/v1/prices/drift", key=admin)
        spent = await front.ask("GET", "/v1/spend", key=admin)
        await asked(front, admin, a_csv(front, *((ref, "0.04") for ref in refs)), apply=True)
        right = await front.ask("GET", "/v1/prices/drift", key=admin)
        spent_then = await front.ask("GET", "/v1/spend", key=admin)

    (before,), (drift,), (after,) = (one.json["drift"] for one in (billed, found, right))
    assert (before["changed_to"], before["withdrawn"]) == ("0.053", 0)
    assert (drift["over"], drift["drifted"], drift["withdrawn"]) == ("0.039", 3, 3)
    assert (drift["changed_to"], drift["stopped"]) == (None, None)
    assert found.json["proposal"].startswith("# No price has changed")
    assert spent.json["drift"] == {"charges": 3, "over": "0.039", "under": "0.00"}
    assert (after["over"], after["drifted"], after["withdrawn"]) == ("0.00", 0, 0)
    assert spent_then.json["drift"] == {"charges": 0, "over": "0.00", "under": "0.00"}


@pytest.mark.parametrize("path", ["/v1/statements", "/v1/balances", "/v1/prices/drift"])
async def test_accounts_are_shown_to_who_sees_all_tenants(tmp_path: Path, path: str) -> None:
    """They tell of everybody's money."""
    async with open_front(tmp_path) as front:
        client = await front.ask("GET", path)
        _, viewer = await front.mint(tenant="everyone", role=Role.VIEWER)
        everyone = await front.ask("GET", path, key=viewer)

    assert (client.status, everyone.status) == (403, 200)


async def test_only_an_admin_writes(tmp_path: Path) -> None:
    """Neither a client nor a viewer of all tenants."""
    async with open_front(tmp_path) as front:
        _, viewer = await front.mint(tenant="everyone", role=Role.VIEWER)
        for key in (viewer, front.key):
            assert key is not None
            assert (await asked(front, key, "ref,amount,at\n")).status == 403
            assert (await _read(front, key, "1.00")).status == 403
