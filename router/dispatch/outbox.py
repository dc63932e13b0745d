"""
The postman: tells people what they are to be told, from an outbox in the ledger.

Woken by the commit that makes a letter due, and at a start by what is due already. A delivery that
a crash cuts off is made again, with the same id: at least once, never at most once. Whose letters
they are, and what stands in them, a mailbox says: clients' callbacks, or alerts.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from router.dispatch.ports import Poster
from router.dispatch.retrying import Verdict, refused, verdict
from router.dispatch.rounds import Rounds
from router.dispatch.signing import signed_headers
from router.dispatch.telling import Teller
from router.ledger.outbox_rows import Letter, OutboxState
from router.model.clock import Clock
from router.model.tasks import TaskRegistry
from router.upstream.doorbell import Doorbell
from router.upstream.fetcher import FetchFailed
from router.upstream.guard import FetchRefused

CATCH_UP_S = 60.0
"""How often the ledger is asked for what is due and not in mind."""
CATCH_UP_MOST = 2000
DELIVERY_S = 15.0
"""How long a receiver may take to answer."""

L = TypeVar("L", bound=Letter)


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted."""

    id: str
    """The same for every try, by which a receiver knows it again; without a dot."""
    secret: bytes = field(repr=False)
    """What it is signed with."""
    body: bytes

    def headers(self, at: datetime) -> Mapping[str, str]:
        """The headers of a try."""
        return signed_headers(self.secret, self.id, at, self.body)


class Mailbox(Protocol[L]):
    """Whose letters a postman delivers. Each raises `LedgerUnavailable` if the ledger cannot."""

    async def due(self, before: datetime, *, most: int) -> Sequence[L]:
        """Those that are due before an instant, the first first."""
        ...

    async def find(self, name: str) -> L | None:
        """One of them by its id, as it is now."""
        ...

    async def deliver(self, letter: L, post: "Post") -> None:
        """Write a letter, have it posted, and note in the ledger what came of it."""
        ...


class Post(Protocol):
    """Whoever posts a message, once."""

    async def __call__(self, letter: Letter, message: Message, /) -> Verdict: ...


class Postman(Generic[L]):
    """Delivers what is due, and has it noted in the ledger what came of it."""

    def __init__(
        self,
        clock: Clock,
        mailbox: Mailbox[L],
        poster: Poster,
        tasks: TaskRegistry,
        teller: Teller,
        *,
        rng: random.Random | None = None,
    ) -> None:
        """
        Args:
            clock: Times the tries.
            mailbox: What is to be told.
            poster: Dials only what the guard lets through.
            tasks: Each delivery is one of its own, so that none waits for another.
            teller: Told of what went wrong on our side.
            rng: Spreads the tries; a new one if None.
        """
        self._clock, self._mailbox, self._poster = clock, mailbox, poster
        self._tasks, self._teller = tasks, teller
        self._rng = rng or random.Random()  # noqa: S311 - no secret comes of it.
        self._rounds = Rounds()
        self._bell = Doorbell(clock)

    def due(self, letter: L) -> None:
        """Take note of a letter that is due, or will be: for the ledger to call."""
        if self._rounds.plan(letter):
            self._bell.ring()

    async def run(self) -> None:
        """Deliver for ever."""
        asked_at = None
        while True:
            now = self._clock.now()
            if asked_at is None or now >= asked_at + timedelta(seconds=CATCH_UP_S):
                await self._catch_up()
                asked_at = now
            for name in self._rounds.take(self._clock.now()):
                self._tasks.start(f"tell {name}", self._deliver(name))
            await self._bell.wait(self._idle_s())

    async def _catch_up(self) -> None:
        """Plan what is due until the next time, so that nothing is lost with a process."""
        before = self._clock.now() + timedelta(seconds=CATCH_UP_S)
        try:
            letters = await self._mailbox.due(before, most=CATCH_UP_MOST)
        except Exception as error:  # noqa: BLE001 - who does not ask again tells nobody any more.
            self._teller.crashed("outbox", error)
            return
        for letter in letters:
            self._rounds.plan(letter)

    def _idle_s(self) -> float:
        if self._rounds.next_at is None:
            return CATCH_UP_S
        left_s = (self._rounds.next_at - self._clock.now()).total_seconds()
        return min(max(0.0, left_s), CATCH_UP_S)

    async def _deliver(self, name: str) -> None:
        """One try. Whatever goes wrong on our side, the letter stays due."""
        following: L | None = None
        try:
            following = await self._tell(name)
        except Exception as error:  # noqa: BLE001 - the next catching-up begins anew.
            self._teller.crashed(f"tell {name}", error)
        finally:
            self._rounds.leave(name)
            if following is not None:
                self._rounds.plan(following)
            self._bell.ring()

    async def _tell(self, name: str) -> L | None:
        """
        Deliver a letter, if it is still due.

        Returns:
            The letter as it is afterwards.
        """
        letter = await self._mailbox.find(name)
        if letter is None or letter.state is not OutboxState.DUE:
            return None
        if letter.next_at is not None and letter.next_at > self._clock.now():
            return letter
        await self._mailbox.deliver(letter, self._post)
        return await self._mailbox.find(name)

    async def _post(self, letter: Letter, message: Message, /) -> Verdict:
        headers = message.headers(self._clock.now())
        try:
            posted = await self._poster.post(
                letter.url, message.body, headers=headers, deadline_s=DELIVERY_S
            )
        except FetchRefused:
            return refused(letter, self._clock.now())
        except FetchFailed:
            posted = None
        return verdict(letter, self._clock.now(), posted, self._rng.random())
