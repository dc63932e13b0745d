"""Waiting for jobs on behalf of clients; all of it ends at once when the server is about to."""

import asyncio

from router.dispatch.watching import JobView, Watcher
from router.model.ids import JobId


class Patience:
    """Holds requests until their job has ended, their time is up, or there is no time."""

    def __init__(self) -> None:
        self._scopes: set[asyncio.Timeout] = set()
        self._hurried = False

    @property
    def waiting(self) -> int:
        """How many requests are being held."""
        return len(self._scopes)

    def hurry(self) -> None:
        """Answer every request that is held with what is known now, and hold none from now on."""
        self._hurried = True
        now_s = asyncio.get_running_loop().time()
        for scope in self._scopes:
            scope.reschedule(now_s)

    async def watch(self, watcher: Watcher, job_id: JobId, wait_s: float) -> JobView | None:
        """
        Read a job, held for at most `wait_s` seconds.

        Returns:
            None when there is no such job.
        """
        if wait_s > 0 and not self._hurried:
            try:
                async with asyncio.timeout(None) as scope:
                    self._scopes.add(scope)
                    try:
                        return await watcher.watch(job_id, wait_s)
                    finally:
                        self._scopes.discard(scope)
            except TimeoutError:
                pass
        return await watcher.watch(job_id)
