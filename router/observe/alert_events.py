"""What the house tells of budgets that people are told of: facts as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdReached:
    """A budget has reached what people want to know of: told once for each window."""

    name: ClassVar[str] = "threshold_reached"
    budget: str
    scope: str
    percent: int
    charged: Money
    """Posted and presumed."""
    limit: Money
    window_end: datetime | None
    """None for a lifetime."""
    basis: str = "actual"
    """`actual`, `forecast`, or `burn`, whose percent is of the pace that lasts to the end."""
    over_s: int | None = None
    """Of a burn: over what time."""
    amount: Money | None = None
    """What is expected, was charged in that time, or was refused by what is used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDelivered:
    """What came of a try to tell people of a budget, where the policy says."""

    name: ClassVar[str] = "alert_delivered"
    alert_id: str
    budget: str
    verdict: str
    """`delivered`, `retried`, `given_up`, `gone`, or `refused`."""
    tries: int
    status: int | None
