"""Small pictures as bytes, made here, in every kind that goes in."""

import io
import struct
import zlib
from typing import Any

from PIL import Image


def a_picture(kind: str = "PNG", size: tuple[int, int] = (8, 6), **options: Any) -> bytes:
    """Draw a picture of one colour; `mode` and `colour` can be chosen, the rest goes to Pillow."""
    mode, colour = options.pop("mode", "RGB"), options.pop("colour", (200, 30, 60))
    written = io.BytesIO()
    Image.new(mode, size, colour).save(written, kind, **options)
    return written.getvalue()


def pixels_of(data: bytes) -> tuple[str, tuple[int, int], Any]:
    """Tell a picture's format, its size, and the colour in its middle as red, green and blue."""
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
        middle = image.convert("RGB").getpixel((width // 2, height // 2))
        return str(image.format), image.size, middle


def a_bomb(side: int = 20_000) -> bytes:
    """Write a PNG that is tiny on the wire, and huge once it is decoded."""
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + side // 8)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(name, data) for name, data in parts)


def _part(name: bytes, data: bytes) -> bytes:
    whole = name + data
    return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))
