import json

import pytest

from router.finance.focus.columns import COLUMNS, VERSIONS, DataType, Version, data_type, metadata

AGREED_1_2 = """
BillingAccountId, BillingAccountName, BillingCurrency, BillingPeriodEnd, BillingPeriodStart,
BilledCost, ChargeCategory, ChargeClass, ChargeDescription, ChargeFrequency, ChargePeriodEnd,
ChargePeriodStart, CommitmentDiscountStatus, ConsumedQuantity, ConsumedUnit, ContractedCost,
ContractedUnitPrice, EffectiveCost, InvoiceId, InvoiceIssuerName, ListCost, ListUnitPrice,
PricingCategory, PricingCurrency, PricingCurrencyContractedUnitPrice, PricingCurrencyEffectiveCost,
PricingCurrencyListUnitPrice, PricingQuantity, PricingUnit, ProviderName, PublisherName,
ServiceCategory, ServiceName, ServiceSubcategory, SkuId, SkuMeter, SkuPriceDetails, SkuPriceId,
SubAccountId, SubAccountName, Tags, x_JobId
"""
AGREED_1_4 = """
BilledCost, BillingAccountId, BillingAccountName, BillingCurrency, BillingPeriodEnd,
BillingPeriodStart, ChargeCategory, ChargeClass, ChargeDescription, ChargeFrequency,
ChargePeriodEnd, ChargePeriodStart, ConsumedQuantity, ConsumedUnit, ContractedCost,
ContractedUnitPrice, EffectiveCost, HostProviderName, InvoiceDetailId, InvoiceId, InvoiceIssuerName,
ListCost, ListUnitPrice, PricingQuantity, PricingUnit, ServiceCategory, ServiceName,
ServiceProviderName, ServiceSubcategory, SkuId, SkuMeter, SkuPriceDetails, SkuPriceId, SubAccountId,
SubAccountName, Tags, x_BackendRouted, x_JobId, x_PriceSource, x_Resolution
"""


@pytest.mark.parametrize(("version", "agreed"), [("1.2", AGREED_1_2), ("1.4", AGREED_1_4)])
def test_the_agreed_columns_stand_first_and_in_their_order(version: Version, agreed: str) -> None:
    """What is added beside them is ours, comes after them, and says so by its name."""
    wanted = tuple(name.strip() for name in agreed.split(","))
    columns = COLUMNS[version]

    assert columns[: len(wanted)] == wanted
    assert all(name.startswith("x_") for name in columns[len(wanted) :])
    assert len(set(columns)) == len(columns)


def test_no_column_of_focus_follows_one_of_ours() -> None:
    """Programs that read by place find theirs together."""
    for version in VERSIONS:
        ours = [name.startswith("x_") for name in COLUMNS[version]]
        assert ours == sorted(ours)


def test_the_newer_version_has_no_column_that_it_removed() -> None:
    """A provider's name stands under its new name."""
    assert not {"ProviderName", "PublisherName"} & set(COLUMNS["1.4"])
    assert "ServiceProviderName" in COLUMNS["1.4"]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("x_AlternativeCost", DataType.DECIMAL),
        ("PricingQuantity", DataType.DECIMAL),
        ("PricingCurrencyListUnitPrice", DataType.DECIMAL),
        ("PricingUnit", DataType.STRING),
        ("BillingPeriodEnd", DataType.DATETIME),
        ("x_BookedAt", DataType.DATETIME),
        ("Tags", DataType.JSON),
        ("SubAccountId", DataType.STRING),
    ],
)
def test_every_column_has_one_kind_of_value(column: str, kind: DataType) -> None:
    """In the words of the metadata."""
    assert data_type(column) is kind


@pytest.mark.parametrize("version", VERSIONS)
def test_the_metadata_tells_every_column(version: Version) -> None:
    """In the file's order; and it is the same text each time."""
    told = json.loads(metadata(version))

    assert told["FocusVersion"] == version
    assert told["DataGenerator"] == "Farebox"
    assert [one["ColumnName"] for one in told["ColumnDefinition"]] == list(COLUMNS[version])
    cost = next(one for one in told["ColumnDefinition"] if one["ColumnName"] == "EffectiveCost")
    assert cost == {
        "ColumnName": "EffectiveCost",
        "DataType": "DECIMAL",
        "NumericPrecision": 28,
        "NumberScale": 9,
    }
    assert metadata(version) == metadata(version)
    assert json.loads(metadata("1.2"))["SchemaId"] != json.loads(metadata("1.4"))["SchemaId"]
