"""Rows become columns and rows again, whatever they hold."""

import sqlite3
import types
from dataclasses import fields
from datetime import UTC, datetime, timezone
from datetime import timedelta as delta
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.ledger.mapping import decode, decode_view, encode, to_column
from router.ledger.rows import ROW_TYPES, AttemptRow, Row, Window
from router.ledger.views import RefusedRow
from router.model.money import NANOS_MAX, Money
from tests.ledger_kit import a_job_row, an_attempt_row, usd

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
amounts = st.builds(Money, st.integers(-NANOS_MAX, NANOS_MAX))
instants = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)).map(  # noqa: DTZ001
    lambda naive: naive.replace(tzinfo=UTC)
)
tags = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
windows = st.builds(Window, budget=texts, scope=texts, start=instants, end=instants)

PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    Money: amounts,
    datetime: instants,
    str: texts,
    float: st.floats(0, 1e6),
    int: st.integers(0, 1000),
    tuple[Window, ...]: st.lists(windows, max_size=3).map(tuple),
    tuple[tuple[str, str], ...]: tags,
    tuple[str, ...]: st.lists(texts, max_size=3).map(tuple),
}


def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a field, by its type."""
    # Of a new type and None, Python makes the older kind of union.
    if get_origin(hint) in {types.UnionType, Union}:
        return st.one_of([_values(part) for part in get_args(hint)])
    bare = getattr(hint, "__supertype__", hint)
    return PLAIN[bare] if bare in PLAIN else st.from_type(bare)


def _rows_of(kind: type[Row]) -> st.SearchStrategy[Row]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: _values(hints[field.name]) for field in fields(kind)})


rows = st.one_of([_rows_of(kind) for kind in ROW_TYPES])


@given(rows)
def test_a_row_comes_back_from_its_columns(row: Row) -> None:
    """Every field of every kind of row, with every optional one there or not."""
    assert decode(type(row), encode(row)) == row


@given(rows)
def test_columns_are_what_databases_keep(row: Row) -> None:
    """Text, integers within 64 bits, real numbers and nulls."""
    for column in encode(row).values():
        assert column is None or isinstance(column, str | int | float)
        if isinstance(column, int):
            assert -(2**63) <= column < 2**63


def test_money_is_kept_in_nanos_and_instants_sort_as_text() -> None:
    """So that sums are exact and any tool can read a day."""
    berlin = datetime(2026, 11, 21, 1, 30, tzinfo=timezone(delta(hours=1)))

    assert to_column(usd("0.0875")) == 87_500_000
    assert to_column(berlin) == "2026-11-21T00:30:00.000000Z"


def test_a_window_in_any_zone_is_the_same_key() -> None:
    """A balance is found by its instant, not by how the policy wrote it."""
    start = datetime(2026, 11, 21, 1, tzinfo=timezone(delta(hours=1)))
    window = Window(budget="team", scope="everyone", start=start, end=start + delta(days=1))
    attempt = an_attempt_row(price=usd("0.04"), windows=(window,))

    assert decode(AttemptRow, encode(attempt)).windows == (window,)


@pytest.mark.parametrize("words", ["half \ud800 a pair", "a NUL \0 inside"])
def test_a_providers_strange_words_can_be_kept(words: str) -> None:
    """No database keeps them, and a settlement must not fail for what a provider wrote."""
    job = a_job_row(error_detail=words, images=(words,), tags=(("note", words),))

    kept = encode(job)["error_detail"]

    assert kept == words.replace("\ud800", "?").replace("\0", "?")
    with sqlite3.connect(":memory:") as database:
        for column in encode(job).values():
            assert database.execute("SELECT ?", (column,)).fetchone() == (column,)
    database.close()


def test_what_has_no_column_is_refused() -> None:
    """A field of a new type needs a decision, not a guess."""
    with pytest.raises(TypeError):
        to_column({"a": "dict"})


def test_a_view_is_read_like_a_row() -> None:
    """Columns that it does not know are ignored."""
    columns: dict[str, Any] = {"budget": "team", "scope": "everyone", "jobs": 3, "amount": 120}

    assert decode_view(RefusedRow, {**columns, "more": "x"}) == RefusedRow(
        budget="team", scope="everyone", jobs=3, amount=Money(120)
    )
