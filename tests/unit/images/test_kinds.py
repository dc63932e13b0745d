import base64

import pytest

from router.images.kinds import HEAD_BYTES, ending_of, kind_of, kind_of_name, picture_in
from tests.pictures import a_picture


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
def test_a_kind_is_told_by_the_first_bytes(kind: str) -> None:
    """A few of them suffice, and the name that it is kept by says the same."""
    found = kind_of(a_picture(kind.upper())[:HEAD_BYTES])

    assert found == kind
    assert kind_of_name(f"job-1.{ending_of(found)}") == kind


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", b"RIFF\0\0\0\0WAVE", b"GIF88a", b"\xff\xd8", b"\x89PNG", b"%PDF-1.7", b"BM"],
)
def test_whatever_else_it_is_it_is_no_image(data: bytes) -> None:
    """A page, a sound, half a signature, a kind that nobody takes."""
    assert kind_of(data) is None


@pytest.mark.parametrize("name", ["", "png", "job.svg", "job.jpeg", "job.png.exe"])
def test_a_name_that_we_never_give_says_nothing(name: str) -> None:
    """Only what was sniffed is written into names."""
    expected = "png" if name == "png" else None
    assert kind_of_name(name) == expected


def test_an_input_is_bytes_or_a_data_url() -> None:
    """Whichever way it was kept, the picture is the same; what cannot be read is nothing."""
    picture = a_picture("GIF")
    url = b"data:image/png;base64," + base64.b64encode(picture)

    assert picture_in(picture) == picture
    assert picture_in(url) == picture
    assert picture_in(b"data:image/png;base64,!") == b""
    assert picture_in(b"data:image/png,\xff\xfe") == b""
