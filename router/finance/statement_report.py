"""What came of a provider's bill, for a program: money as decimal strings, what agrees as a sum."""

from typing import Any

from router.finance.bills import Reconciled
from router.finance.findings import Finding, Kind, sums
from router.ledger.statement_rows import StatementRow, StatementWithdrawalRow
from router.model.clock import rfc3339


def as_document(done: Reconciled) -> dict[str, Any]:
    """The whole report; what agrees is only counted."""
    return {
        "statement": {
            "id": done.id,
            "provider": done.bill.provider,
            "name": done.bill.name,
            "from": rfc3339(done.period.since),
            "to": rfc3339(done.period.until),
            "complete": done.period.is_complete,
            "lines": done.line_count,
            "total": str(done.total),
        },
        "outside": done.outside,
        "repeated": [{"line": one.number, "same_as": one.repeats} for one in done.repeated],
        "recent": done.compared.recent,
        "applied": done.is_applied,
        "agrees": done.agrees,
        "sums": [
            {
                "kind": kind.value,
                "count": count,
                "billed": str(billed),
                "posted": str(posted),
                "difference": str(billed - posted),
            }
            for kind, (count, billed, posted) in sums(done.compared.findings).items()
        ],
        "findings": [
            _finding(done, one) for one in done.compared.findings if one.kind is not Kind.MATCHED
        ],
    }


def _finding(done: Reconciled, one: Finding) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "attempt": one.attempt,
        "ref": one.ref,
        "money": None if one.state is None else one.state.value,
        "held": None if one.attempt is None else str(one.quoted),
        "billed": str(one.billed),
        "posted": str(one.posted),
        "difference": str(one.difference),
        "lines": list(one.lines),
        "action": None if one.action is None else one.action.value,
        "applied": one.subject in done.applied,
        "why": done.failed.get(one.subject, one.why),
        "suggested": list(one.suggested),
    }


def statement_document(
    row: StatementRow, withdrawal: StatementWithdrawalRow | None = None
) -> dict[str, Any]:
    """A statement that was recorded, and who took it back, if anybody did."""
    return {
        "id": row.id,
        "provider": row.provider,
        "name": row.name,
        "from": rfc3339(row.since),
        "to": rfc3339(row.until),
        "complete": bool(row.complete),
        "lines": row.line_count,
        "total": str(row.total),
        "recorded_at": rfc3339(row.recorded_at),
        "who": row.who,
        "withdrawn": None if withdrawal is None else _withdrawn(withdrawal),
    }


def _withdrawn(row: StatementWithdrawalRow) -> dict[str, str]:
    return {"at": rfc3339(row.recorded_at), "who": row.who, "reason": row.reason}
