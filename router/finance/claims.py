"""
Claims: attempts that a provider billed and did not deliver, as a list to send to it. Pure.

Whatever is in doubt or presumed is not among them: nobody has said yet that it was billed.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from router.finance.report import harmless
from router.ledger.rows import AttemptRow
from router.model.clock import rfc3339
from router.model.money import Money, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One attempt that was billed for nothing."""

    provider: str
    provider_ref: str
    """The provider's own id of it; empty where it never told one."""
    attempt: str
    job: str
    at: str
    """When it ended, as RFC 3339 in UTC."""
    model: str
    resolution: str
    amount: str
    """In dollars, without a sign."""
    why: str


COLUMNS = tuple(field.name for field in fields(Claim))


def claims(rows: Iterable[AttemptRow], provider: str | None = None) -> list[Claim]:
    """
    List what may be claimed, in the order of the rows.

    Args:
        rows: Attempts that were posted and not delivered.
        provider: Only what this one billed; None for all.
    """
    return [_claim(row) for row in rows if provider in {None, row.provider}]


def claimed(found: Sequence[Claim]) -> Money:
    """What the claims add up to."""
    return total([Money.parse(claim.amount) for claim in found])


def as_document(found: Sequence[Claim]) -> dict[str, Any]:
    """The list for a program; money as decimal strings."""
    return {
        "claims": [{name: getattr(claim, name) for name in COLUMNS} for claim in found],
        "total": str(claimed(found)),
    }


def as_csv(found: Sequence[Claim]) -> str:
    """The list for a spreadsheet: RFC 4180, plain decimals, no row of totals."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for claim in found:
        writer.writerow([harmless(getattr(claim, name)) for name in COLUMNS])
    return out.getvalue()


def _claim(row: AttemptRow) -> Claim:
    return Claim(
        provider=row.provider,
        provider_ref=row.provider_ref or "",
        attempt=row.id,
        job=row.job_id,
        at=rfc3339(row.ended_at or row.created_at),
        model=row.model,
        resolution=row.resolution.value,
        amount=str(row.posted),
        why=": ".join(part for part in (row.outcome, row.detail) if part),
    )
