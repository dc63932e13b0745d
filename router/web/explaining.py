"""What is wrong with a body, field by field, in words of ours and without what the client sent."""

import json
import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from router.model.errors import Malformed, RequestError

TOLD_MAX = 5
_NAME_MAX = 64
# What is no name may be a value at a name's place: a prompt.
_NO_NAME = re.compile(r"[^\w.:/-]")
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this request",
    "string_type": "must be text",
    "string_unicode": "must be text",
    "string_too_short": "must not be empty",
    "dict_type": "must be an object",
    "tuple_type": "must be a list",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}
_WITH_CONTEXT = {
    "string_too_long": "has more than {max_length} characters",
    "string_pattern_mismatch": "does not have the form {pattern}",
    "too_short": "needs at least {min_length}",
    "too_long": "takes at most {max_length}",
    "greater_than": "must be above {gt:.12g}",
    "greater_than_equal": "must be at least {ge:.12g}",
    "less_than_equal": "must be at most {le:.12g}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "value_error": "{error}",
}

M = TypeVar("M", bound=BaseModel)


def read_as(model: type[M], body: bytes, error: type[RequestError]) -> M:
    """
    Read a JSON body strictly.

    Args:
        model: What it should be.
        body: As it came.
        error: Raised when it is JSON, but not that.

    Raises:
        Malformed: It is not JSON, or has a key twice.
        RequestError: Of the class `error`; names each field.
    """
    try:
        read = model.model_validate_json(body)
    except ValidationError as invalid:
        found = invalid.errors(include_input=False, include_url=False)
    else:
        # Only now: what has the model's shape is not nested deeply enough to hurt this parser.
        json.loads(body, object_pairs_hook=_refuse_twice, parse_int=str)
        return read
    if found[0]["type"] == "json_invalid":
        raise Malformed("The body is not JSON.")
    raise error(_listed(found))


def taken_as(model: type[M], fields: dict[str, Any], error: type[RequestError]) -> M:
    """
    Take fields that were read otherwise than from JSON.

    Raises:
        RequestError: Of the class `error`; names each field that is not what it should be.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as invalid:
        found = invalid.errors(include_input=False, include_url=False)
    raise error(_listed(found))


def _listed(found: list[ErrorDetails]) -> str:
    return sentence([told(details) for details in found if not _is_echo(details, found)])


def _refuse_twice(pairs: list[tuple[str, Any]]) -> None:
    """Of two values with one name somebody meant one, and parsers differ in which."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise Malformed(f"`{_named(name)[:_NAME_MAX]}` is there twice.")
        seen.add(name)


def sentence(problems: list[str]) -> str:
    """The first few problems, and how many more there are."""
    more = len(problems) - TOLD_MAX
    rest = f"; and {more} more" if more > 0 else ""
    text = f"{'; '.join(problems[:TOLD_MAX])}{rest}"
    return text if text.endswith("?") else f"{text}."


def _is_echo(details: ErrorDetails, found: list[ErrorDetails]) -> bool:
    """Tell a list that is too short only because of its broken entries, which are not counted."""
    path = details["loc"]
    return details["type"] == "too_short" and any(
        other["loc"][: len(path)] == path and other is not details for other in found
    )


def told(details: ErrorDetails) -> str:
    """One problem with its field's path: "`images.0` is no URL"."""
    path = ".".join(_named(str(part)) for part in details["loc"] if part != "[key]")
    kind = details["type"]
    if kind in _WITH_CONTEXT:
        words = _WITH_CONTEXT[kind].format(**details.get("ctx", {}))
    else:
        words = _WORDS.get(kind, "is not what belongs here")
    return f"`{path[:_NAME_MAX]}` {words}" if path else f"the body {words}"


def _named(part: str) -> str:
    return "…" if _NO_NAME.search(part) else part
