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

from router.ledger.views import SpendingRow
from router.model.errors import Malformed
from router.model.money import Money

DIMENSIONS = ("day", "provider", "model", "resolution", "tenant")
TAG = "tag:"
TOTAL = "total"
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What is known of some edits' money, each amount apart."""

    edits: int = 0
    """How many were delivered."""
    posted: Money = Money.ZERO
    presumed: Money = Money.ZERO
    held: Money = Money.ZERO
    in_doubt: Money = Money.ZERO
    savings: Money = Money.ZERO
    """Against the dearest offers that qualified; negative where a charge was above them."""

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            edits=self.edits + other.edits,
            posted=self.posted + other.posted,
            presumed=self.presumed + other.presumed,
            held=self.held + other.held,
            in_doubt=self.in_doubt + other.in_doubt,
            savings=self.savings + other.savings,
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
class Report:
    """Lines in the order of their keys, and what they add up to."""

    by: tuple[str, ...]
    lines: tuple[Line, ...]
    total: Amounts

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


def parse_by(text: str) -> tuple[str, ...]:
    """
    Read `provider,tenant,tag:team`.

    Raises:
        Malformed: A dimension is unknown, or named twice.
    """
    return _checked([part.strip() for part in text.split(",")])


def report(rows: Iterable[SpendingRow], by: Sequence[str]) -> Report:
    """
    Add rows up.

    Args:
        rows: Of the period that is asked for.
        by: Dimensions: `day`, `provider`, `model`, `resolution`, `tenant`, `tag:KEY`. None of them
            makes one line.

    Raises:
        Malformed: A dimension is unknown, or named twice.
    """
    by = _checked(by)
    sums: dict[tuple[str, ...], Amounts] = {}
    total = Amounts()
    for row in rows:
        key = tuple(value_of(row, dimension) for dimension in by)
        amounts = Amounts.of(row)
        sums[key] = sums.get(key, Amounts()) + amounts
        total += amounts
    lines = tuple(Line(key=key, amounts=sums[key]) for key in sorted(sums))
    return Report(by=by, lines=lines, total=total)


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


def as_json(done: Report) -> str:
    """Write the report for a program; money as decimal strings."""
    content = {
        "by": done.by,
        "rows": [
            {**dict(zip(done.by, line.key, strict=True)), **_named(line.amounts)}
            for line in done.lines
        ],
        TOTAL: _named(done.total),
    }
    return json.dumps(content, indent=2) + "\n"


def _checked(by: Sequence[str]) -> tuple[str, ...]:
    for dimension in by:
        is_tag = dimension.startswith(TAG) and dimension != TAG
        if not is_tag and dimension not in DIMENSIONS:
            raise Malformed(
                f"'{dimension}' is nothing to report by: "
                f"write {', '.join(DIMENSIONS)} or {TAG}KEY, separated by commas."
            )
    if len(set(by)) < len(by):
        raise Malformed("A report is by each of its dimensions once.")
    return tuple(by)


def value_of(row: SpendingRow, dimension: str) -> str:
    """What a row has for a dimension; empty for a job without that tag."""
    match dimension:
        case "day":
            return row.day
        case "provider":
            return row.provider
        case "model":
            return row.model
        case "resolution":
            return row.resolution.value
        case "tenant":
            return row.tenant
        case _:
            return dict(row.tags).get(dimension.removeprefix(TAG), "")


def _named(amounts: Amounts) -> dict[str, Any]:
    return {"edits": amounts.edits} | {
        name: str(getattr(amounts, name)) for name in COLUMNS if name != "edits"
    }


def harmless(name: str) -> str:
    """A name as a spreadsheet takes it for a name: with an apostrophe before a formula's start."""
    return f"'{name}" if name.startswith(_FORMULA) else name
