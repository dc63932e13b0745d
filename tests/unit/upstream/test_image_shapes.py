"""Shapes of images, fetched at most once."""

import base64
import struct

import pytest

from router.upstream.addresses import Why
from router.upstream.fetcher import FetchFailed
from router.upstream.guard import FetchRefused
from router.upstream.image_shapes import FETCH_DEADLINE_S, PREFIX_BYTES, ImageShapes


def png(width: int, height: int) -> bytes:
    """The first bytes of a PNG."""
    return b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + struct.pack(">II", width, height)


class Pictures:
    """A fetcher of fixed pictures that counts."""

    def __init__(self, shown: dict[str, bytes | Exception]) -> None:
        self.shown = shown
        self.asked: list[str] = []

    async def fetch_prefix(self, url: str, bytes_max: int, *, deadline_s: float = 1.0) -> bytes:
        """Show the picture."""
        assert bytes_max == PREFIX_BYTES
        assert deadline_s == FETCH_DEADLINE_S
        self.asked.append(url)
        what = self.shown[url]
        if isinstance(what, Exception):
            raise what
        return what


async def test_a_fetched_shape_is_remembered() -> None:
    """A picture is fetched once, however often its shape is asked."""
    pictures = Pictures({"https://a.example/1": png(10, 20)})
    shapes = ImageShapes(pictures)

    assert await shapes.shape_of("https://a.example/1") == (10, 20)
    assert await shapes.shape_of("https://a.example/1") == (10, 20)
    assert pictures.asked == ["https://a.example/1"]


async def test_the_longest_unused_is_forgotten() -> None:
    """The memory is bounded, and what is used stays in it."""
    pictures = Pictures({"https://a": png(1, 2), "https://b": png(3, 4), "https://c": png(5, 6)})
    shapes = ImageShapes(pictures, remembered_max=2)

    for url in ("https://a", "https://b", "https://a", "https://c", "https://a", "https://b"):
        await shapes.shape_of(url)
    assert pictures.asked == ["https://a", "https://b", "https://c", "https://b"]


@pytest.mark.parametrize(
    "trouble", [FetchRefused(Why.PRIVATE), FetchFailed("no"), b"<html>", png(0, 4)]
)
async def test_what_cannot_be_read_is_asked_again(trouble: bytes | Exception) -> None:
    """A picture that could not be read has no shape now, and may have one later."""
    pictures = Pictures({"https://a": trouble})
    shapes = ImageShapes(pictures)

    assert await shapes.shape_of("https://a") is None
    pictures.shown["https://a"] = png(7, 8)
    assert await shapes.shape_of("https://a") == (7, 8)


async def test_data_urls_are_not_fetched() -> None:
    """A picture inside the request needs no network."""
    pictures = Pictures({})
    shapes = ImageShapes(pictures)
    inside = base64.b64encode(png(30, 40) + bytes(PREFIX_BYTES)).decode()

    assert await shapes.shape_of("Data:image/png;base64," + inside) == (30, 40)
    assert await shapes.shape_of("data:image/png;base64,*") is None
    assert pictures.asked == []
