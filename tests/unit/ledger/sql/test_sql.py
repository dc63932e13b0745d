"""The SQL in its files: named, commented, and the same for both back ends."""

import re
from dataclasses import fields

import pytest

from router.ledger.rows import ROW_TYPES
from router.ledger.sql import migrations, positional, queries


def test_both_back_ends_answer_the_same_queries() -> None:
    """PostgreSQL has a few more, for its locks and its writers."""
    assert set(queries("postgres")) - set(queries("sqlite")) == {
        *("enlist", "leave", "lay_balances", "lay_refusals", "lock_accounts"),
    }
    assert set(queries("sqlite")) <= set(queries("postgres"))


@pytest.mark.parametrize("back_end", ["sqlite", "postgres"])
def test_every_row_can_be_put(back_end: str) -> None:
    """With all its fields as parameters."""
    for kind in ROW_TYPES:
        _, names = positional(queries(back_end)[f"put_{kind.table}"])
        assert set(names) == {field.name for field in fields(kind)}


@pytest.mark.parametrize("back_end", ["sqlite", "postgres"])
def test_no_query_changes_the_journal(back_end: str) -> None:
    """Entries are inserted, and that is all."""
    for query in queries(back_end).values():
        assert not re.search(r"(UPDATE|DELETE FROM|TRUNCATE)\s+entries", query, re.IGNORECASE)


def test_parameters_become_numbers_in_their_order() -> None:
    """A name that stands twice is one parameter; a cast is none."""
    assert positional("SELECT :b::text[], :a, :b") == ("SELECT $1::text[], $2, $1", ("b", "a"))


@pytest.mark.parametrize("back_end", ["sqlite", "postgres"])
def test_migrations_are_numbered_without_a_gap(back_end: str) -> None:
    """So that a database's version says exactly which of them it has seen."""
    numbers = [number for number, _ in migrations(back_end)]

    assert numbers == list(range(1, len(numbers) + 1))
