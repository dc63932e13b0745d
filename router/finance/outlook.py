"""Outlooks: what is to be expected of a budget's window, for whoever shows it or watches it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.finance.forecast import (
    BudgetWindow,
    Burn,
    Forecast,
    NoForecast,
    forecast_and_burns,
)
from router.finance.pace import Charged
from router.model.clock import rfc3339


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a window is expected to be charged, and how fast it is burnt."""

    forecast: Forecast | NoForecast
    burns: tuple[Burn, ...]
    """None of a lifetime."""

    def as_fields(self) -> dict[str, Any]:
        """As a program reads it, for a budget's line."""
        told, expected = self.forecast, None
        if isinstance(told, Forecast):
            amounts = {"expected": told.expected, "low": told.low, "high": told.high}
            expected = {name: str(amount) for name, amount in amounts.items()}
            expected["method"] = told.method
        exhausted_at = told.exhausted_at
        return {
            "forecast": expected,
            "no_forecast": told.reason if isinstance(told, NoForecast) else None,
            "exhausted_at": None if exhausted_at is None else rfc3339(exhausted_at),
            "burn_rates": [
                {"over_s": int(one.over.total_seconds()), "rate": str(one)} for one in self.burns
            ],
        }


def outlook(window: BudgetWindow, hours: Charged, at: datetime) -> Outlook:
    """Say what is to be expected of a window; see `forecast`."""
    ahead, paces = forecast_and_burns(window, hours, at)
    return Outlook(forecast=ahead, burns=paces)
