"""
Whose turn it is to be told: by time, and then fairly among those who are due.

Receivers that answer slowly only keep themselves waiting: each has few of the places that there
are, each tenant not all of them, and who waits for a place is served in turn.
"""

import heapq
from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from router.ledger.outbox_rows import Letter

PLACES = 64
PLACES_OF_A_TENANT = 32
PLACES_OF_A_HOST = 8
PLANNED_MAX = 10_000
"""How many are kept in mind; the rest are found in the ledger when they are due."""

Lane = tuple[str, str]
"""A tenant, and the host that it wants to be told at."""


class Rounds:
    """Letters in mind: planned, then ready, then under way. Each is in one place only."""

    def __init__(self) -> None:
        self._planned: list[tuple[datetime, str, Lane]] = []
        self._at: dict[str, datetime] = {}
        self._ready: dict[Lane, deque[str]] = {}
        self._in_hand: dict[str, Lane] = {}
        """Those that are ready or under way."""
        self._under_way = 0
        self._taken: Counter[Lane | str] = Counter()

    def plan(self, row: Letter) -> bool:
        """
        Keep a letter in mind until it is due.

        Returns:
            Whether that is news; not when it is planned for no later, ready or under way.
        """
        if row.next_at is None or row.id in self._in_hand:
            return False
        known = self._at.get(row.id)
        in_mind = len(self._at) + len(self._in_hand)
        if (known is not None and known <= row.next_at) or in_mind >= PLANNED_MAX:
            return False
        self._at[row.id] = row.next_at
        heapq.heappush(self._planned, (row.next_at, row.id, lane_of(row)))
        return True

    @property
    def next_at(self) -> datetime | None:
        """When the next one is due; None when none is planned."""
        return self._planned[0][0] if self._planned else None

    def take(self, now: datetime) -> Iterator[str]:
        """Those whose turn it is, each with a place until `leave`."""
        while self._planned and self._planned[0][0] <= now:
            at, name, its_lane = heapq.heappop(self._planned)
            # It may have been planned anew, for earlier, and even be over with.
            if self._at.get(name) == at:
                del self._at[name]
                self._in_hand[name] = its_lane
                self._ready.setdefault(its_lane, deque()).append(name)
        while (lane := self._free_lane()) is not None:
            waiting = self._ready.pop(lane)
            name = waiting.popleft()
            if waiting:
                # Behind all others: everybody gets a place before anybody gets a second one.
                self._ready[lane] = waiting
            self._under_way += 1
            self._taken.update((lane, lane[0]))
            yield name

    def _free_lane(self) -> Lane | None:
        if self._under_way >= PLACES:
            return None
        for lane in self._ready:
            within_host = self._taken[lane] < PLACES_OF_A_HOST
            if within_host and self._taken[lane[0]] < PLACES_OF_A_TENANT:
                return lane
        return None

    def leave(self, name: str) -> None:
        """Give a place back."""
        lane = self._in_hand.pop(name)
        self._under_way -= 1
        self._taken.subtract((lane, lane[0]))
        self._taken += Counter()  # Forgets whom nothing is under way to.


def lane_of(row: Letter) -> Lane:
    """Whose place a letter takes."""
    return row.whose, urlsplit(row.url).netloc.lower()
