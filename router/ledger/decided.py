"""What deciding a command gives: the answer, and the rows that it changes."""

from dataclasses import dataclass

from router.ledger.answers import Answer
from router.ledger.rows import Row


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer to a command, and the rows it changes."""

    answer: Answer
    changes: tuple[Row, ...] = ()
