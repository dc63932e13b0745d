"""Long work on the event loop, in pieces: between them everybody else has a turn."""

import asyncio

PIECE = 2_000
"""How much is done before others have their turn: at about a microsecond each, some milliseconds
even where the machine is busy."""


class Yielding:
    """Counts work, and lets others have a turn when there was much of it."""

    def __init__(self) -> None:
        self._done = 0

    async def did(self, work: int) -> None:
        """
        Note work that was done; waits for nobody where little was.

        Args:
            work: How much, at about a microsecond each.
        """
        self._done += work
        if self._done >= PIECE:
            self._done = 0
            await asyncio.sleep(0)
