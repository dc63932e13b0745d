"""A bill from the command line: what is said of it, and with which exit code."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from router.cli.mistakes import Mistake
from router.cli.reconcile import read_columns
from router.ledger.commands import Dispatch, Doubt, Post, Run, Tender
from router.model.charge import Reported
from router.model.clock import SystemClock, rfc3339
from router.model.ids import AttemptId, CallbackToken, JobId, ProviderRef
from tests.commands import Commands
from tests.ledger_kit import (
    DAY,
    HOUR,
    a_job_row,
    a_sqlite_store,
    an_accept,
    an_attempt_row,
    at_once,
    usd,
)

JOBS = [JobId(f"0199d6f0-0000-7000-8000-00000000000{number}") for number in range(3)]
NOW = SystemClock().now()
REQUEST = {
    "prompt": "make the sky green",
    "images": ["https://pictures.example/cat.png"],
    "aspect_ratio": None,
    "output_format": None,
    "price_max": None,
}


@pytest.fixture
def booked(farebox: Commands) -> Commands:
    """
    Commands beside a ledger with three attempts at ShortAPI: one posted at $0.04, two in doubt, of
    which one has an id there.
    """
    store = a_sqlite_store(farebox.folder / "farebox.db")
    for number, job in enumerate(JOBS):
        attempt = an_attempt_row(f"{job}.1", price=usd(f"0.0{number + 4}"), created_at=NOW)
        token = CallbackToken(f"token{number}")
        attempt = replace(attempt, callback_token=token, horizon_at=NOW + 2 * HOUR)
        row = a_job_row(job, created_at=NOW, deadline_at=NOW, request=json.dumps(REQUEST))
        accept = replace(an_accept(job, "0.07", at=NOW), job=row)
        tenders = (Tender(attempt=attempt, limits=()),)
        at_once(store.commit([replace(accept, tenders=tenders)]))
        sent_at = NOW if number < 2 else NOW + timedelta(seconds=1)
        at_once(store.commit([Dispatch(at=sent_at, attempt_id=attempt.id)]))
    posted, named, nameless = (AttemptId(f"{job}.1") for job in JOBS)
    said = Reported(raw="0.04", source="data.amount", amount=usd("0.04"))
    at_once(
        store.commit(
            [
                Run(at=NOW, attempt_id=posted, ref=ProviderRef("r1")),
                Post(at=NOW, attempt_id=posted, amount=usd("0.04"), outcome="o", reported=said),
                Run(at=NOW, attempt_id=named, ref=ProviderRef("r2")),
                Doubt(at=NOW, attempt_id=named, outcome="provider_in_doubt"),
                Doubt(at=NOW, attempt_id=nameless, outcome="provider_in_doubt"),
            ]
        )
    )
    store.close()
    return farebox


def a_bill(folder: Path, *lines: tuple[str, str]) -> Path:
    """Write a bill of now."""
    path = folder / "usage.csv"
    rows = "".join(f"{ref},{amount},{rfc3339(NOW)}\n" for ref, amount in lines)
    path.write_text(f"ref,amount,at\n{rows}", "utf-8")
    return path


def test_nothing_is_written_without_apply(booked: Commands) -> None:
    """It says what would be done, and exits with 1 because something is to be done."""
    bill = a_bill(booked.folder, ("r1", "0.0411"), ("r2", "0.0533"))
    ran = booked("reconcile", "shortapi", bill)
    again = booked("reconcile", "shortapi", bill, "--json")

    assert (ran.code, again.code) == (1, 1)
    for text in ("to be adjusted", "to be posted", "$0.0944", "not said to be complete"):
        assert text in ran.out
    assert "Nothing was written. With --apply" in ran.out
    assert json.loads(again.out)["applied"] is False
    assert "No bill was applied yet" in booked("statements", "list").out


def test_applied_it_settles(booked: Commands) -> None:
    """And then it agrees, with exit code 0."""
    bill = a_bill(booked.folder, ("r1", "0.0411"), ("r2", "0.0533"))
    applied = booked("reconcile", "shortapi", bill, "--apply")
    again = booked("reconcile", "shortapi", bill)

    assert (applied.code, again.code) == (0, 0)
    assert "The books agree with the bill." in applied.out
    assert "adjusted" in applied.out
    assert "agrees │     2" in again.out


def test_a_repeated_line_is_told_loudly(booked: Commands) -> None:
    """With exit code 1, also when applied, until a person has booked it or taken it back."""
    lines = [("r1", "0.04"), ("r1", "0.04"), ("r2", "0.05")]
    bill = a_bill(booked.folder, *lines)
    applied = booked("reconcile", "shortapi", bill, "--apply")
    document = booked("reconcile", "shortapi", bill, "--json")
    many = a_bill(booked.folder, *[("r1", "0.04")] * 14)
    of_many = booked("reconcile", "shortapi", many)
    bill = a_bill(booked.folder, *lines)
    command = ("settle", f"{JOBS[0]}.1", "--posted", "0.08", "--force", "--reason", "charged twice")
    settled = booked(*command)
    again = booked("reconcile", "shortapi", bill)

    assert (applied.code, document.code, settled.code, again.code) == (1, 1, 0, 0)
    assert "usage.csv: 3 lines, $0.13" in applied.out
    for text in ("REPEATED to the letter: 1 line, 3 (as 2). Each counts", "see below"):
        assert text in applied.out
    assert f"farebox {' '.join(command[:5])} --reason" in applied.out
    assert json.loads(document.out)["repeated"] == [{"line": 3, "same_as": 2}]
    assert "13 lines, 3 (as 2), " in of_many.out
    assert ", 12 (as 2) and 3 more. " in of_many.out
    assert "REPEATED to the letter: 1 line, 3 (as 2)" in again.out


def test_one_line_is_one_line(booked: Commands) -> None:
    """And nothing is said of repeated ones where there are none."""
    ran = booked("reconcile", "shortapi", a_bill(booked.folder, ("r1", "0.04")))

    assert "usage.csv: 1 line, $0.04, " in ran.out
    assert "REPEATED" not in ran.out


def test_a_bill_is_listed_and_taken_back(booked: Commands) -> None:
    """As it was, it is not taken again."""
    bill = a_bill(booked.folder, ("r1", "0.0411"), ("r2", "0.0533"))
    booked("reconcile", "shortapi", bill, "--apply")
    listed = booked("statements", "list")
    (statement,) = json.loads(booked("statements", "list", "--json").out)["statements"]
    taken = booked("statements", "withdraw", statement["id"], "--reason", "a wrong file")
    again = booked("statements", "withdraw", statement["id"], "--reason", "another", "--json")
    refused = booked("reconcile", "shortapi", bill, "--apply")

    assert all(text in listed.out for text in ("usage.csv", "$0.0944", "shortapi"))
    assert (statement["lines"], statement["withdrawn"]) == (2, None)
    assert "a wrong file" in taken.out
    assert json.loads(again.out)["withdrawn"]["reason"] == "a wrong file"
    assert (refused.code, "withdrawn" in refused.err) == (2, True)


def test_what_a_person_must_do_is_said_with_its_command(booked: Commands) -> None:
    """A line that may be the charge of what is in doubt."""
    bill = a_bill(booked.folder, ("r9", "0.06"))
    ran = booked("reconcile", "shortapi", bill)

    assert ran.code == 1
    assert f'farebox settle {JOBS[2]}.1 --posted 0.06 --reason "…"' in ran.out
    assert "see below" in ran.out
    assert "Nothing was written" not in ran.out


def test_a_complete_bill_is_of_a_time(booked: Commands) -> None:
    """Lines of another time are counted, and what is too recent is not missed."""
    bill = a_bill(booked.folder, ("r1", "0.04"))
    since = (NOW - 2 * DAY).date().isoformat()
    until = (NOW - DAY).date().isoformat()
    ran = booked("reconcile", "shortapi", bill, "--from", since, "--to", until)
    empty = a_bill(booked.folder)
    now = rfc3339(SystemClock().now())
    recent = booked("reconcile", "shortapi", empty, "--from", since, "--to", now)

    assert ran.code == 0
    assert "Lines of another time, which were not looked at: 1." in ran.out
    assert "(complete)" in ran.out
    assert "Charges too recent to be missed on it: 1." in recent.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("shortapi",), "name the provider's FILE, or say with --balance"),
        (("shortapi", "usage.csv", "--balance", "4.20"), "name the provider's FILE, or say"),
        (("shortapi", "usage.csv", "--from", "2026-11-01"), "--from and --to: say both"),
        (("shortapi", "nobody.csv"), "nobody.csv: No such file"),
        (("shortapi", "usage.csv", "--columns", "price=Cost"), "--columns: write ref, amount, at"),
        (("shortapi", "usage.csv"), "usage.csv:2:4: 'much' is no amount as 0.0875"),
        (("shortapi", "latin.csv"), "latin.csv: this is not text in UTF-8"),
        (("shortapi", "usage.csv", "--columns", "amount=ref"), "'r1' is no amount"),
        (("shortapi", "--balance", "-4.20"), "a charge is not negative"),
    ],
)
def test_a_mistake_is_told(booked: Commands, options: tuple[str, ...], words: str) -> None:
    """In one sentence that says what to do, with exit code 2."""
    a_bill(booked.folder, ("r1", "much"))
    (booked.folder / "latin.csv").write_bytes("ref,amount,at\nä".encode("latin-1"))
    ran = booked("reconcile", *options)

    assert ran.code == 2
    assert words in ran.err


def test_columns_are_read() -> None:
    """With spaces in their names; whatever is no pair is a mistake."""
    assert read_columns(None) == {}
    assert read_columns("ref=Job ID, at=Created") == {"ref": "Job ID", "at": "Created"}
    for text in ("ref", "ref=", "id=Job", "ref=a,ref=b"):
        with pytest.raises(Mistake, match="--columns"):
            read_columns(text)


def test_a_balance_is_recorded(booked: Commands) -> None:
    """It is shown with what was posted since; two that differ from the books are told."""
    at = rfc3339(NOW - DAY)
    first = booked("reconcile", "shortapi", "--balance", "10.00", "--at", at)
    second = booked("reconcile", "shortapi", "--balance", "9.93", "--json")
    shown = booked("balance", "shortapi")

    assert first.code == 0
    assert "$9.96" in first.out
    assert json.loads(second.out)["between"][0]["difference"] == "0.03"
    assert "$0.07 are gone by the readings, $0.04 by the books: $0.03 of difference." in shown.out
