"""
Reads, which may be repeated: how many at once, how often, and how many of them for the second time.

A provider that answers no read gets no more of them than before: repeating is on a budget. What is
beyond it is asked again later, and never given up, since a paid image may be waiting there.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager

from router.model.offer import ProviderTerms
from router.upstream.paces import Operation, Paces

REPEATED_SHARE = 0.2
REPEATED_MIN = 3
"""So many may be repeated however few are under way. Source: Envoy, "retry_budget"."""

_Lane = tuple[str, Operation]


class Asking:
    """One job's state being read, as often as that takes."""

    def __init__(self, budget: "_Budget") -> None:
        self._budget = budget
        self._repeats = False

    def may_repeat(self) -> bool:
        """Whether the budget bears that this read is soon repeated; it counts until it ends."""
        if not self._repeats and self._budget.has_room:
            self._repeats = True
            self._budget.repeated += 1
        return self._repeats

    def close(self) -> None:
        """It has ended, well or not."""
        self._budget.repeated -= self._repeats
        self._repeats = False


class _Budget:
    """One provider's."""

    def __init__(self) -> None:
        self.active = 0
        self.repeated = 0

    @property
    def has_room(self) -> bool:
        return self.repeated < max(REPEATED_MIN, REPEATED_SHARE * self.active)


class Reads:
    """Every read of a provider's goes through here."""

    def __init__(self, paces: Paces, limits: Mapping[_Lane, int] | None = None) -> None:
        """
        Args:
            paces: How often reads may be sent.
            limits: How many may be in flight, by provider and operation; others have no limit.
        """
        self._paces = paces
        self._limits: dict[_Lane, int] = {}
        self._lanes: dict[_Lane, asyncio.Semaphore] = {}
        self._budgets: dict[str, _Budget] = {}
        self.set_limits(limits or {})

    def set_limits(self, limits: Mapping[_Lane, int]) -> None:
        """Take other limits. What is in flight under an earlier one is not counted by the new."""
        for lane, limit in limits.items():
            if self._limits.get(lane) != limit:
                self._limits[lane] = limit
                self._lanes[lane] = asyncio.Semaphore(limit)

    @asynccontextmanager
    async def one(self, provider: str, operation: Operation) -> AsyncGenerator[None]:
        """Send one read within this, after those who came earlier."""
        lane = self._lanes.get((provider, operation))
        if lane is None:
            await self._paces.take(provider, operation)
            yield
            return
        async with lane:
            await self._paces.take(provider, operation)
            yield

    def hold_off(self, provider: str, seconds: float) -> None:
        """Ask nobody's state there for a while: it has asked for patience."""
        self._paces.hold_off(provider, Operation.STATUS, seconds)

    @contextmanager
    def collecting(self, provider: str) -> Generator[None]:
        """While a job is being waited for: the budget is a share of these."""
        budget = self._budget(provider)
        budget.active += 1
        try:
            yield
        finally:
            budget.active -= 1

    @contextmanager
    def repeating(self, provider: str) -> Generator[Asking]:
        """While one state is read."""
        asking = Asking(self._budget(provider))
        try:
            yield asking
        finally:
            asking.close()

    def _budget(self, provider: str) -> _Budget:
        return self._budgets.setdefault(provider, _Budget())


def read_limits_of(terms: ProviderTerms) -> dict[_Lane, int]:
    """How many reads may be in flight, by a provider's row."""
    return {
        (terms.name, Operation.STATUS): terms.statuses_in_flight_max,
        (terms.name, Operation.CANCEL): terms.cancels_in_flight_max,
    }
