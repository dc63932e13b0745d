from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.finance.focus.accounts import Account, Accounts
from router.finance.focus.rows import FocusRow, of_booking, of_event
from router.ledger.period_rows import AccountEventRow, PeriodRow
from router.ledger.views import BookingRow
from router.model.ids import AttemptId, JobId
from router.model.job import Resolution
from router.model.money import Money
from tests.focus_kit import a_book
from tests.ledger_kit import usd

AT = datetime(2026, 11, 20, 10, 15, 8, 700_000, tzinfo=UTC)
BOOKING = BookingRow(
    seq=7,
    at=AT,
    who="farebox",
    amount=usd("0.041"),
    so_far=Money.ZERO,
    first_at=None,
    attempt_id=AttemptId("j1.1"),
    job_id=JobId("j1"),
    tenant="studio",
    tags=(("team", "studio"), ("project", "catalog")),
    provider="shortapi",
    model="nano-banana-2-edit",
    slug="google/nano-banana-2/edit",
    resolution=Resolution.ONE_K,
    quoted=usd("0.039"),
    list_price=usd("0.045"),
    dearest=usd("0.0875"),
    began_at=AT - timedelta(seconds=6.4),
    reported_amount=usd("0.041"),
    decision='{"rule": "lowest price"}',
    policy_hash="5eed",
)
EVENT = AccountEventRow(
    id="e1",
    provider="shortapi",
    kind="topup",
    amount=usd("100.07"),
    at=AT,
    reference="receipt 7",
    created_at=AT,
    who="ada",
)


def closed(month: str, closed_at: datetime, **fields: Any) -> PeriodRow:
    """Build a month of ShortAPI's that was closed at an instant."""
    account = replace(Account.unknown("shortapi"), **fields)
    return PeriodRow(
        provider="shortapi",
        month=month,
        closed_at=closed_at,
        who="ada",
        account=account.as_text(),
        posted=Money.ZERO,
        billed=Money.ZERO,
        topped_up=Money.ZERO,
        credited=Money.ZERO,
        left_open=Money.ZERO,
        left_open_attempts=0,
        charge_rows=0,
        sha256_focus_1_2="",
        sha256_focus_1_4="",
    )


def made(
    *periods: PeriodRow, billing: str = "invoiced", row: BookingRow = BOOKING, **fields: Any
) -> list[FocusRow]:
    """Make the rows of a booking."""
    accounts = Accounts(a_book(shortapi=billing), periods)
    return list(of_booking(replace(row, **fields), accounts))


def costs(row: FocusRow) -> list[str]:
    """List, contracted, effective, billed."""
    names = ("ListCost", "ContractedCost", "EffectiveCost", "BilledCost")
    return [str(row[name]) for name in names]


def test_a_charge_is_one_row() -> None:
    """At its list price, at the price that was pinned, and at what was charged: three amounts."""
    (row,) = made()

    assert costs(row) == ["0.045", "0.039", "0.041", "0.041"]
    assert (row["ListUnitPrice"], row["ContractedUnitPrice"]) == (usd("0.045"), usd("0.039"))
    assert (row["PricingQuantity"], row["ConsumedQuantity"]) == (1, 1)
    assert (row["ChargeCategory"], row["ChargeClass"]) == ("Usage", None)
    assert row["ChargeDescription"] == "Nano Banana 2 Edit, 1K, 1 image"
    assert row["SkuId"] == "google/nano-banana-2/edit"
    assert row["SkuPriceId"] == "google/nano-banana-2/edit:1K"
    assert row["SkuPriceDetails"] == '{"x_Model":"nano-banana-2-edit","x_Resolution":"1K"}'
    assert row["Tags"] == '{"project":"catalog","team":"studio"}'
    assert (row["SubAccountId"], row["SubAccountName"]) == ("tenant:studio", "studio")
    assert row["InvoiceId"] == "provisional:shortapi:2026-11"
    assert (row["x_PriceSource"], row["x_PolicyRule"]) == ("provider_reported", "lowest price")
    assert (row["x_AlternativeCost"], row["x_PriceBookVersion"]) == (usd("0.0875"), "5eed")
    assert (row["x_JobId"], row["x_AttemptId"], row["x_EntryId"]) == ("j1", "j1.1", "entry:7")


def test_a_charge_lies_between_its_sending_and_its_booking() -> None:
    """In whole seconds, the end exclusive; its month is that of the booking."""
    (row,) = made()

    assert row["ChargePeriodStart"] == datetime(2026, 11, 20, 10, 15, 2, tzinfo=UTC)
    assert row["ChargePeriodEnd"] == datetime(2026, 11, 20, 10, 15, 9, tzinfo=UTC)
    assert row["BillingPeriodStart"] == datetime(2026, 11, 1, tzinfo=UTC)
    assert row["BillingPeriodEnd"] == datetime(2026, 12, 1, tzinfo=UTC)
    assert row["x_BookedAt"] == AT


def test_a_charge_over_the_end_of_a_month_is_the_next_ones() -> None:
    """It begins with the month then, and even a booking at its first instant has a second."""
    midnight = datetime(2027, 1, 1, tzinfo=UTC)
    (row,) = made(at=midnight, began_at=midnight - timedelta(seconds=9))

    assert row["BillingPeriodStart"] == row["ChargePeriodStart"] == midnight
    assert row["ChargePeriodEnd"] == midnight + timedelta(seconds=1)
    assert row["BillingPeriodEnd"] == datetime(2027, 2, 1, tzinfo=UTC)


def test_what_is_drawn_from_a_balance_is_on_no_invoice() -> None:
    """It costs what it costs all the same."""
    (row,) = made(billing="prepaid")

    assert costs(row) == ["0.045", "0.039", "0.041", "0.00"]


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"reported_amount": None}, "price_table"),
        ({}, "provider_reported"),
        ({"who": "ada"}, "adjustment"),
    ],
)
def test_whence_a_charge_is_known_is_told(fields: dict[str, Any], source: str) -> None:
    """The provider's answer, the price that was pinned, or a person."""
    assert made(**fields)[0]["x_PriceSource"] == source


def test_a_charge_that_is_taken_back_is_its_reversal() -> None:
    """Negative in quantity and cost, positive in price."""
    (row,) = made(amount=usd("-0.041"), so_far=usd("0.041"), first_at=AT)

    assert costs(row) == ["-0.045", "-0.039", "-0.041", "-0.041"]
    assert (row["PricingQuantity"], row["ConsumedQuantity"]) == (-1, -1)
    assert (row["ListUnitPrice"], row["ContractedUnitPrice"]) == (usd("0.045"), usd("0.039"))
    assert (row["ChargeCategory"], row["ChargeClass"]) == ("Usage", None)
    assert row["ChargeDescription"] == "Nano Banana 2 Edit, 1K, 1 image, reversed"
    assert (row["x_AlternativeCost"], row["x_EntryId"]) == (usd("-0.0875"), "entry:7:reversal")


def test_a_charge_that_is_changed_is_reversed_and_charged_anew() -> None:
    """So that price times quantity stays the cost in each row, and the two come to the change."""
    before, after = made(amount=usd("-0.011"), so_far=usd("0.041"), first_at=AT)

    assert costs(before) == ["-0.045", "-0.039", "-0.041", "-0.041"]
    assert costs(after) == ["0.045", "0.039", "0.03", "0.03"]
    assert (before["x_EntryId"], after["x_EntryId"]) == ("entry:7:reversal", "entry:7")
    assert after["x_PriceSource"] == "adjustment"


def test_what_changes_nothing_is_no_row() -> None:
    """As a failure that costs nothing."""
    assert made(amount=Money.ZERO) == []
    assert made(amount=Money.ZERO, so_far=usd("0.041"), first_at=AT) == []


def test_a_change_of_a_closed_month_is_a_correction_in_the_present_one() -> None:
    """By when the month was closed, not by what is known today."""
    december = datetime(2026, 12, 9, 12, tzinfo=UTC)
    change: dict[str, Any] = {
        "at": december,
        "amount": usd("-0.041"),
        "so_far": usd("0.041"),
        "first_at": AT,
    }
    second = timedelta(seconds=1)

    (open_,) = made(closed("2026-11", december + second), **change)
    (row,) = made(closed("2026-11", december), **change)

    assert (open_["ChargeClass"], row["ChargeClass"]) == (None, "Correction")
    assert row["ChargeCategory"] == "Usage"
    assert row["BillingPeriodStart"] == datetime(2026, 12, 1, tzinfo=UTC)
    assert row["InvoiceId"] == "provisional:shortapi:2026-12"


def test_a_change_is_for_the_time_that_the_charge_was_for() -> None:
    """Whenever it is booked: spread over their times, a charge and its reversal are nothing."""
    midnight = datetime(2026, 12, 1, tzinfo=UTC)
    first: dict[str, Any] = {"at": midnight, "began_at": midnight - timedelta(seconds=9)}
    later: dict[str, Any] = {
        **first,
        "at": datetime(2027, 1, 9, 12, tzinfo=UTC),
        "amount": usd("-0.011"),
        "so_far": usd("0.041"),
        "first_at": midnight,
    }
    (charge,) = made(**first)
    changes = made(**later)

    assert [(row["ChargePeriodStart"], row["ChargePeriodEnd"]) for row in (charge, *changes)] == [
        (midnight, midnight + timedelta(seconds=1))
    ] * 3
    assert [row["BillingPeriodStart"] for row in changes] == [datetime(2027, 1, 1, tzinfo=UTC)] * 2


def test_a_first_charge_is_never_a_correction() -> None:
    """Even of an attempt of a month that was closed while it was open."""
    (row,) = made(closed("2026-10", AT - timedelta(days=9)), began_at=AT - timedelta(days=30))

    assert row["ChargeClass"] is None


def test_a_closed_month_is_told_as_it_was_closed() -> None:
    """Under the account and the invoice of then."""
    (row,) = made(
        closed("2026-11", AT + timedelta(days=30), billing="prepaid", number="a:1", invoice="I-1")
    )

    assert (row["BillingAccountId"], row["InvoiceId"]) == ("a:1", "I-1")
    assert row["BilledCost"] == Money.ZERO


def test_a_topup_is_a_purchase_that_costs_nothing_yet() -> None:
    """What is drawn from it will."""
    row = of_event(EVENT, Accounts(a_book(), []))

    assert costs(row) == ["100.07", "100.07", "0.00", "100.07"]
    assert (row["ChargeCategory"], row["ChargeFrequency"]) == ("Purchase", "One-Time")
    assert (row["PricingQuantity"], row["PricingUnit"]) == (1, "Units")
    assert row["ListUnitPrice"] == usd("100.07")
    assert row.get("ConsumedQuantity") is None
    assert (row["InvoiceId"], row["x_EntryId"]) == ("receipt 7", "account:e1")


def test_a_credit_is_negative_and_has_no_price() -> None:
    """All four costs are what was given back."""
    row = of_event(replace(EVENT, kind="credit", amount=usd("2.51")), Accounts(a_book(), []))

    assert costs(row) == ["-2.51", "-2.51", "-2.51", "-2.51"]
    assert (row["ChargeCategory"], row["InvoiceId"]) == ("Credit", "receipt 7")
    for name in ("PricingQuantity", "ListUnitPrice", "SkuId", "SkuPriceId", "PricingCategory"):
        assert row.get(name) is None


def test_a_decision_without_a_rule_has_none() -> None:
    """As of jobs that were taken before rules were told; and no tags are no tags."""
    (row,) = made(decision="{}", tags=(), policy_hash="")

    assert (row["x_PolicyRule"], row["Tags"], row["x_PriceBookVersion"]) == (None, None, None)
