"""
How often each provider may be called, by operation: what it documents is kept to, not found out.

A leaky bucket (GCRA) for each operation: some calls may go at once, the others follow evenly. In
no window as long as the provider's own do more calls arrive there than it allows, although calls
that left apart may arrive together.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from enum import StrEnum

from router.model.clock import Clock
from router.model.offer import ProviderTerms, Rate

BURST_SHARE = 5
"""A fifth of a window's calls may go at once."""
SLACK = 1.1
"""Calls that left within eleven tenths of a window may arrive within one."""
_NOTHING_S = 1e-6
"""Less than the clock's own grain: no reason to sleep."""

WaitObserver = Callable[[str, str, float], None]
"""Told the provider, the operation, and for how many seconds a call waited for its turn."""


def unheard(*_: object) -> None:
    """Tell nobody: for what has no observer."""


class Operation(StrEnum):
    """What providers count apart."""

    CREATE = "create"
    STATUS = "status"
    CANCEL = "cancel"


class LeakyBucket:
    """When the next call may go. Instants are those of one monotonic clock, in seconds."""

    def __init__(self, rate: Rate | None) -> None:
        """
        Args:
            rate: None allows whatever is asked.
        """
        self._all_due_s = 0.0
        self.set_rate(rate)

    def set_rate(self, rate: Rate | None) -> None:
        """Take another rate; what went already counts."""
        self.interval_s = self._ahead_s = 0.0
        if rate is not None:
            at_once = max(1, rate.calls // BURST_SHARE)
            self.interval_s = rate.per_s * SLACK / (rate.calls - at_once + 1)
            self._ahead_s = self.interval_s * (at_once - 1)

    def wait_s(self, now_s: float) -> float:
        """For how long the next call must wait; 0 when it may go."""
        wait_s = self._all_due_s - self._ahead_s - now_s
        return wait_s if wait_s > _NOTHING_S else 0.0

    def take(self, now_s: float) -> None:
        """Count a call that goes now."""
        self._all_due_s = max(self._all_due_s, now_s) + self.interval_s

    def hold_off(self, until_s: float) -> None:
        """Let none go before an instant; from then on one after the other."""
        self._all_due_s = max(self._all_due_s, until_s + self._ahead_s)


class _Lane:
    """Those who wait for one operation at one provider, in their order."""

    def __init__(self, rate: Rate | None) -> None:
        self.pace = LeakyBucket(rate)
        self.turn = asyncio.Lock()
        self.waiting = 0


class Paces:
    """Every call to a provider asks here first. Whoever came first goes first."""

    def __init__(
        self,
        clock: Clock,
        rates: Mapping[tuple[str, Operation], Rate | None] | None = None,
        on_wait: WaitObserver = unheard,
    ) -> None:
        """
        Args:
            clock: For pauses.
            rates: By provider and operation; without one, calls go as they come.
            on_wait: Told of each call. Must not raise.
        """
        self.clock = clock
        self._on_wait = on_wait
        self._lanes: dict[tuple[str, Operation], _Lane] = {}
        self.set_rates(rates or {})

    def set_rates(self, rates: Mapping[tuple[str, Operation], Rate | None]) -> None:
        """Take other rates. Those of providers that are not named stay as they are."""
        for (provider, operation), rate in rates.items():
            self._lane(provider, operation).pace.set_rate(rate)

    def wait_s(self, provider: str, operation: Operation, ahead: int = 0) -> float:
        """For how long a call would wait that came after those who wait, and `ahead` more."""
        pace, now_s = self._lane(provider, operation).pace, self.clock.monotonic_s()
        others = ahead + self._lane(provider, operation).waiting
        return pace.wait_s(now_s - others * pace.interval_s)

    def try_take(self, provider: str, operation: Operation) -> bool:
        """Have a call go now, if it may and nobody waits."""
        lane, now_s = self._lane(provider, operation), self.clock.monotonic_s()
        if lane.waiting or lane.pace.wait_s(now_s):
            return False
        lane.pace.take(now_s)
        self._on_wait(provider, operation.value, 0.0)
        return True

    async def take(self, provider: str, operation: Operation, limit_s: float | None = None) -> bool:
        """
        Wait until a call may go. Cancelled, it has not counted.

        Args:
            limit_s: For how many seconds to wait; None: for as long as it takes.

        Returns:
            Whether it may go; not, as soon as it is known that it would take longer.
        """
        if self.try_take(provider, operation):
            return True
        lane, came_s = self._lane(provider, operation), self.clock.monotonic_s()
        until_s = math.inf if limit_s is None else came_s + limit_s
        lane.waiting += 1
        try:
            async with lane.turn:
                # It may have been held off meanwhile.
                while (wait_s := lane.pace.wait_s(now_s := self.clock.monotonic_s())) > 0:
                    if now_s + wait_s > until_s:
                        return False
                    await self.clock.sleep_s(wait_s)
                lane.pace.take(now_s)
        finally:
            lane.waiting -= 1
        self._on_wait(provider, operation.value, now_s - came_s)
        return True

    def hold_off(self, provider: str, operation: Operation, seconds: float) -> None:
        """Have no call go for a while: the provider has asked for patience."""
        self._lane(provider, operation).pace.hold_off(self.clock.monotonic_s() + seconds)

    def _lane(self, provider: str, operation: Operation) -> _Lane:
        lane = self._lanes.get((provider, operation))
        if lane is None:
            lane = self._lanes[provider, operation] = _Lane(None)
        return lane


def rates_of(terms: ProviderTerms) -> dict[tuple[str, Operation], Rate | None]:
    """The rates that a provider's row names."""
    return {
        (terms.name, Operation.CREATE): terms.create_rate,
        (terms.name, Operation.STATUS): terms.status_rate,
        (terms.name, Operation.CANCEL): terms.cancel_rate,
    }
