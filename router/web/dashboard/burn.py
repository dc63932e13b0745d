"""How budgets burn down: what was charged hour by hour, beside what is expected of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from router.finance.budgets import BudgetLine, looking_ahead
from router.finance.forecast import HISTORY, Forecast, HourCharged
from router.finance.overview import permille
from router.ledger.books import Books
from router.ledger.limit_rows import BudgetHourRow
from router.model.money import Money

BURNS_MAX = 6
"""How many budgets burn down on a page: a thousand tenants have as many."""
POINTS_MAX = 80
"""A line of more points is no finer on a screen."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """One budget's window of one scope."""

    charged: tuple[tuple[datetime, Money], ...]
    """What was charged until an instant, presumed charges included; in the order of time."""
    forecast: Forecast | None
    """None while too little is known."""
    why_not: str
    """Then why; else empty."""


async def read_hours(
    books: Books, lines: Sequence[BudgetLine], at: datetime
) -> dict[tuple[str, str], tuple[BudgetHourRow, ...]]:
    """
    Read what the most used budgets were charged by the hour.

    Of a budget for ever, or one whose window rolls, there is nothing to burn down to; and of one of
    which nothing is used, nothing to show.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    able = [line for line in lines if _burns(line) and line.available != line.limit]
    found: dict[tuple[str, str], tuple[BudgetHourRow, ...]] = {}
    for line in sorted(able, key=use, reverse=True)[:BURNS_MAX]:
        start = line.window_start
        assert start is not None
        since = min(start, at - HISTORY)
        hours = await books.budget_hours(line.name, line.scope, since, at)
        found[line.name, line.scope] = tuple(hours)
    return found


def burn_of(line: BudgetLine, hours: Sequence[HourCharged], zone: tzinfo, at: datetime) -> Burn:
    """
    Add hours up, and say where that leads. Takes some milliseconds.

    Args:
        line: A budget's with a window that begins and ends.
        hours: In the order of time, also those of late from before the window. None may be
            missing but those in which nothing was charged.
        zone: Whose days of the week are told apart.
        at: Now: by then all that the line says was charged.
    """
    start = line.window_start
    assert start is not None
    points = [(start, Money.ZERO)]
    for row in hours:
        if row.hour + _HOUR <= start:
            continue
        points.append((max(start, row.hour), points[-1][1]))
        points.append((min(row.hour + _HOUR, at), points[-1][1] + row.charged))
    # What was charged lately may be of a hold in the window before: the line knows its own.
    points.append((at, line.posted + line.presumed))
    outlook = looking_ahead(line, zone, hours, at).outlook
    assert outlook is not None
    ahead = outlook.forecast
    return Burn(
        charged=tuple(_thinned(points)),
        forecast=ahead if isinstance(ahead, Forecast) else None,
        why_not="" if isinstance(ahead, Forecast) else ahead.reason,
    )


def use(line: BudgetLine) -> tuple[bool, int]:
    """How much of a budget is used, to sort by; one that is used up comes first."""
    used = line.limit - line.available
    return line.available.nanos <= 0, permille(used, line.limit)


def _burns(line: BudgetLine) -> bool:
    return line.window_start is not None and line.window_end is not None and not line.rolls


def _thinned(points: Sequence[tuple[datetime, Money]]) -> Sequence[tuple[datetime, Money]]:
    """Every so many points, and always the first and the last."""
    step = -(-len(points) // POINTS_MAX)
    return points if step <= 1 else [*points[:-1:step], points[-1]]
