"""Budgets as the page shows them: how much is used, how near the end is, how they burn down."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from router.finance.budgets import BudgetLine
from router.finance.overview import percent
from router.web.dashboard.burn import Burn, burn_of, use
from router.web.dashboard.charts.bars import bar
from router.web.dashboard.charts.burndown import burndown
from router.web.dashboard.reading import FinanceReading

NEAR = 80
"""Percent of a budget's limit from which on it is shown as nearly used up."""
BUDGETS_MAX = 40
"""How many budgets are shown: a thousand tenants have as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgeted:
    """One budget as a row."""

    line: BudgetLine
    used: int | None
    """In percent of the limit; None of a limit of nothing."""
    state: str
    """`within`, `near` or `full`."""
    bar: Markup
    burn: Burn | None
    burndown: Markup | None


def budgeted(reading: FinanceReading, at: datetime) -> Iterator[Budgeted]:
    """Those that are used the most, in the order of the policy."""
    ranked = sorted(reading.budgets, key=use, reverse=True)[:BUDGETS_MAX]
    kept = {(line.name, line.scope) for line in ranked}
    for number, line in enumerate(reading.budgets):
        if (line.name, line.scope) not in kept:
            continue
        hours = reading.hours.get((line.name, line.scope))
        burn = None if hours is None else burn_of(line, hours, at)
        used = percent(line.limit - line.available, line.limit)
        full = line.available.nanos <= 0
        near = used is not None and used >= NEAR
        yield Budgeted(
            line=line,
            used=used,
            state="full" if full else "near" if near else "within",
            bar=bar(f"b{number}", line),
            burn=burn,
            burndown=burndown(f"d{number}", line, burn) if burn is not None else None,
        )
