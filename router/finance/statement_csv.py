"""
A provider's usage as CSV: read whole, or told what is wrong with it as `file:line:column`.

No provider documents such a file, so nothing is guessed: three columns are needed, `ref`, `amount`
and `at`, and whoever imports it says what they are called there. Amounts are exact decimals of
dollars and never pass through a float; a refund is negative.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from router.model.ids import ProviderRef
from router.model.money import Money, NotMoney
from router.policy.problems import Problem, Source

REF, AMOUNT, AT = "ref", "amount", "at"
FIELDS = (REF, AMOUNT, AT)
"""What is read of each line; each is by default the name of its column."""
PROBLEMS_MAX = 20
_DELIMITERS = (",", ";", "\t")
_REF_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that a provider billed, or refunded."""

    number: int
    """Its line in the file, from 1."""
    ref: ProviderRef | None
    """The provider's id of it; None where the cell is empty."""
    amount: Money
    at: datetime
    raw: str
    """The amount as it is written there."""
    repeats: int | None = None
    """The first line of the file with the same id, amount and instant, where this is another."""
    id: str = field(default="")
    """Of what it says, and which of equal lines it is: the same on every statement."""


class BadStatement(Exception):
    """A file cannot be read as a statement; nothing of it was taken."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """
        Args:
            problems: At least one; the first `PROBLEMS_MAX` are told, in the order of the file.
        """
        self.problems = tuple(sorted(problems)[:PROBLEMS_MAX])
        super().__init__("\n".join(problem.head for problem in self.problems))


def read_statement(
    provider: str, name: str, text: str, columns: Mapping[str, str] | None = None
) -> tuple[Line, ...]:
    """
    Read a statement.

    Args:
        provider: Whose; part of its lines' ids.
        name: The file's, for errors.
        text: CSV with a heading; commas, semicolons or tabs between the cells.
        columns: What `ref`, `amount` and `at` are called there; by default just so.

    Returns:
        All of its lines in their order. Within a file each line is one of the bill, so equal ones
        are told apart by their number; on another file the first of them is the same fact again,
        and so is the second.

    Raises:
        BadStatement: A column is missing, or a cell is no amount or no instant.
    """
    source = Source(name, tuple(text.removeprefix("\ufeff").splitlines(keepends=True)))
    names = {one: (columns or {}).get(one, one) for one in FIELDS}
    reading = _Reading(source, names)
    lines = list(reading.lines())
    if reading.problems:
        raise BadStatement(reading.problems)
    return tuple(_named(provider, lines))


def _named(provider: str, lines: Sequence[Line]) -> Iterator[Line]:
    """Give each fact its id. Equal lines are counted: nothing of a file is lost."""
    equal: dict[tuple[str, int, datetime], list[int]] = {}
    for line in lines:
        fact = (line.ref or "", line.amount.nanos, line.at)
        before = equal.setdefault(fact, [])
        said = "\0".join((provider, *map(str, fact), str(len(before))))
        # Without an id two lines may well be two edits: nothing says that one repeats the other.
        repeats = before[0] if before and line.ref is not None else None
        before.append(line.number)
        yield replace(line, repeats=repeats, id=hashlib.sha256(said.encode()).hexdigest())


class _Reading:
    """One pass over a file, which goes on after a mistake so that all are told at once."""

    def __init__(self, source: Source, names: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._source, self._names = source, names
        heading = source.lines[0] if source.lines else ""
        self._delimiter = max(_DELIMITERS, key=heading.count)

    def lines(self) -> Iterator[Line]:
        text = io.StringIO("".join(self._source.lines), newline="")
        rows = csv.reader(text, delimiter=self._delimiter, strict=True)
        began = 1
        places: dict[str, int] | None = None
        try:
            for row in rows:
                if places is None:
                    places = self._places(row)
                elif any(cell.strip() for cell in row):
                    line = self._line(row, places, began)
                    if line is not None:
                        yield line
                began = rows.line_num + 1
        except csv.Error as error:
            self._complain(began, 1, f"this is not CSV: {error}")
        if places is None:
            self._complain(1, 1, "the file is empty: its first line names the columns")

    def _places(self, heading: Sequence[str]) -> dict[str, int]:
        """Where each field stands."""
        there = [cell.strip() for cell in heading]
        for field_, column in self._names.items():
            if there.count(column) != 1:
                how = "is there twice" if column in there else "is missing"
                self._complain(
                    1,
                    1,
                    f"the column '{column}' {how}; the file has {', '.join(there)}. Say which "
                    f"column it is, as --columns {field_}='{there[0]}'",
                )
        return {name: there.index(one) for name, one in self._names.items() if one in there}

    def _line(self, row: Sequence[str], places: Mapping[str, int], began: int) -> Line | None:
        if len(places) < len(FIELDS):
            return None
        missing = [name for name in FIELDS if places[name] >= len(row)]
        if missing:
            self._complain(began, 1, f"the line has no '{self._names[missing[0]]}'")
            return None
        cells = {name: row[places[name]].strip() for name in FIELDS}
        amount = _amount(cells[AMOUNT])
        at = _instant(cells[AT])
        if amount is None:
            self._bad(began, places[AMOUNT], f"'{_short(cells[AMOUNT])}' is no amount as 0.0875")
        if at is None:
            self._bad(
                began, places[AT], f"'{_short(cells[AT])}' is no instant as 2026-11-20T09:00:00Z"
            )
        if len(cells[REF]) > _REF_MAX:
            self._bad(began, places[REF], f"an id of more than {_REF_MAX} characters")
        if amount is None or at is None:
            return None
        ref = ProviderRef(cells[REF]) if cells[REF] else None
        return Line(number=began, ref=ref, amount=amount, at=at, raw=cells[AMOUNT])

    def _bad(self, began: int, index: int, message: str) -> None:
        line, column = _place(self._source.lines[began - 1 :], index, self._delimiter)
        self._complain(began + line, column, message)

    def _complain(self, line: int, column: int, message: str) -> None:
        self.problems.append(Problem(self._source.file, line, column, message))


def _place(lines: Sequence[str], index: int, delimiter: str) -> tuple[int, int]:
    """Find a cell: how many lines below the record's first, and its column from 1."""
    quoted, cell = False, 0
    for down, line in enumerate(lines):
        for across, character in enumerate(line, start=1):
            if cell == index:
                return down, across
            if character == '"':
                quoted = not quoted
            elif character == delimiter and not quoted:
                cell += 1
    return 0, 1


def _amount(text: str) -> Money | None:
    try:
        return Money.parse(text)
    except NotMoney:
        return None


def _instant(text: str) -> datetime | None:
    """Read an instant; one that names no zone is in UTC."""
    try:
        instant = datetime.fromisoformat(text.removesuffix(" UTC"))
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"  # noqa: PLR2004 - a cell's worth of it.
