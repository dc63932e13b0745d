"""
Time as a parameter: everything that needs an instant, a delay or a deadline takes a `Clock`.

Nobody else reads the machine's clock (ruff bans it), so tests and the simulation move time at will.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is, how much has passed, and how to wait."""

    def now(self) -> datetime:
        """Wall time, aware, UTC: for records and budget windows."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that only grow: for deadlines and latencies."""
        ...

    async def sleep_s(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock, which never steps back past an instant already handed out."""

    def __init__(
        self,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        floor: datetime | None = None,
    ) -> None:
        """
        Args:
            wall: Reads the machine's wall clock.
            floor: The last instant in the ledger. A machine that restarts with its clock set back
                must not reopen a budget window that is already spent.
        """
        self._wall = wall
        self._latest = floor or wall()

    def raise_floor(self, floor: datetime) -> None:
        """Never answer an instant before `floor` from now on."""
        self._latest = max(self._latest, floor)

    def now(self) -> datetime:
        """Wall time; stands still while the machine's clock is behind what was already said."""
        self._latest = max(self._latest, self._wall())
        return self._latest

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()

    async def sleep_s(self, seconds: float) -> None:
        """Wait on the running event loop."""
        await asyncio.sleep(seconds)


def rfc3339(instant: datetime) -> str:
    """Write an instant so that text sorts as time: `2026-11-21T09:00:00.000000Z`."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def from_rfc3339(text: str) -> datetime:
    """Read what `rfc3339` wrote, or any RFC 3339 instant with an offset."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        message = f"{text!r} has no time zone"
        raise ValueError(message)
    return instant.astimezone(UTC)


def hour_of(at: datetime) -> datetime:
    """The whole hour of UTC that an instant lies in."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
