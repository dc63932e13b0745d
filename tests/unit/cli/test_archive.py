import json
from datetime import timedelta

import pytest

from router.cli.archive import size
from router.images.keeping import FolderResults, key_of
from router.ledger.executor import InlineExecutor
from router.model.clock import SystemClock
from tests.commands import Commands
from tests.ledger_kit import a_sqlite_store, at_once


@pytest.fixture
def house(farebox: Commands) -> Commands:
    """Commands beside an empty ledger."""
    a_sqlite_store(farebox.folder / "farebox.db").close()
    return farebox


def test_an_archive_without_results_says_where_they_will_be(house: Commands) -> None:
    """And for how long they are kept without a word of the policy's."""
    ran = house("archive")

    assert ran.code == 0
    assert "farebox.db.results, for a day where the client needs it" in ran.out
    assert "There are none." in ran.out


def test_what_is_kept_is_shown_by_tenant(house: Commands) -> None:
    """For people in their units, for programs in bytes."""
    results = FolderResults(house.folder / "farebox.db.results", InlineExecutor())
    until = SystemClock().now() + timedelta(days=3)
    for tenant, count in (("acme", 1500), ("globex", 7)):
        name = "0199d6f0-0000-7000-8000-000000000001-1.png"
        at_once(results.put(key_of(tenant, name, until), b"x" * count))
    shown, document = house("archive"), json.loads(house("archive", "--json").out)

    assert all(text in shown.out for text in ("acme", "1.5 KiB", "globex", "7 bytes", "removed"))
    assert (document["images"], document["bytes"]) == (2, 1507)


def test_a_place_for_results_that_cannot_be_meant_is_told(
    house: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the variable's name, and what belongs there."""
    monkeypatch.setenv("FAREBOX_ARCHIVE", "ftp://somewhere")
    ran = house("archive")

    assert ran.code == 2
    assert "FAREBOX_ARCHIVE must be file:///folder or s3://bucket/prefix" in ran.err


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (5_000_000, "4.8 MiB")],
)
def test_sizes_are_told_in_units(count: int, told: str) -> None:
    """To one digit behind the point."""
    assert size(count) == told
    assert size(3 * 1024**5) == "3072.0 TiB"
