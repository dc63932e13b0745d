"""Where past jobs come from: something that can be read in pages, in several processes at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from router.finance.backtest.past import PastJob
from router.ledger.limit_rows import RaiseRow
from router.ledger.rows import RefusalRow
from router.policy.policy import Policy

Page = Any
"""What a source's own reader reads: small, and handed from process to process."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was on a page."""

    jobs: Sequence[PastJob]
    """In the order of time."""
    unfinished: int = 0
    """How many more there are that have not ended."""
    done: int = 0
    """How much of the source's size it is."""


class Reader(Protocol):
    """Reads pages, in one process."""

    def read(self, page: Page) -> Read:
        """Read one."""
        ...

    def policy(self, policy_hash: str) -> Policy | None:
        """A policy that was in force, by what jobs name it by; None where it is not known."""
        ...

    def close(self) -> None:
        """Let go of what it reads from."""
        ...


class Source(Protocol):
    """Past jobs."""

    def size(self) -> int:
        """How much there is, in whatever `Read.done` counts."""
        ...

    def pages(self) -> Iterator[Page]:
        """All pages, the oldest first."""
        ...

    def reader(self) -> Reader:
        """Begin to read, in this process."""
        ...

    def raises(self) -> Sequence[RaiseRow]:
        """What people raised budgets by."""
        ...

    def refusals(self) -> Sequence[RefusalRow]:
        """What budgets refused of which nothing else is known."""
        ...
