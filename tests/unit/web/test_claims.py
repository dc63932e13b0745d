from dataclasses import replace
from pathlib import Path

from router.web.keys import Role
from tests.policy_files import a_policy
from tests.stage import PICTURE, failed, reported
from tests.web_stage import AT_ONCE, open_front


async def test_what_was_billed_and_not_delivered_is_listed(tmp_path: Path) -> None:
    """With all that its provider can look it up by; what it delivered, or gave back, is not."""
    async with open_front(tmp_path, policy=a_policy(failover={"providers_max": 1})) as front:
        _, admin = await front.mint(role=Role.ADMIN)
        await front.edit()
        front.stage.gallery.shows[PICTURE] = b"<html>"
        dead = await front.edit(response="base64")
        ended = replace(AT_ONCE, ends=failed(reported=reported("0.031")))
        front.stage.troupe.acts["shortapi"] = [ended]
        front.clock.advance(60)
        broken = await front.edit(resolution="2k")
        all_of_it = await front.ask("GET", "/v1/claims", key=admin)
        of_now = await front.ask("GET", "/v1/claims?from=2026-11-20T09:01:00Z", key=admin)
        of_none = await front.ask("GET", "/v1/claims?provider=runpod", key=admin)
        of_nobody = await front.ask("GET", "/v1/claims?provider=runpood", key=admin)

    assert all_of_it.json["total"] == "0.071"
    first, second = all_of_it.json["claims"]
    assert first == {
        "provider": "shortapi",
        "provider_ref": "shortapi-2",
        "attempt": f"{dead.json['id']}.1",
        "job": dead.json["id"],
        "at": "2026-11-20T09:00:00.000000Z",
        "model": "nano-banana-2-edit",
        "resolution": "1k",
        "amount": "0.04",
        "why": "result_unavailable: The provider says it delivered, and there is no image: "
        "it is no PNG, JPEG, GIF or WebP",
    }
    assert (second["job"], second["amount"]) == (broken.json["id"], "0.031")
    assert second["why"] == "provider_attempt_failed: it broke"
    assert (of_now.json["claims"], of_now.json["total"]) == ([second], "0.031")
    assert of_none.json == {"claims": [], "total": "0.00"}
    assert (of_nobody.status, of_nobody.json["code"]) == (400, "malformed")
    assert of_nobody.json["detail"].endswith("'runpood'; did you mean 'runpod'?")


async def test_claims_are_for_who_sees_all_tenants(tmp_path: Path) -> None:
    """They name everybody's edits."""
    async with open_front(tmp_path) as front:
        client = await front.ask("GET", "/v1/claims")
        _, viewer = await front.mint(tenant="everyone", role=Role.VIEWER)
        everyone = await front.ask("GET", "/v1/claims", key=viewer)
        wrong = await front.ask("GET", "/v1/claims?tenant=acme", key=viewer)

    assert (client.status, everyone.status, wrong.status) == (403, 200, 400)
