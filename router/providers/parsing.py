"""
Reads providers' JSON without trusting it: no floats, no two readings of one text, no surprises.

A number stays the text it was until somebody asks for it as something. What cannot be read is None,
or `NotJson` for a whole body; nothing else is raised, whatever the bytes are.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from router.model.ids import ProviderRef
from router.providers.wire import Reply

RETRY_AFTER_S_MAX = 3600
"""A provider that asks for a longer pause than this is not believed."""
DURATION_MS_MAX = 7 * 24 * 3600 * 1000
"""The longest life that any provider gives a job. Source: Runpod docs, execution policies."""
NUMBER_LENGTH_MAX = 64

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"(-?[0-9]{1,9})(\.0+)?")
# Any printable ASCII, but not dots alone: they would climb out of a path.
_REF = re.compile(r"(?!\.+\Z)[\x21-\x7e]{1,200}")
_IMAGE = re.compile(r"(?i:https?://|data:)[^\s\x00-\x1f\x7f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number as it was written, or one of `NaN`, `Infinity` and `-Infinity`."""

    text: str


Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | bool | Number | None"


class NotJson(ValueError):
    """The bytes are no JSON document, or one that can be read in two ways."""


def parse(body: bytes | str) -> Json:
    """
    Read a JSON document.

    `NaN` and its like become numbers that are no amount: one unusable figure must not hide the
    picture that stands beside it.

    Raises:
        NotJson: Not UTF-8, not JSON, nested too deep, or with a key twice in one object.
    """
    try:
        text = body.decode("utf-8-sig") if isinstance(body, bytes) else body
        document: Json = json.loads(
            text,
            parse_float=Number,
            parse_int=Number,
            parse_constant=Number,
            object_pairs_hook=_without_duplicates,
        )
    except (ValueError, RecursionError) as error:
        raise NotJson("The text is not JSON that can be read in only one way.") from error
    return document


def parse_object(body: bytes) -> Mapping[str, Json] | None:
    """Read a JSON object; None for anything else."""
    try:
        document = parse(body)
    except NotJson:
        return None
    return document if isinstance(document, Mapping) else None


def write(document: Mapping[str, object]) -> bytes:
    """Write compact JSON in UTF-8. Half a surrogate pair, which has no UTF-8, becomes `?`."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", errors="replace")


def member(value: Json, *path: str) -> Json:
    """Walk down objects by key; None where the path breaks off."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def is_given(value: Json) -> bool:
    """Whether a field says anything at all: not null, not blank."""
    return value is not None and not (isinstance(value, str) and not value.strip())


def provider_ref(value: object) -> ProviderRef | None:
    """Take a provider's id: text, 1 to 200 printable ASCII characters; None for all else."""
    if isinstance(value, str) and _REF.fullmatch(value):
        return ProviderRef(value)
    return None


def decimal_in(text: str) -> Decimal | None:
    """Take a plain decimal of at most 64 characters, exactly; None for all else."""
    if len(text) > NUMBER_LENGTH_MAX or not _DECIMAL.fullmatch(text):
        return None
    return Decimal(text)


def whole(value: Json) -> int | None:
    """Take a whole number of at most nine digits, written as a number or as text."""
    text = value.text if isinstance(value, Number) else value
    if isinstance(text, str) and (match := _WHOLE.fullmatch(text)):
        return int(match[1])
    return None


def seconds_from_millis(value: Json) -> float | None:
    """Take a duration in milliseconds, 0 to a week, as seconds."""
    millis = decimal_in(value.text) if isinstance(value, Number) else None
    if millis is None or not 0 <= millis <= DURATION_MS_MAX:
        return None
    return float(millis / 1000)


def retry_after_s(reply: Reply) -> float | None:
    """Read `Retry-After` in seconds, 0 to an hour; None when absent, a date, or not credible."""
    pause_s = decimal_in(reply.headers.get("retry-after", "").strip())
    if pause_s is None or not 0 <= pause_s <= RETRY_AFTER_S_MAX:
        return None
    return float(pause_s)


def is_success(reply: Reply) -> bool:
    """Whether the status is a 2xx."""
    return 200 <= reply.status < 300  # noqa: PLR2004 — HTTP's own classes.


def images_in(value: Json) -> tuple[str, ...]:
    """Find images: a URL, an object with a `url`, or a list of either. What is no URL is left."""
    return tuple(_image_urls(value))


def _image_urls(value: Json) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        url = member(item, "url") if isinstance(item, Mapping) else item
        if isinstance(url, str) and _IMAGE.fullmatch(url):
            yield url


def _without_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise NotJson("A key stands twice in one object.")
    return document
