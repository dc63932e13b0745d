"""Alerting: which thresholds of a budget's window are reached, told once for each window."""

from collections.abc import Iterator
from datetime import datetime

from router.ledger.commands import Alert, Alerted
from router.ledger.decided import Decided
from router.ledger.limit_rows import AlertRow
from router.ledger.page import Page
from router.ledger.room import in_force, usage_of
from router.ledger.rows import BEGINNING, END
from router.model.budget import Limit, Usage
from router.model.money import Money

_WHOLE = 100


def alert(page: Page, command: Alert) -> Decided:
    """Record what is reached and was not told before."""
    rows = tuple(row for limit in command.limits for row in _untold(page, limit, command.at))
    return Decided(Alerted(alerts=rows), rows)


def reached(limit: Limit, usage: Usage) -> tuple[int, ...]:
    """The thresholds that what was charged has reached, in percent; none where that is nothing."""
    charged = usage.charged
    if charged <= Money.ZERO:
        return ()
    # In nano-dollars times a hundred, so that nothing is rounded.
    return tuple(
        percent for percent in limit.alerts if charged.nanos * _WHOLE >= limit.limit.nanos * percent
    )


def _untold(page: Page, limit: Limit, at: datetime) -> Iterator[AlertRow]:
    limit, usage = in_force(page, limit, at), usage_of(page, limit)
    told = page.group(AlertRow, limit.budget, limit.scope)
    for percent in reached(limit, usage):
        row = AlertRow(
            budget=limit.budget,
            scope=limit.scope,
            window_start=limit.window_start or BEGINNING,
            window_end=limit.window_end or END,
            rolling=int(limit.bucket_start is not None),
            percent=percent,
            at=at,
            charged=usage.charged,
            limit_amount=limit.limit,
        )
        if not any(earlier.tells(row) for earlier in told):
            yield row
