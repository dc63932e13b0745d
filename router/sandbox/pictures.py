"""
What the providers' models would paint: the input, visibly edited, or something of its own.

The same picture for the same request, always: tint, pattern and frame follow from the prompt.
Painting is slow (a second for 4k), so it happens when the result is fetched, not before.
"""

import base64
import binascii
import hashlib
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from PIL import Image, ImageDraw, ImageFont, ImageOps

from router.sandbox.samples import sample_bytes
from router.sandbox.wire import is_web_url, path_of

_SIDES = {"1k": 1024, "2k": 2048, "4k": 4096}
_PIXELS_MAX = 64_000_000
_CAPTION_LETTERS = 70
_DATA_URL = re.compile(r"data:image/[a-z.+-]+;base64,", re.IGNORECASE)

_UNREADABLE = (
    Image.DecompressionBombError,
    OSError,  # UnidentifiedImageError is one.
    SyntaxError,
    ValueError,
)

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything that decides what a result looks like."""

    prompt: str = field(repr=False)
    resolution: str
    """`1k`, `2k`, `4k`; anything else is painted as 1k."""
    aspect_ratio: str | None = None
    """`16:9`; None follows the input, or is square."""
    output_format: Literal["png", "jpeg"] = "png"
    source: bytes | None = field(default=None, repr=False)
    """The first input's bytes, when they were at hand."""
    side_max: int | None = None

    @property
    def content_type(self) -> str:
        """The media type of what is painted."""
        return f"image/{self.output_format}"


def read_source(url: str) -> bytes | None:
    """
    Get the bytes behind an input, without dialling anybody.

    Returns:
        The content of a data-URL, or the sandbox's own sample of that path; None for the rest.
    """
    if prefix := _DATA_URL.match(url):
        try:
            return base64.b64decode(url[prefix.end() :], validate=True)
        except binascii.Error:
            return None
    if is_web_url(url):
        return sample_bytes(path_of(url).removeprefix("/samples/"))
    return None


def paint(picture: Picture) -> bytes:
    """Paint it. Slow: keep it off the event loop."""
    digest = hashlib.sha256(picture.prompt.encode()).digest()
    source = _open(picture.source)
    size = _size(picture, source)
    canvas = _backdrop(size, digest) if source is None else ImageOps.fit(source, size)
    tint = Image.new("RGB", size, (digest[0], digest[1], digest[2]))
    canvas = Image.blend(canvas, tint, 0.25)
    _pattern(canvas, digest[3:11])
    _frame(canvas, picture.prompt, (255 - digest[0], 255 - digest[1], 255 - digest[2]))
    written = io.BytesIO()
    if picture.output_format == "jpeg":
        canvas.save(written, "JPEG", quality=88)
    else:
        canvas.save(written, "PNG", compress_level=1)
    return written.getvalue()


def _open(source: bytes | None) -> Image.Image | None:
    """Read an input that may be anything; None when it is not a picture we dare to open."""
    if source is None:
        return None
    try:
        opened = Image.open(io.BytesIO(source), formats=("PNG", "JPEG", "WEBP"))
        if math.prod(opened.size) > _PIXELS_MAX:
            return None
        return ImageOps.exif_transpose(opened).convert("RGB")
    except _UNREADABLE:
        return None


def _size(picture: Picture, source: Image.Image | None) -> tuple[int, int]:
    """Spread the tier's pixels over the shape, in multiples of 16 as the model does."""
    shape = 1.0 if source is None else source.width / source.height
    if picture.aspect_ratio is not None:
        wide, _, high = picture.aspect_ratio.partition(":")
        shape = int(wide) / int(high)
    side = _SIDES.get(picture.resolution, _SIDES["1k"])
    width, height = side * math.sqrt(shape), side / math.sqrt(shape)
    shrink = 1.0
    if picture.side_max is not None:
        shrink = min(1.0, picture.side_max / max(width, height))
    grain = 16 if shrink == 1.0 else 1
    return _even(width * shrink, grain), _even(height * shrink, grain)


def _even(length: float, grain: int) -> int:
    return max(grain, round(length / grain) * grain)


def _backdrop(size: tuple[int, int], digest: bytes) -> Image.Image:
    upper: Colour = (digest[11], digest[12], digest[13])
    lower: Colour = (digest[14], digest[15], digest[16])
    return ImageOps.colorize(Image.linear_gradient("L"), upper, lower).resize(size)


def _pattern(canvas: Image.Image, marks: Sequence[int]) -> None:
    """Write the prompt's hash into the corner: 8 by 8 squares, one a bit."""
    pen = ImageDraw.Draw(canvas)
    square = max(1, min(canvas.size) // 40)
    for row, byte in enumerate(marks):
        for column in range(8):
            left, top = square * (column + 2), square * (row + 2)
            lit = 235 if byte >> column & 1 else 25
            pen.rectangle((left, top, left + square - 1, top + square - 1), fill=(lit, lit, lit))


def _frame(canvas: Image.Image, prompt: str, colour: Colour) -> None:
    pen = ImageDraw.Draw(canvas)
    width, height = canvas.size
    border = max(1, min(canvas.size) // 60)
    pen.rectangle((0, 0, width - 1, height - 1), outline=colour, width=border)
    letters = " ".join(prompt.split())[:_CAPTION_LETTERS]
    font = ImageFont.load_default(size=max(8, width // 40))
    strip = max(10, width // 20)
    pen.rectangle((0, height - strip, width, height), fill=colour)
    ink = (0, 0, 0) if sum(colour) > 3 * 127 else (255, 255, 255)
    pen.text((border * 2, height - strip + strip // 5), letters, fill=ink, font=font)
