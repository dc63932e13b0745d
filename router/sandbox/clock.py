"""The clock that the sandbox lives by: whoever builds it gives one, real or virtual."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is, how much has passed, and how to wait."""

    def now(self) -> datetime:
        """Wall time, aware: for the dates in the truth."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that only grow: what a job's progress is a function of."""
        ...

    async def sleep_s(self, seconds: float) -> None:
        """Wait."""
        ...
