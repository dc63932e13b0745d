"""Foresight: which thresholds on a forecast and on a pace are reached."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.finance.foresight import foreseen
from router.model.alert import Threshold
from router.model.budget import Usage
from router.policy.budgets import Budget
from tests.ledger_kit import DAY, HOUR, usd
from tests.policy_files import a_policy

AT = datetime(2026, 11, 16, tzinfo=UTC)


def a_budget(per: str = "month", limit: str = "$30.00", **keys: Any) -> Budget:
    """Build a budget for everyone."""
    budget = {"name": "team", "who": "everyone", "limit": limit, "per": per, **keys}
    return a_policy(budgets=[budget]).budgets[0]


def reached(
    budget: Budget, charged: str, hours: dict[timedelta, str], at: datetime = AT
) -> list[tuple[Threshold, str]]:
    """What is reached, by what was charged so long before an instant."""
    known = {at - ago: usd(amount).nanos for ago, amount in hours.items()}
    usage = Usage(posted=usd(charged))
    found = foreseen(budget, budget.limit_of("everyone", at), usage, known, at)
    return [(one.threshold, str(one.amount)) for one in found]


def test_a_forecast_reaches_thresholds_before_charges_do() -> None:
    """Half of the month is over, and three quarters of its limit are expected."""
    budget = a_budget(alerts=["50%", "forecast 75%", "forecast 76%"])
    hours = {DAY * day: "0.75" for day in range(1, 16)}

    assert reached(budget, "11.25", hours) == [(Threshold("forecast", 75), "22.50")]


def test_where_nothing_is_expected_nothing_is_reached() -> None:
    """Neither without a forecast, nor by one of nothing."""
    budget = a_budget(limit="$0", alerts=["forecast 1%"])

    assert reached(budget, "0", {}) == []
    assert reached(budget, "0", {DAY * 5: "0"}) == []


@pytest.mark.parametrize(
    ("hours", "percents"),
    [
        ({HOUR: "0.60"}, [1440]),
        ({HOUR: "0.59"}, []),
        # As much, but in the hour before: what has ended is not told.
        ({2 * HOUR: "0.60"}, []),
        ({HOUR * ago: "0.25" for ago in range(1, 7)}, [600]),
        ({HOUR * ago: "0.60" for ago in range(1, 7)}, [1440, 600]),
    ],
)
def test_the_standard_paces_are_told_while_they_last(
    hours: dict[timedelta, str], percents: list[int]
) -> None:
    """Two percent of thirty days within an hour, five within six: each over its own time."""
    found = reached(a_budget(burn="standard"), "3.00", hours)

    assert [one.percent for one, _ in found] == percents
    assert {one.over_s for one, _ in found} <= {3_600, 21_600}
    if percents == [1440]:
        assert found[0][1] == "0.60"


def test_a_trifle_of_a_year_is_nothing_to_tell() -> None:
    """Twenty dollars of nine thousand within an hour are fast, but it takes 2 % of the limit."""
    budget = a_budget("year", "$9000.00", burn="standard")

    assert reached(budget, "1700.00", {HOUR: "20.00"}) == []
    assert reached(budget, "1700.00", {HOUR: "179.99"}) == []
    assert reached(budget, "1700.00", {HOUR: "180.00"}) == [
        (Threshold("burn", 17520, 3_600), "180.00")
    ]


def test_a_pace_of_a_day_is_what_the_policy_says() -> None:
    """Half of the day's limit within an hour."""
    budget = a_budget("day", "$4.00", burn=["50% in 1h"])
    at = AT + 12 * HOUR

    assert reached(budget, "2.00", {HOUR: "2.00"}, at) == [(Threshold("burn", 1200, 3_600), "2.00")]
    assert reached(budget, "1.99", {HOUR: "1.99"}, at) == []


def test_the_standard_paces_of_a_day_are_told_before_its_limit_is_charged() -> None:
    """Half of it within an hour, and 80 % within six: no more than all of it is let through."""
    budget = a_budget("day", "$4.00", burn="standard")
    at = AT + 12 * HOUR
    steady = {HOUR * ago: "0.55" for ago in range(1, 7)}

    assert reached(budget, "2.01", {HOUR: "2.01"}, at) == [(Threshold("burn", 1200, 3_600), "2.01")]
    assert reached(budget, "3.30", steady, at) == [(Threshold("burn", 320, 21_600), "3.30")]
    assert reached(budget, "1.99", {HOUR: "1.99"}, at) == []


def test_a_limit_of_nothing_has_no_pace() -> None:
    """Whatever is charged."""
    assert reached(a_budget(limit="$0", burn="standard"), "1.00", {HOUR: "1.00"}) == []
