"""What finance panels show beside what the ledger says of the same time."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from deploy.grafana.finance_panels import FINANCE
from deploy.grafana.generate import path_of
from router.ledger.books import Books
from router.ledger.rows import END
from router.ledger.sqlite_connection import SqliteReader
from router.ledger.views import RefusedRow, SpendingRow
from router.model.money import Money, total
from tests.deploy_kit import panels

Series = dict[str, Fraction]
"""By the value of its one label; empty where there is none."""
Figures = dict[tuple[str, str], Series]
"""By a panel's title, and what its query is called."""
DIGITS = 9
"""Dollars to the nano-dollar; an average has more, and is compared to as many."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the ledger says of a time."""

    spent: Sequence[SpendingRow]
    refused: Sequence[RefusedRow]
    paid_twice: Money

    def money(self, name: str) -> Series:
        """One amount of all rows."""
        return {"": exact(total([getattr(row, name) for row in self.spent]))}

    def by(self, label: str) -> Series:
        """What is posted, by one of the rows' names."""
        names = {getattr(row, label) for row in self.spent}
        return {
            name: exact(total([row.posted for row in self.spent if getattr(row, label) == name]))
            for name in names
        }

    def average(self) -> Series:
        """What is posted, by the edits delivered."""
        return {"": self.money("posted")[""] / sum(row.delivered for row in self.spent)}

    def denied(self) -> Series:
        """By budget."""
        names = {row.budget for row in self.refused}
        return {
            name: exact(total([row.amount for row in self.refused if row.budget == name]))
            for name in names
        }


PANELS: Mapping[tuple[str, str], Callable[[Told], Series]] = {
    ("Spent in this time", "this time"): lambda told: told.money("posted"),
    ("Refunded in this time", "refunded"): lambda told: told.money("refunded"),
    ("Average per edit", "per edit"): Told.average,
    ("Saved and missed", "saved"): lambda told: told.money("avoided"),
    ("Saved and missed", "missed"): lambda told: told.money("missed"),
    ("List price and charge", "list"): lambda told: told.money("list_cost"),
    ("List price and charge", "charged"): lambda told: told.money("posted"),
    ("Tenants", "{{tenant}}"): lambda told: told.by("tenant"),
    ("Tenants", "all others"): lambda _: {"": Fraction(0)},
    ("Models", "{{model}}"): lambda told: told.by("model"),
    ("Denied by budgets", "{{budget}}"): Told.denied,
    ("Paid twice", "paid twice"): lambda told: {"": exact(told.paid_twice)},
}
"""What each query of a panel should be: of a panel's title, and of what the query is called."""


def expressions() -> dict[tuple[str, str], str]:
    """The expressions of these panels, as the dashboard has them."""
    board = json.loads(path_of(FINANCE).read_text("utf-8"))
    found = {
        (panel["title"], target.get("legendFormat", "")): target["expr"]
        for panel in panels(board)
        for target in panel["targets"]
    }
    return {name: found[name] for name in PANELS}


def shown(answer: Sequence[Mapping[str, Any]]) -> Series:
    """An answer of Prometheus', without what is nothing."""
    series = {
        "".join(one["metric"].values()): Fraction(one["value"][1]).limit_denominator(10**DIGITS)
        for one in answer
    }
    return {name: value for name, value in series.items() if value or not name}


async def told(database: Path, since: datetime) -> Told:
    """What a ledger that another process has open says of the time since an instant."""
    with closing(SqliteReader(database)) as reader:
        books = Books(reader)
        with reader.moment():
            rows = await books.spending(since, END, cut=None, tags=False)
            return Told(rows, await books.refused(since), await books.double_spent())


def exact(amount: Money) -> Fraction:
    """Dollars."""
    return Fraction(str(amount))


def expected(said: Told) -> Figures:
    """What the panels should show."""
    made = {name: make(said) for name, make in PANELS.items()}
    return {
        name: {
            label: value.limit_denominator(10**DIGITS)
            for label, value in series.items()
            if value or not label
        }
        for name, series in made.items()
    }
