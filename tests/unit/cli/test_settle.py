import json
from dataclasses import replace

import apsw
import pytest

from router.cli.mistakes import Mistake
from router.cli.settle import read_amount
from router.ledger.commands import Dispatch, Doubt, Tender
from router.model.clock import SystemClock
from router.model.ids import AttemptId, JobId
from router.model.money import Money
from tests.commands import Commands
from tests.ledger_kit import a_job_row, a_sqlite_store, an_accept, an_attempt_row, at_once, usd

JOB = JobId("0199d6f0-0000-7000-8000-000000000001")
ATTEMPT = f"{JOB}.1"
REQUEST = {
    "prompt": "make the sky green",
    "images": ["https://pictures.example/cat.png"],
    "aspect_ratio": None,
    "output_format": None,
    "price_max": None,
}


@pytest.fixture
def in_doubt(farebox: Commands) -> Commands:
    """Commands beside a ledger that has one attempt in doubt, of $0.06."""
    now = SystemClock().now()
    job = a_job_row(JOB, created_at=now, deadline_at=now, request=json.dumps(REQUEST))
    attempt = an_attempt_row(ATTEMPT, price=usd("0.06"), created_at=now)
    accept = an_accept(JOB, "0.06", at=now)
    store = a_sqlite_store(farebox.folder / "farebox.db")
    at_once(
        store.commit(
            [
                replace(accept, job=job, tenders=(Tender(attempt=attempt, limits=()),)),
                Dispatch(at=now, attempt_id=AttemptId(ATTEMPT)),
                Doubt(
                    at=now,
                    attempt_id=AttemptId(ATTEMPT),
                    outcome="provider_in_doubt",
                    detail="the line was cut",
                ),
            ]
        )
    )
    store.close()
    return farebox


def entries(farebox: Commands) -> list[tuple[str, str, str]]:
    """The journal's kinds, who and why, read from the file."""
    database = apsw.Connection(str(farebox.folder / "farebox.db"))
    rows: list[tuple[str, str, str]] = list(
        database.execute("SELECT kind, who, reason FROM entries ORDER BY rowid")
    )
    database.close()
    return rows


def test_what_is_in_doubt_is_listed(in_doubt: Commands) -> None:
    """With what a person needs to look for it on the provider's bill."""
    listed = in_doubt("settle")
    as_json = in_doubt("settle", "--json")

    assert listed.code == 0
    assert all(text in listed.out for text in (ATTEMPT, "$0.06", "unknown", "the line was cut"))
    assert json.loads(as_json.out)["attempts"][0]["id"] == ATTEMPT


def test_a_charge_that_was_seen_is_posted(in_doubt: Commands) -> None:
    """As an entry with the system user's name and the reason; then nothing is in doubt."""
    settled = in_doubt("settle", ATTEMPT, "--posted", "0.05", "--reason", "invoice 7")

    assert (settled.code, settled.out) == (0, f"{ATTEMPT}: posted $0.05.\n")
    kind, who, reason = entries(in_doubt)[-1]
    assert (kind, reason) == ("post", "invoice 7")
    assert who not in {"farebox", ""}
    assert in_doubt("settle").out == "No attempt is in doubt.\n"
    report = json.loads(in_doubt("report", "--format", "json").out)
    assert (report["total"]["posted"], report["total"]["in_doubt"]) == ("0.05", "0.00")


def test_nothing_charged_frees_the_hold(in_doubt: Commands) -> None:
    """It is voided; a program gets the attempt."""
    arguments = ("settle", ATTEMPT, "--voided", "--reason", "not on the bill")
    settled = in_doubt(*arguments)
    again = in_doubt(*arguments)

    assert settled.out == f"{ATTEMPT}: voided. Its hold is free again.\n"
    assert again.code == 2
    assert "To correct that, force it" in again.err


def test_a_program_gets_the_attempt(in_doubt: Commands) -> None:
    """With what was booked."""
    arguments = ("settle", ATTEMPT, "--posted", "0.0875", "--reason", "bill", "--json")

    settled = json.loads(in_doubt(*arguments).out)

    assert (settled["id"], settled["money"], settled["charged"]) == (ATTEMPT, "posted", "0.0875")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((ATTEMPT, "--posted", "0.04"), "say with --reason"),
        ((ATTEMPT, "--reason", "x"), "say either --posted AMOUNT or --voided"),
        (("--voided",), "say which ATTEMPT"),
    ],
)
def test_what_is_missing_is_asked_for(
    in_doubt: Commands, arguments: tuple[str, ...], told: str
) -> None:
    """Nothing is settled by half."""
    ran = in_doubt("settle", *arguments)

    assert ran.code == 2
    assert told in ran.err


@pytest.mark.parametrize(("posted", "voided"), [("0.04", True), ("four", False), ("-1", False)])
def test_what_is_no_amount_is_a_mistake(posted: str, voided: bool) -> None:  # noqa: FBT001
    """Before anybody is asked."""
    with pytest.raises(Mistake, match="--posted"):
        read_amount(posted, voided=voided)


def test_amounts_are_exact() -> None:
    """To the nano-dollar; nothing is None."""
    assert read_amount("0.020971520", voided=False) == Money(20_971_520)
    assert read_amount(None, voided=True) is None
