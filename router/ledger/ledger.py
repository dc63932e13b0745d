"""
The ledger as the rest of the house knows it: verbs that are durable when they return, and readings.

Every verb goes through the one writer; every reading sees only what is committed, and raises
`LedgerUnavailable` when the books cannot be read.
"""

from collections.abc import Callable

from router.ledger.alert_rows import AlertLetterRow
from router.ledger.answers import Alerted, Answer, Done
from router.ledger.commands import Accept, AcceptAll, Adjust, Command, Post, Presume
from router.ledger.housekeeping import Housekeeping
from router.ledger.outbox_rows import OutboxRow
from router.ledger.rows import AttemptRow
from router.ledger.store import Contradiction, Store
from router.ledger.writer import Writer
from router.model.errors import LedgerUnavailable


class Ledger(Housekeeping):
    """The books of one Farebox."""

    def __init__(self, store: Store, writer: Writer) -> None:
        super().__init__(store)
        self._writer = writer
        self._booked: Callable[[AttemptRow], None] = lambda _: None
        self._due: Callable[[OutboxRow], None] = lambda _: None
        self._alert_due: Callable[[AlertLetterRow], None] = lambda _: None

    def listen(self, booked: Callable[[AttemptRow], None]) -> None:
        """Have every attempt told of that a charge was booked or corrected for, once durable."""
        self._booked = booked

    def listen_for_callbacks(self, due: Callable[[OutboxRow], None]) -> None:
        """Have every callback told of that has become due, or is due again, once durable."""
        self._due = due

    def listen_for_alerts(self, due: Callable[[AlertLetterRow], None]) -> None:
        """Have every alert told of that somebody is to be told of, once durable."""
        self._alert_due = due

    @property
    def admitting(self) -> bool:
        """Whether holds can be placed; false on a full disk or a broken one."""
        return self._writer.admitting

    async def submit(self, command: Command) -> Answer:
        """
        Have a command decided and made durable.

        Raises:
            LedgerUnavailable: It is not in the books, and nothing may be sent.
            Contradiction: It contradicts the books; nothing was changed.
        """
        answer = await self._writer.submit(command)
        if isinstance(answer, Contradiction):
            if isinstance(command, Accept | AcceptAll):
                raise LedgerUnavailable(str(answer))
            raise answer
        if isinstance(command, Post | Presume | Adjust) and isinstance(answer, Done):
            assert answer.attempt is not None
            self._booked(answer.attempt)
        if isinstance(answer, Done) and answer.callback is not None and answer.callback.next_at:
            self._due(answer.callback)
        if isinstance(answer, Alerted):
            for letter in answer.letters:
                self._alert_due(letter)
        return answer

    async def resume(self) -> bool:
        """Admit again if the ledger can be written again; whether holds are admitted."""
        return await self._writer.resume()
