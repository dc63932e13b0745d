"""
The spend report: the ledger's rows added up by what somebody wants to know. Pure, and exact.

Whatever it is broken down by, the parts add up to the same total, to the nano-dollar.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from router.finance.dimensions import checked, value_of
from router.ledger.views import PaidRow, SpendingRow
from router.model.money import Money
from router.model.money import total as total_of

TOTAL = "total"
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What is known of some edits' money, each amount apart."""

    edits: int = 0
    """How many jobs were delivered: each once, however often it was paid for."""
    posted: Money = Money.ZERO
    presumed: Money = Money.ZERO
    held: Money = Money.ZERO
    in_doubt: Money = Money.ZERO
    savings: Money = Money.ZERO
    """Against the dearest offers that qualified; negative where a charge was above them."""
    missed: Money = Money.ZERO
    """What the cheapest offers that qualified would have saved; of older edits it is not known."""
    list_cost: Money = Money.ZERO
    """List prices of what is posted."""
    refunded: Money = Money.ZERO
    """Taken back of what was posted, which is net of it; a positive amount."""

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            edits=self.edits + other.edits,
            posted=self.posted + other.posted,
            presumed=self.presumed + other.presumed,
            held=self.held + other.held,
            in_doubt=self.in_doubt + other.in_doubt,
            savings=self.savings + other.savings,
            missed=self.missed + other.missed,
            list_cost=self.list_cost + other.list_cost,
            refunded=self.refunded + other.refunded,
        )

    @classmethod
    def of(cls, row: SpendingRow) -> "Amounts":
        """Take a row of the ledger."""
        return cls(
            edits=row.delivered,
            posted=row.posted,
            presumed=row.presumed,
            held=row.held,
            in_doubt=row.in_doubt,
            savings=row.avoided,
            missed=row.missed,
            list_cost=row.list_cost,
            refunded=row.refunded,
        )

    def cells(self) -> tuple[str, ...]:
        """Each as text, in the order of the columns."""
        return tuple(str(getattr(self, name)) for name in COLUMNS)


COLUMNS = tuple(field.name for field in fields(Amounts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Some edits that share everything they are reported by."""

    key: tuple[str, ...]
    """One name for each dimension; empty for a job without that tag."""
    amounts: Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """How many charges were not their price, and by how much; less what a later bill took back."""

    charges: int = 0
    over: Money = Money.ZERO
    under: Money = Money.ZERO

    def plus(self, row: SpendingRow) -> "Drifted":
        """With a row of the ledger."""
        return Drifted(
            charges=self.charges + row.drifted,
            over=self.over + row.over,
            under=self.under + row.under,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Twice:
    """What was paid for edits that were paid for already."""

    edits: int = 0
    amount: Money = Money.ZERO

    @classmethod
    def of(cls, rows: Sequence[PaidRow]) -> "Twice":
        """Add up what the ledger found."""
        amount = total_of([row.amount for row in rows])
        return cls(edits=len({row.job_id for row in rows}), amount=amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Lines in the order of their keys, and what they add up to."""

    by: tuple[str, ...]
    lines: tuple[Line, ...]
    total: Amounts
    drift: Drifted
    time_zone: str = "UTC"
    """Whose days, weeks and months they are."""

    @property
    def headings(self) -> tuple[str, ...]:
        """What the columns are called."""
        return (*self.by, *COLUMNS)

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The lines as text; dollars without a sign."""
        return tuple((*line.key, *line.amounts.cells()) for line in self.lines)

    @property
    def total_row(self) -> tuple[str, ...]:
        """The last row of a table."""
        blanks = ("",) * (len(self.by) - 1)
        return (*((TOTAL, *blanks) if self.by else ()), *self.total.cells())


def report(rows: Iterable[SpendingRow], by: Sequence[str], *, time_zone: str = "UTC") -> Report:
    """
    Add rows up.

    Args:
        rows: Of the period that is asked for, in the time zone that is; at least as fine as `Grain`
            says.
        by: Dimensions: `day`, `week`, `month`, `provider`, `model`, `resolution`, `tenant`, `key`,
            `tag:KEY`. None of them makes one line.
        time_zone: The one that the rows were cut in.

    Raises:
        Malformed: A dimension is unknown, or named twice.
    """
    by = checked(by)
    sums: dict[tuple[str, ...], Amounts] = {}
    total, drift = Amounts(), Drifted()
    for row in rows:
        key = tuple(value_of(row, dimension) for dimension in by)
        amounts = Amounts.of(row)
        sums[key] = sums.get(key, Amounts()) + amounts
        total += amounts
        drift = drift.plus(row)
    lines = tuple(Line(key=key, amounts=sums[key]) for key in sorted(sums))
    return Report(by=by, lines=lines, total=total, drift=drift, time_zone=time_zone)


def as_csv(done: Report) -> str:
    """
    Write a table for a spreadsheet: RFC 4180, plain decimals, no row of totals.

    A name that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(harmless(heading) for heading in done.headings)
    for line in done.lines:
        writer.writerow([*map(harmless, line.key), *line.amounts.cells()])
    return out.getvalue()


def as_json(done: Report, twice: Twice) -> str:
    """Write the report, and what was paid twice, for a program; money as decimal strings."""
    content = {
        "by": done.by,
        "time_zone": done.time_zone,
        "rows": [
            {**dict(zip(done.by, line.key, strict=True)), **_named(line.amounts)}
            for line in done.lines
        ],
        TOTAL: _named(done.total),
        "drift": {
            "charges": done.drift.charges,
            "over": str(done.drift.over),
            "under": str(done.drift.under),
        },
        "paid_twice": {"edits": twice.edits, "amount": str(twice.amount)},
    }
    return json.dumps(content, indent=2) + "\n"


def _named(amounts: Amounts) -> dict[str, Any]:
    return {"edits": amounts.edits} | {
        name: str(getattr(amounts, name)) for name in COLUMNS if name != "edits"
    }


def harmless(name: str) -> str:
    """A name as a spreadsheet takes it for a name: with an apostrophe before a formula's start."""
    return f"'{name}" if name.startswith(_FORMULA) else name
