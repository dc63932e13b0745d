import json
import sys
from pathlib import Path

import pytest

from router.cli.export import has_rows
from router.ledger.store import StoreUnavailable
from tests.commands import Commands
from tests.fakes import EPOCH
from tests.finance_kit import a_shop
from tests.focus_kit import check_file, effective
from tests.ledger_kit import usd
from tests.policy_files import a_policy


@pytest.fixture(name="bought")
def _bought(farebox: Commands) -> Commands:
    """A ledger with two charges of two tenants."""
    with a_shop(a_policy(), farebox.folder) as shop:
        shop.buy("j1", "0.041", tags=(("team", "ads"),))
        shop.post("j1.1", "0.041")
        shop.buy("j2", "0.0875", tenant="beta", provider="runpod")
        shop.post("j2.1", "0.0912")
    return farebox


@pytest.mark.parametrize("version", ["1.2", "1.4"])
def test_a_file_is_written_with_its_metadata_beside_it(bought: Commands, version: str) -> None:
    """The columns that the one has, the other tells."""
    ran = bought("export", "focus", "--version", version, "-o", "charges.csv")

    data = (bought.folder / "charges.csv").read_bytes()
    told = json.loads((bought.folder / "charges.csv.metadata.json").read_text())
    assert ran.code == 0, ran.err
    assert ran.out == (
        f"charges.csv: {len(data)} bytes. charges.csv.metadata.json says what its columns are.\n"
    )
    assert told["FocusVersion"] == version
    assert effective(check_file(data, version)) == usd("0.1322")  # type: ignore[arg-type]


def test_a_part_can_be_asked_for(bought: Commands) -> None:
    """By time, by tenant and by provider; the form too."""
    day = EPOCH.date().isoformat()
    words = ("--from", day, "--to", "2099-01-01", "--provider", "runpod", "--tenant", "beta")
    assert bought("export", "focus", *words, "-o", "part.csv").code == 0
    assert bought("export", "focus", "--to", day, "-o", "none.csv").code == 0
    assert bought("export", "focus", "--format", "parquet", "-o", "all.parquet").code == 0

    (line,) = check_file((bought.folder / "part.csv").read_bytes(), "1.2")
    assert (line["SubAccountName"], line["EffectiveCost"]) == ("beta", "0.0912")
    assert check_file((bought.folder / "none.csv").read_bytes(), "1.2") == []
    assert (bought.folder / "all.parquet").read_bytes()[:4] == b"PAR1"


def test_edits_can_be_chosen(bought: Commands) -> None:
    """By model, resolution and tag, as on the page; what fits none is an empty file."""
    for number, words in enumerate(
        (
            ("--tag", "team=ads"),
            ("--tag", "team=ads", "--model", "nano-banana-2-edit", "--resolution", "1k"),
            ("--resolution", "4k"),
        )
    ):
        assert bought("export", "focus", *words, "-o", f"{number}.csv").code == 0
    refused = bought("export", "focus", "--tag", "ads", "-o", "none.csv")

    found = [
        [line["EffectiveCost"] for line in check_file((bought.folder / name).read_bytes(), "1.2")]
        for name in ("0.csv", "1.csv", "2.csv")
    ]
    assert found == [["0.041"], ["0.041"], []]
    assert refused.err == ("farebox: The tag to filter by is its key and its value, as team=ads.\n")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_without_a_charge_is_said_to_have_none(bought: Commands, form: str) -> None:
    """Of a tenant that may be misspelt, or of a time; a file with one is not."""
    words = ("export", "focus", "--format", form, "-o", "some")
    nobodys = bought(*words, "--tenant", "nobody")
    early = bought(*words, "--to", "2026-11-01")
    acmes = bought(*words, "--tenant", "acme")

    assert (nobodys.code, early.code, acmes.code) == (0, 0, 0)
    assert nobodys.out.endswith(
        "\nNo charge is in it. Nothing was booked for tenant nobody in that time.\n"
    )
    assert early.out.endswith("\nNo charge is in it. Nothing was booked in that time.\n")
    assert "No charge" not in acmes.out


def test_a_parquet_file_that_cannot_be_read_here_counts_as_one_with_rows(
    bought: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the router wrote it with an extra that is not installed beside the command."""
    file = bought.folder / "none"
    bought("export", "focus", "--format", "parquet", "--to", "2026-11-01", "-o", file)
    assert has_rows(file) is False

    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    assert has_rows(file) is True


def test_what_cannot_be_written_replaces_nothing(bought: Commands) -> None:
    """And nothing is left beside it."""
    kept = bought.folder / "kept.csv"
    kept.write_text("before")

    refused = bought("export", "focus", "--from", "2026-12-01", "--to", "2026-11-01", "-o", kept)
    nowhere = bought("export", "focus", "-o", Path("no") / "such.csv")

    assert (refused.code, nowhere.code) == (2, 2)
    assert refused.err == "farebox: --to is not after --from.\n"
    assert nowhere.err == "farebox: no: there is no such folder\n"
    assert kept.read_text() == "before"
    assert not list(bought.folder.glob(".farebox-*"))
    assert not (bought.folder / "kept.csv.metadata.json").exists()


def test_a_file_that_breaks_off_is_not_taken_for_whole(
    bought: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command says so, and leaves what was there."""

    async def broken(*_: object, **__: object) -> None:
        raise StoreUnavailable("the disk is gone")

    from router.ledger.sqlite import SqliteStore  # noqa: PLC0415 - bent only here.

    really = SqliteStore.fetch

    async def fetch(self: SqliteStore, query: str, /, **parameters: object) -> object:
        if query == "bookings":
            await broken()
        return await really(self, query, **parameters)

    monkeypatch.setattr(SqliteStore, "fetch", fetch)
    ran = bought("export", "focus", "-o", "charges.csv")

    assert ran.code == 2
    assert "broke off: nothing was written" in ran.err
    assert not (bought.folder / "charges.csv").exists()
