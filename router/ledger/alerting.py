"""Alerting: which thresholds of a budget's window are reached, told once for each window."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from router.ledger.alert_commands import Alert, AlertTold, Foreseen, Receiver
from router.ledger.alert_rows import AlertLetterRow, AlertRow, alert_id
from router.ledger.answers import Alerted, Stale
from router.ledger.decided import Decided
from router.ledger.outbox_rows import OutboxState
from router.ledger.page import Page
from router.ledger.room import in_force, usage_of
from router.ledger.rows import BEGINNING, END
from router.model.alert import Threshold
from router.model.budget import Limit, Usage
from router.model.clock import rfc3339
from router.model.money import Money

_WHOLE = 100


class Told:
    """Thresholds that were told of, to be found by the limits that they are of."""

    def __init__(self, rows: Iterable[AlertRow]) -> None:
        # By account: each limit's are looked up, and there may be thousands.
        self._rows: defaultdict[tuple[str, str], list[AlertRow]] = defaultdict(list)
        for row in rows:
            self._rows[row.budget, row.scope].append(row)

    def of(self, limit: Limit) -> dict[Threshold, datetime]:
        """What was told of in a limit's window, or one that rolls into it: when, at last."""
        found: dict[Threshold, datetime] = {}
        for row in self._rows.get((limit.budget, limit.scope), ()):
            if _is_of(row, limit):
                found[row.threshold] = max(row.at, found.get(row.threshold, row.at))
        return found


def _is_of(row: AlertRow, limit: Limit) -> bool:
    start, end = limit.window_start or BEGINNING, limit.window_end or END
    if (row.window_start, row.window_end) == (start, end):
        return True
    return bool(row.rolling) and limit.rolls and row.window_end > start


def alert(page: Page, command: Alert) -> Decided:
    """Record what is reached and was not told before, and have it told."""
    rows = [row for limit in command.limits for row in _untold(page, limit, command.at)]
    rows += [row for one in command.foreseen for row in _unforeseen(page, one, command.at)]
    # What is used up may be charged whole meanwhile: that is one threshold, and one alert.
    first: dict[tuple[object, ...], AlertRow] = {}
    for row in rows:
        first.setdefault(row.key, row)
    rows = list(first.values())
    letters: tuple[AlertLetterRow, ...] = ()
    if command.receiver is not None:
        letters = tuple(_letter(row, command.receiver) for row in rows)
    return Decided(Alerted(alerts=tuple(rows), letters=letters), (*rows, *letters))


def alert_told(page: Page, command: AlertTold) -> Decided:
    """Note what came of a try; of two that were the same one, the first counts."""
    row, tried = page.get(AlertLetterRow, command.alert_id), command.tried
    if row is None or row.state is not OutboxState.DUE or tried.number != row.tries + 1:
        return Decided(Stale())
    row = replace(
        row,
        state=tried.state,
        tries=tried.number,
        last_status=tried.status,
        tried_at=tried.at,
        next_at=tried.next_at,
    )
    return Decided(Alerted(alerts=(), letters=(row,)), (row,))


def _letter(row: AlertRow, receiver: Receiver) -> AlertLetterRow:
    return AlertLetterRow(
        id=row.id,
        url=receiver.url,
        format=receiver.format,
        state=OutboxState.DUE,
        created_at=row.at,
        next_at=row.at,
    )


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
        threshold = Threshold("actual", percent)
        if threshold not in told:
            yield _alert(limit, usage, threshold, at, None)


def _unforeseen(page: Page, one: Foreseen, at: datetime) -> Iterator[AlertRow]:
    """At most one: what is foreseen of a window once."""
    limit, usage = in_force(page, one.limit, at), usage_of(page, one.limit)
    told = Told(page.group(AlertRow, limit.budget, limit.scope)).of(limit)
    if one.threshold not in told:
        yield _alert(limit, usage, one.threshold, at, one.amount)


def _alert(
    limit: Limit, usage: Usage, threshold: Threshold, at: datetime, amount: Money | None
) -> AlertRow:
    start, end = limit.window_start or BEGINNING, limit.window_end or END
    key = (limit.budget, limit.scope, rfc3339(start), rfc3339(end))
    return AlertRow(
        id=alert_id(*key, threshold.basis, threshold.percent, threshold.over_s),
        budget=limit.budget,
        scope=limit.scope,
        window_start=start,
        window_end=end,
        rolling=int(limit.rolls),
        basis=threshold.basis,
        percent=threshold.percent,
        over_s=threshold.over_s,
        at=at,
        charged=usage.charged,
        limit_amount=limit.limit,
        amount=amount,
    )
