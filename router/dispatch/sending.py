"""One attempt on its way: send the one create, note the provider's id, collect, and judge."""

from collections.abc import Sequence
from datetime import datetime

from router.dispatch.discretion import hush, hushed
from router.dispatch.errand import Errand
from router.dispatch.finishing import Finished, Finisher
from router.dispatch.health import Health
from router.dispatch.hosting import Hosting
from router.dispatch.ports import Books, Carrier
from router.dispatch.settlement import (
    Settlement,
    settle_delivered,
    settle_error,
    settle_undelivered,
)
from router.dispatch.telling import Teller
from router.dispatch.tendering import offer_of
from router.dispatch.turns import Turns
from router.ledger.answers import Done
from router.ledger.commands import Dispatch, Run
from router.ledger.rows import AttemptRow
from router.ledger.store import Contradiction
from router.model.charge import Reported
from router.model.clock import Clock
from router.model.errors import (
    Ending,
    LedgerUnavailable,
    ProviderError,
    ProviderFailed,
    ProviderInDoubt,
    ProviderThrottled,
    ProviderUnreachable,
    ResultUnavailable,
)
from router.model.ids import ProviderRef
from router.model.job import AttemptState, Job, JobState
from router.providers.wire import Delivered, Pending


class Sender:
    """Carries attempts, and says what each one's end means for its money."""

    def __init__(
        self,
        clock: Clock,
        books: Books,
        carrier: Carrier,
        health: Health,
        turns: Turns,
        teller: Teller,
        hosting: Hosting,
        finisher: Finisher,
        *,
        callbacks_url: str | None,
    ) -> None:
        """
        Args:
            callbacks_url: Where providers can ring, without a slash at its end; None if nowhere.
        """
        self._clock, self._books, self._carrier = clock, books, carrier
        self._health, self._turns, self._teller = health, turns, teller
        self._hosting, self._finisher = hosting, finisher
        self._callbacks_url = callbacks_url

    async def dispatch(self, errand: Errand, attempt: AttemptRow) -> AttemptRow | Settlement:
        """
        Wait for its turn and make the dispatch durable.

        Returns:
            What is to be settled when it must not be sent any more: voided, its job ended, it would
            come too late, or its provider was set aside while it waited, so that one outage puts no
            more in doubt than is on its way.
        """
        if not await self._turns.take(errand.job, attempt):
            return Settlement.too_late(attempt, self._clock.now())
        dispatched: AttemptRow | None = None
        try:
            terms = errand.policy.prices.terms(attempt.provider)
            if self._health.obstacle(attempt.provider, terms) is not None:
                return Settlement.withdrawn(attempt, self._clock.now())
            answer = await self._books.submit(Dispatch(at=self._clock.now(), attempt_id=attempt.id))
            if isinstance(answer, Done):
                dispatched = answer.attempt
                errand.saw(answer.job)
            return dispatched or Settlement.withdrawn(attempt, self._clock.now())
        finally:
            if dispatched is None:
                self._turns.release(attempt.provider)

    async def carry(self, errand: Errand, attempt: AttemptRow) -> Settlement:
        """
        Send the one create of an attempt that is dispatching and has a slot, then collect.

        The slot is free again as soon as the create is answered.
        """
        terms = errand.terms(attempt.provider)
        has_slot = True

        def release() -> None:
            nonlocal has_slot
            if has_slot:
                has_slot = False
                self._turns.release(attempt.provider)

        async def accepted(progress: Pending | Delivered) -> None:
            nonlocal attempt
            release()
            self._health.accepted(attempt.provider)
            self._turns.accepted(attempt.provider)
            attempt = await self.note_ref(
                attempt, progress.ref, hushed(progress, errand.job).reported
            )
            self._teller.accepted(attempt)
            if errand.cancelling or errand.row.state.is_final:
                # It was called off while its create was on the way.
                await self.recall(errand, [attempt], only_if_free=not errand.cancelling)

        try:
            job = await self._as_taken(errand, attempt)
            if job is None:
                nothing = ProviderUnreachable("Its images could not be hosted; nothing was sent.")
                return settle_error(attempt, nothing, terms, self._clock.now())
            self._health.started(attempt.provider, attempt.id)
            delivered = await self._carrier.carry(
                job,
                offer_of(attempt),
                terms,
                callback_url=self._callback_url(attempt),
                create_deadline_s=errand.policy.create_deadline_s,
                horizon_s=self._horizon_s(attempt.horizon_at),
                doorbell=errand.bell(attempt.id, self._clock),
                accepted=accepted,
            )
        except ProviderError as error:
            if isinstance(error, ProviderInDoubt) and error.ref is not None:
                # As a callback's word: the id becomes the attempt's once the provider confirms it.
                errand.heard.setdefault(attempt.id, error.ref)
            ref = error.ref if isinstance(error, ProviderFailed) else None
            return await self._failed(errand, attempt, error, ref)
        finally:
            release()
        return await self._delivered(errand, attempt, delivered)

    async def _as_taken(self, errand: Errand, attempt: AttemptRow) -> Job | None:
        """The job as its provider takes it; None when its images cannot be put there now."""
        try:
            return await self._hosting.as_taken(errand.job, attempt, errand.policy)
        except LedgerUnavailable:
            return None

    async def collect(
        self, errand: Errand, attempt: AttemptRow, ref: ProviderRef, patience_s: float = 0.0
    ) -> Settlement:
        """
        Collect an attempt that the provider has named: after a restart, or on a callback's word.

        An id that only a callback named becomes the attempt's once the provider has confirmed it.

        Args:
            patience_s: Ask for at least so long, even past the horizon.
        """
        now_s = self._clock.monotonic_s()
        try:
            delivered = await self._carrier.collect(
                attempt.provider,
                attempt.slug,
                ref,
                resolution=attempt.resolution,
                age_s=self._age_s(attempt),
                horizon_s=max(self._horizon_s(attempt.horizon_at), now_s + patience_s),
                doorbell=errand.bell(attempt.id, self._clock),
            )
            attempt = await self.note_ref(attempt, ref, None)
        except ProviderError as error:
            named = ref if isinstance(error, ProviderFailed) else None
            return await self._failed(errand, attempt, error, named)
        return await self._delivered(errand, attempt, delivered)

    async def _delivered(
        self, errand: Errand, attempt: AttemptRow, delivered: Delivered
    ) -> Settlement:
        """What a delivery means, once its image is what was asked for, or cannot be had."""
        terms = errand.terms(attempt.provider)
        delivered = hushed(delivered, errand.job)
        try:
            finished = Finished(delivered)
            if errand.row.state not in {JobState.SUCCEEDED, JobState.CANCELLED}:
                finished = await self._finisher.finish(errand.job, delivered)
        except ResultUnavailable as error:
            if not error.is_ours:
                # Whoever charges for nothing is no better than who fails, however cheap.
                empty = ProviderFailed(error.detail, how=Ending.EMPTY)
                self._health.failed(attempt.provider, attempt.id, empty)
            return settle_undelivered(attempt, delivered, terms, self._clock.now(), error)
        self._health.succeeded(attempt.provider, attempt.id)
        return settle_delivered(
            attempt, finished.delivered, terms, self._clock.now(), finished.expires_at
        )

    async def recall(
        self, errand: Errand, attempts: Sequence[AttemptRow], *, only_if_free: bool
    ) -> None:
        """
        Ask providers to cancel what runs: its image is not wanted any more.

        What they answer settles nothing; it makes us ask what the end was.

        Args:
            only_if_free: Leave running what may be billed even when it is cancelled: its end names
                the charge, and brings an image for it.
        """
        for attempt in attempts:
            ref = attempt.provider_ref if attempt.state is AttemptState.RUNNING else None
            is_free = errand.terms(attempt.provider).cancelled_is_free
            if ref is None or (only_if_free and not is_free):
                continue
            if await self._carrier.cancel(attempt.provider, attempt.slug, ref):
                errand.ring(attempt.id)

    async def note_ref(
        self, attempt: AttemptRow, ref: ProviderRef, quote: Reported | None
    ) -> AttemptRow:
        """
        Make the provider's id durable.

        Raises:
            ProviderInDoubt: Another attempt has that id, so it names neither for sure.
        """
        if attempt.provider_ref == ref:
            return attempt
        run = Run(at=self._clock.now(), attempt_id=attempt.id, ref=ref, quote=quote)
        try:
            answer = await self._books.submit(run)
        except Contradiction:
            message = f"{attempt.provider} named attempt {attempt.id} as it named another"
            self._teller.alarm("id_given_twice", message)
            raise ProviderInDoubt("The provider gave the id of another attempt.") from None
        noted = answer.attempt if isinstance(answer, Done) else None
        return noted or attempt

    async def _failed(
        self, errand: Errand, attempt: AttemptRow, error: ProviderError, ref: ProviderRef | None
    ) -> Settlement:
        """What an attempt's error means for its provider's health, and for its money."""
        hush(error, errand.job)
        if ref is not None:
            try:
                attempt = await self.note_ref(attempt, ref, None)
            except ProviderInDoubt as doubt:
                # The end that was told may be another attempt's.
                error = doubt
        is_create = attempt.state is AttemptState.DISPATCHING
        is_end = attempt.state is AttemptState.RUNNING and not isinstance(error, ProviderInDoubt)
        if (is_create or is_end) and not _was_called_off(errand, error):
            # A job that it has forgotten while we were away says nothing of the provider's health,
            # nor does an end that was told before.
            self._health.failed(attempt.provider, attempt.id, error)
        if isinstance(error, ProviderThrottled):
            self._turns.cool_down(attempt.provider)
        terms = errand.terms(attempt.provider)
        return settle_error(attempt, error, terms, self._clock.now())

    def _age_s(self, attempt: AttemptRow) -> float:
        """How long ago an attempt was dispatched."""
        return (self._clock.now() - (attempt.dispatched_at or attempt.created_at)).total_seconds()

    def _horizon_s(self, horizon_at: datetime) -> float:
        left_s = (horizon_at - self._clock.now()).total_seconds()
        return self._clock.monotonic_s() + left_s

    def _callback_url(self, attempt: AttemptRow) -> str | None:
        if self._callbacks_url is None:
            return None
        return f"{self._callbacks_url}/callbacks/{attempt.provider}/{attempt.callback_token}"


def _was_called_off(errand: Errand, error: ProviderError) -> bool:
    """Whether an attempt ended so because nobody wanted it any more."""
    is_unwanted = errand.cancelling or errand.row.state.is_final
    return is_unwanted and isinstance(error, ProviderFailed) and error.how is Ending.CANCELLED
