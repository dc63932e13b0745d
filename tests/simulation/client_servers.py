"""
The clients' servers: where callbacks arrive, some of the time.

As in life: one answers late, or not, or with an error; what it heard before that it may hear again.
"""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from router.model.clock import Clock
from router.upstream.fetcher import FetchFailed, Posted

PATIENCE_S = 60.0
ERRORS = (Posted(500), Posted(503, retry_after="20"), Posted(307), Posted(404))


class ClientServers:
    """A `Poster` to all of them. Outlives every router that uses it."""

    def __init__(
        self,
        clock: Clock,
        entropy: random.Random,
        on_arrival: Callable[[Mapping[str, Any]], None],
        *,
        failing: float,
    ) -> None:
        """
        Args:
            on_arrival: Told what a callback says, the moment it arrives.
            failing: How many of them are not answered 2xx.
        """
        self._clock, self._entropy = clock, entropy
        self._on_arrival = on_arrival
        self.failing = failing
        self.heard: dict[str, list[str]] = defaultdict(list)
        """By job: what its client took note of, in order."""

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], deadline_s: float
    ) -> Posted:
        """See `Poster`."""
        assert url.startswith("https://")
        assert headers["webhook-id"]
        told = json.loads(body)
        self._on_arrival(told)
        await self._clock.sleep_s(self._entropy.uniform(0.0, 1.0))
        if self._entropy.random() < self.failing:
            answer = self._entropy.choice((None, *ERRORS))
            if answer is not None:
                return answer
            await self._clock.sleep_s(min(deadline_s, PATIENCE_S))
            raise FetchFailed("The host did not answer in time.")
        self.heard[told["data"]["id"]].append(told["data"]["status"])
        return Posted(204)
