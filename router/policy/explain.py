"""pydantic's errors in words that whoever writes policies understands, with their place."""

import difflib
from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from router.policy.problems import Problem
from router.policy.yaml_nodes import Node, place_of

_WORDS = {
    "model_type": "keys with values belong here",
    "model_attributes_type": "keys with values belong here",
    "mapping_type": "keys with values belong here",
    "dict_type": "keys with values belong here",
    "tuple_type": "a list belongs here",
    "string_type": "text belongs here",
    "too_short": "at least one entry belongs here",
}
_FORMER = {
    "polls_per_second_max": "how often jobs may be asked after is said by 'rates', as "
    "{status: 100 per 1s}: polls take half of it"
}
"""Keys of earlier versions, and what says the same now."""


def explain(error: ValidationError, root: Node, model: type[BaseModel]) -> list[Problem]:
    """
    Tell every error with the place it is about.

    Args:
        error: What pydantic found.
        root: The tree that was validated.
        model: What it was validated against: knows the keys that are allowed.
    """
    found = error.errors()
    return [_problem(details, root, model) for details in found if not _is_echo(details, found)]


def closest(word: str, known: Iterable[str], titles: Mapping[str, str] | None = None) -> str:
    """
    Say `; did you mean 'prefer'?`, or nothing when no known word is near.

    Args:
        word: What was written; capitals make no difference.
        known: What could have been.
        titles: By such a word, what the same is called elsewhere: this may have been written too.
    """
    meant = {title.casefold(): name for name, title in (titles or {}).items()}
    meant |= {name.casefold(): name for name in sorted(known)}
    near = difflib.get_close_matches(word.casefold(), meant, n=1)
    return f"; did you mean '{meant[near[0]]}'?" if near else ""


def unknown(what: str, word: str, known: Iterable[str]) -> str:
    """Say `There is no budget 'montly'; did you mean 'monthly'?`, as a whole sentence."""
    return f"{what} '{word[:64]}'{closest(word, known) or '.'}"


def _is_echo(details: ErrorDetails, found: list[ErrorDetails]) -> bool:
    """Tell a list that is too short only because of its broken entries, which are not counted."""
    path = details["loc"]
    return details["type"] == "too_short" and any(
        other["loc"][: len(path)] == path and other is not details for other in found
    )


def _problem(details: ErrorDetails, root: Node, model: type[BaseModel]) -> Problem:
    path, kind = details["loc"], details["type"]
    if kind == "missing":
        return place_of(root, path[:-1]).problem(f"'{path[-1]}' is missing")
    if kind == "extra_forbidden":
        former = _FORMER.get(str(path[-1]))
        hint = f"; {former}" if former else closest(str(path[-1]), _keys(model, path[:-1]))
        return place_of(root, path, key=True).problem(f"unknown key '{path[-1]}'{hint}")
    is_key = path[-1:] == ("[key]",)
    place = place_of(root, path[:-1] if is_key else path, key=is_key)
    return place.problem(_message(details))


def _message(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    if details["type"] == "value_error":
        return str(context["error"])
    if details["type"] == "enum" and not isinstance(details["input"], str):
        return f"{context['expected']} belongs here"
    if details["type"] == "enum":
        return f"'{details['input']}' is not {context['expected']}"
    if details["type"] == "less_than_equal":
        return f"{context['le']} is the most that is possible"
    return _WORDS.get(details["type"], details["msg"])


def _keys(annotation: Any, path: tuple[str | int, ...]) -> list[str]:
    """List the keys that are allowed at a path: through rows by key, through lists by index."""
    if get_origin(annotation) is tuple:
        return _keys(get_args(annotation)[0], path[1:])
    if get_origin(annotation) in {Union, UnionType}:
        return _keys(next(one for one in get_args(annotation) if one is not NoneType), path)
    by_key = {field.alias or name: field for name, field in annotation.model_fields.items()}
    return _keys(by_key[str(path[0])].annotation, path[1:]) if path else list(by_key)
