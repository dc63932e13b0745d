"""
How many creates may be in flight at each provider, and how often. Whoever waits is served in order.

It is foreseen how long a create would wait, so that a job which cannot be in time is refused before
anything is held for it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from router.upstream.paces import Operation, Paces, unheard

ANSWER_S = 1.0
"""How long a create takes to be answered, until some were."""
ANSWER_WEIGHT = 0.1
"""How much the latest one says of the next."""

QueueObserver = Callable[[str, int], None]
"""Told the provider, and how many creates wait there."""


class _Queue:
    """One provider's slots."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0
        self.left_at_s: deque[float] = deque()
        """When each create in flight left. Whichever of them is answered, the mean is the same."""
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.coming: set[str] = set()
        """Who has booked a place and is not here yet."""
        self.paced = 0
        """Who has a slot, and waits until a create may leave."""
        self.answer_s = ANSWER_S
        self.is_cautious = False

    @property
    def room(self) -> int:
        """How many creates may be in flight now."""
        return 1 if self.is_cautious else self.limit

    @property
    def slotless(self) -> int:
        """How many wait for a slot, or are about to."""
        return len(self.waiting) + len(self.coming)


class Slots:
    """
    Counts creates in flight per provider, up to each one's limit, and paces them.

    Every slot taken is released once, by whoever took it.
    """

    def __init__(
        self,
        limits: Mapping[str, int],
        paces: Paces,
        on_queue: QueueObserver = unheard,
    ) -> None:
        """
        Args:
            limits: By provider, 1 or more.
            paces: How often creates may leave.
            on_queue: Told when a queue grows or shrinks. Must not raise.
        """
        self._paces, self._on_queue = paces, on_queue
        self._queues = {provider: _Queue(limit) for provider, limit in limits.items()}

    @property
    def any_taken(self) -> bool:
        """Whether any create is in flight."""
        return any(queue.taken for queue in self._queues.values())

    def taken(self, provider: str) -> int:
        """How many creates are in flight."""
        return self._queue(provider).taken

    def waiting(self, provider: str) -> int:
        """How many wait for a slot, are about to, or wait with one until their create may leave."""
        queue = self._queue(provider)
        return queue.slotless + queue.paced

    def wait_s(self, provider: str) -> float:
        """For how long a create that came now would probably wait; 0 when it may go at once."""
        queue = self._queue(provider)
        # Whoever has a slot is known to the pace already.
        pace_s = self._paces.wait_s(provider, Operation.CREATE, ahead=queue.slotless)
        ahead = max(0, queue.slotless + queue.taken + 1 - queue.room)
        now_s = self._paces.clock.monotonic_s()
        ages_s = [now_s - at_s for at_s in queue.left_at_s]
        # Creates that hang are seen before they end.
        answer_s = max(queue.answer_s, sum(ages_s) / len(ages_s) if ages_s else 0.0)
        return max(pace_s, ahead * answer_s / queue.room)

    def book(self, provider: str, who: str) -> None:
        """Count one who will come to wait: others are to know of it before it is here."""
        self._queue(provider).coming.add(who)

    def unbook(self, provider: str, who: str) -> None:
        """It is here, or will not come."""
        self._queue(provider).coming.discard(who)

    def try_take(self, provider: str) -> bool:
        """Take a slot if one is free, a create may leave, and nobody waits for it."""
        queue = self._queue(provider)
        is_free = not queue.waiting and queue.taken < queue.room
        if not is_free or not self._paces.try_take(provider, Operation.CREATE):
            return False
        queue.taken += 1
        queue.left_at_s.append(self._paces.clock.monotonic_s())
        return True

    async def take(self, provider: str, limit_s: float | None = None) -> bool:
        """
        Take a slot, after those who came earlier. Cancelled, it has taken none.

        Args:
            limit_s: For how many seconds to wait; None: for as long as it takes.

        Returns:
            Whether it has one.
        """
        queue, began_s = self._queue(provider), self._paces.clock.monotonic_s()
        if not queue.waiting and queue.taken < queue.room:
            queue.taken += 1
        elif not await self._wait(provider, queue, limit_s):
            return False
        may_leave = False
        try:
            if limit_s is not None:
                limit_s = began_s + limit_s - self._paces.clock.monotonic_s()
            may_leave = await self._pace(provider, queue, limit_s)
        finally:
            if not may_leave:
                self._free(provider)
        if may_leave:
            queue.left_at_s.append(self._paces.clock.monotonic_s())
        return may_leave

    async def _pace(self, provider: str, queue: _Queue, limit_s: float | None) -> bool:
        """Wait with a slot until the provider's rate allows a create; counted while it does not."""
        if self._paces.try_take(provider, Operation.CREATE):
            return True
        queue.paced += 1
        self._tell(provider, queue)
        try:
            return await self._paces.take(provider, Operation.CREATE, limit_s)
        finally:
            queue.paced -= 1
            self._tell(provider, queue)

    async def _wait(self, provider: str, queue: _Queue, limit_s: float | None) -> bool:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.waiting.append(turn)
        self._tell(provider, queue)
        has_slot = False
        try:
            # Not cancelled by it: the slot may come in the same moment as the cancellation.
            await asyncio.wait({turn}, timeout=limit_s)
            has_slot = turn.done()
        finally:
            if not has_slot and turn.done():
                self._free(provider)
            elif not has_slot:
                queue.waiting.remove(turn)
                self._tell(provider, queue)
        return has_slot

    def release(self, provider: str) -> None:
        """Give a slot back; the first who waits has it at once."""
        queue = self._queue(provider)
        assert queue.left_at_s, "a slot is released once"
        took_s = self._paces.clock.monotonic_s() - queue.left_at_s.popleft()
        self._free(provider)
        queue.answer_s += ANSWER_WEIGHT * (took_s - queue.answer_s)

    def hold_off(self, provider: str, seconds: float) -> None:
        """Have no create leave for a while, and then one at a time: it has answered 429."""
        self._queue(provider).is_cautious = True
        self._paces.hold_off(provider, Operation.CREATE, seconds)

    def accepted(self, provider: str) -> None:
        """A create was taken on: as many may be in flight as ever."""
        if self._queue(provider).is_cautious:
            self._queue(provider).is_cautious = False
            self._serve(provider)

    def set_limits(self, limits: Mapping[str, int]) -> None:
        """Take new limits. Lower ones hold as soon as enough slots have been released."""
        for provider, limit in limits.items():
            self._queue(provider).limit = limit
            self._serve(provider)

    def _tell(self, provider: str, queue: _Queue) -> None:
        self._on_queue(provider, len(queue.waiting) + queue.paced)

    def _free(self, provider: str) -> None:
        self._queue(provider).taken -= 1
        self._serve(provider)

    def _queue(self, provider: str) -> _Queue:
        # Nobody has told of this provider, so it gets one after the other: the most cautious limit.
        queue = self._queues.get(provider)
        if queue is None:
            queue = self._queues[provider] = _Queue(1)
        return queue

    def _serve(self, provider: str) -> None:
        queue = self._queue(provider)
        while queue.waiting and queue.taken < queue.room:
            turn = queue.waiting.popleft()
            self._tell(provider, queue)
            queue.taken += 1
            turn.set_result(None)
