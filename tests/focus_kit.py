"""FOCUS files held to what they promise: our own checks, beside those of judges from outside."""

import csv
import io
import json
import subprocess
import sys
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from router.finance.focus.accounts import Accounts
from router.finance.focus.columns import COLUMNS, DataType, Version, data_type
from router.finance.focus.export import Asked, export
from router.ledger.executor import InlineExecutor
from router.ledger.reading import Readings
from router.ledger.rows import BEGINNING, END
from router.model.money import Money
from router.policy.prices import PriceBook
from tests.policy_files import a_policy

Line = dict[str, str | None]
"""A row as a program reads it: null where the file has nothing."""
NEVER_NULL = (
    *("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "BillingAccountId"),
    *("BillingAccountName", "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd"),
    *("ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ChargeDescription"),
    *("InvoiceId", "InvoiceIssuerName", "ServiceCategory", "ServiceName", "x_EntryId"),
)
_TIMES = ("BillingPeriodStart", "ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodEnd")


@cache
def a_book(**terms: str) -> PriceBook:
    """The shipped tests' price book, with `<provider>=prepaid` or `=invoiced`."""
    book = a_policy().prices
    rows = tuple(
        row.model_copy(update={"billing": type(row.billing)(terms.get(row.provider, row.billing))})
        for row in book.providers
    )
    return book.model_copy(update={"providers": rows})


async def exported(ledger: Readings, book: PriceBook | None = None, **asked: Any) -> bytes:
    """Write a file of all that there is, if `asked` says nothing else."""
    accounts = Accounts(book or a_book(), await ledger.periods())
    wanted = Asked(**{"since": BEGINNING, "until": END, **asked})
    pieces = [one async for one in export(ledger, InlineExecutor(), accounts, wanted)]
    return b"".join(pieces)


def lines_of(data: bytes | str) -> list[Line]:
    """The rows of a CSV file."""
    text = data.decode() if isinstance(data, bytes) else data
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    return [{name: value or None for name, value in row.items()} for row in reader]


def lines_of_parquet(path: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet file, with numbers as exact as it has them."""
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def total_of(lines: list[Line], column: str, **where: str | None) -> Money:
    """What a column adds up to, over the rows whose columns are as said."""
    chosen = [line for line in lines if all(line[name] == it for name, it in where.items())]
    return Money.exact(sum((_number(line, column) for line in chosen), Decimal(0)))


def effective(lines: list[Line]) -> Money:
    """What the edits of a file came to: what the journal has posted."""
    return total_of(lines, "EffectiveCost", ChargeCategory="Usage")


def check_file(data: bytes | str, version: Version) -> list[Line]:
    """Hold a CSV file to all that is promised of every row, and of the rows together."""
    text = data.decode() if isinstance(data, bytes) else data
    assert tuple(next(csv.reader([text.partition("\r\n")[0]]))) == COLUMNS[version]
    lines = lines_of(text)
    for line in lines:
        _check_words(line, version)
        _check_prices(line)
        _check_times(line)
    _check_together(lines)
    return lines


def judged(path: Path) -> subprocess.CompletedProcess[str]:
    """What the FOCUS toolkit says of a file of the newer version."""
    words = ("--dataset", "cost-and-usage", "--supports", "SupportsUnitPricing")
    command = [sys.executable, "-m", "focus_data_toolkit", "validate", *words, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def _check_words(line: Line, version: Version) -> None:
    present = set(COLUMNS[version])
    assert not [name for name in NEVER_NULL if name in present and line[name] is None], line
    for name, value in line.items():
        if value is not None and data_type(name) is DataType.JSON:
            told = json.loads(value)
            assert list(told) == sorted(told)
            assert all(isinstance(one, str) for one in told.values())
    assert line["ChargeCategory"] in {"Usage", "Purchase", "Credit"}
    assert line["ChargeClass"] in {None, "Correction"}
    assert not (line["BillingAccountId"] or "").isdecimal()


def _check_prices(line: Line) -> None:
    """Price times quantity is cost, and each unit price is positive."""
    for kind in ("List", "Contracted"):
        cost, price = _number(line, f"{kind}Cost"), line[f"{kind}UnitPrice"]
        if price is None:
            assert line["ChargeCategory"] == "Credit"
            assert line["PricingQuantity"] is None
            continue
        assert Decimal(price) > 0
        assert Decimal(price) * _number(line, "PricingQuantity") == cost
    billed, accrued = _number(line, "BilledCost"), _number(line, "EffectiveCost")
    match line["ChargeCategory"]:
        case "Usage":
            assert _number(line, "ConsumedQuantity") == _number(line, "PricingQuantity")
            assert _number(line, "PricingQuantity") in {1, -1}
            assert billed in {accrued, Decimal(0)}
            assert accrued * _number(line, "PricingQuantity") > 0
        case "Purchase":
            assert (accrued, billed) == (Decimal(0), _number(line, "ListCost"))
        case _:
            costs = {_number(line, f"{kind}Cost") for kind in ("List", "Contracted")}
            assert costs | {billed, accrued} == {billed}
            assert billed < 0


def _check_times(line: Line) -> None:
    """What is charged lies in its billing period, a month in UTC; a change of it may come later."""
    begins, starts, ends, closes = (datetime.fromisoformat(line[name] or "") for name in _TIMES)
    assert starts < ends <= closes
    assert begins <= starts or line["x_PriceSource"] == "adjustment"
    assert (begins.day, begins.hour, closes.day, closes.hour) == (1, 0, 1, 0)
    assert 28 <= (closes - begins).days <= 31


def _check_together(lines: list[Line]) -> None:
    entries = [line["x_EntryId"] for line in lines]
    assert len(set(entries)) == len(entries), "a row stands there twice"
    skus: defaultdict[str | None, set[str | None]] = defaultdict(set)
    services: defaultdict[str | None, set[str | None]] = defaultdict(set)
    standing: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    times: defaultdict[str | None, set[tuple[str | None, ...]]] = defaultdict(set)
    for line in lines:
        if line["SkuPriceId"] is not None:
            skus[line["SkuPriceId"]].add(line["SkuId"])
        services[line["ServiceName"]].add(line["ServiceCategory"])
        if line["ChargeCategory"] == "Usage":
            standing[line["x_AttemptId"]] += _number(line, "PricingQuantity")
            times[line["x_AttemptId"]].add((line["ChargePeriodStart"], line["ChargePeriodEnd"]))
    # What takes a charge back, or stands instead of it, is for the time that the charge was for.
    assert all(len(found) == 1 for found in times.values())
    assert all(len(found) == 1 for found in (*skus.values(), *services.values()))
    # Of a file of a part of the time, the charge that is reversed may be outside.
    assert set(standing.values()) <= {Decimal(-1), Decimal(0), Decimal(1)}


def _number(line: Line, column: str) -> Decimal:
    value = line[column]
    assert value is not None, (column, line)
    number = Decimal(value)
    assert number.is_finite()
    return number
