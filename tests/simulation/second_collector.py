"""
A ledger whose settlements come twice now and then.

As two collectors of one attempt would make them: a second process on the same books, or one that
submits again because the answer to its first commit was lost.
"""

import random
from dataclasses import replace

from router.ledger.answers import Answer
from router.ledger.commands import Command, Doubt, Post, Void
from router.ledger.ledger import Ledger
from router.model.errors import LedgerUnavailable
from tests.stage import Stage

CHANCE = 0.2
LATER_S = (0.0, 0.5, 20.0)


class TwiceToldLedger(Ledger):
    """Hears a settlement a second time, a moment after the first was answered."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.store, stage.writer)
        self._clock, self._tasks = stage.clock, stage.tasks
        self._draw = random.Random(stage.entropy.random())

    async def submit(self, command: Command) -> Answer:
        """Submit, and later perhaps once more. What the second one hears, nobody acts on."""
        answer = await super().submit(command)
        if isinstance(command, Post | Void | Doubt) and self._draw.random() < CHANCE:
            again = self._again(command, self._draw.choice(LATER_S))
            self._tasks.start("second collector", again, answers=LedgerUnavailable)
        return answer

    async def _again(self, command: Post | Void | Doubt, later_s: float) -> None:
        await self._clock.sleep_s(later_s)
        await super().submit(replace(command, at=self._clock.now()))


class TwiceToldStage(Stage):
    """A stage on such a ledger."""

    def open_ledger(self) -> Ledger:
        """Open the books, to which a second collector belongs."""
        return TwiceToldLedger(self)
