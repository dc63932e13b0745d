"""A bill is known by what it says, and kept as it was."""

from dataclasses import replace

import pytest

from router.finance.bills import (
    Bill,
    Reconciled,
    as_line,
    id_of,
    kept_lines,
    kept_outcome,
    kept_statement,
)
from router.finance.findings import Finding, Kind
from router.finance.reconciling import Compared, Period
from router.model.ids import AttemptId
from tests.fakes import EPOCH
from tests.ledger_kit import DAY, usd
from tests.statement_kit import a_line

BILL = Bill(provider="shortapi", name="usage.csv", text="ref,amount,at\n")
PERIOD = Period(since=EPOCH - DAY, until=EPOCH, is_complete=True)


@pytest.mark.parametrize(
    "other",
    [
        replace(BILL, provider="runpod"),
        replace(BILL, text="ref,at,amount\n"),
        replace(BILL, columns={"ref": "Job"}),
    ],
)
def test_another_bill_is_another_statement(other: Bill) -> None:
    """By whose it is, what it says and how it was read; not by what its file is called."""
    assert id_of(BILL, PERIOD) == id_of(replace(BILL, name="copy.csv"), PERIOD)
    assert id_of(other, PERIOD) != id_of(BILL, PERIOD)
    assert id_of(BILL, replace(PERIOD, is_complete=False)) != id_of(BILL, PERIOD)


def test_a_bill_is_kept_with_its_lines_and_what_came_of_them() -> None:
    """And its lines come back as they stood on it."""
    lines = [a_line(2, "0.04", "r1"), a_line(3, "0.07")]
    found = Finding(
        kind=Kind.BILLED,
        attempt=AttemptId("j1.1"),
        billed=usd("0.04"),
        posted=usd("0.01"),
        lines=(2,),
    )
    stranger = Finding(kind=Kind.MISSING_HERE, billed=usd("0.07"), lines=(3,))
    done = Reconciled(
        id="s1",
        bill=BILL,
        period=PERIOD,
        line_count=2,
        outside=0,
        total=usd("0.11"),
        compared=Compared(findings=(found, stranger), recent=0),
        applied=frozenset({"j1.1"}),
    )

    kept = kept_statement(done, "ada", EPOCH)
    assert (kept.id, kept.complete, kept.total, kept.who) == ("s1", 1, usd("0.11"), "ada")
    assert [as_line(row) for row in kept_lines(done, lines)] == lines
    first, second = (kept_outcome(done, one, "ada", EPOCH) for one in (found, stranger))
    assert (first.subject, first.applied, first.posted) == ("j1.1", 1, usd("0.01"))
    assert (second.subject, second.applied, second.attempt_id) == ("line 3", 0, None)
