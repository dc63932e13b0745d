"""
What a replay adds up to: for each tenant and resolution a cell of whole numbers, and sums of cells.

All of it is integers, so that whatever it is broken down by, the parts add up to the same total.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from router.finance.backtest.fates import Fate
from router.finance.backtest.menus import Pace
from router.finance.backtest.past import Happened

NOT_RECORDED = "(not recorded)"
"""A refusal's tenant or resolution where the ledger does not tell it."""
REASONS_MAX = 50
Key = tuple[str, str]
"""Tenant and resolution."""


@dataclass(slots=True)
class Cell:
    """Sums over some jobs. Money is nano-dollars; shares of jobs are millionths."""

    jobs: int = 0
    """Those that were replayed, or of what happened, recorded."""
    bought: int = 0
    denied: int = 0
    """A budget had no room."""
    denied_nanos: int = 0
    """What they would have cost at least."""
    unserved: int = 0
    """Nobody qualified."""
    smaller: int = 0
    """Of those bought: at a lower resolution than was asked for."""
    nanos: int = 0
    """What was charged, or is expected to be."""
    known: int = 0
    """Of those bought: nothing about them is expected, all of it happened."""
    known_nanos: int = 0
    delivered: int = 0
    failovers: int = 0
    took: Counter[int] = field(default_factory=Counter[int])
    """How long jobs took, in tenths of a second, by how likely."""
    paces: Counter[Pace] = field(default_factory=Counter[Pace])
    """How long others may take, by how likely."""

    def buy(self, fate: Fate, *, is_smaller: bool) -> None:
        """Count a job that is bought."""
        nanos = sum(fate.charges)
        self.jobs += 1
        self.bought += 1
        self.smaller += is_smaller
        self.nanos += nanos
        if fate.is_known:
            self.known += 1
            self.known_nanos += nanos
        self.delivered += fate.delivered
        self.failovers += fate.failovers
        for tenths, share in fate.took:
            self.took[tenths] += share
        for pace, share in fate.paces:
            self.paces[pace] += share

    def add(self, other: "Cell") -> None:
        """Add up."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.took.update(other.took)
        self.paces.update(other.paces)


_SUMS = (
    *("jobs", "bought", "denied", "denied_nanos", "unserved", "smaller", "nanos"),
    *("known", "known_nanos", "delivered", "failovers"),
)


class Tally:
    """The cells of one scenario, and why jobs were not bought."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cells: dict[Key, Cell] = {}
        self.by_budget: Counter[str] = Counter()
        """How many jobs each budget denied."""
        self.by_reason: Counter[str] = Counter()
        """Why nobody qualified, in words; past a number of them, together."""

    def cell(self, key: Key) -> Cell:
        """The cell of a tenant and a resolution."""
        found = self.cells.get(key)
        if found is None:
            found = self.cells[key] = Cell()
        return found

    def deny(self, key: Key, budget: str, nanos: int, *, jobs: int = 1, replayed: int = 1) -> None:
        """
        Count what a budget refused.

        Args:
            key: Whose.
            budget: Its name.
            nanos: What it would have cost at least.
            jobs: How many.
            replayed: How many of these are among the jobs that are counted.
        """
        cell = self.cell(key)
        cell.jobs += replayed
        cell.denied += jobs
        cell.denied_nanos += nanos
        self.by_budget[budget] += jobs

    def turn_away(self, key: Key, why: str) -> None:
        """Count a job that nobody qualified for."""
        cell = self.cell(key)
        cell.jobs += 1
        cell.unserved += 1
        is_known = why in self.by_reason or len(self.by_reason) < REASONS_MAX
        self.by_reason[why if is_known else "other reasons"] += 1

    def record(self, key: Key, past: Happened) -> None:
        """Count what became of a job."""
        if past.is_denied:
            self.deny(key, NOT_RECORDED, 0)
            return
        took = past.tenths if past.is_delivered else None
        cell = self.cell(key)
        cell.buy(
            Fate(
                charges=(past.charged_nanos,),
                delivered=1_000_000 if past.is_delivered else 0,
                failovers=max(0, len(past.attempts) - 1) * 1_000_000,
                took=((took, 1_000_000),) if took is not None else (),
                paces=(),
                lasts=0,
                is_known=True,
            ),
            is_smaller=bool(past.attempts) and past.attempts[0].resolution != key[1],
        )

    def total(self) -> Cell:
        """Everything."""
        return added(self.cells.values())

    def by(self, place: int) -> dict[str, Cell]:
        """Sums by tenant, 0, or by resolution, 1; in the order of the names."""
        names = sorted({key[place] for key in self.cells})
        return {
            name: added(cell for key, cell in self.cells.items() if key[place] == name)
            for name in names
        }


def added(cells: Iterable[Cell]) -> Cell:
    """The sum of cells."""
    whole = Cell()
    for cell in cells:
        whole.add(cell)
    return whole


def sums_of(cell: Cell) -> dict[str, Any]:
    """A cell's sums by name: what can be compared and added up."""
    return {name: getattr(cell, name) for name in _SUMS}
