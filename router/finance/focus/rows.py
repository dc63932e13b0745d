"""
Rows of the export, from what was booked. Pure.

- What an edit was charged is one `Usage` row, its overage included. `ListCost` is the list price,
  `ContractedCost` the price that was pinned, `EffectiveCost` what was charged: where the charge
  drifted from the price, the last two differ by the drift.
- Whatever changes a charge is a reversal of what stood (quantity -1) and a row of what stands from
  then on, for the time that the charge was for, in the month in which it was changed. It is a
  `Correction` if the month of the charge was closed by then. Source: FOCUS, correction handling.
- What is drawn from a prepaid balance is on no invoice: its `BilledCost` is zero. Paying into the
  balance is a `Purchase`, whose `EffectiveCost` is zero.
- Money that is held, in doubt or presumed is in no row.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from router.finance.focus.accounts import Account, Accounts
from router.ledger.period_rows import AccountEventRow, month_bounds, month_of
from router.ledger.views import BookingRow
from router.model.money import Money

Value = str | int | Money | datetime | None
FocusRow = dict[str, Value]
"""Columns of either version by their names; those that are not there are null."""

SECOND = timedelta(seconds=1)
CURRENCY = "USD"
_CORRECTION = "Correction"


def of_booking(row: BookingRow, accounts: Accounts) -> Iterator[FocusRow]:
    """What one entry of the journal comes to: no row, one, or a reversal and what stands now."""
    if not row.amount:
        return
    account = accounts.of(row.provider, month_of(row.at))
    changes_closed = row.first_at is not None and accounts.was_closed(
        row.provider, row.first_at, row.at
    )
    shared = _of_the_edit(row, account, is_correction=bool(row.so_far) and changes_closed)
    if row.so_far:
        yield {
            **shared,
            **_quantities(row, account, -1, -row.so_far),
            "ChargeDescription": f"{_described(row)}, reversed",
            "x_EntryId": f"entry:{row.seq}:reversal",
        }
    if row.stands:
        yield {
            **shared,
            **_quantities(row, account, 1, row.stands),
            "ChargeDescription": _described(row),
            "x_EntryId": f"entry:{row.seq}",
        }


def of_event(row: AccountEventRow, accounts: Accounts) -> FocusRow:
    """A top-up, or money that was given back."""
    account = accounts.of(row.provider, month_of(row.at))
    start = row.at.replace(microsecond=0)
    shared: FocusRow = {
        **_of_the_account(account, month_of(row.at)),
        "ChargePeriodStart": start,
        "ChargePeriodEnd": start + SECOND,
        "ChargeFrequency": "One-Time",
        "InvoiceId": row.reference,
        "PublisherName": account.title,
        "ServiceName": f"{account.title} account",
        "x_EntryId": f"account:{row.id}",
        "x_BookedAt": row.at,
    }
    if row.kind == "credit":
        costs = _costs(list=-row.amount, contracted=-row.amount, effective=-row.amount)
        described = f"Credit note {row.reference}"
        return {
            **shared,
            **costs,
            "BilledCost": -row.amount,
            "ChargeCategory": "Credit",
            "ChargeDescription": described,
        }
    return {
        **shared,
        **_costs(list=row.amount, contracted=row.amount, effective=Money.ZERO),
        **_unit_prices(list=row.amount, contracted=row.amount),
        "BilledCost": row.amount,
        "ChargeCategory": "Purchase",
        "ChargeDescription": f"Balance paid in, {row.reference}",
        "PricingCategory": "Standard",
        "PricingQuantity": 1,
        "PricingUnit": "Units",
        "SkuId": f"{row.provider}/balance",
        "SkuPriceId": f"{row.provider}/balance:{row.amount}",
    }


@lru_cache(maxsize=256)
def _of_the_account(account: Account, month: str) -> Mapping[str, Value]:
    start, end = month_bounds(month)
    return {
        "BillingAccountId": account.number,
        "BillingAccountName": account.name,
        "BillingCurrency": CURRENCY,
        "BillingPeriodStart": start,
        "BillingPeriodEnd": end,
        "HostProviderName": account.title,
        "InvoiceIssuerName": account.title,
        "PricingCurrency": CURRENCY,
        "ProviderName": account.title,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceProviderName": account.title,
        "ServiceSubcategory": "Generative AI",
        "x_BackendRouted": account.provider,
    }


def _of_the_edit(row: BookingRow, account: Account, *, is_correction: bool) -> FocusRow:
    month = month_of(row.at)
    booked_at = row.first_at or row.at
    month_start, _ = month_bounds(month_of(booked_at))
    size = row.resolution.value.upper()
    details = {"x_Model": row.model, "x_Resolution": size}
    return {
        **_of_the_account(account, month),
        "ChargeCategory": "Usage",
        "ChargeClass": _CORRECTION if is_correction else None,
        "ChargeFrequency": "Usage-Based",
        # What was begun before its month is charged in it all the same, as a whole.
        "ChargePeriodStart": max(row.began_at.replace(microsecond=0), month_start),
        "ChargePeriodEnd": booked_at.replace(microsecond=0) + SECOND,
        "ConsumedUnit": "Images",
        "InvoiceId": account.invoice_of(month),
        "PricingCategory": "Standard",
        "PricingUnit": "Images",
        "PublisherName": account.publisher_of(row.model),
        "ServiceName": _title(row.model),
        "SkuId": row.slug,
        "SkuMeter": f"Image Edits {size}",
        "SkuPriceDetails": _as_json(details),
        "SkuPriceId": f"{row.slug}:{size}",
        "SubAccountId": f"tenant:{row.tenant}",
        "SubAccountName": row.tenant,
        "Tags": _as_json(dict(row.tags)) if row.tags else None,
        "x_JobId": row.job_id,
        "x_AttemptId": row.attempt_id,
        "x_BookedAt": row.at,
        "x_PriceSource": _price_source(row),
        "x_Resolution": size,
        "x_PolicyRule": _rule(row.decision),
        "x_PriceBookVersion": row.policy_hash or None,
    }


def _quantities(row: BookingRow, account: Account, quantity: int, effective: Money) -> FocusRow:
    """A charge or, with a negative quantity, its reversal. Unit prices are positive in both."""
    return {
        **_costs(
            list=row.list_price * quantity, contracted=row.quoted * quantity, effective=effective
        ),
        **_unit_prices(list=row.list_price, contracted=row.quoted),
        "BilledCost": Money.ZERO if account.is_prepaid else effective,
        "ConsumedQuantity": quantity,
        "PricingQuantity": quantity,
        "x_AlternativeCost": row.dearest * quantity,
    }


def _costs(*, list: Money, contracted: Money, effective: Money) -> FocusRow:  # noqa: A002 - FOCUS's word for it.
    return {
        "ListCost": list,
        "ContractedCost": contracted,
        "EffectiveCost": effective,
        "PricingCurrencyEffectiveCost": effective,
    }


def _unit_prices(*, list: Money, contracted: Money) -> FocusRow:  # noqa: A002 - as above.
    return {
        "ListUnitPrice": list,
        "ContractedUnitPrice": contracted,
        "PricingCurrencyListUnitPrice": list,
        "PricingCurrencyContractedUnitPrice": contracted,
    }


def _described(row: BookingRow) -> str:
    return f"{_title(row.model)}, {row.resolution.value.upper()}, 1 image"


@lru_cache(maxsize=256)
def _title(model: str) -> str:
    """`nano-banana-2-edit` as `Nano Banana 2 Edit`."""
    return " ".join(part.capitalize() for part in model.split("-") if part)


def _price_source(row: BookingRow) -> str:
    """Whence the charge is known: a person's word, the provider's answer, or the price alone."""
    if row.so_far or row.who != "farebox":
        return "adjustment"
    return "provider_reported" if row.reported_amount is not None else "price_table"


def _rule(decision: str) -> str | None:
    told: Any = json.loads(decision)
    rule = told.get("rule")
    return str(rule) if rule else None


def _as_json(value: dict[str, str]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
