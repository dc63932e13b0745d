"""The fields of OpenAI's edits, in JSON and in forms."""

import base64
import json
from typing import Any

import pytest

from router.model.errors import InvalidJob, Malformed, RouterError
from router.web.dialects.openai.fields import ImageEdit, read_edit
from tests.openai_kit import PNG, a_form, a_part, an_image_edit, an_upload, form_type
from tests.pictures import a_picture

FORM = form_type()["Content-Type"]
JPEG, WEBP = a_picture("JPEG"), a_picture("WEBP")
CAT = "https://pictures.example/cat.png"


def data_url(kind: str, data: bytes) -> str:
    """Write an image as an address that holds it."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def of_json(**fields: Any) -> ImageEdit:
    """Read a JSON body."""
    return read_edit("application/json", json.dumps(an_image_edit(**fields)).encode())


def of_form(*images: bytes, **fields: str) -> ImageEdit:
    """Read a form."""
    return read_edit(FORM, an_upload(*images, **fields))


def test_a_form_holds_images_as_bytes() -> None:
    """Their kinds are told by the bytes: every one is sent as an octet-stream named upload."""
    edit = of_form(PNG, JPEG, WEBP, n="2", size="1536x1024")

    assert edit.image == (data_url("png", PNG), data_url("jpeg", JPEG), data_url("webp", WEBP))
    assert (edit.prompt, edit.n, edit.size) == ("make the sky green", 2, "1536x1024")


def test_images_have_two_names_in_a_form() -> None:
    """`image` once or more, and `image[]`; an address may stand in place of the bytes."""
    parts = (a_part("image[]", JPEG), a_part("image", PNG), a_part("image", CAT))
    edit = read_edit(FORM, a_form(a_part("prompt", "p"), *parts))

    assert edit.image == (data_url("jpeg", JPEG), data_url("png", PNG), CAT)


def test_the_same_form_between_other_boundaries_is_the_same() -> None:
    """The package writes another boundary for each try."""
    other = read_edit(form_type("other")["Content-Type"], an_upload(boundary="other", n="1"))

    assert other == of_form(n="1")


@pytest.mark.parametrize(
    "images",
    [
        {"images": [{"image_url": CAT}]},
        {"images": [{"image_url": {"url": CAT}}]},
        {"images": [CAT]},
        {"images": CAT},
        {"images": None, "image": CAT},
        {"images": None, "image": [CAT]},
        {"images": None, "image": {"image_url": CAT}},
    ],
)
def test_json_holds_images_as_addresses(images: dict[str, Any]) -> None:
    """In each of the ways that they are written."""
    edit = of_json(**images)

    assert (*edit.image, *edit.images) == (CAT,)


@pytest.mark.parametrize(
    "fields",
    [
        {"tags[team]": "growth", "tags[site]": "eu"},
        {"tags": '{"team": "growth", "site": "eu"}'},
    ],
)
def test_tags_are_written_in_two_ways_in_a_form(fields: dict[str, str]) -> None:
    """As the packages write an object, and as JSON."""
    assert of_form(**fields).tags == {"team": "growth", "site": "eu"}


def test_what_changes_nothing_is_taken() -> None:
    """Of JSON and of a form, in which an optional field without a value is as good as absent."""
    harmless = {
        "stream": False,
        "partial_images": 0,
        "output_compression": 100,
        "input_fidelity": "high",
        "moderation": "low",
        "safety_identifier": "somebody",
        "background": "opaque",
        "quality": "low",
    }
    told = of_json(**harmless, mask=None)
    form = of_form(
        **{name: str(value).lower() for name, value in harmless.items()}, mask="", size=""
    )

    assert told.model_dump(exclude={"image", "images"}) == form.model_dump(
        exclude={"image", "images"}
    )
    assert (told.stream, told.mask, form.size) == (None, None, None)


def test_words_are_taken_in_any_case() -> None:
    """As people write them."""
    edit = of_form(resolution="2K", output_format="JPEG", background="Auto", aspect_ratio="AUTO")

    assert (edit.resolution, edit.output_format, edit.background, edit.aspect_ratio) == (
        *("2k", "jpeg", "auto", "auto"),
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"n": 0}, "`n` must be at least 1."),
        ({"n": 11}, "`n` must be at most 10."),
        ({"n": "two"}, "`n` must be a whole number."),
        ({"n": 1.5}, "`n` must be a whole number."),
        ({"n": True}, "`n` must be a whole number."),
        ({"deadline_s": "soon"}, "`deadline_s` must be a number."),
        (
            {"output_format": "gif"},
            "`output_format` must be png or jpeg or webp: no other is made here.",
        ),
        (
            {"background": "transparent"},
            "`background` must be auto or opaque: no other is made here.",
        ),
        ({"output_compression": 80}, "`output_compression` cannot be chosen here: leave it out, "),
        ({"mask": {"image_url": CAT}}, "`mask` cannot be done by any provider here."),
        ({"markup": CAT}, "`markup` cannot be done by any provider here."),
        ({"stream": True}, "`stream` cannot be done by any provider here."),
        ({"partial_images": 2}, "`partial_images` cannot be done by any provider here."),
        ({"response_format": "png"}, "`response_format` must be 'url' or 'b64_json'."),
        ({"quality": "best"}, "`quality` must be "),
        ({"resolution": "8k"}, "`resolution` must be '1k', '2k' or '4k'."),
        ({"images": [{"file_id": "file-1"}]}, "`images` names a `file_id`, and no files"),
        ({"images": [{}]}, "`images.0` must be text."),
        ({"images": [3]}, "`images.0` must be text."),
        ({"tags": "team"}, "`tags` must be an object, as JSON or as `tags[name]`."),
        ({"tags": "3"}, "`tags` must be an object."),
        ({"tags": {"team": 3}}, "`tags.team` must be text."),
        ({"prompt": None}, "`prompt` is missing."),
        ({"resolutoin": "4k"}, "`resolutoin` is not a field of this request."),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(fields: dict[str, Any], told: str) -> None:
    """Because a field that is dropped in silence is an image that nobody wanted, and paid for."""
    with pytest.raises(InvalidJob) as refused:
        of_json(**fields)

    assert refused.value.detail.startswith(told)


@pytest.mark.parametrize(
    ("parts", "error", "told"),
    [
        ([a_part("image", b"BM not ours")], InvalidJob, "`image` holds no PNG, JPEG, GIF or WebP"),
        ([a_part("image", CAT, filename="x")], InvalidJob, "`image` holds no PNG, JPEG, GIF or"),
        ([a_part("image", b"")], InvalidJob, "`image` holds no PNG, JPEG, GIF or WebP"),
        ([a_part("image", PNG)] * 15, InvalidJob, "`image` takes at most 14."),
        ([a_part("mask", PNG)], InvalidJob, "`mask` cannot be done by any provider here"),
        ([a_part("size", PNG)], InvalidJob, "`size` must be text"),
        ([a_part("n", PNG)], InvalidJob, "`n` must be a whole number"),
        ([a_part("stream", PNG)], InvalidJob, "`stream` cannot be done by any provider here"),
        ([a_part("tags", PNG)], InvalidJob, "`tags` must be an object"),
        ([a_part("other", PNG)], InvalidJob, "`other` is not a field of this request"),
        ([a_part("size", "auto")] * 2, Malformed, "A field of the form is there twice."),
        ([a_part("tags[a]", "1")] * 2, Malformed, "A field of the form is there twice."),
        (
            [a_part("tags", '{"a": "1"}'), a_part("tags[b]", "1")],
            Malformed,
            "A field of the form is there twice.",
        ),
        ([a_part("user", "x").replace(b"x", b"\xff")], Malformed, "not text in UTF-8."),
    ],
)
def test_what_a_form_cannot_hold_is_refused(
    parts: list[bytes], error: type[RouterError], told: str
) -> None:
    """Nothing of what was sent is repeated but the names of fields."""
    with pytest.raises(error) as refused:
        read_edit(FORM, a_form(a_part("prompt", "p"), *parts))

    assert told in refused.value.detail


def test_what_is_no_form_is_read_as_json() -> None:
    """Whatever its type says: what is sent by hand often says another."""
    body = json.dumps(an_image_edit()).encode()

    assert read_edit("application/x-www-form-urlencoded", body) == read_edit("", body)
    with pytest.raises(Malformed, match="The body is not JSON"):
        read_edit("", b"prompt=x")


def test_nothing_of_what_was_sent_is_shown_by_accident() -> None:
    """Neither the prompt nor the images nor who is behind them stand in a log."""
    edit = of_json(prompt="canary", user="canary", safety_identifier="canary", images=["canary"])

    assert "canary" not in repr(edit)
