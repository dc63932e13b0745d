"""Budgets as the page shows them: how much is used, how near the end is, how they burn down."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from router.finance.budgets import BudgetLine
from router.web.dashboard.burn import Burn, burn_of, use
from router.web.dashboard.charts.bars import bar
from router.web.dashboard.charts.burndown import burndown
from router.web.dashboard.reading import FinanceReading
from router.web.dashboard.room import is_full, is_near, used
from router.web.dashboard.showing import edits_refused

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
    words: str
    """What people are told of it, empty where that is nothing."""
    refused: int
    """How many edits, in the budget's own window; of those that are nearly used up."""
    bar: Markup
    burn: Burn | None
    burndown: Markup | None


def budgeted(reading: FinanceReading, at: datetime) -> Iterator[Budgeted]:
    """Those that admit nothing more and those that are used the most, in the policy's order."""

    def tightness(line: BudgetLine) -> tuple[bool, tuple[bool, int]]:
        return is_full(line, reading.room.get((line.name, line.scope))), use(line)

    ranked = sorted(reading.budgets, key=tightness, reverse=True)[:BUDGETS_MAX]
    kept = {(line.name, line.scope) for line in ranked}
    for number, line in enumerate(reading.budgets):
        if (line.name, line.scope) not in kept:
            continue
        yield _budgeted(number, line, reading, at)


def _budgeted(number: int, line: BudgetLine, reading: FinanceReading, at: datetime) -> Budgeted:
    key = line.name, line.scope
    hours, room = reading.hours.get(key), reading.room.get(key)
    burn = None if hours is None else burn_of(line, hours, at)
    state = "full" if is_full(line, room) else "near" if is_near(line) else "within"
    refused = room.refused if room is not None else 0
    return Budgeted(
        line=line,
        used=used(line),
        state=state,
        words=_words(line, state, refused),
        refused=refused,
        bar=bar(f"b{number}", line),
        burn=burn,
        burndown=burndown(f"d{number}", line, burn) if burn is not None else None,
    )


def _words(line: BudgetLine, state: str, refused: int) -> str:
    if state == "within":
        return ""
    words = "nearly used up" if state == "near" else "used up"
    if refused:
        return f"{words}: {edits_refused(refused)}"
    return (
        f"{words}: less is left than any edit costs" if state == "full" and line.has_room else words
    )
