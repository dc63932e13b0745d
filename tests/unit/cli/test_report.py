import csv
import json

import pytest

from router.cli.report import read_report, remarks, report_table
from router.cli.show import console
from router.finance.report import as_csv
from tests.commands import Commands

DOCUMENT = {
    "drift": {"charges": 2, "over": "0.013", "under": "0.007"},
    "paid_twice": {"edits": 1, "amount": "0.041"},
    "by": ["provider", "tag:team"],
    "time_zone": "UTC",
    "rows": [
        {
            "provider": "runpod",
            "tag:team": "",
            "edits": 2,
            "posted": "0.175",
            "presumed": "0.01",
            "held": "0.02",
            "in_doubt": "0.03",
            "savings": "-0.04",
            "missed": "0.015",
            "list_cost": "0.18",
            "refunded": "0.00",
        },
        {
            "provider": "shortapi",
            "tag:team": "growth",
            "edits": 3,
            "posted": "0.12",
            "presumed": "0.00",
            "held": "0.00",
            "in_doubt": "0.00",
            "savings": "0.1425",
            "missed": "0.011",
            "list_cost": "0.135",
            "refunded": "0.002",
        },
    ],
    "total": {
        "edits": 5,
        "posted": "0.295",
        "presumed": "0.01",
        "held": "0.02",
        "in_doubt": "0.03",
        "savings": "0.1025",
        "missed": "0.026",
        "list_cost": "0.315",
        "refunded": "0.002",
    },
}


def test_people_get_dollars_and_a_total(capsys: pytest.CaptureFixture[str]) -> None:
    """Each amount in its own column."""
    console().print(report_table(read_report(DOCUMENT)))

    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if "shortapi" in line)
    total = next(line for line in lines if "total" in line)
    assert [cell.strip() for cell in row.split("│")[1:-1]] == [
        "shortapi", "growth", "3", "$0.12", "$0.00", "$0.00", "$0.00", "$0.1425",
        "$0.011", "$0.135", "$0.002",
    ]  # fmt: skip
    assert [cell.strip() for cell in total.split("│")[1:-1]] == [
        "total", "", "5", "$0.295", "$0.01", "$0.02", "$0.03", "$0.1025",
        "$0.026", "$0.315", "$0.002",
    ]  # fmt: skip


def test_what_should_be_looked_at_is_told_under_the_table() -> None:
    """Drift and what was paid twice; nothing where there is nothing."""
    drift, twice = remarks(DOCUMENT)

    assert drift.startswith("Price drift: 2 charged not as priced, $0.013 above and $0.007 below")
    assert twice == "Paid twice: $0.041 in 1 edit, beyond the dearest charge of each."
    nothing = {"drift": {"charges": 0}, "paid_twice": {"edits": 0}}
    assert list(remarks(nothing)) == []


def test_spreadsheets_get_plain_numbers() -> None:
    """The same report, read back from what a router wrote."""
    rows = list(csv.DictReader(as_csv(read_report(DOCUMENT)).splitlines()))

    assert [row["savings"] for row in rows] == ["-0.04", "0.1425"]


def test_an_unknown_dimension_is_told_before_anybody_is_asked(farebox: Commands) -> None:
    """Even where there is no ledger."""
    ran = farebox("report", "--by", "colour")

    assert ran.code == 2
    assert "'colour' is nothing to report by" in ran.err


def test_an_empty_ledger_has_a_report(farebox: Commands) -> None:
    """In words for people, and in every other form; a period that is none is told."""
    farebox("keys", "create", "--tenant", "acme")

    table = farebox("report", "--from", "2026-11-01", "--to", "2026-12-01")
    rows = farebox("report", "--format", "csv", "--by", "day,tenant")
    nonsense = farebox("report", "--from", "yesterday")
    nowhere = farebox("report", "--by", "month", "--time-zone", "Europe/Nowhere")

    assert (table.code, table.out.split(":")[0]) == (0, "Nothing was bought in that time")
    assert rows.out == (
        "day,tenant,edits,posted,presumed,held,in_doubt,savings,missed,list_cost,refunded\r\n"
    )
    assert nonsense.code == 2
    assert "from" in nonsense.err
    assert nowhere.code == 2
    assert "there is no time zone 'Europe/Nowhere'" in nowhere.err


def test_who_does_not_know_the_tags_is_told(farebox: Commands) -> None:
    """What the books have of them: which there are, no file of this machine knows."""
    farebox("keys", "create")

    asked, unfinished = farebox("report", "--by", "tag"), farebox("report", "--by", "day,tag:")

    assert (asked.code, unfinished.code) == (2, 2)
    assert asked.err == unfinished.err
    assert "as tag:team; of that time none has tags" in asked.err


def test_what_is_wrong_is_named_as_it_was_written(farebox: Commands) -> None:
    """As an option, and not as what becomes of it."""
    farebox("keys", "create")

    reversed_ = farebox("report", "--from", "2026-12-01", "--to", "2026-11-01")
    nowhere = farebox("report", "--time-zone", "Europe/Nowhere")

    assert (reversed_.code, reversed_.err) == (2, "farebox: --to is not after --from.\n")
    assert nowhere.err.startswith("farebox: --time-zone: there is no time zone")


def test_programs_may_say_json(farebox: Commands) -> None:
    """As of every other command; two forms at once are none."""
    farebox("keys", "create")

    short, long = farebox("report", "--json"), farebox("report", "--format", "json")
    both = farebox("report", "--json", "--format", "csv")

    assert short.out == long.out
    assert json.loads(short.out)["total"]["edits"] == 0
    assert (both.code, both.err) == (2, "farebox: --json and --format csv: say one of them\n")
