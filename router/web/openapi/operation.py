"""What is said of a route, and of each of its answers."""

from dataclasses import dataclass
from typing import Any

from router.model.errors import RouterError

Errors = tuple[type[RouterError], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer that is no error."""

    schema: str
    """Its body's, by name; empty for plain text."""
    words: str
    headers: tuple[str, ...] = ()
    """That may be there, by name."""
    example: Any = None
    media: tuple[str, ...] = ()
    """Its types, where it is neither JSON nor text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route."""

    name: str
    group: str
    answers: dict[int, Answer]
    errors: Errors = ()
    """Beside those that every route of its access has."""
    refusal_headers: tuple[str, ...] = ()
    """That may be there with an error too."""
    parameters: tuple[str, ...] = ()
    body: str = ""
    """Its schema's name; empty for none."""
    form: str = ""
    """The schema's name of a body that is `multipart/form-data`; empty where it may not be."""
    example: Any = None
    """Of the body."""
