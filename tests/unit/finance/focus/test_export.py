import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from router.finance.focus import export as focus_export
from router.finance.focus.accounts import Accounts
from router.finance.focus.export import Asked, export, month_sums
from router.finance.focus.rows import FocusRow, of_booking
from router.ledger.commands import Adjust, Record
from router.ledger.executor import InlineExecutor
from router.ledger.period_rows import AccountEventRow, EventKind
from router.ledger.views import BookingRow
from router.model.ids import AttemptId
from tests.fakes import EPOCH
from tests.finance_kit import Shop, a_shop
from tests.focus_kit import a_book, check_file, effective, exported, lines_of, total_of
from tests.ledger_kit import DAY, usd
from tests.policy_files import a_policy

T = TypeVar("T")
MINUTE = timedelta(minutes=1)
BOOK = a_book(runpod="invoiced")


@pytest.fixture(name="shop")
def _shop(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(a_policy(), tmp_path) as shop:
        yield shop


def pay(shop: Shop, kind: EventKind, amount: str, *, provider: str = "shortapi") -> None:
    """Book something on a provider's account, at the epoch."""
    row = AccountEventRow(
        id=f"{kind}-{amount}",
        provider=provider,
        kind=kind,
        amount=usd(amount),
        at=EPOCH,
        reference=f"number {amount}",
        created_at=EPOCH,
        who="ada",
    )
    shop.told(Record(at=EPOCH, row=row))


def change(shop: Shop, attempt: str, by: str) -> None:
    """Correct an attempt."""
    shop.told(
        Adjust(
            at=EPOCH + 3 * MINUTE,
            attempt_id=AttemptId(attempt),
            difference=usd(by),
            who="ada",
            reason="her letter",
        )
    )


def a_busy_month(shop: Shop) -> None:
    """Buy, drift, fail for nothing, doubt, presume, take back, change, pay in and be credited."""
    shop.buy("j1", "0.041")
    shop.post("j1.1", "0.041")
    shop.buy("j2", "0.042", tenant="beta", provider="runpod", tags=(("team", "growth"),))
    shop.post("j2.1", "0.0533", at=EPOCH + MINUTE)
    shop.buy("j3", "0.043")
    shop.post("j3.1", "0.00")
    shop.buy("j4", "0.044")
    shop.doubt("j4.1")
    shop.buy("j5", "0.045")
    shop.doubt("j5.1")
    shop.presume("j5.1")
    shop.buy("j6", "0.046")
    shop.post("j6.1", "0.046")
    change(shop, "j6.1", "-0.046")
    shop.buy("j7", "0.047", provider="runpod")
    shop.post("j7.1", "0.047")
    change(shop, "j7.1", "0.002")
    pay(shop, "topup", "50.01")
    pay(shop, "credit", "1.03", provider="runpod")


@pytest.mark.parametrize("version", ["1.2", "1.4"])
async def test_a_file_has_what_was_charged_and_nothing_else(shop: Shop, version: str) -> None:
    """Not what failed for nothing, is in doubt or presumed; an overage is its charge's."""
    a_busy_month(shop)

    lines = check_file(await exported(shop.ledger, BOOK, version=version), version)  # type: ignore[arg-type]

    assert [(line["x_AttemptId"], line["EffectiveCost"]) for line in lines] == [
        (None, "-1.03"),
        (None, "0.00"),
        ("j1.1", "0.041"),
        ("j6.1", "0.046"),
        ("j7.1", "0.047"),
        ("j2.1", "0.0533"),
        ("j6.1", "-0.046"),
        ("j7.1", "-0.047"),
        ("j7.1", "0.049"),
    ]
    assert effective(lines) == usd("0.1433")
    assert total_of(lines, "BilledCost", InvoiceId="provisional:runpod:2026-11") == usd("0.1023")
    assert total_of(lines, "BilledCost", InvoiceId="provisional:shortapi:2026-11") == usd("0")
    assert total_of(lines, "BilledCost", InvoiceId="number 50.01") == usd("50.01")
    assert total_of(lines, "BilledCost", InvoiceId="number 1.03") == usd("-1.03")


async def test_money_that_turns_out_to_be_charged_becomes_a_row(shop: Shop) -> None:
    """What was presumed, at what it really cost, and no reversal: nothing stood before."""
    a_busy_month(shop)
    shop.post("j5.1", "0.0451", at=EPOCH + DAY)

    lines = lines_of(await exported(shop.ledger, since=EPOCH + DAY))

    assert [(line["x_AttemptId"], line["EffectiveCost"]) for line in lines] == [("j5.1", "0.0451")]
    assert lines[0]["ContractedCost"] == "0.045"


async def test_a_file_is_of_the_time_that_was_asked_for(shop: Shop) -> None:
    """From an instant, inclusive, to another, exclusive; parts add up to the whole."""
    a_busy_month(shop)
    cut = EPOCH + MINUTE

    before = lines_of(await exported(shop.ledger, until=cut))
    after = lines_of(await exported(shop.ledger, since=cut))

    assert {line["x_AttemptId"] for line in after} == {"j2.1", "j6.1", "j7.1"}
    assert before + after == lines_of(await exported(shop.ledger))


async def test_a_file_of_one_tenant_has_nothing_of_others(shop: Shop) -> None:
    """Nor of the providers' accounts, which are nobody's of them."""
    a_busy_month(shop)

    lines = lines_of(await exported(shop.ledger, tenant="beta"))

    assert [(line["SubAccountName"], line["EffectiveCost"]) for line in lines] == [
        ("beta", "0.0533")
    ]


async def test_a_file_of_one_provider_has_its_account(shop: Shop) -> None:
    """And its charges."""
    a_busy_month(shop)

    lines = lines_of(await exported(shop.ledger, provider="runpod"))

    assert {line["InvoiceIssuerName"] for line in lines} == {"runpod"}
    assert [line["EffectiveCost"] for line in lines][:2] == ["-1.03", "0.047"]


async def test_the_same_books_are_the_same_bytes(shop: Shop) -> None:
    """In both forms, however many pages they are read in."""
    a_busy_month(shop)

    for file_format in ("csv", "parquet"):
        once = await exported(shop.ledger, file_format=file_format)
        assert await exported(shop.ledger, file_format=file_format) == once
    pages = [page async for page in shop.ledger.bookings(EPOCH, EPOCH + DAY, page=2)]
    whole = [page async for page in shop.ledger.bookings(EPOCH, EPOCH + DAY)]
    assert [row for page in pages for row in page] == whole[0]
    assert max(len(page) for page in pages) == 2


class Watched(InlineExecutor):
    """Knows how many bookings are made into rows in each piece of work."""

    def __init__(self) -> None:
        self.made: list[int] = []

    async def run(self, work: Callable[[], T]) -> T:
        """Count from nothing."""
        self.made.append(0)
        return await super().run(work)

    def of_booking(self, row: BookingRow, accounts: Accounts) -> Iterator[FocusRow]:
        """Count one; before any work there is nothing to count in."""
        self.made[-1] += 1
        return of_booking(row, accounts)


async def test_rows_are_made_few_at_a_time_away_from_the_loop(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that edits get their turn: a large file is nothing that they wait for."""
    a_busy_month(shop)
    whole = await exported(shop.ledger, BOOK)
    executor = Watched()
    monkeypatch.setattr(focus_export, "AT_ONCE", 2)
    monkeypatch.setattr(focus_export, "of_booking", executor.of_booking)
    accounts = Accounts(BOOK, await shop.ledger.periods())
    asked = Asked(since=EPOCH, until=EPOCH + DAY)
    pieces = [piece async for piece in export(shop.ledger, executor, accounts, asked)]

    assert b"".join(pieces) == whole
    assert max(executor.made) == 2
    assert sum(executor.made) == len(
        [row async for page in shop.ledger.bookings(EPOCH, EPOCH + DAY) for row in page]
    )


async def test_an_empty_file_has_its_columns(shop: Shop) -> None:
    """Nothing was charged: that is told."""
    data = await exported(shop.ledger)

    assert data.count(b"\r\n") == 1


async def test_a_month_comes_to_what_its_file_says(shop: Shop) -> None:
    """With the digests of the files, byte for byte."""
    a_busy_month(shop)
    accounts = Accounts(BOOK, [])

    sums = await month_sums(shop.ledger, InlineExecutor(), accounts, "runpod", "2026-11")
    of_short = await month_sums(shop.ledger, InlineExecutor(), accounts, "shortapi", "2026-11")
    later = await month_sums(shop.ledger, InlineExecutor(), accounts, "runpod", "2026-12")

    assert (sums.posted, sums.billed) == (usd("0.1023"), usd("-0.9277"))
    assert (sums.topped_up, sums.credited, sums.charge_rows) == (usd("0"), usd("1.03"), 5)
    assert (of_short.posted, of_short.billed) == (usd("0.041"), usd("50.01"))
    assert (later.charge_rows, later.posted) == (0, usd("0"))
    for version, digest in sums.digests.items():
        data = await exported(shop.ledger, BOOK, provider="runpod", version=version)
        assert hashlib.sha256(data).hexdigest() == digest
