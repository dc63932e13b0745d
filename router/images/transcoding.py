"""
From one kind of image to another, with Pillow: slow, so never on the event loop.

Nothing is decoded before its size is known, and nothing that would fill the memory: what comes here
was made by strangers.
"""

import io
import math
import warnings
from collections.abc import Generator
from contextlib import contextmanager

from PIL import Image, ImageOps

from router.images.kinds import MADE, Kind, Made, kind_of

PIXELS_MAX = 64_000_000
"""A 4k result has 17 million; four bytes of memory for each."""
JPEG_QUALITY = 92
WEBP_QUALITY = 90
_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA"})
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
_UNREADABLE = (
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,  # UnidentifiedImageError is one.
    SyntaxError,
    ValueError,
    EOFError,
    MemoryError,
)
# For the whole process: to set it for a while would set it for all threads, and not safely.
warnings.simplefilter("error", Image.DecompressionBombWarning)


class NotAnImage(Exception):
    """The bytes are no image, or none that may be opened; the text says why, without the bytes."""


def check(data: bytes) -> Kind:
    """
    See that bytes are an image of a size that may be opened. Decodes nothing.

    Raises:
        NotAnImage: They are not.
    """
    kind = kind_of(data)
    if kind is None:
        raise NotAnImage("it is no PNG, JPEG, GIF or WebP")
    with _opened(data):
        return kind


def as_wanted(data: bytes, wanted: str | None) -> tuple[Kind, bytes]:
    """
    An image as it is asked for, with its kind: as it came, if that will do. May be slow.

    Args:
        data: As it came.
        wanted: `png`, `jpeg` or `webp`; None for whatever it is.

    Raises:
        NotAnImage: There is nothing to be made of it.
    """
    kind = check(data)
    for made in MADE:
        if made == wanted != kind:
            return made, transcoded(data, made)
    return kind, data


def transcoded(data: bytes, wanted: Made) -> bytes:
    """
    Decode an image and write it as another kind. Slow: a second for 4k.

    What is transparent becomes white in a JPEG. Nothing but the pixels and the colour profile goes
    along: no comments, no places.

    Raises:
        NotAnImage: It cannot be decoded whole, or is too large to be.
    """
    with _opened(data) as image:
        upright = ImageOps.exif_transpose(image)
        profile = image.info.get("icc_profile")
        # A profile speaks of the colours that it was made for, and of no others.
        keep = {"icc_profile": profile} if profile and image.mode in {"RGB", "RGBA"} else {}
        written = io.BytesIO()
        if wanted == "jpeg":
            _on_white(upright).save(written, "JPEG", quality=JPEG_QUALITY, **keep)
        elif wanted == "webp":
            made = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            made.save(written, "WEBP", quality=WEBP_QUALITY, **keep)
        else:
            made = upright if upright.mode in _PNG_MODES else upright.convert("RGB")
            made.save(written, "PNG", **keep)
        return written.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    seen = image.convert("RGBA")
    paper = Image.new("RGBA", seen.size, (255, 255, 255, 255))
    return Image.alpha_composite(paper, seen).convert("RGB")


@contextmanager
def _opened(data: bytes) -> Generator[Image.Image]:
    """An image whose header is read, and whose pixels are not yet."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if math.prod(image.size) > PIXELS_MAX:
                raise NotAnImage(f"it has more than {PIXELS_MAX} pixels")
            yield image
    except _UNREADABLE as error:
        raise NotAnImage(f"it cannot be decoded ({type(error).__name__})") from error
