"""What is charged beside the price book, and a row that can be pasted into it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from router.ledger.commands import Dispatch, Post, Run, Tender
from router.model.charge import Reported
from router.model.clock import SystemClock
from router.model.ids import AttemptId, CallbackToken, JobId, ProviderRef
from tests.commands import Commands
from tests.ledger_kit import a_job_row, a_sqlite_store, an_accept, an_attempt_row, at_once, usd
from tests.processes import ROOT

JOBS = [JobId(f"0199d6f0-0000-7000-8000-00000000000{number}") for number in range(3)]


@pytest.fixture
def charged(farebox: Commands) -> Commands:
    """Commands beside a ledger with three charges of $0.0413 where the book says $0.04."""
    now = SystemClock().now()
    store = a_sqlite_store(farebox.folder / "farebox.db")
    for number, job in enumerate(JOBS):
        attempt = an_attempt_row(f"{job}.1", price=usd("0.04"), created_at=now)
        attempt = replace(attempt, callback_token=CallbackToken(f"token{number}"))
        accept = an_accept(job, "0.07", at=now)
        row = a_job_row(job, created_at=now, deadline_at=now)
        tenders = (Tender(attempt=attempt, limits=()),)
        name = AttemptId(f"{job}.1")
        said = Reported(raw="0.0413", source="output.cost", amount=usd("0.0413"))
        at_once(store.commit([replace(accept, job=row, tenders=tenders)]))
        at_once(
            store.commit(
                [
                    Dispatch(at=now, attempt_id=name),
                    Run(at=now, attempt_id=name, ref=ProviderRef(f"r{number}")),
                    Post(
                        at=now,
                        attempt_id=name,
                        amount=usd("0.0413"),
                        outcome="delivered",
                        reported=said,
                    ),
                ]
            )
        )
    store.close()
    return farebox


def test_drift_is_shown(charged: Commands) -> None:
    """As a table, and with every attempt for a program."""
    table, document = charged("prices", "drift"), charged("prices", "drift", "--json")

    assert table.code == 0
    assert all(text in table.out for text in ("0 of 3", "$0.0413 since", "$0.0039", "$0.04"))
    (drift,) = json.loads(document.out)["drift"]
    assert [one["posted"] for one in drift["attempts"]] == ["0.0413"] * 3


def test_a_price_that_was_only_named_stands_under_the_table(charged: Commands) -> None:
    """Nothing is charged yet: it is a line, and no row is proposed for it."""
    now, name = SystemClock().now(), AttemptId("0199d6f0-0000-7000-8000-000000000009.1")
    job = JobId(name.partition(".")[0])
    accept = an_accept(job, "0.04", at=now)
    named = Reported(raw="0.02", source="create", amount=usd("0.02"))
    store = a_sqlite_store(charged.folder / "farebox.db")
    at_once(store.commit([replace(accept, job=a_job_row(job, created_at=now, deadline_at=now))]))
    run = Run(at=now, attempt_id=name, ref=ProviderRef("r9"), quote=named)
    at_once(store.commit([Dispatch(at=now, attempt_id=name), run]))
    store.close()

    table, document = charged("prices", "drift"), charged("prices", "drift", "--json")

    assert "1k: $0.02 was named when the last 1 edit was taken" in table.out
    (told,) = json.loads(document.out)["named"]
    assert (told["named"], told["pinned"], told["in_a_row"]) == ("0.02", "0.04", 1)
    assert "$0.02" not in charged("prices", "propose").out


def test_a_proposed_row_can_be_pasted(charged: Commands) -> None:
    """`farebox check` accepts the price book with it, and shows that it is not switched on."""
    book = charged.folder / "prices.yaml"
    before = (ROOT / "policies" / "prices.yaml").read_text("utf-8")
    proposed = charged("prices", "propose")
    book.write_text(before + proposed.out, "utf-8")
    checked = charged("check", book)

    assert proposed.code == 0
    assert "verified: false" in proposed.out
    assert checked.code == 0, checked.err
    assert "is not verified and not switched on" in checked.out


def test_where_nothing_was_charged_it_says_so(farebox: Commands) -> None:
    """And what there is to propose is a comment."""
    Path(farebox.folder / "farebox.db").unlink(missing_ok=True)
    a_sqlite_store(farebox.folder / "farebox.db").close()

    assert farebox("prices", "drift").out == "Nothing was charged within 30 days.\n"
    assert farebox("prices", "propose").out.startswith("# No price has changed")
