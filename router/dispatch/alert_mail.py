"""Alerts, for the postman: whoever the policy names is told what a budget has reached."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from router.dispatch.outbox import Message, Post
from router.dispatch.signing import ALERTS
from router.dispatch.telling import Teller
from router.ledger.alert_commands import AlertTold
from router.ledger.alert_rows import AlertLetterRow, AlertRow
from router.ledger.answers import Answer
from router.ledger.commands import Command


class AlertLetters(Protocol):
    """What of the ledger telling alerts needs. See `ledger.ledger.Ledger`."""

    async def submit(self, command: Command) -> Answer: ...
    async def alert(self, alert_id: str) -> AlertRow | None: ...
    async def alert_letter(self, alert_id: str) -> AlertLetterRow | None: ...
    async def alert_letters_due(self, before: datetime, *, most: int) -> list[AlertLetterRow]: ...
    async def secret(self, name: str) -> bytes: ...


RenderAlert = Callable[[AlertRow, str], Awaitable[bytes]]
"""Writes what is told of an alert, in a format."""


class AlertMail:
    """The outbox of alerts."""

    def __init__(
        self, books: AlertLetters, render: RenderAlert, teller: Teller, *, secret: bytes | None
    ) -> None:
        """
        Args:
            books: The outbox, and the alerts that are told of.
            render: What people are told.
            teller: Told what came of each try.
            secret: What alerts are signed with; None: the ledger's own for them.
        """
        self._books, self._render, self._teller = books, render, teller
        self._secret = secret

    async def due(self, before: datetime, *, most: int) -> Sequence[AlertLetterRow]:
        """See `Mailbox.due`."""
        return await self._books.alert_letters_due(before, most=most)

    async def find(self, name: str) -> AlertLetterRow | None:
        """See `Mailbox.find`."""
        return await self._books.alert_letter(name)

    async def deliver(self, letter: AlertLetterRow, post: Post) -> None:
        """Tell an alert with what is to be expected as it is now."""
        alert = await self._books.alert(letter.id)
        assert alert is not None, "what is to be told is an alert"
        body = await self._render(alert, letter.format)
        message = Message(message_id(letter.id), await self.secret(), body)
        result = await post(letter, message)
        command = AlertTold(at=result.tried.at, alert_id=letter.id, tried=result.tried)
        await self._books.submit(command)
        self._teller.alert_told(alert, result.tried, result.word)

    async def secret(self) -> bytes:
        """What alerts are signed with."""
        return self._secret or await self._books.secret(ALERTS)


def message_id(alert_id: str) -> str:
    """The id by which a receiver knows an alert again: from any try, process or restart."""
    return f"alert_{alert_id}"
