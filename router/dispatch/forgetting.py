"""
Forgetting: what clients sent is kept for as long as the policy says, and then removed.

Of a job that has ended, the prompt and the pictures go; its money, its decision and its result's
addresses stay, for they are the books'. What of it is kept is counted from its admission; results
that are kept here go when the time is over that their clients were told.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from router.dispatch.ports import Books, InputStore, Results
from router.images.keeping import HOUR
from router.ledger.rows import BEGINNING
from router.model.clock import Clock
from router.policy.policy import Policy

BATCH = 200
# How a row's request shows that it still has something, and what it has instead afterwards.
PARTS: dict[str, tuple[str, str | list[str]]] = {
    "prompt": ('%"prompt": "_%', ""),
    "images": ('%"images": ["%', []),
}


class Forgetting:
    """Removes prompts and pictures past their age; one batch of jobs at a time."""

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
        self._after = dict.fromkeys(PARTS, "")
        """Up to which job each part is forgotten. Jobs' ids sort by time."""

    async def once(self) -> int:
        """
        Forget what is past its age.

        Returns:
            How many jobs lost their prompt or their pictures.

        Raises:
            LedgerUnavailable, NotKept: The next one finds what this one did not get to.
        """
        keep, now = self._policy().keep, self._clock.now()
        forgotten = 0
        for part, kept_s in (("prompt", keep.prompts_s), ("images", keep.images_s)):
            if kept_s is not None:
                forgotten += await self._forget(part, now - timedelta(seconds=kept_s))
        if keep.images_s is not None:
            # Also the pictures of what was refused and never became a job.
            await self._inputs.forget(now - timedelta(seconds=keep.images_s))
        await self._forget_results()
        return forgotten

    async def _forget_results(self) -> None:
        """What is kept is past its time by the hour that it stands under: no policy is asked."""
        now = self._clock.now()
        if now < self._results_due:
            return
        await self._results.forget(now)
        self._results_due = now.replace(minute=0, second=0, microsecond=0) + HOUR

    async def _forget(self, part: str, before: datetime) -> int:
        has, instead = PARTS[part]
        rows = await self._books.requests_kept(has, before, after=self._after[part], most=BATCH)
        for row in rows:
            request = {**json.loads(row.request), part: instead}
            await self._books.rewrite_request(row.id, json.dumps(request, ensure_ascii=False))
            self._after[part] = row.id
        return len(rows)
