import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from router.images.transcoding import NotAnImage, as_wanted, check, transcoded
from tests.pictures import a_bomb, a_picture, pixels_of

PNG = a_picture()


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
@pytest.mark.parametrize("wanted", ["png", "jpeg", "webp"])
def test_every_kind_becomes_what_is_asked_for(kind: str, wanted: str) -> None:
    """The same picture in the other's bytes; what is that kind already stays to the letter."""
    source = a_picture(kind.upper(), (12, 10))
    found, data = as_wanted(source, wanted)

    form, size, colour = pixels_of(data)
    assert (found, form.lower(), size) == (wanted, wanted, (12, 10))
    assert all(abs(ours - theirs) < 12 for ours, theirs in zip(colour, (200, 30, 60), strict=True))
    assert (data == source) is (kind == wanted)


def test_without_a_wish_it_stays_as_it_came() -> None:
    """And its kind is told."""
    gif = a_picture("GIF")

    assert as_wanted(gif, None) == ("gif", gif)


@pytest.mark.parametrize(
    ("mode", "colour"),
    [("RGBA", (1, 2, 3, 0)), ("LA", (9, 0)), ("I;16", 700), ("CMYK", (0, 0, 0, 0))],
)
def test_what_is_transparent_becomes_white_paper(mode: str, colour: tuple[int, ...]) -> None:
    """And no other mode of colours stops a picture from being a JPEG or a PNG."""
    kind = "JPEG" if mode == "CMYK" else "PNG"
    source = a_picture(kind, mode=mode, colour=colour)

    form, _, middle = pixels_of(transcoded(source, "jpeg"))
    assert form == "JPEG"
    if mode != "I;16":
        assert middle == (255, 255, 255)
    assert pixels_of(transcoded(source, "png"))[0] == "PNG"
    assert pixels_of(transcoded(source, "webp"))[0] == "WEBP"


def test_what_is_transparent_stays_so_in_a_webp() -> None:
    """It knows transparency, as a PNG does."""
    made = transcoded(a_picture(mode="RGBA", colour=(1, 2, 3, 0)), "webp")

    with Image.open(io.BytesIO(made)) as image:
        assert image.convert("RGBA").getchannel("A").getextrema() == (0, 0)


def test_a_picture_that_lies_on_its_side_is_turned_upright() -> None:
    """The mark that says so is not copied, so nobody turns it twice; no other mark is either."""
    turned = Image.Exif()
    turned[0x0112] = 6
    turned[0x010E] = "a place that nobody shall know"
    made = transcoded(a_picture("JPEG", (40, 20), exif=turned), "png")

    assert pixels_of(made)[1] == (20, 40)
    assert b"nobody shall know" not in made


def test_the_colour_profile_goes_along() -> None:
    """Without it a wide-gamut picture would look pale."""
    made = transcoded(a_picture(icc_profile=b"a profile"), "jpeg")

    with Image.open(io.BytesIO(made)) as image:
        assert image.info["icc_profile"] == b"a profile"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<html>not found</html>", "no PNG, JPEG, GIF or WebP"),
        (b"", "no PNG"),
        (b"\xff\xd8\xff" + b"\0" * 50, "cannot be decoded"),
        (b"GIF89a", "cannot be decoded"),
        (a_bomb(), "cannot be decoded|more than"),
        (a_bomb(9_000), "more than 64000000 pixels"),
    ],
    ids=["page", "nothing", "no jpeg", "no gif", "bomb", "large"],
)
def test_what_is_no_image_that_may_be_opened_is_refused(data: bytes, why: str) -> None:
    """By its header, before anything is decoded."""
    for look in (check, lambda one: as_wanted(one, "jpeg")):
        with pytest.raises(NotAnImage, match=why):
            look(data)


def test_half_an_image_cannot_be_transcoded() -> None:
    """What breaks off is told, not filled with grey."""
    with pytest.raises(NotAnImage, match="cannot be decoded"):
        transcoded(a_picture(size=(300, 300))[:-120], "jpeg")


def test_a_broken_checksum_is_no_crash() -> None:
    """Pillow raises SyntaxError for some of them."""
    header = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
    head = b"IHDR" + header
    broken = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head) ^ 1)

    with pytest.raises(NotAnImage):
        transcoded(b"\x89PNG\r\n\x1a\n" + broken, "jpeg")


def test_a_warning_of_pillows_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own limit warns first, and only raises at twice as much."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)

    with pytest.raises(NotAnImage, match="DecompressionBombWarning"):
        check(PNG)


@pytest.mark.parametrize("look", [check, lambda data: transcoded(data, "png")])
def test_a_kind_that_nobody_sends_is_never_decoded(look: Callable[[bytes], object]) -> None:
    """Pillow's readers of rare formats have had the most holes."""
    with pytest.raises(NotAnImage):
        look(a_picture("TIFF"))
