import io
from typing import Any

import pytest
from PIL import Image

from router.sandbox import gallery
from router.sandbox.faults import FAULTS, Kind
from router.sandbox.gallery import PICTURE_FAULTS
from router.sandbox.pictures import Picture, paint
from router.sandbox.samples import sample_bytes
from tests.sandboxes import Stage, edit_args, edit_input


def small_stage(**settings: Any) -> Stage:
    """Build a stage whose results are tiny."""
    return Stage(picture_side_max=48, **settings)


async def result_of(stage: Stage, **given: object) -> str:
    """Buy an image at Runpod and give its URL."""
    ref = await stage.ran(edit_input(**given))
    stage.pass_s()
    url: str = (await stage.state(ref))["output"]["result"]
    return url


def opened(body: bytes) -> Image.Image:
    """Decode a picture."""
    return Image.open(io.BytesIO(body))


def test_every_picture_fault_has_an_answer() -> None:
    """And every row is a fault that can be asked for."""
    pictures = {name for name, fault in FAULTS.items() if Kind.PICTURE in fault.at.values()}

    assert set(PICTURE_FAULTS) == pictures


async def test_a_result_is_a_picture_of_the_asked_kind() -> None:
    """PNG unless jpeg was asked for; of ShortAPI, PNG."""
    stage = small_stage()
    ref = await stage.created(edit_args(aspect_ratio="2:3"))
    png = await stage.fetch(await result_of(stage))
    jpeg = await stage.fetch(await result_of(stage, output_format="jpeg"))
    short = await stage.fetch((await stage.data(ref))["result"]["images"][0]["url"])

    assert (png.headers["content-type"], opened(png.body).format) == ("image/png", "PNG")
    assert (jpeg.headers["content-type"], opened(jpeg.body).format) == ("image/jpeg", "JPEG")
    assert opened(short.body).size == (32, 48)


async def test_the_same_url_shows_the_same_picture() -> None:
    """Every time."""
    stage = small_stage()
    url = await result_of(stage)

    assert (await stage.fetch(url)).body == (await stage.fetch(url)).body


async def test_a_result_edits_the_sandboxs_own_samples() -> None:
    """Two inputs, one prompt, two different results; the shape follows the input."""
    stage = small_stage()
    hills = await result_of(stage, images=["http://anywhere.example/samples/hills.png"])
    lamp = await result_of(stage, images=["http://anywhere.example/samples/lamp.jpg"])

    assert opened((await stage.fetch(hills)).body).size == (48, 27)
    assert opened((await stage.fetch(lamp)).body).size == (36, 48)


async def test_is_painted_only_when_looked_at() -> None:
    """And once, while it is remembered."""
    stage = small_stage()
    painted: list[Picture] = []

    async def painter(picture: Picture) -> bytes:
        painted.append(picture)
        return b"picture"

    stage.sandbox.paint_with(painter)
    url = await result_of(stage)
    assert painted == []

    await stage.fetch(url)
    assert (await stage.fetch(url)).body == b"picture"
    assert len(painted) == 1


async def test_remembers_only_the_latest() -> None:
    """Painted pictures are large; the one seen longest ago goes first."""
    stage = small_stage()
    urls = [await result_of(stage, prompt=f"version {number}") for number in range(8)]
    painted: list[str] = []

    async def painter(picture: Picture) -> bytes:
        painted.append(picture.prompt)
        return b"picture"

    stage.sandbox.paint_with(painter)
    for url in (*urls[:6], urls[0], *urls[6:], urls[0], urls[1]):
        await stage.fetch(url)

    assert painted == [*(f"version {number}" for number in range(8)), "version 1"]


async def test_urls_die_after_their_lifetime() -> None:
    """Seven days unless set otherwise; an invented one was never alive."""
    stage = small_stage(picture_lifetime_s=5000.0)
    url = await result_of(stage)
    assert (await stage.fetch(url)).status == 200

    stage.pass_s(5000)

    assert (await stage.fetch(url)).status == 404
    assert (await stage.fetch("http://sandbox.test/_images/runpod/0f.png")).status == 404


async def test_a_public_url_replaces_the_host() -> None:
    """For a sandbox behind a name."""
    stage = small_stage(public_url="https://sandbox.example")

    assert (await result_of(stage)).startswith("https://sandbox.example/_images/runpod/")


@pytest.mark.parametrize("operation", ["create", "image"])
async def test_a_result_can_be_spoilt_for_good_or_for_one_fetch(operation: str) -> None:
    """By a fault at the create, or at the fetch."""
    stage = small_stage()
    stage.sandbox.faults.inject("dead_result_url", operation=operation)
    url = await result_of(stage)

    statuses = [(await stage.fetch(url)).status for _ in range(2)]

    assert statuses == ([404, 404] if operation == "create" else [404, 200])
    assert stage.net() == "0.0875"


async def test_a_result_can_redirect_to_itself_or_anywhere() -> None:
    """Who follows the first gets the picture."""
    stage = small_stage()
    stage.sandbox.faults.inject("result_redirect", operation="create")
    stage.sandbox.faults.inject(
        "result_redirect", operation="image", location="http://169.254.169.254/latest"
    )
    url = await result_of(stage)

    inside, here = await stage.fetch(url), await stage.fetch(url)

    assert (inside.status, inside.headers["location"]) == (302, "http://169.254.169.254/latest")
    assert (here.status, here.headers["location"]) == (302, f"{url}?direct=1")
    assert opened((await stage.fetch(url, direct="1")).body).format == "PNG"


async def test_a_result_can_be_html_that_calls_itself_a_png() -> None:
    """The type lies."""
    stage = small_stage()
    stage.sandbox.faults.inject("result_not_an_image")
    answer = await stage.fetch(await result_of(stage))

    assert answer.headers["content-type"] == "image/png"
    assert answer.body.startswith(b"<!DOCTYPE html>")


async def test_a_result_can_be_a_bomb() -> None:
    """A valid PNG of 400 million pixels in less than 100 KB."""
    stage = small_stage()
    stage.sandbox.faults.inject("result_bomb")
    body = (await stage.fetch(await result_of(stage))).body

    assert len(body) < 100_000
    with pytest.raises(Image.DecompressionBombError):
        opened(body)


async def test_fetches_can_meet_the_faults_of_any_reply() -> None:
    """Of the provider that the picture is of."""
    stage = small_stage()
    url = await result_of(stage)
    for fault in ("accept_then_reset", "status_503", "truncated"):
        stage.sandbox.faults.inject(fault, operation="image", provider="runpod")
    stage.sandbox.faults.inject("status_500", operation="image", provider="shortapi")

    reset, unavailable, cut, whole = [await stage.fetch(url) for _ in range(4)]

    assert (reset.status, unavailable.status) == (0, 503)
    assert cut.wire is not None
    assert cut.body == whole.body


async def test_inputs_are_not_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are forgotten, and their results painted from nothing."""
    sample = sample_bytes("mug.jpg")
    assert sample is not None
    monkeypatch.setattr(gallery, "SOURCE_BYTES_MAX", len(sample) + 10)
    stage = small_stage()
    old = await result_of(stage, images=["http://a.example/samples/mug.jpg"])
    before = (await stage.fetch(old)).body
    new = await result_of(stage, images=["http://a.example/samples/mug.jpg"])

    plain = Picture(prompt="make the sky green", resolution="1k", side_max=48)
    assert (await stage.fetch(new)).body == before
    assert (await stage.fetch(old)).body == paint(plain)
