"""What the house tells of the ledger's file: facts as frozen values."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerUpdate:
    """A file of an older version is brought up to date; until it is, nothing listens."""

    name: ClassVar[str] = "ledger_update"
    steps: int
    """How many are left; 0: it is done."""
    detail: str
    """A sentence for whoever waits."""
