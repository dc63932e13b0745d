import csv
import json
from dataclasses import replace

import pytest

from router.ledger.commands import Dispatch, Post, Tender
from router.model.clock import SystemClock
from router.model.ids import AttemptId, JobId
from tests.commands import Commands
from tests.ledger_kit import a_job_row, a_sqlite_store, an_accept, an_attempt_row, at_once, usd

JOB = JobId("0199d6f0-0000-7000-8000-000000000001")
ATTEMPT = AttemptId(f"{JOB}.1")


@pytest.fixture
def billed(farebox: Commands) -> Commands:
    """Commands beside a ledger that has one attempt, billed with $0.06 and not delivered."""
    now = SystemClock().now()
    job = a_job_row(JOB, created_at=now, deadline_at=now)
    attempt = an_attempt_row(ATTEMPT, price=usd("0.07"), created_at=now)
    accept = an_accept(JOB, "0.07", at=now)
    store = a_sqlite_store(farebox.folder / "farebox.db")
    at_once(
        store.commit(
            [
                replace(accept, job=job, tenders=(Tender(attempt=attempt, limits=()),)),
                Dispatch(at=now, attempt_id=ATTEMPT),
                Post(at=now, attempt_id=ATTEMPT, amount=usd("0.06"), outcome="result_unavailable"),
            ]
        )
    )
    store.close()
    return farebox


def test_a_claim_is_shown_with_its_sum(billed: Commands) -> None:
    """As a table for people, and as a document for programs."""
    table, document = billed("claims"), billed("claims", "--json")

    assert table.code == 0
    assert all(text in table.out for text in (str(ATTEMPT), "$0.06", "result_unavailable", "total"))
    found = json.loads(document.out)
    assert (found["total"], found["claims"][0]["job"]) == ("0.06", JOB)


def test_a_claim_is_written_to_be_sent(billed: Commands) -> None:
    """A row for each attempt, and nothing else on stdout."""
    (row,) = csv.DictReader(billed("claims", "--csv").out.splitlines())

    assert (row["attempt"], row["amount"]) == (ATTEMPT, "0.06")


def test_where_there_is_none_it_says_so(billed: Commands) -> None:
    """Of one provider, or of one time."""
    for options in (("--provider", "runpod"), ("--to", "2026-01-01")):
        ran = billed("claims", *options)
        assert (ran.code, ran.out) == (0, "Nothing was billed that was not delivered.\n")


def test_two_forms_at_once_are_a_mistake(billed: Commands) -> None:
    """It says which."""
    ran = billed("claims", "--csv", "--json")

    assert (ran.code, ran.out) == (2, "")
    assert "--json and --csv: say one of them" in ran.err
