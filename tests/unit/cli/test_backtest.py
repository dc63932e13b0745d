import json
from pathlib import Path

import pytest

from router.policy.loader import load_policy, shipped_policy_path
from tests.commands import Commands
from tests.past_jobs import write_ledger, write_trace

CHEAPEST, BALANCED = (
    shipped_policy_path(f"{name}.yaml") for name in ("cheapest-first", "balanced")
)


@pytest.fixture(name="trace")
def _trace(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.csv"
    write_trace(path, load_policy(CHEAPEST), 40)
    return path


@pytest.fixture(name="ledger")
def _ledger(tmp_path: Path) -> Path:
    """Where commands look for a ledger that nobody names."""
    path = tmp_path / "farebox.db"
    write_ledger(path, load_policy(CHEAPEST), 40)
    return path


def test_a_trace_is_replayed_for_people(farebox: Commands, trace: Path) -> None:
    """In tables on stdout; how far it is, on stderr."""
    ran = farebox("backtest", BALANCED, "--trace", trace, "--workers", "1")

    assert ran.code == 0
    assert ran.out.startswith("balanced (")
    assert "over 40 jobs" in ran.out
    for told in ("what happened", "always runpod", "By tenant", "What these figures rest on:"):
        assert told in ran.out
    assert ran.err.splitlines()[-1] == "replaying: 100 %"


def test_a_ledger_is_replayed_for_programs_and_as_a_page(farebox: Commands, ledger: Path) -> None:
    """Its own policy's decisions are made again, unasked."""
    page = ledger.with_name("page.html")

    ran = farebox("backtest", CHEAPEST, "--json", "--html", page, "--workers", "1")

    document = json.loads(ran.out)
    assert (ran.code, document["jobs"]) == (0, 40)
    assert document["checked"] == {"compared": 40, "differing": 0, "jobs": []}
    spends = [one["total"]["spend"] for one in document["scenarios"][:2]]
    assert spends[0] == spends[1]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert f"The page is at {page}." in ran.err


@pytest.mark.usefixtures("ledger")
def test_a_part_of_a_ledger_may_be_replayed(farebox: Commands) -> None:
    """From a day, before an instant, or so many of the oldest."""
    some = farebox("backtest", CHEAPEST, "--limit", "7", "--json", "--workers", "1")
    none = farebox("backtest", CHEAPEST, "--to", "2026-11-20T09:00:00Z", "--workers", "1")
    later = farebox("backtest", CHEAPEST, "--from", "2031-01-01", "--workers", "1")

    assert json.loads(some.out)["jobs"] == 7
    for ran in (none, later):
        assert (ran.code, ran.out.startswith("There are no jobs to replay")) == (0, True)


@pytest.mark.usefixtures("ledger")
def test_a_check_that_compares_nothing_says_no(farebox: Commands) -> None:
    """Jobs' policies are not kept here, and another policy's decisions cannot be compared."""
    ran = farebox("backtest", BALANCED, "--check", "--workers", "1")

    assert ran.code == 1
    assert "farebox: no decision was compared" in ran.err
    assert farebox("backtest", CHEAPEST, "--check", "--workers", "1").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--trace", "jobs.txt"), "its name ends with .csv or .jsonl"),
        (("--trace", "jobs.csv", "--database", "sqlite:///x.db"), "say one of them"),
        (("--trace", "missing.csv"), "missing.csv: No such file"),
        (("--trace", "broken.csv"), "broken.csv:1: there is no column 'tenat'"),
        (("--database", "sqlite:///none.db"), "there is no ledger at none.db"),
        (("--database", "sqlite:///broken.csv"), "cannot be read as a ledger"),
        (("--from", "yesterday"), "--from 'yesterday' is no day and no instant"),
    ],
)
def test_what_cannot_be_replayed_is_told(
    arguments: tuple[str, ...], message: str, farebox: Commands
) -> None:
    """In a sentence, and nothing is computed."""
    farebox.folder.joinpath("broken.csv").write_text("tenat\n", encoding="utf-8")

    ran = farebox("backtest", CHEAPEST, *arguments, "--workers", "1")

    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_a_policy_that_is_none_is_told(farebox: Commands, trace: Path) -> None:
    """With file, line and column, as `farebox check` tells it."""
    ran = farebox("backtest", trace, "--trace", trace)

    assert ran.code == 2
    assert "jobs.csv:1:1" in ran.err
