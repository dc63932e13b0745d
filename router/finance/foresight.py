"""Foresight: which thresholds on a budget's forecast and pace are reached. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from router.finance.forecast import BudgetWindow, Forecast, burn, forecast
from router.finance.pace import Charged
from router.ledger.alert_commands import Foreseen
from router.model.alert import Threshold
from router.model.budget import Limit, Usage
from router.model.money import Money
from router.policy.budgets import Budget

_WHOLE = 100
_HOUR = timedelta(hours=1)
_SHORT = 12
"""The short window is this part of the long one: what has ended is not told."""


def window_of(budget: Budget | None, limit: Limit, usage: Usage) -> BudgetWindow:
    """
    Take an account's window as forecasts see it.

    Args:
        budget: Whose days of the week count; None: UTC's.
        limit: As it is in force.
        usage: Of it.
    """
    return BudgetWindow(
        start=limit.window_start,
        end=limit.begins_anew_at,
        limit=limit.limit,
        charged=usage.charged,
        under_way=usage.held + usage.in_doubt,
        zone=budget.time_zone if budget is not None else UTC,
    )


def foreseen(
    budget: Budget, limit: Limit, usage: Usage, hours: Charged, at: datetime
) -> tuple[Foreseen, ...]:
    """
    Find what an account is expected to reach of what its budget wants to be told.

    Args:
        budget: Says which thresholds.
        limit: The account's, as it is in force.
        usage: Of it.
        hours: What it was charged by the hour of late.
        at: Now.

    Returns:
        Nothing where too little is known for a forecast. A pace counts while the last twelfth of
        its time is as fast: as far as hours can tell.
    """
    window = window_of(budget, limit, usage)
    return (
        *_forecasts(budget.alerts.forecast, limit, forecast(window, hours, at)),
        *_burns(budget, limit, window, hours, at),
    )


def _forecasts(percents: Sequence[int], limit: Limit, ahead: object) -> Iterator[Foreseen]:
    if not isinstance(ahead, Forecast) or ahead.expected <= Money.ZERO:
        return
    for percent in percents:
        if ahead.expected.nanos * _WHOLE >= limit.limit.nanos * percent:
            threshold = Threshold("forecast", percent)
            yield Foreseen(limit=limit, threshold=threshold, amount=ahead.expected)


def _burns(
    budget: Budget,
    limit: Limit,
    window: BudgetWindow,
    known: Charged,
    at: datetime,
) -> Iterator[Foreseen]:
    length = window.length(at)
    oldest = at - max((one.over for one in budget.burn), default=_HOUR) - _HOUR
    hours = {hour: charged for hour, charged in known.items() if hour > oldest}
    for one in budget.burn:
        rate = burn(window, hours, at, one.over)
        lately = burn(window, hours, at, one.over / _SHORT)
        if length is None or rate is None or lately is None:
            continue
        wanted = one.rate_for(length)
        if min(rate, lately) >= wanted:
            over_s = int(one.over.total_seconds())
            threshold = Threshold("burn", int(wanted * _WHOLE), over_s)
            spent = _spent(rate, limit.limit, one.over, length)
            yield Foreseen(limit=limit, threshold=threshold, amount=spent)


def _spent(rate: Fraction, limit: Money, over: timedelta, length: timedelta) -> Money:
    """What was charged within a time, from how fast that is."""
    share = Fraction(over // timedelta(seconds=1), length // timedelta(seconds=1))
    return Money(round(rate * limit.nanos * share))
