"""
What the writer and the readers need of a back end, and how a back end says that it cannot.

Two stand behind it: `sqlite` for one process, `postgres` for replicas.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from router.ledger.answers import Answer
from router.ledger.commands import Command

# What deciding or encoding may raise for one command: it alone is at fault, the rest are settled.
COMMAND_FAULTS = (AssertionError, ValueError)


class StoreFull(Exception):
    """No room for the batch; it was rolled back whole, and admission must stop."""


class StoreBroken(Exception):
    """A sync failed: what the disk holds is unknown, so the process must end and recover."""


class StoreUnavailable(Exception):
    """The batch is not in the books, and may be tried again."""


class Contradiction(Exception):
    """A command contradicts the books, as an id that another attempt has. Nothing was changed."""


class Reader(Protocol):
    """What answers named queries from what is committed."""

    async def fetch(self, query: str, /, **parameters: Any) -> list[Mapping[str, Any]]:
        """
        Answer a query by its name, from what is committed.

        Raises:
            StoreUnavailable: The books cannot be read now.
        """
        ...

    async def scan(self, query: str, /, **parameters: Any) -> list[Mapping[str, Any]]:
        """
        Answer a query that may read everything there is, while others are answered beside it.

        Raises:
            StoreUnavailable: The books cannot be read now.
        """
        ...


class Store(Reader, Protocol):
    """A back end: commits batches of commands, answers named queries."""

    async def commit(self, commands: Sequence[Command]) -> list[Answer | Contradiction]:
        """
        Decide and commit a batch as one transaction, durable when this returns.

        Raises:
            StoreFull, StoreUnavailable: None of the batch is in the books.
            StoreBroken: It cannot be known.
        """
        ...

    async def execute(self, query: str, /, **parameters: Any) -> None:
        """
        Run a named statement of housekeeping in a transaction of its own.

        Raises:
            StoreUnavailable: It was not done, and may be tried again.
        """
        ...

    async def make_room(self) -> bool:
        """Whether there is room again, with the reserve restored."""
        ...
