"""Images that are kept here, for whoever has a link that is ours and good."""

import base64
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientResponse

from router.model.job import Response
from router.web.files import read_input, read_result
from tests.pictures import a_picture
from tests.stage import PICTURE
from tests.web_stage import PNG, Front, open_front

GIF = a_picture("GIF")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "no-store",
}


async def fetched(front: Front, link: str, method: str = "GET") -> tuple[ClientResponse, bytes]:
    """Follow a link, without a key."""
    assert front.client is not None
    parts = urlsplit(link)
    async with front.client.request(method, f"{parts.path}?{parts.query}") as response:
        return response, await response.read()


def test_both_say_what_they_serve() -> None:
    """Their first lines stand in the document of all routes."""
    assert (read_input.__doc__ or "").startswith("`GET /inputs/{name}`")
    assert (read_result.__doc__ or "").startswith("`GET /results/{name}`")


async def test_a_provider_fetches_what_a_client_sent(tmp_path: Path) -> None:
    """As what its bytes are, to be saved and not opened; what the client called it is not told."""
    lying = "data:text/html;base64," + PNG.partition(",")[2]
    async with open_front(tmp_path, hosts=True) as front:
        await front.edit(images=[lying])
        (link,) = front.stage.troupe.sent[0].job.images
        response, body = await fetched(front, link)

    assert (response.status, body) == (200, base64.b64decode(PNG.partition(",")[2]))
    assert response.content_type == "image/png"
    assert HEADERS.items() <= dict(response.headers).items()
    digest = urlsplit(link).path.rpartition("/")[2]
    assert response.headers["Content-Disposition"] == f'attachment; filename="{digest}.png"'


async def test_a_client_fetches_a_result_that_is_kept(tmp_path: Path) -> None:
    """By the link that it was told, which is the same each time it asks."""
    async with open_front(tmp_path, hosts=True) as front:
        front.stage.gallery.shows[PICTURE] = GIF
        made = await front.edit(output_format="jpeg")
        again = await front.ask("GET", f"/v1/edits/{made.json['id']}")
        listed = await front.ask("GET", "/v1/edits")
        (image,) = made.json["images"]
        response, body = await fetched(front, image["url"])

    assert image["url"].startswith(f"https://farebox.example/results/{made.json['id']}-1.jpg?")
    assert again.json["images"] == listed.json["edits"][0]["images"] == [image]
    assert (response.status, response.content_type) == (200, "image/jpeg")
    assert body.startswith(b"\xff\xd8\xff")
    assert HEADERS.items() <= dict(response.headers).items()


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("signature=1.", "signature=1.0"),
        ("expires=", "expires=1"),
        ("-1.png", "-2.png"),
        ("?", "?x&"),
    ],
)
async def test_a_link_that_is_not_ours_leads_nowhere(
    tmp_path: Path, was: str, becomes: str
) -> None:
    """Whatever is wrong with it, the answer is the same; what others add to a link is not read."""
    async with open_front(tmp_path) as front:
        front.stage.gallery.shows[PICTURE] = a_picture()
        made = await front.edit(response="base64")
        listed = await front.ask("GET", "/v1/edits")
        link = listed.json["edits"][0]["images"][0]["url"]
        response, body = await fetched(front, link.replace(was, becomes))

    assert made.status == 200
    assert response.status == (200 if was == "?" else 404)
    assert was == "?" or b"There is nothing here, or the link has expired." in body


async def test_who_asks_with_head_is_told_what_a_get_would_bring(tmp_path: Path) -> None:
    """Of inputs and of results, its kind and its length, without a body."""
    async with open_front(tmp_path, hosts=True) as front:
        front.stage.gallery.shows[PICTURE] = GIF
        made = await front.edit(images=[PNG], output_format="png")
        (sent,) = front.stage.troupe.sent[0].job.images
        for link in (sent, made.json["images"][0]["url"]):
            whole, data = await fetched(front, link)
            head, nothing = await fetched(front, link, "HEAD")
            broken, _ = await fetched(front, link.replace("expires=", "expires=1"), "HEAD")

            assert (head.status, nothing, broken.status) == (200, b"", 404)
            assert head.content_type == whole.content_type == "image/png"
            assert head.headers["Content-Length"] == str(len(data))
            assert HEADERS.items() <= dict(head.headers).items()


async def test_a_link_ends(tmp_path: Path) -> None:
    """With the time for which the result is kept, to the second."""
    async with open_front(tmp_path) as front:
        front.stage.gallery.shows[PICTURE] = GIF
        made = await front.edit(output_format="png")
        link = made.json["images"][0]["url"]
        front.clock.advance(timedelta(days=1).total_seconds() - 1)
        before, _ = await fetched(front, link)
        front.clock.advance(1)
        after, _ = await fetched(front, link)

    assert (before.status, after.status) == (200, 404)


async def test_a_good_link_to_what_is_gone_leads_nowhere(tmp_path: Path) -> None:
    """And one that we made for a name that is none does not either."""
    async with open_front(tmp_path, hosts=True) as front:
        until = front.clock.now() + timedelta(hours=1)
        made = await front.edit()
        answers = [
            await fetched(front, front.stage.links.to("", path, until))
            for path in (
                "/inputs/" + "0" * 64,
                "/inputs/..%2Fledger.db",
                "/results/0199d6f0-0000-7000-8000-000000000001-1.png",
                "/results/passwd",
                f"/results/{made.json['id']}-1.png",
            )
        ]

    assert [response.status for response, _ in answers] == [404] * 5


async def test_what_is_kept_and_is_no_image_is_not_shown(tmp_path: Path) -> None:
    """Not even to whoever has a link: nothing but images leaves by this door."""
    async with open_front(tmp_path, hosts=True) as front:
        digest = await front.stage.inputs.put(b"<script>", front.clock.now())
        link = front.stage.links.to("", f"/inputs/{digest}", front.clock.now() + timedelta(hours=1))
        response, _ = await fetched(front, link)

    assert response.status == 404


async def test_an_archive_that_cannot_be_read_is_asked_again(tmp_path: Path) -> None:
    """The image is not gone: the answer says so."""
    async with open_front(tmp_path) as front:
        front.stage.gallery.shows[PICTURE] = GIF
        made = await front.edit(output_format="png")
        (path,) = (tmp_path / "results").glob("*/*/*")
        path.unlink()
        path.mkdir()
        response, body = await fetched(front, made.json["images"][0]["url"])
        base64_too = await front.stage.ledger.job(made.json["id"])

    assert response.status == 503
    assert b"The image cannot be read now; ask again." in body
    assert base64_too is not None
    assert Response.URL in base64_too.request


async def test_who_cannot_be_shown_a_result_and_asks_again_is_given_it(tmp_path: Path) -> None:
    """The image that we failed to show was paid for: the same request again buys no other."""
    async with open_front(tmp_path) as front:
        front.stage.gallery.shows[PICTURE] = GIF
        made = await front.edit(output_format="png")
        (path,) = (tmp_path / "results").glob("*/*/*")
        data = path.read_bytes()
        path.unlink()
        path.mkdir()
        failed, _ = await fetched(front, made.json["images"][0]["url"])
        path.rmdir()
        path.write_bytes(data)
        again = await front.edit(output_format="png")
        sent = len(front.stage.troupe.sent)

    assert failed.status == 503
    assert (again.json["id"], again.headers.get("Idempotent-Replayed")) == (made.json["id"], "true")
    assert sent == 1
