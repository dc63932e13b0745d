from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from router.finance.focus.accounts import Account, Accounts, read_account
from router.ledger.period_rows import PeriodRow
from router.model.money import Money
from tests.focus_kit import a_book
from tests.ledger_kit import usd
from tests.policy_files import PRICES, a_policy

CLOSED_AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
ACCOUNT = Account(
    provider="shortapi",
    title="ShortAPI",
    number="shortapi:acct:prod-1",
    name="ShortAPI prod",
    billing="invoiced",
    invoice="INV-7",
    publishers=(("nano-banana-2-edit", "Google"),),
)
PERIOD = PeriodRow(
    provider="shortapi",
    month="2026-11",
    closed_at=CLOSED_AT,
    who="ada",
    account=ACCOUNT.as_text(),
    posted=usd("1.23"),
    billed=usd("1.21"),
    topped_up=Money.ZERO,
    credited=usd("0.02"),
    left_open=Money.ZERO,
    left_open_attempts=0,
    charge_rows=31,
    sha256_focus_1_2="ab",
    sha256_focus_1_4="cd",
)


def test_an_account_is_read_as_it_was_written() -> None:
    """Whatever it says."""
    assert read_account(ACCOUNT.as_text()) == ACCOUNT
    bare = replace(ACCOUNT, invoice=None, publishers=())
    assert read_account(bare.as_text()) == bare


def test_an_open_month_goes_by_the_price_book() -> None:
    """With a number and a name even where it says none."""
    account = Accounts(a_book(), []).of("runpod", "2026-11")

    assert (account.number, account.title, account.name) == ("runpod:default", "runpod", "runpod")
    assert account.is_prepaid
    assert account.invoice_of("2026-11") == "provisional:runpod:2026-11"
    assert account.publisher_of("nano-banana-2-edit") == "runpod"


def test_a_closed_month_goes_by_what_was_written_down() -> None:
    """Whatever the price book says now; the next month goes by that again."""
    accounts = Accounts(a_book(), [PERIOD])
    closed, following = accounts.of("shortapi", "2026-11"), accounts.of("shortapi", "2026-12")

    assert closed == ACCOUNT
    assert (closed.invoice_of("2026-11"), closed.is_prepaid) == ("INV-7", False)
    assert closed.publisher_of("nano-banana-2-edit") == "Google"
    assert (following.number, following.is_prepaid) == ("shortapi:default", True)


def test_a_provider_that_is_gone_has_the_account_it_had() -> None:
    """But no invoice of another month; one that nobody has ever known has its name."""
    accounts = Accounts(a_book(), [replace(PERIOD, provider="oldapi")])

    assert accounts.of("oldapi", "2026-12") == replace(ACCOUNT, invoice=None)
    assert accounts.of("neverapi", "2026-12") == Account.unknown("neverapi")


def test_a_month_was_closed_from_its_close_on() -> None:
    """Not for what was booked before."""
    accounts = Accounts(a_book(), [PERIOD])
    in_november = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    instant = timedelta(microseconds=1)

    assert accounts.was_closed("shortapi", in_november, CLOSED_AT)
    assert not accounts.was_closed("shortapi", in_november, CLOSED_AT - instant)
    assert not accounts.was_closed("runpod", in_november, CLOSED_AT)
    assert not accounts.was_closed("shortapi", CLOSED_AT, CLOSED_AT)
    assert accounts.period("shortapi", "2026-11") is PERIOD
    assert accounts.period("shortapi", "2026-12") is None


def test_a_month_that_is_being_closed_has_its_invoice() -> None:
    """So that its digests are of the file as it will be; it is not closed by that."""
    accounts = Accounts(a_book(), [PERIOD]).with_invoice("shortapi", "2026-12", "INV-8")

    assert accounts.of("shortapi", "2026-12").invoice == "INV-8"
    assert accounts.period("shortapi", "2026-12") is None
    assert accounts.of("shortapi", "2026-11") == ACCOUNT


def test_the_price_book_names_accounts_and_publishers() -> None:
    """As they stand on invoices."""
    prices = PRICES.replace(
        "{provider: shortapi, source: documents}",
        "{provider: shortapi, source: documents, title: ShortAPI, account: 'shortapi:prod-1', "
        "account_name: ShortAPI prod, billing: invoiced}",
    ).replace(
        "slug: google/nano-banana-2/edit", "slug: google/nano-banana-2/edit\n    publisher: G"
    )

    account = Accounts(a_policy(prices=prices).prices, []).of("shortapi", "2026-11")

    assert account == Account(
        provider="shortapi",
        title="ShortAPI",
        number="shortapi:prod-1",
        name="ShortAPI prod",
        billing="invoiced",
        publishers=(("nano-banana-2-edit", "G"),),
    )


def test_a_number_of_digits_alone_is_refused() -> None:
    """A program that reads the file would take it for an amount."""
    prices = PRICES.replace(
        "{provider: shortapi, source: documents}",
        "{provider: shortapi, source: documents, account: '4711'}",
    )

    with pytest.raises(ValidationError, match="shortapi:4711"):
        a_policy(prices=prices)
