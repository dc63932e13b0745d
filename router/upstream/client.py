"""
Carries jobs to providers and collects what they made.

A create is sent once and never again. Reads are repeated until a final answer or the horizon.
Whatever ends otherwise ends in doubt: nothing here ever concludes from silence that nothing was
spent.
"""

import random
from collections.abc import Awaitable, Callable, Mapping

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from router.model.clock import Clock
from router.model.errors import ProviderInDoubt
from router.model.ids import ProviderRef
from router.model.job import Job, Resolution
from router.model.offer import Offer, ProviderTerms
from router.providers.wire import Codec, Delivered, Forgotten, Pending, Progress, Unreadable
from router.upstream.asking import Pauses, PollShares
from router.upstream.doorbell import Doorbell
from router.upstream.paces import Operation
from router.upstream.polling import (
    POLL_PAUSE_S_MIN,
    RETRY_AFTER_S_MAX,
    PollPace,
    SteadyPace,
    retry_pause_s,
)
from router.upstream.reads import Reads
from router.upstream.transport import Transport

READ_DEADLINE_S = 10.0
RETRIES_SLOW = 6
"""As many failures as make the pause between two reads its longest."""
FORGOTTEN_GRACE_S = 30.0
"""A job that was just created may be unknown to the part of the provider that answers reads."""


class Upstream:
    """
    The providers, as those who buy from them see them.

    Needs no loop but the running one and no time but the clock's, so that the simulation runs it
    unchanged. Of jobs it knows only how many each provider is asked after.
    """

    def __init__(
        self,
        clock: Clock,
        transport: Transport,
        codecs: Mapping[str, Codec],
        reads: Reads,
        *,
        rng: random.Random,
        on_poll: Callable[[str], None],
        pace: PollPace | None = None,
        read_deadline_s: float = READ_DEADLINE_S,
    ) -> None:
        """
        Args:
            clock: For pauses and horizons.
            transport: Sends calls.
            codecs: By the provider's name in the price book.
            reads: Keeps reads to what providers allow.
            rng: Spreads the polls of jobs that began together.
            on_poll: Told the provider before each read of a job's state. Must not raise.
            pace: What polls go by; None where nothing is learnt.
            read_deadline_s: Seconds for one read.
        """
        self._clock = clock
        self._transport = transport
        self._codecs = codecs
        self._reads = reads
        self._rng = rng
        self._on_poll = on_poll
        self._shares = PollShares(pace or SteadyPace(), rng)
        self._read_deadline_s = read_deadline_s

    async def carry(
        self,
        job: Job,
        offer: Offer,
        terms: ProviderTerms,
        *,
        callback_url: str | None,
        create_deadline_s: float,
        horizon_s: float,
        doorbell: Doorbell,
        accepted: Callable[[Pending | Delivered], Awaitable[None]],
    ) -> Delivered:
        """
        Carry a job to one provider and stay until it is delivered.

        The caller has placed a hold for `offer.price` and made the dispatch durable.

        Args:
            job: What to edit.
            offer: Whose provider has a codec.
            terms: That provider's.
            callback_url: Where the provider may ring; None asks it not to.
            create_deadline_s: Seconds for the create, with its whole reply.
            horizon_s: The instant of `clock.monotonic_s()` after which to stop asking.
            doorbell: Rung by the attempt's callbacks.
            accepted: Awaited once, as soon as the provider's id is known and before anything else
                is asked; what it raises is passed on. Not called when the create's reply is an
                error.

        Raises:
            ProviderUnreachable: Nothing was sent; nothing was spent.
            ProviderThrottled, ProviderRefused: A definite no; nothing was spent.
            ProviderFailed: The job ended without an image, perhaps in the create's own reply.
            ProviderInDoubt: Anything else; money may be gone.
        """
        codec = self._codecs[offer.provider]
        began_s = self._clock.monotonic_s()
        call = codec.create(job, offer, terms, callback_url=callback_url)
        reply = await self._transport.create(offer.provider, call, deadline_s=create_deadline_s)
        progress = codec.read_create(reply, terms)
        await accepted(progress)
        if isinstance(progress, Delivered):
            return progress
        return await self.collect(
            offer.provider,
            offer.slug,
            progress.ref,
            resolution=job.resolution,
            age_s=self._clock.monotonic_s() - began_s,
            horizon_s=horizon_s,
            doorbell=doorbell,
        )

    async def collect(
        self,
        provider: str,
        slug: str,
        ref: ProviderRef,
        *,
        resolution: Resolution,
        age_s: float,
        horizon_s: float,
        doorbell: Doorbell,
    ) -> Delivered:
        """
        Ask after a job until it has ended; the first final answer counts.

        Args:
            provider: Its name in the price book.
            slug: The model's name there.
            ref: The provider's id of the attempt.
            resolution: The job's: with the model, what is expected of it.
            age_s: How many seconds ago the attempt was dispatched.
            horizon_s: The instant of `clock.monotonic_s()` after which to stop asking; one in the
                past asks nothing.
            doorbell: Rung by the attempt's callbacks; each ring asks at once.

        Raises:
            ProviderFailed: The job ended without an image.
            ProviderInDoubt: The provider no longer knows the job, or named no end before the
                horizon; money may be gone.
        """
        with (
            self._reads.collecting(provider),
            self._shares.asking(provider, slug, resolution) as pauses,
        ):
            return await self._collect(provider, slug, ref, age_s, horizon_s, doorbell, pauses)

    async def _collect(
        self,
        provider: str,
        slug: str,
        ref: ProviderRef,
        age_s: float,
        horizon_s: float,
        doorbell: Doorbell,
        pauses: Pauses,
    ) -> Delivered:
        began_s = self._clock.monotonic_s()
        asked_s = began_s - POLL_PAUSE_S_MIN
        was_known = False
        while (left_s := horizon_s - (now_s := self._clock.monotonic_s())) > 0:
            pause_s = pauses.next_s(age_s + now_s - began_s)
            if await doorbell.wait(min(pause_s, left_s)):
                pauses.rang()
                # A bell that is rung all the time must not turn polling into a flood.
                await self._pause_until(min(asked_s + POLL_PAUSE_S_MIN, horizon_s))
            asked_s = self._clock.monotonic_s()
            try:
                progress = await self._ask(provider, slug, ref, horizon_s)
            except Forgotten:
                is_too_early = asked_s - began_s < FORGOTTEN_GRACE_S
                if was_known or not is_too_early:
                    raise ProviderInDoubt("The provider no longer knows the job.") from None
            except Unreadable as error:
                raise ProviderInDoubt(f"The job's end is unknown. {error}") from None
            else:
                if isinstance(progress, Delivered):
                    return progress
                was_known = True
        raise ProviderInDoubt("The provider named no end of the job before the horizon.")

    async def _pause_until(self, instant_s: float) -> None:
        left_s = instant_s - self._clock.monotonic_s()
        if left_s > 0:
            await self._clock.sleep_s(left_s)

    async def cancel(self, provider: str, slug: str, ref: ProviderRef) -> bool:
        """
        Ask a provider to cancel a job, once.

        Returns:
            Whether it confirms. Without that, the job may still run, and be charged.
        """
        codec = self._codecs[provider]
        if not codec.can_cancel:
            return False
        try:
            async with self._reads.one(provider, Operation.CANCEL):
                reply = await self._transport.read(
                    provider, codec.cancel(ref, slug), deadline_s=self._read_deadline_s
                )
            return codec.read_cancel(reply, ref)
        except (Unreadable, Forgotten):
            return False

    async def _ask(self, provider: str, slug: str, ref: ProviderRef, horizon_s: float) -> Progress:
        """Read a job's state; a reply that says nothing is asked for again, until the horizon."""
        codec = self._codecs[provider]

        def left_s() -> float:
            return max(0.0, horizon_s - self._clock.monotonic_s())

        def pause_s(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            retry_after_s = error.retry_after_s if isinstance(error, Unreadable) else None
            if retry_after_s is not None:
                self._reads.hold_off(provider, min(retry_after_s, RETRY_AFTER_S_MAX, left_s()))
            # Beyond the budget it is asked again as late as if it had failed often.
            failed = state.attempt_number if asking.may_repeat() else RETRIES_SLOW
            return min(retry_pause_s(self._rng, failed, retry_after_s), left_s())

        async def read() -> Progress:
            async with self._reads.one(provider, Operation.STATUS):
                self._on_poll(provider)
                reply = await self._transport.read(
                    provider, codec.query(ref, slug), deadline_s=self._read_deadline_s
                )
            return codec.read_query(reply, ref)

        retrying = AsyncRetrying(
            sleep=self._clock.sleep_s,
            retry=retry_if_exception_type(Unreadable),
            wait=pause_s,
            stop=lambda _: left_s() <= 0,
            reraise=True,
        )
        with self._reads.repeating(provider) as asking:
            return await retrying(read)
