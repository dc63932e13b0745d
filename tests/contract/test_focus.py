"""A FOCUS file with every kind of row, judged by whoever judges such files, and by ourselves."""

from pathlib import Path

import pytest

from router.finance.focus.columns import COLUMNS, Version
from router.finance.focus.forms import FileFormat
from router.ledger.commands import Adjust, Close, Record
from router.ledger.ledger import Ledger
from router.ledger.period_rows import AccountEventRow, EventKind, PeriodRow
from router.model.ids import AttemptId
from router.model.money import Money
from tests.fakes import EPOCH
from tests.focus_kit import (
    Line,
    a_book,
    check_file,
    effective,
    exported,
    judged,
    lines_of,
    total_of,
)
from tests.ledger_kit import DAY, usd
from tests.ledger_running import tell

BOOK = a_book(shortapi="prepaid", runpod="invoiced")


async def correct(ledger: Ledger, attempt: str, by: str, days: int) -> None:
    """Correct an attempt so many days later."""
    command = Adjust(
        at=EPOCH + days * DAY,
        attempt_id=AttemptId(attempt),
        difference=usd(by),
        who="ada",
        reason="their letter",
    )
    await ledger.submit(command)


async def pay(ledger: Ledger, kind: EventKind, amount: str, days: int) -> None:
    """Book something on ShortAPI's account so many days later."""
    row = AccountEventRow(
        id=f"{kind} {amount}",
        provider="shortapi",
        kind=kind,
        amount=usd(amount),
        at=EPOCH + days * DAY,
        reference=f"{kind} {amount}",
        created_at=EPOCH,
        who="ada",
    )
    await ledger.submit(Record(at=EPOCH, row=row))


async def close(ledger: Ledger, days: int) -> None:
    """Close November of ShortAPI so many days later."""
    account = '{"provider": "shortapi", "title": "ShortAPI", "number": "s:1", "name": "ShortAPI"'
    row = PeriodRow(
        provider="shortapi",
        month="2026-11",
        closed_at=EPOCH + days * DAY,
        who="ada",
        account=f'{account}, "billing": "prepaid", "invoice": null, "publishers": []}}',
        posted=usd("0.0413"),
        billed=usd("20.07"),
        topped_up=usd("20.07"),
        credited=Money.ZERO,
        left_open=Money.ZERO,
        left_open_attempts=0,
        charge_rows=3,
        sha256_focus_1_2="",
        sha256_focus_1_4="",
    )
    await ledger.submit(Close(at=EPOCH + days * DAY, row=row))


async def every_kind(ledger: Ledger) -> None:
    """Charges with and without drift, a reversal, a purchase, a close, a correction, a credit."""
    await tell(
        ledger,
        """
        place    a    $0.041    -> placed held at shortapi
        place    b    $0.042    -> placed held at shortapi
        dispatch a.1            -> dispatching
        dispatch b.1            -> dispatching
        post     a.1  $0.0413   -> posted
        post     b.1  $0.042    -> posted
        """,
    )
    await correct(ledger, "b.1", "-0.042", days=1)
    await pay(ledger, "topup", "20.07", days=2)
    await close(ledger, days=12)
    await correct(ledger, "a.1", "-0.0113", days=20)
    await pay(ledger, "credit", "0.51", days=21)


def kinds(lines: list[Line]) -> list[tuple[str | None, str | None, str | None, str | None]]:
    """What each row is: category, class, quantity, effective cost."""
    names = ("ChargeCategory", "ChargeClass", "PricingQuantity", "EffectiveCost")
    category, kind, quantity, cost = names
    return [(line[category], line[kind], line[quantity], line[cost]) for line in lines]


@pytest.mark.parametrize("version", ["1.2", "1.4"])
async def test_every_kind_of_row_keeps_what_is_promised(ledger: Ledger, version: Version) -> None:
    """Usage, its reversal, a purchase, a credit, and corrections of a month that was closed."""
    await every_kind(ledger)

    data = await exported(ledger, BOOK, version=version)
    lines = check_file(data, version)

    assert kinds(lines) == [
        ("Purchase", None, "1", "0.00"),
        ("Credit", None, None, "-0.51"),
        ("Usage", None, "1", "0.0413"),
        ("Usage", None, "1", "0.042"),
        ("Usage", None, "-1", "-0.042"),
        ("Usage", "Correction", "-1", "-0.0413"),
        ("Usage", "Correction", "1", "0.03"),
    ]
    assert effective(lines) == usd("0.03")
    assert total_of(lines, "BilledCost") == usd("19.56")
    assert await exported(ledger, BOOK, version=version) == data


@pytest.mark.slow
@pytest.mark.parametrize("file_format", ["csv", "parquet"])
async def test_a_judge_from_outside_passes_the_newer_version(
    ledger: Ledger, tmp_path: Path, file_format: FileFormat
) -> None:
    """With every kind of row in it."""
    await every_kind(ledger)
    path = tmp_path / f"focus.{file_format}"
    path.write_bytes(await exported(ledger, BOOK, version="1.4", file_format=file_format))

    verdict = judged(path)

    assert (verdict.returncode, verdict.stderr) == (0, "")
    assert "structural+semantic lint OK" in verdict.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "value"),
    [("BilledCost", ""), ("ChargeCategory", "Gift"), ("ChargePeriodStart", "yesterday")],
)
async def test_the_judge_sees_what_is_wrong(
    ledger: Ledger, tmp_path: Path, column: str, value: str
) -> None:
    """Else its word would be worth nothing."""
    await every_kind(ledger)
    head, first, *rest = (await exported(ledger, BOOK, version="1.4")).decode().split("\r\n")
    cells = first.split(",")
    cells[COLUMNS["1.4"].index(column)] = value
    path = tmp_path / "focus.csv"
    path.write_text("\r\n".join([head, ",".join(cells), *rest]), newline="")

    assert judged(path).returncode == 1


async def test_parts_by_month_add_up_to_the_whole(ledger: Ledger) -> None:
    """Each row stands in one month's file, and in the billing period of that month."""
    await every_kind(ledger)
    cut = EPOCH.replace(month=12, day=1, hour=0)

    november = lines_of(await exported(ledger, BOOK, until=cut))
    december = lines_of(await exported(ledger, BOOK, since=cut))

    assert {line["BillingPeriodEnd"] for line in november} == {"2026-12-01T00:00:00Z"}
    assert {line["BillingPeriodStart"] for line in december} == {"2026-12-01T00:00:00Z"}
    assert effective(november) == usd("0.0413")
    assert effective(december) == usd("-0.0113")
