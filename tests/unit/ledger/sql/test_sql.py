"""The SQL in its files: named, commented, and the same for both back ends."""

import re
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import apsw
import pytest

from router.ledger.rows import ROW_TYPES
from router.ledger.sql import migrations, positional, queries
from tests.ledger_kit import a_sqlite_store


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


SCANNING = {
    *("books_out_of_balance", "attempts_out_of_balance", "hours_out_of_balance"),
    *("spending_out_of_balance", "endings_out_of_balance", "forget_idempotency"),
    *("latest_posted", "timed", "past_jobs_count", "named_prices", "unsettled"),
}
"""
What reads all that there is: the check of the books, a start, a backtest, housekeeping, a question
after prices, and the closing of a month.
"""
FIRST = {"began"}
"""What begins to, and ends with one row."""
FEW = ("attempts_open", "attempts_paid_again", "attempts_presumed", "jobs_unfinished")
"""Indices of what is little at any time."""


def test_no_page_and_no_scrape_reads_every_edit(tmp_path: Path) -> None:
    """Not one query, but those of which it is known; and those do, or they are struck off."""
    a_sqlite_store(tmp_path / "farebox.db").close()
    scans = re.compile(rf"SCAN (attempts|entries|jobs)\b(?! USING INDEX ({'|'.join(FEW)})\b)")
    with closing(apsw.Connection(str(tmp_path / "farebox.db"))) as database:
        found = {
            name
            for name, query in queries("sqlite").items()
            for step in database.execute(f"EXPLAIN QUERY PLAN {query}", _nothing(query))
            if scans.match(str(step[3]))
        }

    assert found == SCANNING | FIRST


def test_no_query_seeks_each_row_of_a_list_in_all_of_another(tmp_path: Path) -> None:
    """A check of the books joined so took 82 s for a million edits, and 2 s as one list."""
    a_sqlite_store(tmp_path / "farebox.db").close()
    with closing(apsw.Connection(str(tmp_path / "farebox.db"))) as database:
        found = {
            name
            for name, query in queries("sqlite").items()
            for step in database.execute(f"EXPLAIN QUERY PLAN {query}", _nothing(query))
            if re.match(r"SCAN .* (LEFT|RIGHT)-JOIN$", str(step[3]))
        }

    assert found == set()


def _nothing(query: str) -> dict[str, str]:
    """A value for each parameter."""
    return dict.fromkeys(re.findall(r"(?<!:):([a-z_][a-z0-9_]*)", query), "")


@pytest.mark.parametrize("back_end", ["sqlite", "postgres"])
def test_migrations_are_numbered_without_a_gap(back_end: str) -> None:
    """So that a database's version says exactly which of them it has seen."""
    numbers = [number for number, _ in migrations(back_end)]

    assert numbers == list(range(1, len(numbers) + 1))
