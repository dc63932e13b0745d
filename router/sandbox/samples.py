"""Pictures to edit, drawn here, so that a demonstration needs no network and no third party."""

import io
import math
from collections.abc import Callable, Mapping
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter, ImageOps

Size = tuple[int, int]


def _sky(size: Size, upper: str, lower: str) -> Image.Image:
    return ImageOps.colorize(Image.linear_gradient("L"), upper, lower).resize(size)


def _hills(size: Size) -> Image.Image:
    """Sunset over three ranges."""
    picture = _sky(size, "#27346b", "#f7b267")
    pen, (width, height) = ImageDraw.Draw(picture), size
    sun = height // 9
    pen.ellipse(_around(width * 2 // 3, height // 2, sun), fill="#ffe9a8")
    for layer, colour in enumerate(("#6d597a", "#355070", "#1b2a41")):
        base, swell = height * (55 + 13 * layer) / 100, height / (11 + 4 * layer)
        ridge = [
            (x, base - swell * math.sin(x / width * (5 + 3 * layer) + 2 * layer))
            for x in range(0, width + 8, 8)
        ]
        pen.polygon([(0, height), *ridge, (width, height)], fill=colour)
    return picture


def _lamp(size: Size) -> Image.Image:
    """A lamp on a table, at night."""
    picture = _sky(size, "#1d2233", "#3a3550")
    width, height = size
    glow = Image.new("L", size, 0)
    ImageDraw.Draw(glow).ellipse(_around(width // 2, height * 2 // 5, width // 3), fill=200)
    glow = glow.filter(ImageFilter.GaussianBlur(width // 10))
    picture.paste(Image.new("RGB", size, "#ffd98a"), mask=glow)
    pen, middle = ImageDraw.Draw(picture), width // 2
    pen.rectangle((0, height * 4 // 5, width, height), fill="#5b3a29")
    pen.rectangle((middle - 6, height // 2, middle + 6, height * 4 // 5), fill="#c9c4b5")
    pen.ellipse((middle - 70, height * 4 // 5 - 18, middle + 70, height * 4 // 5 + 18), "#c9c4b5")
    top, bottom = height // 4, height // 2
    shade = [(middle - 60, top), (middle + 60, top), (middle + 130, bottom), (middle - 130, bottom)]
    pen.polygon(shade, fill="#f4e1b5")
    return picture


def _mug(size: Size) -> Image.Image:
    """A product shot."""
    picture = _sky(size, "#f3f1ec", "#cfd6d8")
    pen, (width, height) = ImageDraw.Draw(picture), size
    left, right = width * 3 // 10, width * 6 // 10
    top, bottom = height * 3 // 10, height * 7 // 10
    lip = height // 20
    pen.ellipse((left - 30, bottom - lip, right + 90, bottom + 2 * lip), fill="#aeb8bb")
    pen.arc((right - 110, top + 60, right + 110, bottom - 40), -90, 90, fill="#b23a48", width=34)
    pen.rectangle((left, top, right, bottom), fill="#c8444f")
    pen.ellipse((left, bottom - lip, right, bottom + lip), fill="#c8444f")
    pen.ellipse((left, top - lip, right, top + lip), fill="#e8858d")
    pen.ellipse((left + 16, top - lip + 9, right - 16, top + lip - 5), fill="#3b2417")
    return picture


def _around(x: int, y: int, radius: int) -> tuple[int, int, int, int]:
    return (x - radius, y - radius, x + radius, y + radius)


_SAMPLES: Mapping[str, tuple[Callable[[Size], Image.Image], Size]] = {
    "hills": (_hills, (1280, 720)),
    "lamp": (_lamp, (768, 1024)),
    "mug": (_mug, (960, 960)),
}
_FORMATS = {"png": "PNG", "jpg": "JPEG"}

SAMPLE_NAMES = tuple(f"{name}.{ending}" for name in _SAMPLES for ending in _FORMATS)
"""File names under `/samples/`."""


@lru_cache(maxsize=len(SAMPLE_NAMES))
def sample_bytes(name: str) -> bytes | None:
    """Draw a sample; None for a name that is not one."""
    if name not in SAMPLE_NAMES:
        return None
    stem, _, ending = name.partition(".")
    draw, size = _SAMPLES[stem]
    written = io.BytesIO()
    draw(size).save(written, _FORMATS[ending])
    return written.getvalue()


def sample_type(name: str) -> str:
    """Name a sample's media type."""
    return "image/jpeg" if name.endswith(".jpg") else "image/png"
