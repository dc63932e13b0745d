"""What came of a bill, for a program."""

from dataclasses import replace
from datetime import timedelta

from router.finance.bills import Bill, Reconciled
from router.finance.reconciling import Period, compare
from router.finance.statement_report import as_document, statement_document
from router.model.job import AttemptState
from tests.fakes import EPOCH
from tests.ledger_kit import HOUR, usd
from tests.statement_kit import STATEMENT, WITHDRAWAL, a_line, a_sent


def test_a_report_tells_what_differs_and_counts_what_agrees() -> None:
    """Why a finding could not be settled is told in place of why it can be."""
    period = Period(since=EPOCH, until=EPOCH + HOUR, is_complete=False)
    lines = [a_line(2, "0.05", "r1"), a_line(3, "0.07", "r2"), a_line(4, "0.09", "r3")]
    rows = [
        a_sent("j1.1", AttemptState.POSTED, "0.04", ref="r1", posted="0.04"),
        a_sent("j2.1", AttemptState.IN_DOUBT, "0.06", ref="r2"),
        a_sent("j3.1", AttemptState.POSTED, "0.08", ref="r3", posted="0.09"),
    ]
    done = Reconciled(
        id="s1",
        bill=Bill(provider="shortapi", name="usage.csv", text=""),
        period=period,
        line_count=3,
        outside=7,
        total=usd("0.21"),
        compared=compare(lines, [], rows, period),
        applied=frozenset({"j1.1"}),
        failed={"j2.1": "The attempt is voided."},
        repeated=(replace(lines[2], repeats=3),),
        is_applied=True,
    )
    told = as_document(done)

    assert told["statement"] == {
        "id": "s1",
        "provider": "shortapi",
        "name": "usage.csv",
        "from": "2026-11-20T09:00:00.000000Z",
        "to": "2026-11-20T10:00:00.000000Z",
        "complete": False,
        "lines": 3,
        "total": "0.21",
    }
    assert (told["applied"], told["agrees"], told["outside"]) == (True, False, 7)
    assert told["repeated"] == [{"line": 4, "same_as": 3}]
    counts = {one["kind"]: one["count"] for one in told["sums"] if one["count"]}
    assert counts == {"matched": 1, "amount_differs": 1, "billed": 1}
    first, second = told["findings"]
    assert first == {
        "kind": "amount_differs",
        "attempt": "j1.1",
        "ref": "r1",
        "money": "posted",
        "held": "0.04",
        "billed": "0.05",
        "posted": "0.04",
        "difference": "0.01",
        "lines": [2],
        "action": "adjust",
        "applied": True,
        "why": "",
        "suggested": [],
    }
    assert (second["applied"], second["why"]) == (False, "The attempt is voided.")


def test_a_line_of_nobodys_has_no_attempt() -> None:
    """And no state, and nothing that is done."""
    period = Period(since=EPOCH, until=EPOCH + timedelta(hours=1), is_complete=False)
    done = Reconciled(
        id="s1",
        bill=Bill(provider="shortapi", name="usage.csv", text=""),
        period=period,
        line_count=1,
        outside=0,
        total=usd("0.05"),
        compared=compare([a_line(2, "0.05", "r1")], [], [], period),
    )
    (finding,) = as_document(done)["findings"]

    assert (finding["attempt"], finding["money"], finding["action"]) == (None, None, None)
    assert finding["lines"] == [2]


def test_a_statement_is_told_with_who_applied_it() -> None:
    """And of what time it is."""
    told = statement_document(replace(STATEMENT, complete=0))

    assert (told["who"], told["complete"], told["total"], told["lines"]) == (
        *("ada", False, "0.11", 2),
    )
    assert told["withdrawn"] is None
    assert statement_document(STATEMENT, WITHDRAWAL)["withdrawn"] == {
        "at": "2026-11-20T09:00:00.000000Z",
        "who": "bob",
        "reason": "the wrong column",
    }
