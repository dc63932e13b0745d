"""Rows to columns and back, by the fields' types: money as nanos, instants and tuples as text."""

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from router.ledger.rows import Row, Window
from router.ledger.views import (
    BilledRow,
    BookingRow,
    ChargeRow,
    JobsEndedRow,
    NamedRow,
    OpenRow,
    PaidRow,
    RefusedRow,
    SpendingRow,
    SpentHourRow,
    TimedRow,
)
from router.model.clock import from_rfc3339, rfc3339
from router.model.money import Money

Column = str | int | float | None
R = TypeVar("R", bound=Row)
V = TypeVar(
    "V",
    SpendingRow,
    SpentHourRow,
    JobsEndedRow,
    OpenRow,
    RefusedRow,
    TimedRow,
    BookingRow,
    BilledRow,
    ChargeRow,
    NamedRow,
    PaidRow,
)

Reader = Callable[[Any], Any]

# Resolved once for each type: it is slow, and asked for with every row.
_HINTS: dict[type[Any], dict[str, Any]] = {}
_READERS: dict[type[Any], tuple[tuple[str, Reader | None], ...]] = {}


def encode(row: Row) -> dict[str, Column]:
    """A row's columns by name."""
    return {name: to_column(getattr(row, name)) for name in _hints(type(row))}


def decode(kind: type[R], columns: Mapping[str, Any]) -> R:
    """A row from its columns; columns that the row does not know are ignored."""
    return kind(**_values(kind, columns))


def decode_view(kind: type[V], columns: Mapping[str, Any]) -> V:
    """A view's value from a query's columns, likewise."""
    return kind(**_values(kind, columns))


def _values(kind: type[Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if (value := columns[name]) is None or read is None else read(value)
        for name, read in _readers(kind)
    }


def read_tags(text: str) -> tuple[tuple[str, str], ...]:
    """Tags as a value, from a row's column."""
    return _parts(tuple[str, str], text)


def to_column(value: object) -> Column:
    """A value as the databases keep it."""
    # Most columns are empty or plain text, so these come first: this runs for every column.
    match value:
        case None | int() | float():
            return value
        case StrEnum():
            return value.value
        case str():
            return _storable(value)
        case Money():
            return value.nanos
        case datetime():
            return rfc3339(value)
        case tuple():
            parts = cast("tuple[object, ...]", value)
            return _storable(json.dumps([_to_json(part) for part in parts], ensure_ascii=False))
        case _:
            raise TypeError(type(value))


def _storable(text: str) -> str:
    """A provider's words may hold what no database keeps: half a surrogate pair, or a NUL."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def _to_json(part: object) -> object:
    if isinstance(part, Window):
        return [part.budget, part.scope, rfc3339(part.start), rfc3339(part.end)]
    return part


def _hints(kind: type[Any]) -> dict[str, Any]:
    known = _HINTS.get(kind)
    if known is None:
        hints = get_type_hints(kind)
        known = {field.name: _bare(hints[field.name]) for field in fields(kind)}
        _HINTS[kind] = known
    return known


def _bare(hint: Any) -> Any:
    """The type without `| None` and without the name that a NewType gives it."""
    if get_origin(hint) in {Union, types.UnionType}:
        hint = next(part for part in get_args(hint) if part is not types.NoneType)
    return getattr(hint, "__supertype__", hint)


def _readers(kind: type[Any]) -> tuple[tuple[str, Reader | None], ...]:
    """How each of a kind's columns is read; None where it is as the databases keep it."""
    known = _READERS.get(kind)
    if known is None:
        known = tuple((name, _reader(hint)) for name, hint in _hints(kind).items())
        _READERS[kind] = known
    return known


def _reader(hint: Any) -> Reader | None:
    reader: Reader | None = None
    if hint is Money or (isinstance(hint, type) and issubclass(hint, StrEnum)):
        reader = hint
    elif hint is datetime:
        reader = from_rfc3339
    elif get_origin(hint) is tuple:
        reader = partial(_parts, get_args(hint)[0])
    return reader


@lru_cache(maxsize=4096)
def _parts(hint: Any, text: str) -> tuple[Any, ...]:
    return tuple(_from_json(hint, part) for part in json.loads(text)) if text != "[]" else ()


def _from_json(hint: Any, part: Any) -> Any:
    if hint is Window:
        budget, scope, start, end = part
        return Window(budget=budget, scope=scope, start=from_rfc3339(start), end=from_rfc3339(end))
    return tuple(cast("list[str]", part)) if isinstance(part, list) else part
