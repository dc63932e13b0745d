import io
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pyarrow import parquet

from router.finance.focus import forms
from router.finance.focus.columns import COLUMNS
from router.finance.focus.forms import CsvForm, FileFormat, ParquetForm, form_of, instant_text
from router.finance.focus.rows import FocusRow
from router.model.errors import Malformed
from tests.ledger_kit import usd

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
ROW: FocusRow = {
    "BilledCost": usd("0.0875"),
    "PricingQuantity": -1,
    "ChargePeriodStart": AT,
    "ChargeDescription": 'a "quoted", described charge',
    "ChargeClass": None,
    "x_EntryId": "entry:1",
}


def written(file_format: FileFormat, rows: list[FocusRow], *, pieces: int = 1) -> bytes:
    """Write a file whose rows come in so many pieces."""
    form = form_of(file_format, "1.4")
    size = -(-len(rows) // pieces)
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    return b"".join([form.head(), *(form.rows(part) for part in parts), form.end()])


def test_a_csv_has_nothing_where_there_is_no_value() -> None:
    """Plain decimals, instants in UTC, and one line for each row."""
    head, line, end = written("csv", [ROW]).decode().split("\r\n")

    assert head == ",".join(COLUMNS["1.4"])
    assert line.startswith("0.0875,,,,,,,,")
    assert ',"a ""quoted"", described charge",,,2026-11-20T09:00:00Z,' in line
    assert end == ""


def test_a_fraction_of_a_second_is_written_where_there_is_one() -> None:
    """As RFC 3339 has it."""
    assert instant_text(AT) == "2026-11-20T09:00:00Z"
    assert instant_text(AT + timedelta(microseconds=1500)) == "2026-11-20T09:00:00.001500Z"


def test_parquet_has_decimals_and_instants_as_such() -> None:
    """No float anywhere, and null for what is not there."""
    table = parquet.read_table(io.BytesIO(written("parquet", [ROW])))
    (row,) = table.to_pylist()

    assert table.column_names == list(COLUMNS["1.4"])
    assert row["BilledCost"] == Decimal("0.0875")
    assert row["PricingQuantity"] == Decimal(-1)
    assert row["ChargePeriodStart"] == AT
    assert (row["ChargeClass"], row["Tags"]) == (None, None)
    assert {str(field.type) for field in table.schema} == {
        *("decimal128(28, 9)", "timestamp[us, tz=UTC]", "string"),
    }


@pytest.mark.parametrize("file_format", forms.FORMATS)
@pytest.mark.parametrize("pieces", [2, 7])
def test_the_same_rows_are_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, file_format: FileFormat, pieces: int
) -> None:
    """However they come: groups of rows are cut by their number alone."""
    monkeypatch.setattr(forms, "GROUP_ROWS", 4)
    rows: list[FocusRow] = [{**ROW, "x_EntryId": f"entry:{number}"} for number in range(11)]

    assert written(file_format, rows, pieces=pieces) == written(file_format, rows)


def test_parquet_is_written_group_by_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no more than one of them is in memory; the last may be smaller, and none empty."""
    monkeypatch.setattr(forms, "GROUP_ROWS", 4)
    form = ParquetForm("1.2")
    form.head()

    assert form.rows([ROW] * 3) == b""
    assert len(form.rows([ROW])) > 0
    assert form.rows([ROW] * 2) == b""
    assert len(form.end()) > 0
    file = parquet.ParquetFile(io.BytesIO(written("parquet", [ROW] * 6)))
    assert [file.metadata.row_group(group).num_rows for group in (0, 1)] == [4, 2]
    assert parquet.ParquetFile(io.BytesIO(written("parquet", [ROW] * 8))).num_row_groups == 2
    assert parquet.read_table(io.BytesIO(b"".join(_empty()))).num_rows == 0


def _empty() -> list[bytes]:
    form = ParquetForm("1.2")
    return [form.head(), form.end()]


def test_without_the_extra_it_is_said_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """CSV needs none."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(Malformed, match=r"pip install 'farebox\[parquet\]'"):
        form_of("parquet", "1.2")
    assert isinstance(form_of("csv", "1.2"), CsvForm)
