"""
Forgetting: what clients sent is kept for as long as the policy says, and then removed.

Of a job that has ended, the prompt and the pictures go; its money, its decision and its result's
addresses stay, for they are the books'. What of it is kept is counted from its admission. Where its
client was told of its end goes with the prompt, once there is nothing more to be told.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from router.dispatch.ports import Books, InputStore
from router.model.clock import Clock
from router.policy.policy import Policy

BATCH = 200
# How a row's request shows that it still has something, and what it has instead afterwards. The
# outbox has its own copy of a callback's address, so the request's is of no use to an ended job.
PARTS: dict[str, tuple[str, dict[str, str | list[str] | None]]] = {
    "prompt": ('%"prompt": "_%', {"prompt": "", "callback": None}),
    "images": ('%"images": ["%', {"images": []}),
}


class Forgetting:
    """Removes prompts and pictures past their age; one batch of jobs at a time."""

    def __init__(
        self, clock: Clock, books: Books, inputs: InputStore, *, policy: Callable[[], Policy]
    ) -> None:
        self._clock, self._books, self._inputs = clock, books, inputs
        self._policy = policy
        self._after = dict.fromkeys(PARTS, "")
        """Up to which job each part is forgotten. Jobs' ids sort by time."""

    async def once(self) -> int:
        """
        Forget what is past its age.

        Returns:
            How many jobs lost their prompt or their pictures.

        Raises:
            LedgerUnavailable: The next one finds what this one did not get to.
        """
        keep, now = self._policy().keep, self._clock.now()
        forgotten = 0
        for part, kept_s in (("prompt", keep.prompts_s), ("images", keep.images_s)):
            if kept_s is not None:
                forgotten += await self._forget(part, now - timedelta(seconds=kept_s))
        if keep.prompts_s is not None:
            await self._books.forget_addresses(now - timedelta(seconds=keep.prompts_s))
        if keep.images_s is not None:
            # Also the pictures of what was refused and never became a job.
            await self._inputs.forget(now - timedelta(seconds=keep.images_s))
        return forgotten

    async def _forget(self, part: str, before: datetime) -> int:
        has, instead = PARTS[part]
        rows = await self._books.requests_kept(has, before, after=self._after[part], most=BATCH)
        for row in rows:
            request = {**json.loads(row.request), **instead}
            await self._books.rewrite_request(row.id, json.dumps(request, ensure_ascii=False))
            self._after[part] = row.id
        return len(rows)
