"""Sizes of pictures, from real files and from rubbish."""

import base64
import io
import struct
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from router.upstream.image_header import data_url_bytes, size_of

ORIENTATION = 0x0112


def picture(
    kind: str, size: tuple[int, int], *, turned: int | None = None, **options: Any
) -> bytes:
    """A real picture, with an Exif orientation where one is given."""
    image = Image.new(options.pop("mode", "RGB"), size)
    if turned is not None:
        exif = Image.Exif()
        exif[0x010E] = "a description before it"
        exif[ORIENTATION] = turned
        options["exif"] = exif
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


REAL = {
    "png": (picture("PNG", (640, 480)), (640, 480)),
    "jpeg": (picture("JPEG", (641, 481)), (641, 481)),
    "progressive jpeg": (picture("JPEG", (642, 482), progressive=True), (642, 482)),
    "jpeg upright": (picture("JPEG", (643, 483), turned=1), (643, 483)),
    "jpeg upside down": (picture("JPEG", (644, 484), turned=3), (644, 484)),
    "jpeg lying": (picture("JPEG", (645, 485), turned=6), (485, 645)),
    "jpeg with a comment": (picture("JPEG", (646, 486), comment="x" * 999), (646, 486)),
    "gif": (picture("GIF", (647, 487)), (647, 487)),
    "webp": (picture("WEBP", (648, 488)), (648, 488)),
    "webp lossless": (picture("WEBP", (649, 489), lossless=True), (649, 489)),
    "webp extended": (picture("WEBP", (650, 490), turned=1), (650, 490)),
    "large webp extended": (
        b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\x00\x00\x01" + b"\x02\x00\x01",
        (65537, 65539),
    ),
    "large png": (
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + struct.pack(">II", 70000, 80000),
        (70000, 80000),
    ),
}


@pytest.mark.parametrize(("file", "size"), REAL.values(), ids=REAL)
def test_the_size_of_a_real_picture_is_read(file: bytes, size: tuple[int, int]) -> None:
    """Width and height are those at which the picture is shown."""
    assert size_of(file) == size
    assert size_of(file[: 64 * 1024]) == size


@pytest.mark.parametrize(("file", "size"), REAL.values(), ids=REAL)
def test_a_picture_cut_short_has_its_size_or_none(file: bytes, size: tuple[int, int]) -> None:
    """Cut anywhere, a picture never shows a wrong size."""
    seen = {size_of(file[:length]) for length in range(min(len(file), 2000))}

    assert seen <= {None, size, size[::-1]}
    assert None in seen


def _jpeg(*segments: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segments) + b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 30, 20)


def _exif(tiff: bytes) -> bytes:
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


ENTRY = struct.pack("<HHIHH", ORIENTATION, 3, 1, 8, 0)
ODD_JPEGS = {
    "big-endian exif": (
        _jpeg(_exif(b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", ORIENTATION, 3, 1, 5, 0))),
        (30, 20),
    ),
    "little-endian exif": (_jpeg(_exif(b"II*\0\x08\0\0\0\x01\0" + ENTRY)), (30, 20)),
    "exif of no known order": (_jpeg(_exif(b"XX*\0\x08\0\0\0\x01\0" + ENTRY)), (20, 30)),
    "exif cut short": (_jpeg(_exif(b"II*\0\x08\0\0\0\x09\0")), (20, 30)),
    "exif without orientation": (_jpeg(_exif(b"II*\0\x08\0\0\0\0\0")), (20, 30)),
    "another kind of APP1": (_jpeg(b"\xff\xe1\x00\x06http"), (20, 30)),
    "filling before a marker": (_jpeg(b"\xff\xff\xff\xe2\x00\x02"), (20, 30)),
    "a marker without length": (_jpeg(b"\xff\x01\xff\xd0"), (20, 30)),
    "tables before the frame": (_jpeg(b"\xff\xc4\x00\x04\0\0\xff\xcc\x00\x04\0\0"), (20, 30)),
    "no marker": (b"\xff\xd8rubbish", None),
    "a segment of no length": (b"\xff\xd8\xff\xe2\x00\x00" + bytes(30), None),
    "zero width": (b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x1e\x00\x00", None),
}


@pytest.mark.parametrize(("file", "size"), ODD_JPEGS.values(), ids=ODD_JPEGS)
def test_odd_jpegs(file: bytes, size: tuple[int, int] | None) -> None:
    """What the format allows is read, and what it does not is none."""
    assert size_of(file) == size


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"<svg width='1' height='2'/>",
        b"RIFF\0\0\0\0WAVEfmt " + bytes(30),
        b"RIFF\0\0\0\0WEBPALPH" + bytes(30),
        b"RIFF\0\0\0\0WEBPVP8 " + bytes(30),
        b"RIFF\0\0\0\0WEBPVP8L" + bytes(30),
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIDAT" + bytes(range(1, 30)),
        b"GIF89a\0\0\x01\0",
    ],
)
def test_what_is_no_picture_has_no_size(file: bytes) -> None:
    """Other formats, and pictures without a size, are none."""
    assert size_of(file) is None


HEADS = [
    b"",
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR",
    b"\xff\xd8\xff",
    b"\xff\xd8\xff\xe1\x00\x60Exif\0\0II*\0",
    b"GIF89a",
    *(b"RIFF\0\0\0\0WEBP" + kind for kind in (b"VP8 ", b"VP8L", b"VP8X")),
]


@given(st.sampled_from(HEADS), st.binary(max_size=200))
def test_no_bytes_make_it_raise(head: bytes, rest: bytes) -> None:
    """Whatever a stranger's file holds, the answer is a size of positive numbers, or none."""
    size = size_of(head + rest)

    assert size is None or min(size) > 0


@given(st.binary(max_size=300), st.integers(0, 400))
def test_a_data_url_holds_its_bytes(inside: bytes, bytes_max: int) -> None:
    """Base64, base64 percent-encoded, and plain percent-encoding hold the same bytes."""
    packed = base64.b64encode(inside)
    for url in (
        "data:image/png;base64," + packed.decode(),
        "DATA:image/png;charset=x;BASE64," + quote_from_bytes(packed, safe=""),
        "data:;base64," + packed.decode().rstrip("="),
        "data:," + quote_from_bytes(inside),
    ):
        assert data_url_bytes(url, bytes_max) == inside[:bytes_max]


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64",
        "https://example.com/a,b",
        "data:;base64,*",
        "data:;base64,A",
        "data:;base64,ü",
        "",
    ],
)
def test_what_is_no_data_url_holds_nothing(url: str) -> None:
    """Other URLs, and broken base64, are none."""
    assert data_url_bytes(url, 100) is None


def test_only_the_prefix_of_a_data_url_is_decoded() -> None:
    """What stands behind the wanted bytes is not even looked at."""
    assert data_url_bytes("data:;base64," + "QUJD" * 100 + "*" * 1000, 30) == b"ABC" * 10


def test_line_breaks_in_base64_are_skipped() -> None:
    """Base64 in lines, as mail tools write it, is read."""
    assert data_url_bytes("data:;base64,QU\r\nJD", 30) == b"ABC"


@given(st.text())
def test_no_url_makes_it_raise(text: str) -> None:
    """Whatever a stranger writes after `data:`, nothing is raised."""
    for url in (text, "data:" + text, "data:;base64," + text):
        data_url_bytes(url, 8)
