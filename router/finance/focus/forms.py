"""The files that rows are written into: CSV and Parquet. The same rows give the same bytes."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from importlib import import_module
from typing import Any, Literal, Protocol

from router.finance.focus.columns import COLUMNS, PRECISION, SCALE, DataType, Version, data_type
from router.finance.focus.rows import FocusRow, Value
from router.model.errors import Malformed
from router.model.money import Money

FileFormat = Literal["csv", "parquet"]
FORMATS: tuple[FileFormat, ...] = ("csv", "parquet")
MEDIA: dict[FileFormat, str] = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
GROUP_ROWS = 5_000
"""How many rows of a Parquet file are written together, and so are held in memory."""


class Form(Protocol):
    """Writes a file piece by piece: its head, rows as they come, and its end."""

    def head(self) -> bytes:
        """How the file begins."""
        ...

    def rows(self, rows: Sequence[FocusRow]) -> bytes:
        """What may be written once these rows are known, often nothing."""
        ...

    def end(self) -> bytes:
        """How the file ends."""
        ...


class CsvForm:
    """RFC 4180 in UTF-8: plain decimals, instants in UTC, nothing where there is no value."""

    def __init__(self, version: Version) -> None:
        self._names = COLUMNS[version]
        self._instants = [
            place for place, name in enumerate(self._names) if data_type(name) is DataType.DATETIME
        ]

    def head(self) -> bytes:
        """The names of the columns."""
        return _lines([self._names])

    def rows(self, rows: Sequence[FocusRow]) -> bytes:
        """One line for each."""
        return _lines([self._cells(row) for row in rows])

    def end(self) -> bytes:
        """Nothing more: there is no row of totals."""
        return b""

    def _cells(self, row: FocusRow) -> list[Value]:
        """A row's cells; the writer makes plain text of amounts, and nothing of null."""
        cells = [row.get(name) for name in self._names]
        for place in self._instants:
            value = cells[place]
            if isinstance(value, datetime):
                cells[place] = instant_text(value)
        return cells


def _lines(lines: Sequence[Sequence[Value]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue().encode()


@lru_cache(maxsize=4096)
def instant_text(at: datetime) -> str:
    """`2026-11-20T10:15:02Z`, with a fraction where there is one."""
    return at.replace(tzinfo=None).isoformat() + "Z"


class ParquetForm:
    """Decimals as such, never as floats; groups of rows of one size, however the rows come."""

    def __init__(self, version: Version) -> None:
        """
        Raises:
            Malformed: The extra that writes Parquet is not installed.
        """
        try:
            # An extra: whoever wants CSV needs none.
            arrow: Any = import_module("pyarrow")
            parquet: Any = import_module("pyarrow.parquet")
        except ImportError:
            raise Malformed(
                "Parquet needs an extra where Farebox runs: pip install 'farebox[parquet]'; "
                "or take CSV."
            ) from None
        self._arrow = arrow
        names = COLUMNS[version]
        self._schema: Any = arrow.schema(
            [arrow.field(one, _arrow_type(arrow, one)) for one in names]
        )
        self._sink = _Sink()
        self._writer: Any = parquet.ParquetWriter(
            arrow.PythonFile(self._sink, mode="w"), self._schema, compression="snappy"
        )
        self._waiting: list[Any] = []
        self._waiting_rows = 0

    def head(self) -> bytes:
        """The format's mark."""
        return self._sink.taken()

    def rows(self, rows: Sequence[FocusRow]) -> bytes:
        """Groups of rows that are complete."""
        # Few at a time: while rows become columns, no other thread gets on.
        self._waiting.append(self._batch(rows))
        self._waiting_rows += len(rows)
        if self._waiting_rows >= GROUP_ROWS:
            table = self._table()
            whole = table.num_rows - table.num_rows % GROUP_ROWS
            self._write(table.slice(0, whole))
            self._waiting = table.slice(whole).to_batches()
            self._waiting_rows = table.num_rows - whole
        return self._sink.taken()

    def end(self) -> bytes:
        """The last group, and where each stands."""
        if self._waiting_rows:
            self._write(self._table())
        self._writer.close()
        return self._sink.taken()

    def _batch(self, rows: Sequence[FocusRow]) -> Any:
        columns = [
            self._arrow.array([_cell(row.get(field.name)) for row in rows], type=field.type)
            for field in self._schema
        ]
        return self._arrow.RecordBatch.from_arrays(columns, schema=self._schema)

    def _table(self) -> Any:
        return self._arrow.Table.from_batches(self._waiting, schema=self._schema)

    def _write(self, table: Any) -> None:
        # The bytes tell nothing of how the rows came.
        self._writer.write_table(table.combine_chunks(), row_group_size=GROUP_ROWS)


def _arrow_type(arrow: Any, name: str) -> Any:
    match data_type(name):
        case DataType.DECIMAL:
            return arrow.decimal128(PRECISION, SCALE)
        case DataType.DATETIME:
            return arrow.timestamp("us", tz="UTC")
        case DataType.STRING | DataType.JSON:
            return arrow.string()


def _cell(value: Value) -> str | Decimal | datetime | None:
    match value:
        case Money():
            return value.decimal()
        case int():
            return Decimal(value)
        case _:
            return value


class _Sink:
    """A file that is taken away piece by piece."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0

    def write(self, data: Any) -> int:
        """Keep a piece until it is taken."""
        piece = bytes(data)
        self._pieces.append(piece)
        self._length += len(piece)
        return len(piece)

    def tell(self) -> int:
        """How much was written, taken or not."""
        return self._length

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """The pieces can still be taken."""

    def taken(self) -> bytes:
        """What was written since it was last asked for."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def form_of(file_format: FileFormat, version: Version) -> Form:
    """
    A new file of a format.

    Raises:
        Malformed: The extra that writes it is not installed.
    """
    return CsvForm(version) if file_format == "csv" else ParquetForm(version)
