"""Which kind of image some bytes are: told by the bytes, never by a name or a header."""

from typing import Literal, get_args

from router.images.data_urls import bytes_in

Kind = Literal["png", "jpeg", "gif", "webp"]
"""The kinds that go in."""
Made = Literal["png", "jpeg", "webp"]
"""The kinds that are also made here."""
MADE: tuple[Made, ...] = get_args(Made)
MEDIA_TYPES: dict[Kind, str] = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
ENDINGS: dict[str, Kind] = {"png": "png", "jpg": "jpeg", "gif": "gif", "webp": "webp"}
"""How names of kept images end."""
HEAD_BYTES = 32
"""How many of an image's first bytes suffice to tell."""


def kind_of(head: bytes) -> Kind | None:
    """
    Tell an image by its first bytes.

    Sources: PNG (W3C, 5.2), JPEG (ITU T.81, B.1.1.3), GIF89a (17), WebP (RFC 9649, 2.4).

    Returns:
        None when it is none of the four.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    return None


def ending_of(kind: Kind) -> str:
    """How the name of a kept image ends."""
    return "jpg" if kind == "jpeg" else kind


def kind_of_name(name: str) -> Kind | None:
    """Which kind a kept image's name says; None when it says none."""
    return ENDINGS.get(name.rpartition(".")[2])


def picture_in(kept: bytes) -> bytes:
    """The picture that an input holds: the bytes themselves, or a `data:` URL's."""
    if kept[:5].lower() != b"data:":
        return kept
    inside = bytes_in(kept.decode(errors="replace"))
    return inside if inside is not None else b""
