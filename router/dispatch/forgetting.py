"""
Forgetting: what clients sent is kept for as long as the policy says, and then removed.

Of a job that has ended, the prompt and the pictures go; its money, its decision and its result's
addresses stay, for they are the books'. What of it is kept is counted from its admission. Where its
client was told of its end goes with the prompt, once there is nothing more to be told. Results that
are kept here go when the time is over that their clients were told.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from router.dispatch.ports import Books, InputStore, Results
from router.dispatch.requests import digests_of
from router.images.keeping import HOUR
from router.ledger.books import Part
from router.ledger.rows import BEGINNING
from router.model.clock import Clock
from router.policy.policy import Policy

BATCH = 200
BUSY_S = 10.0
"""For how long one sweep may be busy with it; the next one goes on."""
# What a request has instead of what is forgotten. The outbox has its own copy of a callback's
# address, so the request's is of no use to an ended job.
INSTEAD: dict[Part, dict[str, str | list[str] | None]] = {
    "prompt": {"prompt": "", "callback": None},
    "images": {"images": []},
}


class Forgetting:
    """Removes prompts and pictures past their age."""

    def __init__(
        self,
        clock: Clock,
        books: Books,
        inputs: InputStore,
        results: Results,
        *,
        policy: Callable[[], Policy],
    ) -> None:
        self._clock, self._books, self._inputs = clock, books, inputs
        self._results, self._policy = results, policy
        self._results_due = BEGINNING
        """When results are looked at next: they go by the hour, and to list them may cost."""

    async def once(self) -> int:
        """
        Forget what is past its age: all of it, or as much as there is time for.

        Returns:
            How many jobs lost their prompt or their pictures.

        Raises:
            LedgerUnavailable, NotKept: The next one finds what this one did not get to.
        """
        keep, now = self._policy().keep, self._clock.now()
        until_s = self._clock.monotonic_s() + BUSY_S
        forgotten = 0
        if keep.prompts_s is not None:
            before = now - timedelta(seconds=keep.prompts_s)
            forgotten += await self._forget("prompt", before, until_s)
            await self._books.forget_addresses(before)
        if keep.images_s is not None:
            before = now - timedelta(seconds=keep.images_s)
            forgotten += await self._forget("images", before, until_s)
            # A job may outlive its pictures' age, and needs them for its next attempt.
            await self._inputs.forget(before, but=await self._needed())
        await self._forget_results()
        return forgotten

    async def _forget_results(self) -> None:
        """What is kept is past its time by the hour that it stands under: no policy is asked."""
        now = self._clock.now()
        if now < self._results_due:
            return
        await self._results.forget(now)
        self._results_due = now.replace(minute=0, second=0, microsecond=0) + HOUR

    async def _forget(self, part: Part, before: datetime, until_s: float) -> int:
        """At least one batch, so that neither part waits for the other."""
        forgotten = 0
        while True:
            rows = await self._books.requests_kept(part, before, most=BATCH)
            for row in rows:
                request = {**json.loads(row.request), **INSTEAD[part]}
                text = json.dumps(request, ensure_ascii=False)
                await self._books.forget_part(row.id, part, text, self._clock.now())
            forgotten += len(rows)
            if len(rows) < BATCH or self._clock.monotonic_s() >= until_s:
                return forgotten

    async def _needed(self) -> frozenset[str]:
        """The large pictures of jobs that have not ended."""
        rows = await self._books.unfinished_jobs()
        return frozenset(digest for row in rows for digest in digests_of(row))
