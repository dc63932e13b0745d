"""
Finishing: the bytes of a delivered result, where somebody needs them, before the job is settled.

A client that wants the image itself, or another kind than the provider made, or a policy that keeps
results: then they are fetched through the guard, made what was asked for, and kept. What cannot be
had was charged and not delivered, and the client is told so.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tenacity import AsyncRetrying, retry_if_exception, wait_exponential

from router.dispatch.glance import Glance
from router.dispatch.ports import Fetcher, Results, Worker
from router.dispatch.telling import Teller
from router.images.data_urls import bytes_in, is_data_url
from router.images.keeping import NotKept, key_of
from router.images.kinds import HEAD_BYTES, Kind, ending_of, kind_of
from router.images.transcoding import NotAnImage, as_wanted
from router.model.clock import Clock
from router.model.errors import ResultUnavailable
from router.model.job import Job, Response
from router.policy.policy import Policy
from router.providers.wire import Delivered
from router.upstream.fetcher import FetchFailed
from router.upstream.guard import FetchRefused

RESULT = "result:"
"""What stands before a kept result's name in the books."""
RESULT_BYTES_MAX = 64 * 1024 * 1024
NEEDED_FOR = timedelta(days=1)
"""How long a result is kept that no policy keeps: so long its client may come for it."""
TRY_S = 30.0
PATIENCE_S = 8.0
"""For how long to begin again with a result that does not come."""
AT_ONCE_MAX = 16
"""Results in hand at a time: each may take up to 64 MiB, and several times that when decoded."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A result as the job ends with it."""

    delivered: Delivered
    expires_at: datetime | None = None
    """Until when it is kept here; None: it is where the provider has it."""


class Finisher:
    """Turns what a provider delivered into what the client asked for."""

    def __init__(
        self,
        clock: Clock,
        fetcher: Fetcher,
        results: Results,
        worker: Worker,
        teller: Teller,
        *,
        policy: Callable[[], Policy],
        patience_s: float = PATIENCE_S,
    ) -> None:
        """
        Args:
            fetcher: Goes through the guard: the URLs are a provider's.
            results: Where they are kept.
            worker: Decodes and encodes, off the event loop.
            policy: The one in force, which says how long results are kept.
        """
        self._clock, self._fetcher, self._results = clock, fetcher, results
        self._worker, self._teller, self._policy = worker, teller, policy
        self._patience_s = patience_s
        self._glance = Glance(clock, fetcher)
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def finish(self, job: Job, delivered: Delivered) -> Finished:
        """
        Fetch, make and keep a result, if anybody needs more of it than its address.

        Trouble of our own, as a guard that forbids the address of a result that is only archived,
        or a full disk, costs nobody an image: it is told, and the provider's address is the result.

        Raises:
            ResultUnavailable: There is no image to be had. It is charged all the same.
        """
        keep_s = self._policy().keep.results_s
        if keep_s is None and _takes_addresses(job, delivered):
            await self._glance.check(delivered.images)
            return Finished(delivered)
        async with self._turns:
            is_needed = await self._is_needed(job, delivered)
            if not is_needed and keep_s is None:
                return Finished(delivered)
            try:
                pictures = [await self._made(job, url) for url in delivered.images]
                kept_for = NEEDED_FOR if keep_s is None else timedelta(seconds=keep_s)
                expires_at = self._clock.now() + kept_for
                images = await self._kept(job, pictures, expires_at)
            except FetchRefused as refused:
                if is_needed:
                    message = f"its address may not be fetched ({refused.why})"
                    raise _unavailable(message, is_ours=True) from None
                why = f"the guard refuses its address ({refused.why})"
            except NotKept as error:
                why = str(error)
            else:
                return Finished(replace(delivered, images=images), expires_at)
        self._teller.alarm("result_not_kept", f"the result of job {job.id} is not kept: {why}")
        return Finished(delivered)

    async def _is_needed(self, job: Job, delivered: Delivered) -> bool:
        """Whether the client is not served with the provider's addresses."""
        if job.response is Response.BASE64 or any(map(is_data_url, delivered.images)):
            return True
        if _takes_addresses(job, delivered):
            return False
        kinds = [await self._kind(url) for url in delivered.images]
        return any(kind != job.output_format for kind in kinds)

    async def _kind(self, url: str) -> Kind | None:
        """Tell a result by its first bytes; None also when they do not come."""
        try:
            return kind_of(await self._fetcher.fetch_prefix(url, HEAD_BYTES))
        except (FetchFailed, FetchRefused):
            return None

    async def _made(self, job: Job, url: str) -> tuple[Kind, bytes]:
        try:
            data = bytes_in(url) if is_data_url(url) else await self._fetched(url)
            if data is None:
                raise _unavailable("its data cannot be read")
            return await self._worker.run(lambda: as_wanted(data, job.output_format))
        except (FetchFailed, NotAnImage) as error:
            raise _unavailable(str(error)) from None

    async def _fetched(self, url: str) -> bytes:
        """Fetch a result; a read may be repeated, for as long as there is patience."""
        until_s = self._clock.monotonic_s() + self._patience_s
        pause = wait_exponential(multiplier=0.25, max=4.0)
        retrying = AsyncRetrying(
            sleep=self._clock.sleep_s,
            retry=retry_if_exception(lambda one: isinstance(one, FetchFailed) and one.may_pass),
            wait=pause,
            stop=lambda _: self._clock.monotonic_s() >= until_s,
            reraise=True,
        )
        return await retrying(self._fetcher.fetch, url, RESULT_BYTES_MAX, deadline_s=TRY_S)

    async def _kept(
        self, job: Job, pictures: list[tuple[Kind, bytes]], expires_at: datetime
    ) -> tuple[str, ...]:
        names: list[str] = []
        for number, (kind, data) in enumerate(pictures, start=1):
            name = f"{job.id}-{number}.{ending_of(kind)}"
            await self._results.put(key_of(job.tenant, name, expires_at), data)
            names.append(RESULT + name)
        return tuple(names)


def _takes_addresses(job: Job, delivered: Delivered) -> bool:
    """Whether the provider's addresses serve the client, whatever is at them."""
    wants_more = job.response is Response.BASE64 or job.output_format is not None
    return not wants_more and not any(map(is_data_url, delivered.images))


def _unavailable(why: str, *, is_ours: bool = False) -> ResultUnavailable:
    message = f"The provider says it delivered, and there is no image: {why}"
    return ResultUnavailable(message, is_ours=is_ours)
