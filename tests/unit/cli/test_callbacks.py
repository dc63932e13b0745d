import json
from dataclasses import replace

import pytest

from router.ledger.commands import End, JobEnd, Tender, Told
from router.ledger.outbox_rows import OutboxState
from router.model.clock import SystemClock
from router.model.ids import JobId
from router.model.job import JobState
from tests.commands import Commands
from tests.ledger_kit import (
    CALLBACK,
    a_job_row,
    a_sqlite_store,
    an_accept,
    an_attempt_row,
    at_once,
    usd,
)

JOB = JobId("0199d6f0-0000-7000-8000-000000000001")
PLAIN = JobId("0199d6f0-0000-7000-8000-000000000002")


@pytest.fixture
def given_up(farebox: Commands) -> Commands:
    """Commands beside a ledger with a job whose client could not be told, and one without."""
    now = SystemClock().now()
    store = a_sqlite_store(farebox.folder / "farebox.db")
    for job_id, callback in ((JOB, CALLBACK), (PLAIN, None)):
        attempt = an_attempt_row(f"{job_id}.1", price=usd("0.06"), created_at=now)
        accept = replace(
            an_accept(job_id, "0.06", at=now),
            job=a_job_row(job_id, created_at=now, tenant="local"),
            tenders=(Tender(attempt=attempt, limits=()),),
            callback=callback,
        )
        end = End(at=now, job_id=job_id, end=JobEnd(state=JobState.CANCELLED))
        at_once(store.commit([accept, end]))
    told = Told(at=now, job_id=JOB, number=1, state=OutboxState.FAILED, status=410)
    at_once(store.commit([told]))
    store.close()
    return farebox


def test_callbacks_are_listed(given_up: Commands) -> None:
    """With what became of them, and of the address no more than the host."""
    listed = given_up("callbacks", "list", "--json")
    shown = given_up("callbacks", "list", "--state", "failed")
    more = given_up("callbacks", "list", "--limit", "1")

    (one,) = json.loads(listed.out)["callbacks"]
    assert (one["id"], one["host"], one["callback"]["last_status"]) == (JOB, "app.example", 410)
    assert all(word in shown.out for word in ("app.example", "failed", "410"))
    assert "token" not in listed.out + shown.out
    assert f"--after {JOB}" in more.err


def test_a_list_may_be_empty(given_up: Commands) -> None:
    """Then it says so."""
    listed = given_up("callbacks", "list", "--state", "due")
    older = given_up("callbacks", "list", "--after", JOB)

    assert (listed.code, listed.out) == (0, "There are no such callbacks.\n")
    assert older.out == listed.out


def test_a_client_is_told_again(given_up: Commands) -> None:
    """By the server that starts next, where none runs."""
    told = given_up("callbacks", "redeliver", JOB)
    as_json = given_up("callbacks", "redeliver", JOB, "--json")

    assert (told.code, told.out) == (0, f"{JOB}: due now.\n")
    assert json.loads(as_json.out)["callback"]["state"] == "due"


def test_a_job_without_callback_is_a_mistake(given_up: Commands) -> None:
    """With the reason, on stderr."""
    told = given_up("callbacks", "redeliver", PLAIN)

    assert told.code == 2
    assert "has no callback" in told.err


def test_the_secret_is_shown_as_libraries_take_it(given_up: Commands) -> None:
    """A tenant's own; without a name, that of whoever asks."""
    own = given_up("callbacks", "secret")
    named = given_up("callbacks", "secret", "--tenant", "local")
    other = given_up("callbacks", "secret", "--tenant", "acme", "--json")

    assert own.out == named.out
    assert own.out.startswith("whsec_")
    assert json.loads(other.out)["tenant"] == "acme"
    assert json.loads(other.out)["secret"] != own.out.strip()
