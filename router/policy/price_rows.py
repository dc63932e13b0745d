"""
What one row of the price book says: a provider's terms, or one model's price there and ability.

Rows know nothing of each other; the book compares them.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, PlainValidator, model_validator

from router.model.job import Resolution
from router.model.money import Money
from router.model.offer import Capability, ProviderTerms
from router.policy.latencies import StatedLatency
from router.policy.scalars import (
    CallRate,
    Count,
    CreditLow,
    Dollars,
    Flag,
    Instant,
    Name,
    Row,
    Seconds,
    Sentence,
)

_RATIO = re.compile("[1-9][0-9]{0,4}:[1-9][0-9]{0,4}")
_STATUS_MIN, _STATUS_MAX = 100, 599


class Billing(StrEnum):
    """How a provider is paid."""

    PREPAID = "prepaid"
    INVOICED = "invoiced"


class Charged(StrEnum):
    """When a provider takes a job's price from our balance there."""

    AT_CREATE = "at_create"
    AT_END = "at_end"


class AmountMeans(StrEnum):
    """What the amount in the reply to a create stands for."""

    QUOTE = "quote"
    CHARGE = "charge"


def _read_status(value: object) -> int:
    if type(value) is int:
        return value
    if isinstance(value, str) and re.fullmatch("[1-5][0-9][0-9]", value):
        return int(value)
    message = "an HTTP status such as 521 belongs here"
    raise ValueError(message)


Status = Annotated[
    int,
    PlainValidator(
        _read_status,
        json_schema_input_type=Annotated[int, Field(ge=_STATUS_MIN, le=_STATUS_MAX)],
    ),
]


class Rates(Row):
    """How often a provider may be called, by what is called. What is not named is not paced."""

    create: CallRate | None = None
    status: CallRate | None = None
    cancel: CallRate | None = None


class ProviderRow(Row):
    """How one provider bills, and what it keeps."""

    provider: Name
    source: Sentence
    """What the row rests on: a document, a contract, or that it is assumed."""
    title: Sentence | None = None
    """Its name as it stands on invoices; None: as above."""
    account: Sentence | None = None
    """The number of our billing account there; None: `<provider>:default`."""
    account_name: Sentence | None = None
    """Of the billing account, for people; None: the title."""
    billing: Billing = Billing.PREPAID
    failed_is_free: Flag = False
    cancelled_is_free: Flag = False
    amount: AmountMeans = AmountMeans.QUOTE
    charged: Charged = Charged.AT_END
    """When a job's price leaves our balance there."""
    origin_not_reached: tuple[Status, ...] = ()
    creates_in_flight_max: Count = 100
    statuses_in_flight_max: Count = 100
    cancels_in_flight_max: Count = 20
    rates: Rates = Rates()
    """What the provider documents: Farebox keeps to it, so that it need not be told."""
    in_doubt_max: Dollars = Money.parse("2.00")
    job_ttl_s: Seconds = Field(default=3600.0, alias="job_ttl")
    retention_s: Seconds = Field(default=1800.0, alias="retention")
    credit_low: CreditLow = 172_800.0
    """When the credit left there is low: below an amount, or gone within so long at the pace of the
    last day."""

    @model_validator(mode="after")
    def _account_is_text(self) -> "ProviderRow":
        if self.account is not None and self.account.isdecimal():
            message = f"write 'account' with a word before it, as {self.provider}:{self.account}"
            raise ValueError(f"{message}: programs take digits alone for a number")
        return self

    def sent_by(self, at: datetime) -> datetime:
        """Until when an attempt must have been sent to be charged by an instant for sure."""
        is_at_create = self.charged is Charged.AT_CREATE
        return at if is_at_create else at - timedelta(seconds=self.job_ttl_s)

    @property
    def terms(self) -> ProviderTerms:
        """The row as the rest of Farebox knows it."""
        return ProviderTerms(
            name=self.provider,
            billing=self.billing.value,
            failed_is_free=self.failed_is_free,
            cancelled_is_free=self.cancelled_is_free,
            amount=self.amount.value,
            origin_not_reached=frozenset(self.origin_not_reached),
            creates_in_flight_max=self.creates_in_flight_max,
            statuses_in_flight_max=self.statuses_in_flight_max,
            cancels_in_flight_max=self.cancels_in_flight_max,
            create_rate=self.rates.create,
            status_rate=self.rates.status,
            cancel_rate=self.rates.cancel,
            in_doubt_max=self.in_doubt_max,
            job_ttl_s=self.job_ttl_s,
            retention_s=self.retention_s,
        )


class OfferRow(Row):
    """What one provider asks for one model, from one instant on."""

    provider: Name
    model: Name
    """Farebox's name for it."""
    slug: Sentence
    """The provider's name for it."""
    publisher: Sentence | None = None
    """Who made it; None: the provider."""
    starts: Instant = Field(alias="from")
    """Inclusive."""
    ends: Instant | None = Field(default=None, alias="until")
    """Exclusive. None: until the next row, or for good."""
    source: Sentence
    verified: Flag
    """Whether somebody has seen the price and the ability for themselves."""
    switched_on: Flag | None = None
    """None: on when verified."""
    per_image: Mapping[Resolution, Dollars] = Field(json_schema_extra={"minProperties": 1})
    """The list price. A resolution that is not named cannot be bought."""
    contracted: Mapping[Resolution, Dollars] = Field(default_factory=dict[Resolution, Money])
    """What was negotiated instead."""
    latency: StatedLatency | None = None
    """How long its jobs take, until enough of them were seen. Without it, that is not known."""
    aspect_ratios: tuple[Sentence, ...] = ()
    aspect_ratio_required: Flag = False
    output_formats: tuple[Sentence, ...] = ()
    images_max: Count = 14
    data_urls: Flag = False
    body_bytes_max: Count = 10_000_000

    @model_validator(mode="after")
    def _prices_make_sense(self) -> "OfferRow":
        if not self.per_image:
            raise ValueError("'per_image' names no price")
        for resolution, price in (*self.per_image.items(), *self.contracted.items()):
            if not price:
                message = f"the price of {resolution} is nothing; what is free needs no router"
                raise ValueError(message)
        for resolution, price in self.contracted.items():
            if resolution not in self.per_image:
                message = f"{resolution} has a contracted price and no list price"
                raise ValueError(message)
            if price > self.per_image[resolution]:
                message = f"the contracted price of {resolution} is above its list price"
                raise ValueError(message)
        if self.ends is not None and self.ends <= self.starts:
            raise ValueError("'until' is not after 'from'")
        return self

    @model_validator(mode="after")
    def _ratios_can_be_chosen(self) -> "OfferRow":
        if self.aspect_ratio_required and not self.aspect_ratios:
            raise ValueError("an aspect ratio is required and 'aspect_ratios' names none")
        for ratio in self.aspect_ratios:
            if not _RATIO.fullmatch(ratio):
                message = f"'{ratio}' is no aspect ratio such as 16:9"
                raise ValueError(message)
        return self

    @property
    def is_on(self) -> bool:
        """Whether it may be bought: verified, or switched on all the same."""
        return self.verified if self.switched_on is None else self.switched_on

    @property
    def capability(self) -> Capability:
        """What the provider's model can do."""
        return Capability(
            aspect_ratios=self.aspect_ratios,
            aspect_ratio_required=self.aspect_ratio_required,
            output_formats=self.output_formats,
            images_max=self.images_max,
            data_urls=self.data_urls,
            body_bytes_max=self.body_bytes_max,
        )
