"""
The providers' doorbell. A callback is never evidence: it makes us ask.

Its token names the attempt, so even a create whose answer was lost is found again: the callback
says which job it was, and an authenticated query says what became of it.
"""

from collections.abc import Mapping
from typing import Any

from router.dispatch.dispatcher import Dispatcher
from router.dispatch.errand import HEARD_PATIENCE_S
from router.dispatch.ports import Books
from router.dispatch.recovery import Recovery
from router.ledger.rows import AttemptRow
from router.model.ids import CallbackToken, ProviderRef
from router.model.job import AttemptState
from router.observe.events import CallbackRang, Observer
from router.providers.wire import Codec


class Callbacks:
    """Answers the doorbell."""

    def __init__(
        self,
        books: Books,
        dispatcher: Dispatcher,
        recovery: Recovery,
        codecs: Mapping[str, Codec],
        observer: Observer,
    ) -> None:
        self._books, self._dispatcher, self._recovery = books, dispatcher, recovery
        self._codecs, self._observer = codecs, observer

    async def ring(self, provider: str, token: CallbackToken, payload: Any) -> bool:
        """
        Take note of a callback.

        Args:
            provider: From the URL.
            token: From the URL.
            payload: The parsed body, whatever it is.

        Returns:
            Whether the token is one of ours. Nothing else is told to whoever rings.
        """
        codec = self._codecs.get(provider)
        attempt = await self._books.attempt_by_token(provider, token) if codec else None
        if codec is None or attempt is None:
            self._observer.tell(CallbackRang(provider="unknown", verdict="unknown"))
            return False
        verdict = await self._heard(attempt, codec.read_callback(payload))
        self._observer.tell(CallbackRang(provider=provider, verdict=verdict))
        return True

    async def _heard(self, attempt: AttemptRow, named: ProviderRef | None) -> str:
        was_sent = attempt.dispatched_at is not None
        if attempt.state in {AttemptState.POSTED, AttemptState.HELD} or not was_sent:
            return "settled"
        errand = await self._recovery.errand(attempt.job_id)
        assert errand is not None, "an attempt has a job"
        ref = attempt.provider_ref or named
        if errand.ring(attempt.id):
            if attempt.provider_ref is None and named is not None:
                errand.heard[attempt.id] = named
            return "known"
        if ref is None:
            await self._dispatcher.conclude(errand)
            return "unnamed"
        self._dispatcher.gather(errand, attempt, ref, HEARD_PATIENCE_S)
        return "evidence"
