"""
How large a picture is, from its first bytes. Nothing is decoded, and no bytes make it raise.

Sources: PNG (W3C, 11.2.2), JPEG (ITU T.81, B.2.2), Exif 2.3 (4.6.2), GIF89a (18), WebP (RFC 9649).
"""

import base64
import binascii
import struct
from urllib.parse import unquote_to_bytes

_VP8L_SIGNATURE = 0x2F
_JPEG_MARK = 0xFF
_JPEG_APP1 = 0xE1  # Where Exif stands.
# Start-of-frame markers: C0 to CF without the tables DHT, JPG and DAC.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_EXIF_ORIENTATION = 0x0112
_EXIF_LYING = frozenset({5, 6, 7, 8})


def size_of(prefix: bytes) -> tuple[int, int] | None:
    """
    Width and height in pixels, as the picture is shown, of a PNG, JPEG, GIF or WebP.

    Args:
        prefix: The file's first bytes. 64 KiB suffice for nearly all.

    Returns:
        None when it is none of these, or its size stands further on.
    """
    try:
        size = _size(prefix)
    except (struct.error, IndexError):
        return None
    if size is None or 0 in size:
        return None
    return size


def _size(prefix: bytes) -> tuple[int, int] | None:
    if prefix.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(prefix)
    if prefix.startswith(b"\xff\xd8"):
        return _jpeg(prefix)
    if prefix.startswith((b"GIF87a", b"GIF89a")):
        width, height = struct.unpack_from("<HH", prefix, 6)
        return width, height
    if prefix.startswith(b"RIFF") and prefix[8:12] == b"WEBP":
        return _webp(prefix)
    return None


def _png(prefix: bytes) -> tuple[int, int] | None:
    if prefix[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", prefix, 16)
    return width, height


def _webp(prefix: bytes) -> tuple[int, int] | None:
    kind = prefix[12:16]
    if kind == b"VP8 " and prefix[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", prefix, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and prefix[20] == _VP8L_SIGNATURE:
        (bits,) = struct.unpack_from("<I", prefix, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        width, rest, height, high = struct.unpack_from("<HBHB", prefix, 24)
        return (width | rest << 16) + 1, (height | high << 16) + 1
    return None


def _jpeg(prefix: bytes) -> tuple[int, int] | None:
    at, lying = 2, False
    while True:
        if prefix[at] != _JPEG_MARK:
            return None
        while prefix[at] == _JPEG_MARK:
            at += 1
        marker, at = prefix[at], at + 1
        if marker in _JPEG_WITHOUT_LENGTH:
            continue
        (length,) = struct.unpack_from(">H", prefix, at)
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", prefix, at + 3)
            return (height, width) if lying else (width, height)
        if marker == _JPEG_APP1:
            lying = _exif_is_lying(prefix[at + 2 : at + length])
        at += length


def _exif_is_lying(segment: bytes) -> bool:
    """Whether the picture is shown turned by a quarter, so that width and height change places."""
    if not segment.startswith(b"Exif\0\0"):
        return False
    tiff = segment[6:]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return False
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(count):
            tag, _kind, _count, value = struct.unpack_from(
                order + "HHIH", tiff, directory + 2 + entry * 12
            )
            if tag == _EXIF_ORIENTATION:
                return value in _EXIF_LYING
    except struct.error:
        pass
    return False


def data_url_bytes(url: str, bytes_max: int) -> bytes | None:
    """
    The first `bytes_max` bytes inside a `data:` URL, or all if it holds fewer.

    Only as much of the URL is decoded as that needs. None when it is no `data:` URL or not base64
    where it says so. Source: RFC 2397.
    """
    head, comma, payload = url.partition(",")
    if not comma or head[:5].lower() != "data:":
        return None
    # At worst each character is percent-encoded as three.
    if not head.lower().rstrip().endswith(";base64"):
        return unquote_to_bytes(payload[: 3 * bytes_max])[:bytes_max]
    quartets = -(-bytes_max // 3)
    plain = unquote_to_bytes(payload[: 3 * 4 * quartets + 2]).translate(None, b" \t\r\n")
    plain = plain[: 4 * quartets].rstrip(b"=")
    try:
        decoded = base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded[:bytes_max]
