"""A callback rings; whoever waits to ask again asks at once. Nothing else is learnt from it."""

import asyncio

from router.model.clock import Clock


class Doorbell:
    """One attempt's bell: rung by its callbacks, awaited by the one who collects it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = False
        self._sleep: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """End the wait under way, or else the next one. Ringing twice is ringing once."""
        self._rung = True
        if self._sleep is not None:
            self._sleep.cancel()

    async def wait(self, seconds: float) -> bool:
        """Wait until the bell rings, at most `seconds`. True, and the bell is quiet, if it rang."""
        assert self._sleep is None, "one collects, and so one waits"
        if not self._rung:
            # Owned by this call, which never leaves it behind, so it needs no registry.
            self._sleep = asyncio.get_running_loop().create_task(self._clock.sleep_s(seconds))
            try:
                # `wait`, unlike awaiting the task, tells a cancelled sleep from a cancelled wait.
                await asyncio.wait({self._sleep})
                if not self._sleep.cancelled():
                    self._sleep.result()
            finally:
                self._sleep.cancel()
                self._sleep = None
        rung, self._rung = self._rung, False
        return rung
