"""Alerting: which thresholds of a budget's window are reached, told once for each window."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from router.ledger.answers import Alerted
from router.ledger.commands import Alert
from router.ledger.decided import Decided
from router.ledger.limit_rows import AlertRow
from router.ledger.page import Page
from router.ledger.room import in_force, usage_of
from router.ledger.rows import BEGINNING, END
from router.model.budget import Limit, Usage
from router.model.money import Money

_WHOLE = 100


class Told:
    """Thresholds that were told of, to be found by the limits that they are of."""

    def __init__(self, rows: Iterable[AlertRow]) -> None:
        # By account: each limit's are looked up, and there may be thousands.
        self._rows: defaultdict[tuple[str, str], list[AlertRow]] = defaultdict(list)
        for row in rows:
            self._rows[row.budget, row.scope].append(row)

    def of(self, limit: Limit) -> dict[int, datetime]:
        """The percentages told of in a limit's window, or one that rolls into it: when, at last."""
        found: dict[int, datetime] = {}
        for row in self._rows.get((limit.budget, limit.scope), ()):
            if _is_of(row, limit):
                found[row.percent] = max(row.at, found.get(row.percent, row.at))
        return found


def _is_of(row: AlertRow, limit: Limit) -> bool:
    start, end = limit.window_start or BEGINNING, limit.window_end or END
    if (row.window_start, row.window_end) == (start, end):
        return True
    return bool(row.rolling) and limit.rolls and row.window_end > start


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
    told = Told(page.group(AlertRow, limit.budget, limit.scope)).of(limit)
    for percent in reached(limit, usage):
        if percent in told:
            continue
        yield AlertRow(
            budget=limit.budget,
            scope=limit.scope,
            window_start=limit.window_start or BEGINNING,
            window_end=limit.window_end or END,
            rolling=int(limit.rolls),
            percent=percent,
            at=at,
            charged=usage.charged,
            limit_amount=limit.limit,
        )
