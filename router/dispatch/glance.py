"""
A glance at a result that is handed on as an address: whether there is anything by it at all.

A provider may charge for an image that nobody can fetch. Whoever is only given its address would
find out alone, and nobody would ask for the money back.
"""

from urllib.parse import urlsplit

from router.dispatch.ports import Fetcher
from router.images.data_urls import is_data_url
from router.images.kinds import HEAD_BYTES
from router.model.clock import Clock
from router.model.errors import ResultUnavailable
from router.upstream.fetcher import FetchFailed
from router.upstream.guard import FetchRefused

PAUSES_S = (1.0, 3.0)
"""Before each further look: a host may know of a result a moment later than its provider."""
SILENT_S = 60.0
"""For how long a host that does not answer us is not asked: it may answer the client."""


class Glance:
    """Looks at results, without holding anybody up for long."""

    def __init__(self, clock: Clock, fetcher: Fetcher) -> None:
        """
        Args:
            fetcher: Goes through the guard: the URLs are a provider's.
        """
        self._clock, self._fetcher = clock, fetcher
        self._silent: dict[str, float] = {}

    async def check(self, images: tuple[str, ...]) -> None:
        """
        See that results are there. What cannot be told is believed.

        Raises:
            ResultUnavailable: Its host says that there is none, or shows a page. It is charged all
                the same.
        """
        for url in images:
            if not is_data_url(url):
                await self._check(url)

    async def _check(self, url: str) -> None:
        why = await self._look(url)
        for pause_s in PAUSES_S:
            if why is not None:
                await self._clock.sleep_s(pause_s)
                why = await self._look(url)
        if why is not None:
            message = f"The provider says it delivered, and there is no image: {why}"
            raise ResultUnavailable(message)

    async def _look(self, url: str) -> str | None:
        """Why there is surely no image; None when there is one, or it cannot be told."""
        host, now_s = urlsplit(url).netloc, self._clock.monotonic_s()
        if self._silent.get(host, now_s) > now_s:
            return None
        try:
            head = await self._fetcher.fetch_prefix(url, HEAD_BYTES)
        except FetchRefused:
            return None
        except FetchFailed as failed:
            if failed.is_gone:
                return str(failed)
            self._silent = {one: end for one, end in self._silent.items() if end > now_s}
            self._silent[host] = now_s + SILENT_S
            return None
        return "its address shows a page" if head.lstrip().startswith(b"<") else None
