"""A job's images, as its client asked to take them."""

import base64
import json
from datetime import timedelta
from pathlib import Path

from router.web.picturing import ShownImage, image_body
from tests.fakes import EPOCH
from tests.pictures import a_picture, pixels_of
from tests.policy_files import a_policy
from tests.stage import PICTURE
from tests.web_stage import open_front

PNG = a_picture()
DAY_S = 86_400


async def test_who_asks_for_base64_gets_the_image_itself(tmp_path: Path) -> None:
    """On create, on every reading, and while waiting; a list has links instead."""
    async with open_front(tmp_path) as front:
        front.stage.gallery.shows[PICTURE] = PNG
        made = await front.edit(response="base64")
        read = await front.ask("GET", f"/v1/edits/{made.json['id']}")
        waited = await front.ask("GET", f"/v1/edits/{made.json['id']}?wait=5")
        listed = await front.ask("GET", "/v1/edits")

    (image,) = made.json["images"]
    assert base64.b64decode(image["base64"]) == PNG
    assert (image["format"], "url" in image) == ("png", False)
    assert read.json["images"] == waited.json["images"] == [image]
    (link,) = listed.json["edits"][0]["images"]
    assert link.keys() == {"url", "expires_at"}
    assert image["base64"] not in listed.text


async def test_the_format_is_what_was_made(tmp_path: Path) -> None:
    """A cheap provider's PNG, told and given as the JPEG that was asked for."""
    async with open_front(tmp_path) as front:
        front.stage.gallery.shows[PICTURE] = PNG
        made = await front.edit(response="base64", output_format="jpeg")

    (image,) = made.json["images"]
    assert (made.json["provider"], image["format"]) == ("shortapi", "jpeg")
    assert pixels_of(base64.b64decode(image["base64"]))[0] == "JPEG"


async def test_without_a_public_address_links_lead_where_the_request_came_to(
    tmp_path: Path,
) -> None:
    """In the words of its Host; of one that cannot be a host, nothing is repeated."""
    policy = a_policy(keep={"results": "30d"})
    async with open_front(tmp_path, policy=policy) as front:
        front.stage.gallery.shows[PICTURE] = PNG
        made = await front.edit()
        path = f"/v1/edits/{made.json['id']}"
        named = await front.ask("GET", path, headers={"Host": "router.internal:8080"})
        odd = await front.ask("GET", path, headers={"Host": "a/b@c"})

    assert named.json["images"][0]["url"].startswith("http://router.internal:8080/results/")
    assert odd.json["images"][0]["url"].startswith("/results/")
    until = made.json["images"][0]["expires_at"]
    assert until == "2026-12-20T09:00:00.000000Z"


async def test_once_it_is_kept_no_more_the_bytes_are_null(tmp_path: Path) -> None:
    """The job is told all the same."""
    async with open_front(tmp_path) as front:
        front.stage.gallery.shows[PICTURE] = PNG
        made = await front.edit(response="base64")
        front.clock.advance(2 * DAY_S)
        await front.stage.sweep.once()
        read = await front.ask("GET", f"/v1/edits/{made.json['id']}")

    assert read.json["images"] == [
        {"base64": None, "format": "png", "expires_at": "2026-11-21T09:00:00.000000Z"}
    ]


async def test_a_result_that_could_not_be_kept_is_shown_where_it_is(tmp_path: Path) -> None:
    """Trouble with our disk takes nobody's image away."""
    async with open_front(tmp_path) as front:
        front.stage.gallery.shows[PICTURE] = PNG
        (tmp_path / "results").write_text("a file where a folder should be")
        made = await front.edit(response="base64")

    assert made.json["status"] == "succeeded"
    assert made.json["images"][0]["url"] == PICTURE


async def test_a_charge_for_nothing_is_told_to_the_client(tmp_path: Path) -> None:
    """As a 200, for the money is gone, with its code and what was charged."""
    async with open_front(tmp_path) as front:
        front.stage.gallery.shows[PICTURE] = b"<html>"
        answer = await front.edit(response="base64")

    body = answer.json
    assert (answer.status, body["status"], body["charged"]) == (200, "failed", "0.04")
    assert body["error"]["code"] == "result_unavailable"
    assert (body["images"], body["attempts"][0]["outcome"]) == ([], "result_unavailable")


def test_an_image_is_told_as_an_address_or_as_itself() -> None:
    """Never as both; and neither the one nor the other stands in a log."""
    until = EPOCH + timedelta(days=1)
    link = ShownImage(url="https://a.example/?signature=x", expires_at=until)
    itself = ShownImage(bytes=b"PNG", kind="png")

    assert image_body(link) == {
        "url": "https://a.example/?signature=x",
        "expires_at": "2026-11-21T09:00:00.000000Z",
    }
    assert image_body(itself) == {"base64": "UE5H", "format": "png", "expires_at": None}
    assert "signature" not in repr(link)
    assert "PNG" not in repr(itself)
    assert json.dumps(image_body(itself))
