import base64
import io
from typing import Any

import pytest
from PIL import Image

from router.sandbox.gallery import bomb_png
from router.sandbox.pictures import Picture, paint, read_source
from router.sandbox.samples import SAMPLE_NAMES, sample_bytes, sample_type
from tests.sandboxes import Stage


def painted(**overrides: Any) -> Image.Image:
    """Paint and decode a small picture."""
    fields: dict[str, Any] = {"prompt": "make it blue", "resolution": "1k", "side_max": 64}
    return Image.open(io.BytesIO(paint(Picture(**{**fields, **overrides}))))


def test_the_same_request_gives_the_same_bytes() -> None:
    """Another prompt, another picture."""
    assert painted().tobytes() == painted().tobytes()
    assert painted().tobytes() != painted(prompt="make it red").tobytes()


@pytest.mark.parametrize(
    ("resolution", "ratio", "size"),
    [
        ("1k", None, (1024, 1024)),
        ("1k", "16:9", (1360, 768)),
        ("2k", "1:1", (2048, 2048)),
        ("", "2:3", (832, 1248)),
    ],
)
def test_has_the_asked_resolution_and_shape(
    resolution: str, ratio: str | None, size: tuple[int, int]
) -> None:
    """In multiples of 16."""
    assert painted(resolution=resolution, aspect_ratio=ratio, side_max=None).size == size


def test_edits_the_input_visibly() -> None:
    """The input shines through, but not one pixel of the middle is as it was."""
    flat = Image.new("RGB", (300, 150), (10, 200, 30))
    written = io.BytesIO()
    flat.save(written, "PNG")

    edited = painted(source=written.getvalue())

    middle = edited.getpixel((32, 14))
    assert edited.size == (64, 32)
    assert middle != (10, 200, 30)
    assert isinstance(middle, tuple)
    assert middle[1] > max(middle[0], middle[2])


def huge_png() -> bytes:
    """Write a picture that can be read, and is larger than anyone should."""
    written = io.BytesIO()
    Image.new("1", (8100, 8100)).save(written, "PNG", compress_level=1)
    return written.getvalue()


@pytest.mark.parametrize(
    "source",
    [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", bomb_png(), huge_png()],
    ids=["empty", "text", "cut", "bomb", "huge"],
)
def test_an_input_that_cannot_be_read_is_painted_from_nothing(source: bytes) -> None:
    """Broken, empty, or dangerous."""
    assert painted(source=source).tobytes() == painted().tobytes()


def test_reads_data_urls_and_samples_only() -> None:
    """It dials nobody."""
    inline = "data:image/png;base64," + base64.b64encode(b"bytes").decode()

    assert read_source(inline) == b"bytes"
    assert read_source("data:image/png;base64,@@") is None
    assert read_source("data:text/html,hello") is None
    assert read_source("http://x.example/samples/mug.png") == sample_bytes("mug.png")
    assert read_source("http://x.example/other/mug.png") is None
    assert read_source("http://[broken/samples/mug.png") is None
    assert read_source("file:///samples/mug.png") is None


@pytest.mark.parametrize("name", SAMPLE_NAMES)
async def test_samples_are_served_as_what_they_are(name: str) -> None:
    """In two formats each."""
    answer = await Stage().ask("GET", f"/samples/{name}")
    picture = Image.open(io.BytesIO(answer.body))

    assert answer.headers["content-type"] == sample_type(name) == Image.MIME[picture.format or ""]
    assert picture.width * picture.height > 500_000


async def test_samples_have_different_shapes_and_no_others() -> None:
    """Wide, tall, square; the rest is 404."""
    stage = Stage()
    sizes = []
    for name in ("hills.png", "lamp.png", "mug.png"):
        body = (await stage.ask("GET", f"/samples/{name}")).body
        sizes.append(Image.open(io.BytesIO(body)).size)

    assert sizes == [(1280, 720), (768, 1024), (960, 960)]
    assert (await stage.ask("GET", "/samples/cat.gif")).status == 404
