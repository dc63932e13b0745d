"""Outlooks: a forecast and burn rates, as a program reads them."""

from datetime import UTC, datetime, timedelta

from router.finance.forecast import BudgetWindow, NoForecast, by_hour
from router.finance.outlook import outlook
from router.ledger.limit_rows import BudgetHourRow
from tests.ledger_kit import DAY, usd

START = datetime(2026, 11, 1, tzinfo=UTC)


def test_an_outlook_is_told_in_fields() -> None:
    """Money as decimal strings, spans in seconds; what is not known is null."""
    window = BudgetWindow(start=START, end=START + 30 * DAY, limit=usd("4"), charged=usd("2.5"))
    hours = [
        BudgetHourRow(budget="b", scope="s", hour=START + DAY * day, charged=usd("0.25"))
        for day in range(10)
    ]
    told = outlook(window, by_hour(hours), START + 10 * DAY).as_fields()

    assert told == {
        "forecast": {"expected": "7.50", "low": "7.50", "high": "7.50", "method": "linear"},
        "no_forecast": None,
        "exhausted_at": "2026-11-17T00:00:00.000000Z",
        "burn_rates": [
            {"over_s": 3_600, "rate": "0.00"},
            {"over_s": 21_600, "rate": "0.00"},
            {"over_s": 259_200, "rate": "1.87"},
        ],
    }


def test_without_a_forecast_the_reason_stands_there() -> None:
    """As a clause for people."""
    window = BudgetWindow(start=START, end=START + DAY, limit=usd("4"), charged=usd("0"))
    told = outlook(window, {}, START + timedelta(hours=1))

    assert isinstance(told.forecast, NoForecast)
    fields = told.as_fields()
    assert (fields["forecast"], fields["exhausted_at"]) == (None, None)
    assert fields["no_forecast"] == "nothing was charged yet"
