"""What may happen when an attempt did not deliver: as the policy says, or as a rule changes it."""

from typing import Annotated, Self

from pydantic import Field, PlainValidator, WithJsonSchema

from router.model.money import Money
from router.policy.scalars import Count, Flag, Row, pattern, read_dollars

PROVIDERS_MAX = 10
ProvidersMax = Annotated[
    Count,
    Field(le=PROVIDERS_MAX),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": PROVIDERS_MAX}),
]


def _read_double_spend(value: object) -> Money:
    if isinstance(value, Money):
        return value
    text = value if isinstance(value, str) else ""
    amount, per, rest = text.partition(" per day")
    money = read_dollars(amount)
    if rest or (money and not per):
        raise ValueError("write an amount per day, as $2.00 per day, or $0 for never")
    return money


DoubleSpend = Annotated[
    Money,
    PlainValidator(
        _read_double_spend,
        json_schema_input_type=pattern(
            r"^(\$[0-9]+(\.[0-9]+)? per day|\$0+(\.0+)?)$", "$2.00 per day", "$0"
        ),
    ),
]


class FailoverChanges(Row):
    """What a rule changes of the policy's failover; what it does not name stays."""

    providers_max: ProvidersMax | None = None
    """How many providers one job may be tried at, the first included."""
    double_spend_max: DoubleSpend | None = None
    """As the policy's, and not above it: it is one budget for all."""
    on_content_refusal: Flag | None = None
    """Whether a refusal of the picture or the prompt is tried elsewhere."""


class Failover(Row):
    """What may happen when an attempt did not deliver."""

    providers_max: ProvidersMax = 2
    """How many providers one job may be tried at, the first included."""
    double_spend_max: DoubleSpend = Money.ZERO
    """A UTC day's limit for attempts made while an earlier one of the job is in doubt."""
    on_content_refusal: Flag = False
    """Whether a refusal of the picture or the prompt is tried elsewhere."""

    def changed(self, changes: FailoverChanges) -> Self:
        """The same, but for what a rule changes."""
        said = {name: value for name, value in changes if value is not None}
        return self.model_copy(update=said)
