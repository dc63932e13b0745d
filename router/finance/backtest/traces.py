"""
Past jobs from a file: CSV with a header, or JSON Lines, in the order of time, a job a line.

Columns: `created_at` (RFC 3339, with its zone), `tenant`, `model`, `resolution`; and if need be
`tags` (`team=ads;purpose=print`, or an object), `key` (the API key's name), `aspect_ratio`,
`output_format`, `price_max` (dollars), and what became of the job: `provider`, `charged` (dollars),
`seconds`, and `outcome`: delivered, failed, content_refused, cancelled, or denied (by a budget;
then without a provider). A line that says nothing of a provider or an outcome is a job that nobody
knows the end of. A line that cannot be meant ends everything: see `BadLine`.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn, cast

from router.finance.backtest.past import PastJob
from router.finance.backtest.sources import Read
from router.finance.backtest.trace_lines import check_columns, past_of
from router.ledger.limit_rows import RaiseRow
from router.ledger.rows import RefusalRow

PAGE_LINES = 2_000
LINE_MAX = 1_048_576
OUT_OF_ORDER = "this job is older than the one before: sort the lines by created_at"


class BadLine(Exception):
    """A line of a trace that cannot be meant: `file:line: what is wrong`."""


@dataclass(frozen=True, slots=True)
class TracePage:
    """Some lines of a trace."""

    first: int
    """The number of its first line, from 1."""
    lines: tuple[str, ...]
    before: str = ""
    """The line of the job before them, to hold their order to; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The jobs of a file that were asked for within `[since, until)`."""

    path: Path
    since: datetime
    until: datetime

    def size(self) -> int:
        """How many bytes it has."""
        return self.path.stat().st_size

    def pages(self) -> Iterator[TracePage]:
        """
        Its lines.

        Raises:
            BadLine: It is not text in UTF-8, or has no end of line for a mebibyte.
        """
        with self.path.open("rb") as file:
            number, before = 1, ""
            while lines := list(islice(iter(lambda: file.readline(LINE_MAX), b""), PAGE_LINES)):
                texts = tuple(self._texts(number, lines))
                yield TracePage(number, texts, before)
                header = 1 if number == 1 and self.path.suffix == ".csv" else 0
                before = next((one for one in reversed(texts[header:]) if one.strip()), before)
                number += len(lines)

    def reader(self) -> "TraceReader":
        """
        Begin to read, in this process.

        Raises:
            BadLine: The header is not one.
        """
        return TraceReader(self)

    def raises(self) -> list[RaiseRow]:
        """None are known."""
        return []

    def refusals(self) -> list[RefusalRow]:
        """None beside the lines."""
        return []

    def _texts(self, first: int, lines: list[bytes]) -> Iterator[str]:
        for number, line in enumerate(lines, start=first):
            if len(line) == LINE_MAX:
                _refuse(self.path, number, "the line is longer than a mebibyte")
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                _refuse(self.path, number, "this is no text in UTF-8")
            yield text.rstrip("\r\n")


class TraceReader:
    """Reads a trace's lines."""

    def __init__(self, trace: Trace) -> None:
        self._trace, self._path = trace, trace.path
        self._header: tuple[str, ...] | None = None
        if trace.path.suffix == ".csv":
            self._header = self._read_header()

    def read(self, page: TracePage) -> Read:
        """
        The page's jobs. What is wrong with the line before them, its own page tells.

        Raises:
            BadLine: One of them cannot be meant, or is older than the one before.
        """
        jobs: list[PastJob] = []
        latest = self._instant_before(page)
        for number, line in enumerate(page.lines, start=page.first):
            if not line.strip() or (number == 1 and self._header is not None):
                continue
            try:
                past = past_of(self._fields(line), number)
            except ValueError as error:
                _refuse(self._path, number, str(error))
            at = past.job.created_at
            if latest is not None and at < latest:
                _refuse(self._path, number, OUT_OF_ORDER)
            latest = at
            if self._trace.since <= at < self._trace.until:
                jobs.append(past)
        return Read(jobs, done=sum(len(line.encode()) + 1 for line in page.lines))

    def policy(self, policy_hash: str) -> None:
        """None is known."""
        del policy_hash

    def close(self) -> None:
        """Nothing is kept open."""

    def _instant_before(self, page: TracePage) -> datetime | None:
        try:
            return past_of(self._fields(page.before), 0).job.created_at if page.before else None
        except ValueError:
            return None

    def _fields(self, line: str) -> Mapping[str, Any]:
        if self._header is not None:
            return self._cells(line, self._header)
        try:
            found = json.loads(line, parse_float=Decimal, parse_constant=_no_constant)
        except json.JSONDecodeError as error:
            message = f"this is no JSON: {error.msg}"
            raise ValueError(message) from error
        said = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
        if not said:
            raise ValueError('write an object, as {"created_at": "…", "tenant": "acme", …}')
        check_columns(tuple(said))
        return {name: one for name, one in said.items() if one is not None and one != ""}

    def _cells(self, line: str, header: tuple[str, ...]) -> Mapping[str, Any]:
        (cells,) = _csv_rows(line)
        if len(cells) != len(header):
            message = f"{len(cells)} cells, and the header has {len(header)}"
            raise ValueError(message)
        return {name: cell for name, cell in zip(header, cells, strict=True) if cell}

    def _read_header(self) -> tuple[str, ...]:
        first = next(iter(self._trace.pages()), None)
        try:
            header = tuple(cell.strip() for cell in _csv_rows(first.lines[0])[0]) if first else ()
            check_columns(header)
        except ValueError as error:
            _refuse(self._path, 1, str(error))
        return header


def _csv_rows(line: str) -> list[list[str]]:
    try:
        return list(csv.reader([line], strict=True))
    except csv.Error as error:
        message = f"this is no line of CSV: {error}"
        raise ValueError(message) from error


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is no number"
    raise ValueError(message)


def _refuse(path: Path, number: int, why: str) -> NoReturn:
    message = f"{path}:{number}: {why}"
    raise BadLine(message)
