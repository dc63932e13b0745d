"""What is charged beside the price book, and a row that can be pasted into it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from router.ledger.commands import Adjust, Dispatch, Enter, Post, Run, Tender
from router.model.charge import Reported
from router.model.clock import SystemClock
from router.model.ids import AttemptId, CallbackToken, JobId, ProviderRef
from router.policy.loader import load_policy
from tests.commands import Commands
from tests.ledger_kit import a_job_row, a_sqlite_store, an_accept, an_attempt_row, at_once, usd
from tests.processes import ROOT
from tests.statement_kit import LINE, STATEMENT, WITHDRAWAL

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


def test_what_a_bill_that_was_withdrawn_says_is_marked_under_the_table(charged: Commands) -> None:
    """It counts, and is no price to rely on."""
    line = replace(LINE, provider_ref=ProviderRef("r0"), amount=usd("0.0413"))
    store = a_sqlite_store(charged.folder / "farebox.db")
    facts = (STATEMENT, line, WITHDRAWAL)
    adjust = Adjust(
        at=SystemClock().now(),
        attempt_id=AttemptId(f"{JOBS[0]}.1"),
        difference=usd("0.0204"),
        who="ada",
        reason="the wrong column",
        source="statement",
    )
    at_once(store.commit([Enter(at=STATEMENT.recorded_at, facts=facts), adjust]))
    store.close()

    table = charged("prices", "drift")

    assert "1 of its charges beside the price are known by a bill that was withdrawn" in table.out


def test_an_offer_that_is_stopped_is_said_to_be(farebox: Commands) -> None:
    """In the table, under it with its charges, and in what is proposed, though they are two."""
    now = SystemClock().now()
    (row,) = (
        one
        for one in load_policy(ROOT / "policies" / "balanced.yaml").prices.offers_listed
        if (one.provider, one.model, one.is_on) == ("shortapi", "nano-banana-2-edit", True)
    )
    store = a_sqlite_store(farebox.folder / "farebox.db")
    for job, amount in zip(JOBS, ("0.0441", "0.0423"), strict=False):
        name = AttemptId(f"{job}.1")
        attempt = an_attempt_row(name, price=usd("0.04"), created_at=now, price_from=row.starts)
        attempt = replace(attempt, callback_token=CallbackToken(f"token {name}"))
        accept = an_accept(job, "0.04", at=now)
        job_row = a_job_row(job, created_at=now, deadline_at=now)
        tenders = (Tender(attempt=attempt, limits=()),)
        at_once(store.commit([replace(accept, job=job_row, tenders=tenders)]))
        said = Reported(raw=amount, source="output.cost", amount=usd(amount))
        post = Post(at=now, attempt_id=name, amount=usd(amount), outcome="delivered", reported=said)
        at_once(store.commit([Dispatch(at=now, attempt_id=name), post]))
    store.close()

    table, row_text = farebox("prices", "drift"), farebox("prices", "propose")

    assert "stopped" in table.out
    assert "Charged last: $0.0423, $0.0441." in table.out.replace("\n", " ")
    assert "$0.0441, the highest, is proposed" in row_text.out


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
