"""
Whether a provider has changed: so many jobs in a row as slow, or as quick, as few were before.

A percentile over an hour says little of now, if half of that hour was otherwise: a provider that
was slow for some minutes looks slow for as long as it is hardly asked. Of jobs that go on as ever,
one in 80,000 begins such a row by chance; what is forgotten then is soon learnt again.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from router.dispatch.latency_windows import Timed, Windows

ROW = 7
"""So many in a row, of all resolutions, are a change."""
FEW = 0.2
"""A job counts if so few of those before were as slow, or as quick,"""
MUCH = 1.25
"""and if it took so many times as long as half of them, or half of them as long as it."""


class Side(Enum):
    """On which side of what was before."""

    QUICK = auto()
    USUAL = auto()
    SLOW = auto()


@dataclass(frozen=True, slots=True)
class Job:
    """A delivered job, and where it counts."""

    whole: Windows
    ready: Windows
    whole_timed: Timed
    ready_timed: Timed

    @property
    def side(self) -> Side:
        """Where it lies among those of its resolution since the latest change."""
        before, (at_s, whole_s) = self.whole.now, self.whole_timed
        seen = before.seen() if before.count(at_s) >= ROW else None
        if seen is None:
            return Side.USUAL
        share, half_s = seen.within(whole_s), seen.percentile_s(50)
        if share <= FEW and whole_s * MUCH < half_s:
            return Side.QUICK
        return Side.SLOW if share >= 1 - FEW and whole_s > half_s * MUCH else Side.USUAL

    def count(self) -> None:
        """Count it as what others are compared with."""
        self.whole.now.add(*self.whole_timed)
        self.ready.now.add(*self.ready_timed)


@dataclass(slots=True)
class Row:
    """The latest jobs of one model at one provider, as long as all are on the same side."""

    side: Side = Side.USUAL
    jobs: list[Job] = field(default_factory=list[Job])

    def add(self, job: Job) -> list[Job]:
        """
        Count a job.

        Returns:
            All that were seen since its provider has changed, which the row then no longer has;
            empty if it has not.
        """
        side = job.side
        if side is not self.side:
            self._end()
        self.side = side
        if side is Side.USUAL:
            job.count()
            return []
        self.jobs.append(job)
        if len(self.jobs) < ROW:
            return []
        changed, self.jobs = self.jobs, []
        return changed

    def _end(self) -> None:
        """It was chance: its jobs count as all others."""
        for job in self.jobs:
            job.count()
        self.jobs = []
