"""A provider's bill as somebody brings it, what came of it, and both as the ledger keeps them."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from router.finance.findings import Finding, Kind
from router.finance.reconciling import Compared, Period
from router.finance.statement_csv import Line
from router.ledger.statement_rows import StatementLineRow, StatementOutcomeRow, StatementRow
from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A statement as somebody brings it."""

    provider: str
    name: str
    """The file's."""
    text: str = field(repr=False)
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    since: datetime | None = None
    until: datetime | None = None
    """With both of them, all that was billed within that time is on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """A bill held against the books, and what was done about it."""

    id: str
    bill: Bill
    period: Period
    line_count: int
    """Within the period."""
    outside: int
    """Lines that are not, and were not looked at."""
    total: Money
    compared: Compared
    repeated: tuple[Line, ...] = ()
    """Lines within the period that say the same again as one before them."""
    applied: frozenset[str] = frozenset()
    """The subjects that were settled by it."""
    failed: Mapping[str, str] = field(default_factory=dict[str, str])
    """The subjects that were to be settled and could not be, with why."""
    is_applied: bool = False

    @property
    def agrees(self) -> bool:
        """Whether nothing is left to be done or to be asked."""
        return all(
            one.kind is Kind.MATCHED or one.subject in self.applied
            for one in self.compared.findings
        )


def id_of(bill: Bill, period: Period) -> str:
    """The same bill of the same time is the same statement, whatever its file is called."""
    said = (bill.provider, *sorted(bill.columns.items()), str(period), bill.text)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def kept_statement(found: Reconciled, who: str, at: datetime) -> StatementRow:
    """The bill itself, as the ledger keeps it."""
    return StatementRow(
        id=found.id,
        provider=found.bill.provider,
        name=found.bill.name,
        since=found.period.since,
        until=found.period.until,
        complete=int(found.period.is_complete),
        line_count=found.line_count,
        total=found.total,
        recorded_at=at,
        who=who,
    )


def kept_lines(found: Reconciled, lines: Iterable[Line]) -> Iterator[StatementLineRow]:
    """The bill's lines, likewise."""
    for line in lines:
        yield StatementLineRow(
            id=line.id,
            statement_id=found.id,
            number=line.number,
            provider=found.bill.provider,
            provider_ref=line.ref,
            amount=line.amount,
            billed_at=line.at,
        )


def kept_outcome(done: Reconciled, one: Finding, who: str, at: datetime) -> StatementOutcomeRow:
    """What came of one of its findings, likewise."""
    return StatementOutcomeRow(
        statement_id=done.id,
        subject=one.subject,
        kind=one.kind.value,
        attempt_id=one.attempt,
        billed=one.billed,
        posted=one.posted,
        applied=int(one.subject in done.applied),
        recorded_at=at,
        who=who,
    )


def as_line(row: StatementLineRow) -> Line:
    """A line that was kept, as it stood on its bill."""
    return Line(
        number=row.number,
        ref=row.provider_ref,
        amount=row.amount,
        at=row.billed_at,
        raw=str(row.amount),
        id=row.id,
    )
