"""How many creates may be in flight at each provider. Whoever waits is served in order."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping


class Slots:
    """
    Counts creates in flight per provider, up to each one's limit.

    Every slot taken is released once, by whoever took it.
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        """
        Args:
            limits: By provider, 1 or more.
        """
        self._limits = dict(limits)
        self._taken = dict.fromkeys(limits, 0)
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {
            provider: deque() for provider in limits
        }

    @property
    def any_taken(self) -> bool:
        """Whether any create is in flight."""
        return any(self._taken.values())

    def taken(self, provider: str) -> int:
        """How many creates are in flight."""
        return self._taken[provider]

    def waiting(self, provider: str) -> int:
        """How many wait for a slot."""
        return len(self._waiting[provider])

    def try_take(self, provider: str) -> bool:
        """Take a slot if one is free and nobody waits for it."""
        if self._waiting[provider] or self._taken[provider] >= self._limits[provider]:
            return False
        self._taken[provider] += 1
        return True

    async def take(self, provider: str) -> None:
        """Take a slot, after those who came earlier. Cancelled, it has taken none."""
        if self.try_take(provider):
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[provider].append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                # A release that came in between has removed it already.
                with contextlib.suppress(ValueError):
                    self._waiting[provider].remove(turn)
            else:
                # The slot came in the same turn of the loop as the cancellation: pass it on.
                self.release(provider)
            raise

    def release(self, provider: str) -> None:
        """Give a slot back; the first who waits has it at once."""
        assert self._taken[provider] > 0, "a slot is released once"
        self._taken[provider] -= 1
        self._serve(provider)

    def set_limits(self, limits: Mapping[str, int]) -> None:
        """Take new limits. Lower ones hold as soon as enough slots have been released."""
        for provider, limit in limits.items():
            self._limits[provider] = limit
            self._taken.setdefault(provider, 0)
            self._waiting.setdefault(provider, deque())
            self._serve(provider)

    def _serve(self, provider: str) -> None:
        waiting = self._waiting[provider]
        while waiting and self._taken[provider] < self._limits[provider]:
            turn = waiting.popleft()
            if not turn.done():
                self._taken[provider] += 1
                turn.set_result(None)
