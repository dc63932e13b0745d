"""
The pass through all jobs in their order: each is held for and charged under every scenario.

What is chosen was found before, in parallel; whether it fits the budgets hangs on all that came
before. A job is shrunk, refused and told by which budget as the ledger and the dispatcher do it.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from router.finance.backtest.fates import fate
from router.finance.backtest.menus import Bid, Menu, Size, thresholds
from router.finance.backtest.past import TENTHS, Happened
from router.finance.backtest.rooms import Line, Lines, Rooms
from router.finance.backtest.scenarios import Scenario
from router.finance.backtest.tallies import Tally
from router.model.job import Resolution

_SECOND = 1_000_000


class Digest(NamedTuple):
    """One past job, made ready for the pass."""

    at: int
    """When it was admitted, in microseconds."""
    tenant: str
    resolution: str
    """As asked for."""
    happened: Happened | None
    lines: Mapping[str, Lines]
    """By provider: the limits that bind the job there."""
    staging: Mapping[str, Line]
    """The limits that stages go by, by the budget's name."""
    menus: tuple[Menu, ...]
    """One for each scenario."""
    job: str = ""
    """Its id."""
    is_same: bool | None = None
    """Whether the policy decides as it is recorded to have decided; None: that cannot be told."""
    is_own: bool = False
    """Whether the tested policy was in force for it."""


@dataclass(frozen=True, slots=True)
class _Bought:
    """A plan of which one offer fits."""

    bids: tuple[Bid, ...]
    """The one that fits first, and whom a failover goes to."""
    number: int
    """At which size, counted from the one that was asked for."""


@dataclass(frozen=True, slots=True)
class _Denied:
    """A budget's refusal."""

    budget: str
    nanos: int


class Replay:
    """One scenario's pass."""

    def __init__(self, scenario: Scenario) -> None:
        self.tally = Tally(scenario.name)
        self._rooms = Rooms()
        self._is_tested = scenario.provider is None
        self._downshifting = scenario.policy.downshifting
        self._percents = thresholds(scenario.policy)
        self._ends: list[tuple[int, int, tuple[tuple[Lines, int], ...]]] = []
        self._jobs = 0

    def take(self, digest: Digest, menu: Menu) -> None:
        """Replay one job; not before any that came earlier."""
        self._jobs += 1
        ends = self._ends
        while ends and ends[0][0] <= digest.at:
            for lines, nanos in heapq.heappop(ends)[2]:
                self._rooms.add(lines, nanos)
        key = (digest.tenant, digest.resolution)
        found = self._admit(digest, menu)
        match found:
            case _Bought():
                self._buy(digest, found)
            case _Denied():
                self.tally.deny(key, found.budget, found.nanos)
            case str():
                self.tally.turn_away(key, found)

    def _admit(self, digest: Digest, menu: Menu) -> _Bought | _Denied | str:
        """Buy it, smaller where a budget says so; or who refuses it, or why nobody qualifies."""
        levels = tuple(
            self._rooms.level(digest.staging[name], self._percents[name]) for name in menu.staged
        )
        sizes = menu.at(levels)
        denied: _Denied | None = None
        for number, size in enumerate(sizes):
            if size.bids:
                found = self._held(digest, size)
                if isinstance(found, tuple):
                    return _Bought(found, number)
                denied, goes_on = found, found.budget in self._downshifting
            elif size.budget is not None:
                denied, goes_on = _Denied(size.budget, size.nanos), size.goes_on
            elif denied is None:
                return size.why
            else:
                goes_on = True
            if not goes_on:
                break
        assert denied is not None, "a job has a resolution"
        return denied

    def _held(self, digest: Digest, size: Size) -> tuple[Bid, ...] | _Denied:
        """Hold for the first bid that fits; whom it may go on to comes after it, as far as fits."""
        bids, rooms = size.bids, self._rooms
        # Whoever has no room now has none on failover: what failed then is free again.
        fitting = tuple(bid for bid in bids if rooms.fits(digest.lines[bid.provider], bid.nanos))
        if fitting:
            first = fitting[0]
            rooms.add(digest.lines[first.provider], first.nanos)
            return first, *(
                bid
                for bid in size.then
                if bid.provider != first.provider
                and rooms.fits(digest.lines[bid.provider], bid.nanos)
            )
        cheapest = min(bids, key=lambda bid: bid.nanos)
        is_smallest = cheapest.resolution == Resolution.ONE_K
        shrinking = frozenset[str]() if is_smallest else self._downshifting
        line = rooms.tightest(digest.lines[cheapest.provider], cheapest.nanos, shrinking)
        assert line is not None, "nothing fits, so neither does the cheapest"
        return _Denied(line.budget, cheapest.nanos)

    def _buy(self, digest: Digest, bought: _Bought) -> None:
        bids = bought.bids
        found = fate(bids, digest.happened, is_own=self._is_tested and digest.is_own)
        cell = self.tally.cell((digest.tenant, digest.resolution))
        cell.buy(found, is_smaller=bids[0].resolution != digest.resolution)
        # In the place of the hold stands what is charged, once the job has ended.
        moves = [(digest.lines[bids[0].provider], found.charges[0] - bids[0].nanos)]
        moves += [
            (digest.lines.get(provider, ()), nanos)
            for provider, nanos in zip(found.asked[1:], found.charges[1:], strict=True)
        ]
        moved = tuple((lines, nanos) for lines, nanos in moves if nanos and lines)
        if moved:
            ends_at = digest.at + found.lasts * _SECOND // TENTHS
            heapq.heappush(self._ends, (ends_at, self._jobs, moved))
