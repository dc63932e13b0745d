import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands import Commands

SHIPPED = Path(__file__).parents[3] / "policies"
BUDGETS = """\
- {name: everyone-monthly, who: everyone, limit: $900.00, per: month}
- {name: acme-daily, who: {tenant: acme}, limit: $7.50, per: day}
"""


@pytest.fixture
def folder(farebox: Commands) -> Path:
    """The shipped files, where they can be spoilt."""
    copied = farebox.folder / "policies"
    shutil.copytree(SHIPPED, copied)
    return copied


def spoil(path: Path, old: str, new: str) -> None:
    """Write something else in one place."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_shipped_files_are_sound(farebox: Commands, folder: Path) -> None:
    """Policies and the price book among them, and today's prices are shown."""
    ran = farebox("check", *sorted(folder.glob("*.yaml")))

    assert ran.code == 0
    assert ran.err == ""
    assert "cheapest-first.yaml: cheapest-first: " in ran.out
    assert "examples kept" in ran.out
    assert "prices.yaml: a price book: 6 offers of 2 providers." in ran.out
    assert "$0.0875" in ran.out


def test_a_folder_stands_for_its_files(farebox: Commands, folder: Path) -> None:
    """`farebox check policies` needs no shell to expand it."""
    assert farebox("check", folder).out == farebox("check", *sorted(folder.glob("*.yaml"))).out


def test_a_folder_stands_for_the_folders_in_it_too(farebox: Commands, folder: Path) -> None:
    """However deep a broken file lies, and whichever of the two endings it has."""
    for name in ("deep/er/broken.yaml", "deep/broken.yml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("policy: [")

    ran = farebox("check", folder)

    assert ran.code == 1
    assert f"{folder / 'deep/er/broken.yaml'}:1:" in ran.err
    assert f"{folder / 'deep/broken.yml'}:1:" in ran.err
    assert "cheapest-first.yaml: cheapest-first: " in ran.out


def test_hidden_files_and_folders_are_left_alone(farebox: Commands, folder: Path) -> None:
    """A mounted configuration has all of its files twice, and an editor leaves its own."""
    (folder / "..2026").mkdir()
    for name in ("..2026/broken.yaml", ".#broken.yaml"):
        (folder / name).write_text("policy: [")

    assert farebox("check", "--quiet", folder).code == 0


def test_a_folder_that_cannot_be_looked_into_is_told(
    farebox: Commands, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not checked does not pass for sound."""

    def walk(place: Path, onerror: Callable[[OSError], None]) -> Iterator[object]:
        onerror(PermissionError(errno.EACCES, "Permission denied", f"{place}/locked"))
        return iter(())

    monkeypatch.setattr(os, "walk", walk)

    ran = farebox("check", folder)

    assert (ran.code, ran.err) == (2, f"farebox: {folder}/locked: Permission denied\n")


def test_the_help_says_what_a_folder_is_and_what_is_printed(farebox: Commands) -> None:
    """Nobody has to try it out."""
    told = " ".join(farebox("check", "--help").out.split())

    assert "in it and below it that is not hidden" in told
    assert "the prices in force now are printed" in told


def test_prices_are_shown_once(farebox: Commands, folder: Path) -> None:
    """Policies that share a price book do not repeat it."""
    assert farebox("check", folder).out.count("Prices in force") == 1


def test_quiet_says_nothing_of_what_is_well(farebox: Commands, folder: Path) -> None:
    """Only the exit code does."""
    ran = farebox("check", "--quiet", folder)

    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_a_broken_promise_is_told_with_its_place(farebox: Commands, folder: Path) -> None:
    """File, line, column, what happens instead, and the line itself."""
    spoil(folder / "cheapest-first.yaml", "1k, expect: shortapi at $0.04", "1k, expect: nobody")

    ran = farebox("check", folder / "cheapest-first.yaml")

    assert ran.code == 1
    first, excerpt, *_ = ran.err.splitlines()
    assert first.startswith(f"{folder}/cheapest-first.yaml:25:5: expected nobody, and it is ")
    assert "shortapi at $0.04" in first
    assert "{job: 1k, expect: nobody" in excerpt
    assert ran.out == ""


def test_a_price_book_is_checked_by_itself(farebox: Commands, folder: Path) -> None:
    """A bare number is no price, wherever it stands."""
    spoil(folder / "prices.yaml", "{1k: $0.04,", "{1k: 0.04,")

    ran = farebox("check", folder / "prices.yaml")

    assert ran.code == 1
    assert "prices.yaml:52:21: write money with a dollar sign, as $0.04" in ran.err


def test_rows_of_a_price_book_that_contradict_each_other(farebox: Commands, folder: Path) -> None:
    """Two prices from the same instant are an overlap, told at the later row."""
    book = folder / "prices.yaml"
    row = "\n  - {provider: runpod, model: nano-banana-edit, slug: nano-banana-edit, "
    row += "from: 2026-11-01, source: twice, verified: true, per_image: {1k: $0.05}}\n"
    book.write_text(book.read_text() + row)

    ran = farebox("check", book)

    assert ran.code == 1
    assert "overlap: runpod nano-banana-edit has another price from this instant on" in ran.err


def test_budgets_are_checked_by_themselves(farebox: Commands, folder: Path) -> None:
    """A file of budgets is a list, and counts what is in it."""
    path = folder / "budgets.yaml"
    path.write_text(BUDGETS)

    ran = farebox("check", path)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{path}: 2 budgets.\n"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("limit: $7.50", "limit: 7.50", ":2:50: write money with a dollar sign, as $7.50"),
        ("per: day", "pr: day", ":2:57: unknown key 'pr'; did you mean 'per'?"),
        ("acme-daily", "everyone-monthly", ":2:10: a second budget named 'everyone-monthly'"),
    ],
)
def test_what_is_wrong_with_budgets_has_its_place(
    farebox: Commands, folder: Path, old: str, new: str, told: str
) -> None:
    """As in a policy."""
    path = folder / "budgets.yaml"
    path.write_text(BUDGETS)
    spoil(path, old, new)

    ran = farebox("check", path)

    assert ran.code == 1
    assert f"{path}{told}" in ran.err


def test_budgets_under_a_key_are_told_how(farebox: Commands, folder: Path) -> None:
    """A policy names the file; the file is the list."""
    path = folder / "budgets.yaml"
    path.write_text("budgets:\n  - {name: all, who: everyone, limit: $1.00, per: day}\n")

    ran = farebox("check", path)

    assert ran.code == 1
    assert f"{path}:1:1: a file of budgets is the list alone" in ran.err


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("broken.yaml", b"policy: [", "no YAML"),
        ("empty.yaml", b"", "the file is empty"),
        ("latin.yaml", b"policy: caf\xe9\n", "no text in UTF-8"),
        ("other.yaml", b"apiVersion: v1\n", "unknown key 'apiVersion'"),
        ("word.yaml", b"hello\n", "keys with values belong here"),
    ],
)
def test_whatever_a_file_is_it_is_told(
    farebox: Commands, name: str, content: bytes, told: str
) -> None:
    """No kind of file ends in a traceback."""
    path = farebox.folder / name
    path.write_bytes(content)

    ran = farebox("check", name)

    assert ran.code == 1
    assert ran.err.startswith(f"{name}:1:")
    assert told in ran.err


def test_a_file_that_is_not_there(farebox: Commands) -> None:
    """It is told like everything else that is wrong with a file."""
    ran = farebox("check", "nowhere.yaml")

    assert ran.code == 1
    assert "nowhere.yaml:1:1: cannot read 'nowhere.yaml'" in ran.err


@pytest.mark.parametrize("named", ["as the file", "as its prices"])
def test_a_pipe_is_told_and_not_waited_for(farebox: Commands, folder: Path, named: str) -> None:
    """Nobody writes to it: whoever opened it as a file would never come back."""
    os.mkfifo(folder / "pipe.yaml")
    policy = folder / "fixed-order.yaml"
    spoil(policy, "prices: prices.yaml", "prices: pipe.yaml")

    ran = farebox("check", folder / "pipe.yaml" if named == "as the file" else policy)

    assert ran.code == 1
    assert "cannot read 'pipe.yaml': not a regular file" in ran.err


def test_an_empty_folder_was_not_meant(farebox: Commands) -> None:
    """Nothing checked is not the same as nothing wrong."""
    (farebox.folder / "void").mkdir()

    ran = farebox("check", "void")

    assert (ran.code, ran.err) == (2, "farebox: void: no *.yaml in this folder\n")


def test_sound_files_are_still_told_beside_broken_ones(farebox: Commands, folder: Path) -> None:
    """And the exit code is of all of them."""
    spoil(folder / "fixed-order.yaml", "price_max: $0.15", "price_max: 0.15")

    ran = farebox("check", folder)

    assert ran.code == 1
    assert "fixed-order.yaml:7:12: write money with a dollar sign" in ran.err
    assert "cheapest-first.yaml: cheapest-first: " in ran.out
    assert "fixed-order" not in ran.out


def test_json_for_a_program(farebox: Commands, folder: Path) -> None:
    """The same answer, with every place as numbers."""
    spoil(folder / "fixed-order.yaml", "price_max: $0.15", "price_max: 0.15")

    ran = farebox("check", "--json", folder / "fixed-order.yaml", folder / "prices.yaml")

    policy, prices = json.loads(ran.out)
    assert ran.code == 1
    assert (policy["kind"], policy["ok"]) == ("policy", False)
    assert policy["problems"][0]["line"] == 7
    assert policy["problems"][0]["column"] == 12
    assert (prices["kind"], prices["ok"], prices["problems"]) == ("prices", True, [])
    assert policy["prices"] is None


def test_json_has_the_prices_and_their_next_change(farebox: Commands, folder: Path) -> None:
    """All that the table shows; of a policy, those that it buys by."""
    book = folder / "prices.yaml"
    spoil(book, "    slug: google", "    until: 2199-03-01\n    slug: google")
    row = "\n  - {provider: runpod, model: nano-banana-edit, slug: nano-banana-edit, "
    later = "from: 2199-01-01, source: a letter, verified: true, "
    book.write_text(f"{book.read_text()}{row}{later}per_image: {{1k: $0.0381}}}}\n")

    ran = farebox("check", "--json", book, folder / "demo.yaml")

    prices, policy = json.loads(ran.out)
    found = {(row["provider"], row["model"]): row for row in prices["prices"]}
    ends = found["shortapi", "nano-banana-2-edit"]
    changes = found["runpod", "nano-banana-edit"]
    assert policy["prices"] == prices["prices"]
    assert ends["per_image"] == {"1k": "0.04", "2k": "0.06", "4k": "0.09"}
    assert (ends["obstacle"], ends["contracted"]) == (None, [])
    assert ends["next_change"] == {"at": "2199-03-01T00:00:00.000000Z", "per_image": None}
    assert changes["next_change"]["per_image"] == {"1k": "0.0381"}
    assert found["runpod", "nano-banana-2-edit"]["next_change"] is None


def test_the_prices_of_today_are_shown_with_their_next_change(
    farebox: Commands, folder: Path
) -> None:
    """Of a book alone too; a negotiated price is the one in force, and is marked."""
    book = folder / "prices.yaml"
    row = "\n  - {provider: runpod, model: nano-banana-edit, slug: nano-banana-edit, "
    later = "from: 2199-01-01, until: 2199-02-01, source: a letter, verified: true, "
    book.write_text(f"{book.read_text()}{row}{later}per_image: {{1k: $0.0381}}}}\n")
    spoil(
        book,
        "per_image: {1k: $0.0875, 2k: $0.13, 4k: $0.175}",
        "per_image: {1k: $0.0875, 2k: $0.13, 4k: $0.175}\n    contracted: {4k: $0.161}",
    )

    ran = farebox("check", book)

    assert (ran.code, ran.err) == (0, "")
    assert "Prices in force on" in ran.out
    assert "2199-01-01: 1k $0.0381" in ran.out
    assert "$0.161" in ran.out
    assert "on, contracted" in ran.out


def test_the_end_of_a_price_is_shown(farebox: Commands, folder: Path) -> None:
    """Nothing follows it."""
    spoil(folder / "prices.yaml", "    slug: google", "    until: 2199-03-01\n    slug: google")

    assert "2199-03-01: ends" in farebox("check", folder / "prices.yaml").out


@pytest.mark.parametrize("kind", ["policy", "prices", "budgets"])
def test_the_schema_is_written_for_editors(farebox: Commands, kind: str) -> None:
    """As it is shipped, so that a redirection brings the shipped file up to date."""
    ran = farebox("check", "--schema", kind)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (SHIPPED / "schema" / f"{kind}.json").read_text()


def test_to_check_nothing_was_not_meant(farebox: Commands) -> None:
    """Without a file there is a sentence, and the exit code of wrong usage."""
    ran = farebox("check")

    assert ran.code == 2
    assert ran.err.startswith("farebox: name the files to check")
