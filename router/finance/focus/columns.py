"""
The columns of each FOCUS version, in their order, and the metadata that is published beside them.

Source: the FOCUS specification, 1.2 (2025-05-29) and 1.4 (2026-06-04), "Cost and Usage".
"""

import hashlib
import json
from enum import StrEnum
from typing import Any, Literal

from router import __version__

Version = Literal["1.2", "1.4"]
VERSIONS: tuple[Version, ...] = ("1.2", "1.4")
PRECISION, SCALE = 28, 9
"""Digits of a decimal number, and how many of them stand behind its point: nano-dollars."""
SCHEMA_CREATED = "2026-11-21T00:00:00Z"
"""When the columns were last changed."""


class DataType(StrEnum):
    """What stands in a column, in the words of FOCUS's metadata."""

    DECIMAL = "DECIMAL"
    DATETIME = "DATETIME"
    STRING = "STRING"
    JSON = "JSON"


_NAMES: dict[Version, str] = {
    "1.2": """
        BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd BillingPeriodStart
        BilledCost ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd
        ChargePeriodStart CommitmentDiscountStatus ConsumedQuantity ConsumedUnit ContractedCost
        ContractedUnitPrice EffectiveCost InvoiceId InvoiceIssuerName ListCost ListUnitPrice
        PricingCategory PricingCurrency PricingCurrencyContractedUnitPrice
        PricingCurrencyEffectiveCost PricingCurrencyListUnitPrice PricingQuantity PricingUnit
        ProviderName PublisherName ServiceCategory ServiceName ServiceSubcategory SkuId SkuMeter
        SkuPriceDetails SkuPriceId SubAccountId SubAccountName Tags
        x_JobId x_AttemptId x_EntryId x_BookedAt x_PriceSource x_Resolution x_AlternativeCost
        x_PolicyRule x_PriceBookVersion
    """,
    "1.4": """
        BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd
        BillingPeriodStart ChargeCategory ChargeClass ChargeDescription ChargeFrequency
        ChargePeriodEnd ChargePeriodStart ConsumedQuantity ConsumedUnit ContractedCost
        ContractedUnitPrice EffectiveCost HostProviderName InvoiceDetailId InvoiceId
        InvoiceIssuerName ListCost ListUnitPrice PricingQuantity PricingUnit ServiceCategory
        ServiceName ServiceProviderName ServiceSubcategory SkuId SkuMeter SkuPriceDetails
        SkuPriceId SubAccountId SubAccountName Tags
        x_BackendRouted x_JobId x_PriceSource x_Resolution x_AttemptId x_EntryId x_BookedAt
        x_AlternativeCost x_PolicyRule x_PriceBookVersion
    """,
}
COLUMNS: dict[Version, tuple[str, ...]] = {
    version: tuple(names.split()) for version, names in _NAMES.items()
}
_INSTANTS = ("BillingPeriod", "ChargePeriod", "x_BookedAt")
_JSON = frozenset({"Tags", "SkuPriceDetails"})
_NUMBERS = ("Cost", "Quantity", "UnitPrice")


def data_type(column: str) -> DataType:
    """What stands in a column."""
    if column in _JSON:
        return DataType.JSON
    if column.startswith(_INSTANTS):
        return DataType.DATETIME
    return DataType.DECIMAL if column.endswith(_NUMBERS) else DataType.STRING


def metadata(version: Version) -> str:
    """The file that is published beside the data: which columns it has, and who made it. JSON."""
    names = COLUMNS[version]
    digest = hashlib.sha256(" ".join(names).encode()).hexdigest()[:12]
    told: dict[str, Any] = {
        "SchemaId": f"farebox-focus-{version}-{digest}",
        "FocusVersion": version,
        "CreationDate": SCHEMA_CREATED,
        "DataGenerator": "Farebox",
        "DataGeneratorVersion": __version__,
        "ColumnDefinition": [_definition(name) for name in names],
    }
    return json.dumps(told, indent=2) + "\n"


def _definition(name: str) -> dict[str, Any]:
    kind = data_type(name)
    told: dict[str, Any] = {"ColumnName": name, "DataType": kind.value}
    match kind:
        case DataType.DECIMAL:
            told |= {"NumericPrecision": PRECISION, "NumberScale": SCALE}
        case DataType.STRING | DataType.JSON:
            told |= {"StringEncoding": "UTF-8"}
        case DataType.DATETIME:
            pass
    return told
