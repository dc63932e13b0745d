"""How budgets burn down: what was charged hour by hour, and where that leads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from router.finance.budgets import BudgetLine
from router.ledger.ledger import Ledger
from router.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a window will have cost at its end."""

    expected: Money
    low: Money
    high: Money
    method: str
    exhausted_at: datetime | None
    """When nothing is left, if it goes on so; None: not within the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """One budget's window of one scope."""

    charged: tuple[tuple[datetime, Money], ...]
    """What was charged until an instant, presumed charges included; in the order of time."""
    outlook: Outlook | None
    """None while too little is known."""


async def burns(
    ledger: Ledger,  # noqa: ARG001 - nothing of hours is kept yet.
    lines: Sequence[BudgetLine],
    at: datetime,
) -> dict[tuple[str, str], Burn]:
    """
    Say how budgets went in their windows, and will go.

    Of a budget for ever, or one whose window rolls, there is nothing to burn down to.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    return {(line.name, line.scope): burn_of(line, (), at) for line in lines if _burns(line)}


def burn_of(line: BudgetLine, hours: Iterable[tuple[datetime, Money]], at: datetime) -> Burn:
    """
    Add hours up.

    Args:
        line: A budget's with a window that begins and ends.
        hours: When each ended, and what was charged in it; in the order of time. None of them may
            be missing but those in which nothing was charged.
        at: Now: by then all that the line says was charged.
    """
    assert line.window_start is not None
    points = [(line.window_start, Money.ZERO)]
    for ended, amount in hours:
        points.append((min(ended, at), points[-1][1] + amount))
    points.append((at, line.posted + line.presumed))
    return Burn(charged=tuple(points), outlook=None)


def _burns(line: BudgetLine) -> bool:
    return line.window_start is not None and line.window_end is not None and not line.rolls
