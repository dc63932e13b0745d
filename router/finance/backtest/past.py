"""
A past job and what became of it, as a backtest takes it: from the ledger, or from a trace.

What became of it is kept as plain tuples of integers, because a million of them pass between
processes. Money is nano-dollars, durations are tenths of a second.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from router.model.job import Job, Resolution
from router.policy.evidence import Evidence

TENTHS = 10
"""Of a second: as fine as what jobs took is told."""


class Tried(NamedTuple):
    """One attempt of a past job."""

    provider: str
    resolution: str
    quoted_nanos: int | None
    """The price that was pinned; None where nobody noted it."""
    charged_nanos: int
    """Posted; or what counts as charged, presumed and in doubt."""
    is_delivered: bool
    tenths: int | None
    """From its hold to its end; None where it has none."""


class Happened(NamedTuple):
    """What became of a past job."""

    attempts: tuple[Tried, ...] = ()
    is_delivered: bool = False
    is_denied: bool = False
    """A budget had no room, so nobody was asked."""
    stands: bool = False
    """It ended by its own fault or wish, whoever served it: its content was refused, or its client
    called it off."""
    tenths: int | None = None
    """From its admission to its end, if it was delivered."""

    @property
    def charged_nanos(self) -> int:
        """What all its attempts were charged."""
        return sum(one.charged_nanos for one in self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastJob:
    """A job as it was asked for, what was seen when it was planned, and what became of it."""

    job: Job
    """At the resolution that its client asked for."""
    evidence: Evidence | None = None
    """None: the price book tells what could have been seen."""
    happened: Happened | None = None
    """None: nobody noted it."""
    bought: Resolution | None = None
    """The resolution that the evidence is of; None: as asked for."""
    policy_hash: str = ""
    """Of the policy that decided; empty where unknown."""
    decision: str = ""
    """What it decided, as the ledger keeps it; empty where unknown."""

    @property
    def planned(self) -> Job:
        """The job at the resolution that it was planned at."""
        return self.job if self.bought is None else replace(self.job, resolution=self.bought)


def tenths_of(seconds: float) -> int:
    """Seconds as tenths of them, rounded."""
    return round(seconds * TENTHS)
