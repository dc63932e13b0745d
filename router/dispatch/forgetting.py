"""
Forgetting: what clients sent is kept for as long as the policy says, and then removed.

Of a job that has ended, the prompt and the pictures go; its money, its decision and its result's
addresses stay, for they are the books'. What of it is kept is counted from its admission.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from router.dispatch.ports import Books, InputStore
from router.dispatch.requests import digests_of
from router.ledger.ledger import Part
from router.model.clock import Clock
from router.policy.policy import Policy

BATCH = 200
BUSY_S = 10.0
"""For how long one sweep may be busy with it; the next one goes on."""
# What a request has instead of what is forgotten.
INSTEAD: dict[Part, str | list[str]] = {"prompt": "", "images": []}


class Forgetting:
    """Removes prompts and pictures past their age."""

    def __init__(
        self, clock: Clock, books: Books, inputs: InputStore, *, policy: Callable[[], Policy]
    ) -> None:
        self._clock, self._books, self._inputs = clock, books, inputs
        self._policy = policy

    async def once(self) -> int:
        """
        Forget what is past its age: all of it, or as much as there is time for.

        Returns:
            How many jobs lost their prompt or their pictures.

        Raises:
            LedgerUnavailable: The next one finds what this one did not get to.
        """
        keep, now = self._policy().keep, self._clock.now()
        until_s = self._clock.monotonic_s() + BUSY_S
        forgotten = 0
        if keep.prompts_s is not None:
            before = now - timedelta(seconds=keep.prompts_s)
            forgotten += await self._forget("prompt", before, until_s)
        if keep.images_s is not None:
            before = now - timedelta(seconds=keep.images_s)
            forgotten += await self._forget("images", before, until_s)
            # A job may outlive its pictures' age, and needs them for its next attempt.
            await self._inputs.forget(before, but=await self._needed())
        return forgotten

    async def _forget(self, part: Part, before: datetime, until_s: float) -> int:
        """At least one batch, so that neither part waits for the other."""
        forgotten = 0
        while True:
            rows = await self._books.requests_kept(part, before, most=BATCH)
            for row in rows:
                request = {**json.loads(row.request), part: INSTEAD[part]}
                text = json.dumps(request, ensure_ascii=False)
                await self._books.forget_part(row.id, part, text, self._clock.now())
            forgotten += len(rows)
            if len(rows) < BATCH or self._clock.monotonic_s() >= until_s:
                return forgotten

    async def _needed(self) -> frozenset[str]:
        """The large pictures of jobs that have not ended."""
        rows = await self._books.unfinished_jobs()
        return frozenset(digest for row in rows for digest in digests_of(row))
