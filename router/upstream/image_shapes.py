"""What shape a job's image has, for providers that must be told where nobody asked for one."""

import hashlib
from collections import OrderedDict
from typing import Protocol

from router.upstream.fetcher import FetchFailed
from router.upstream.guard import FetchRefused
from router.upstream.image_header import data_url_bytes, size_of

PREFIX_BYTES = 64 * 1024
FETCH_DEADLINE_S = 5.0


class PrefixFetcher(Protocol):
    """Fetches the first bytes of what a URL shows: `GuardedFetcher` does."""

    async def fetch_prefix(self, url: str, bytes_max: int, *, deadline_s: float = 5.0) -> bytes:
        """
        Fetch at most `bytes_max` bytes within `deadline_s` seconds.

        Raises:
            FetchRefused, FetchFailed: There is nothing to be had.
        """
        ...


class ImageShapes:
    """Reads the shapes of images, and remembers those that it had to fetch."""

    def __init__(self, fetcher: PrefixFetcher, *, remembered_max: int = 1024) -> None:
        """
        Args:
            fetcher: Goes through the guard: these URLs are strangers'.
            remembered_max: How many shapes are kept; the longest unused is forgotten first.
        """
        self._fetcher = fetcher
        self._remembered_max = remembered_max
        # By digest: the URLs are long, and signed.
        self._remembered: OrderedDict[bytes, tuple[int, int]] = OrderedDict()

    async def shape_of(self, url: str) -> tuple[int, int] | None:
        """
        Width and height in pixels of the image at an `https` or `data:` URL.

        Never raises for what a URL is or shows: None when the shape cannot be read in 5 seconds.
        """
        if url[:5].lower() == "data:":
            inside = data_url_bytes(url, PREFIX_BYTES)
            return None if inside is None else size_of(inside)
        digest = hashlib.sha256(url.encode(errors="surrogatepass")).digest()
        if digest in self._remembered:
            self._remembered.move_to_end(digest)
            return self._remembered[digest]
        try:
            prefix = await self._fetcher.fetch_prefix(
                url, PREFIX_BYTES, deadline_s=FETCH_DEADLINE_S
            )
        except (FetchRefused, FetchFailed):
            return None
        shape = size_of(prefix)
        if shape is not None:
            self._remember(digest, shape)
        return shape

    def _remember(self, digest: bytes, shape: tuple[int, int]) -> None:
        self._remembered[digest] = shape
        if len(self._remembered) > self._remembered_max:
            self._remembered.popitem(last=False)
