"""
An edit as OpenAI's clients ask for it, in JSON or as a form: the fields, each by itself.

In a form everything is text but the images, whose type is told by their bytes. What no provider can
do is refused with a sentence; what changes nothing here is taken and ignored.
"""

import base64
import json
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from router.images.kinds import MADE, MEDIA_TYPES, kind_of
from router.model.errors import InvalidJob, Malformed
from router.model.job import Resolution
from router.web.dialects.openai.multipart import Part, is_form, parts_of
from router.web.explaining import read_as, taken_as
from router.web.wishes import IMAGES_MAX

N_MAX = 10
IMAGE_FIELDS = frozenset({"image", "image[]"})
FILE = object()
"""A file where none belongs: of no field's type, so that the field itself refuses it."""
_TAG = re.compile(r"tags\[(.+)\]")
_ADDRESS = re.compile(rb"(?:https?|data):", re.IGNORECASE)


def _refuse(words: str, *harmless: object) -> BeforeValidator:
    """Refuse what is not one of the harmless values, which change nothing."""

    def check(value: object) -> None:
        known = value.strip().lower() if isinstance(value, str) else value
        if known is not None and not any(known == one for one in harmless):
            raise ValueError(words)

    return BeforeValidator(check)


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _number(value: object) -> object:
    """A number as it stands in a form; a flag is none, although Python thinks so."""
    return "" if isinstance(value, bool) else value


def _addresses(value: object) -> object:
    """One image or several, each an address or an object with one."""
    entries = cast("list[object]", value) if isinstance(value, list) else [value]
    return tuple(_address(entry) for entry in entries)


def _address(entry: object) -> object:
    if not isinstance(entry, dict):
        return entry
    told = cast("dict[str, object]", entry)
    if "file_id" in told:
        raise ValueError("names a `file_id`, and no files are kept here: send the image itself")
    inside = told.get("image_url", told.get("url"))
    return cast("dict[str, object]", inside).get("url") if isinstance(inside, dict) else inside


def _read_tags(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("must be an object, as JSON or as `tags[name]`") from None


def _sayable(kinds: str) -> Callable[[str], str]:
    allowed = kinds.split()

    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be {' or '.join(allowed)}: no other is made here")
        return value

    return check


_OFF = (0, "0", "false")  # And False, which is the number 0.
_NO_PROVIDER = "cannot be done by any provider here"
_NOT_CHOSEN = "cannot be chosen here: leave it out, or 100"
_ENTRY = {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": True}]}
_ENTRIES = {"anyOf": [*_ENTRY["anyOf"], {"type": "array", "items": _ENTRY}]}

Images = Annotated[tuple[str, ...], BeforeValidator(_addresses), WithJsonSchema(_ENTRIES)]
Word = Annotated[str, BeforeValidator(_lower)]
Undoable = Annotated[None, _refuse(_NO_PROVIDER)]
Off = Annotated[None, _refuse(_NO_PROVIDER, *_OFF), WithJsonSchema({"enum": [None, False, 0]})]
Whole = Annotated[None, _refuse(_NOT_CHOSEN, 100, "100"), WithJsonSchema({"enum": [None, 100]})]


class ImageEdit(BaseModel):
    """The body of `POST /v1/images/edits`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str = Field(repr=False)
    image: Images = Field(default=(), repr=False)
    images: Images = Field(default=(), repr=False)
    model: str | None = None
    n: Annotated[int, BeforeValidator(_number), Field(ge=1, le=N_MAX)] | None = None
    size: Word | None = None
    response_format: Literal["url", "b64_json"] | None = None
    output_format: Annotated[Word, AfterValidator(_sayable(" ".join(MADE)))] | None = None
    background: Annotated[Word, AfterValidator(_sayable("auto opaque"))] | None = None
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max", "standard", "hd"] | None = (
        None
    )
    user: str | None = Field(default=None, repr=False)
    resolution: Annotated[Resolution | None, BeforeValidator(_lower)] = None
    aspect_ratio: Word | None = None
    tags: Annotated[dict[str, str], BeforeValidator(_read_tags)] | None = None
    deadline_s: Annotated[float, BeforeValidator(_number)] | None = None
    price_max: str | None = None
    mask: Undoable = None
    markup: Undoable = None
    stream: Off = None
    partial_images: Off = None
    output_compression: Whole = None
    input_fidelity: Any = Field(default=None, repr=False)
    moderation: Any = Field(default=None, repr=False)
    safety_identifier: Any = Field(default=None, repr=False)


def read_edit(content_type: str, body: bytes) -> ImageEdit:
    """
    Read a request for edits.

    Raises:
        Malformed: It is neither a form nor JSON.
        InvalidJob: A field is not what belongs there; names each.
    """
    if not is_form(content_type):
        return read_as(ImageEdit, body, InvalidJob)
    return taken_as(ImageEdit, fields_of(parts_of(content_type, body)), InvalidJob)


def fields_of(parts: list[Part]) -> dict[str, Any]:
    """
    A form's fields as JSON would have them; an optional one without a value is left out.

    Raises:
        Malformed: One is there twice, or is no text.
        InvalidJob: An image is none, or there are too many.
    """
    fields: dict[str, Any] = {}
    images: list[str] = []
    tags: dict[str, str] = {}
    for part in parts:
        tag = _TAG.fullmatch(part.name)
        if part.name in IMAGE_FIELDS:
            images.append(_image(part, len(images) + 1))
        elif tag is not None:
            _put(tags, tag[1], _text(part))
        elif part.is_file:
            _put(fields, part.name, FILE)
        elif (text := _text(part)) or part.name == "prompt":
            _put(fields, part.name, text)
    if tags:
        _put(fields, "tags", tags)
    return {**fields, "image": images}


def _put(fields: dict[str, Any], name: str, value: object) -> None:
    if name in fields:
        raise Malformed("A field of the form is there twice.")
    fields[name] = value


def _text(part: Part) -> str:
    try:
        return part.data.decode()
    except UnicodeDecodeError:
        raise Malformed("A field of the form is not text in UTF-8.") from None


def _image(part: Part, number: int) -> str:
    """An image as an address: the one that was sent, or one that holds what was sent."""
    if number > IMAGES_MAX:
        raise InvalidJob(f"`image` takes at most {IMAGES_MAX}.")
    kind = kind_of(part.data)
    if kind is not None:
        return f"data:{MEDIA_TYPES[kind]};base64,{base64.b64encode(part.data).decode()}"
    if not part.is_file and _ADDRESS.match(part.data):
        return _text(part)
    raise InvalidJob(f"`image` holds no PNG, JPEG, GIF or WebP, going by its bytes (no. {number}).")
