"""The alerts' desk: what they are signed with, and a sample to try a receiver with."""

from collections.abc import Callable
from dataclasses import dataclass

from router.dispatch.alert_mail import AlertMail
from router.dispatch.outbox import DELIVERY_S, Message
from router.dispatch.ports import Poster
from router.model.clock import Clock
from router.model.ids import Ids
from router.policy.alerts import AlertsTo
from router.upstream.fetcher import FetchFailed
from router.upstream.guard import FetchRefused


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a sample."""

    message_id: str
    status: int | None
    """What the receiver answered; None if it did not."""
    detail: str | None = None
    """Why there is no answer, without the address."""

    @property
    def delivered(self) -> bool:
        """Whether a postman would take it for delivered."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - 2xx.


class AlertDesk:
    """For people who set alerts up."""

    def __init__(
        self,
        clock: Clock,
        ids: Ids,
        mail: AlertMail,
        poster: Poster,
        sample: Callable[[str], bytes],
    ) -> None:
        """
        Args:
            clock: Says when.
            ids: Name samples.
            mail: Knows the secret.
            poster: Dials only what the guard lets through.
            sample: Writes a letter of no budget that there is, in a format.
        """
        self._clock, self._ids, self._mail = clock, ids, mail
        self._poster, self._sample = poster, sample

    async def secret(self) -> bytes:
        """What alerts are signed with."""
        return await self._mail.secret()

    async def try_out(self, receiver: AlertsTo) -> Trial:
        """
        Post a sample, once and now. Nothing is recorded.

        Raises:
            LedgerUnavailable: The secret cannot be read.
        """
        name = f"alert_test_{self._ids.job()}"
        message = Message(name, await self.secret(), self._sample(receiver.format))
        try:
            posted = await self._poster.post(
                receiver.to,
                message.body,
                headers=message.headers(self._clock.now()),
                deadline_s=DELIVERY_S,
            )
        except FetchRefused as refusal:
            return Trial(name, None, str(refusal))
        except FetchFailed as failure:
            return Trial(name, None, str(failure))
        return Trial(name, posted.status)
