"""
Answers that got lost: which earlier job a request that is sent again without a key stands for.

Neither provider can be asked twice for one thing, and clients send again without saying so. A
request is attached to an earlier, equal one only if its client says that it is a retry, or if we
know that the answer was lost: the connection closed before it, we answered that job's create or
status with a 5xx, failed to serve its image, or were stopped while the job was under way. Each lost
answer is adopted once, so that two equal requests that are both lost and both sent again find one
job each. Requests on live connections are always purchases of their own.

It is known in memory and of this process alone; at a start, the ledger tells which jobs were under
way. A client that says that it is a retry is found its job in the ledger as well: by whichever
replica.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeVar

from router.model.clock import Clock
from router.model.ids import JobId

ADOPTED_WITHIN_S = 600.0
# The oldest are dropped beyond it: as many as a busy router takes in ten minutes.
OWED_MAX = 100_000
K = TypeVar("K")
Asker = tuple[str, str, str]
"""Who asks for what: tenant, key, fingerprint."""


class _Fate(Enum):
    OPEN = auto()  # Not answered yet.
    TOLD = auto()
    LOST = auto()
    REFUSED = auto()  # Nothing was bought, and the client may send again.


@dataclass(slots=True, eq=False)
class Owed:
    """The answer that one request waits for."""

    asker: Asker
    job_id: JobId
    since_s: float
    is_gone: Callable[[], bool]
    """Whether its connection has closed."""
    admitted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the job is in the books, or never will be."""
    is_restored: bool = False
    """Whether it is known from the ledger alone: that it is lost is then an assumption."""
    _fate: _Fate = _Fate.OPEN
    _adopted: bool = False

    @property
    def is_known_lost(self) -> bool:
        """Whether the client cannot have got its answer, nor has anybody adopted it."""
        gone = self._fate is _Fate.OPEN and self.is_gone()
        return not self._adopted and (gone or self._fate is _Fate.LOST)

    @property
    def is_told(self) -> bool:
        """Whether it was written, and not adopted: a client that says so may have missed it."""
        return not self._adopted and self._fate is _Fate.TOLD

    @property
    def is_waited_for(self) -> bool:
        """Whether its connection is open, and nobody has adopted it."""
        return not self._adopted and self._fate is _Fate.OPEN and not self.is_gone()

    @property
    def is_refused(self) -> bool:
        """Whether its retry, which nobody has adopted, is a purchase as the first try was."""
        return not self._adopted and self._fate is _Fate.REFUSED

    def told(self) -> None:
        """It was written whole."""
        if self._fate is not _Fate.REFUSED:
            self._fate = _Fate.TOLD

    def lost(self) -> None:
        """It could not be written, or what it led to could not be served."""
        if self._fate is not _Fate.REFUSED:
            self._fate, self._adopted = _Fate.LOST, False

    def refused(self) -> None:
        """Nothing was bought."""
        self._fate = _Fate.REFUSED

    def adopt(self) -> None:
        """Another request takes its job."""
        self._adopted = True

    def give_back(self) -> None:
        """That request could not be answered either, before it had the job."""
        self._adopted = False


class LostAnswers:
    """What requests of the last minutes were answered, and what of it was lost."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._owed: deque[Owed] = deque()
        self._by_asker: dict[Asker, list[Owed]] = {}
        self._by_job: dict[JobId, list[Owed]] = {}

    def owe(self, asker: Asker, job_id: JobId, is_gone: Callable[[], bool]) -> Owed:
        """Note that a request waits for the answer to a job."""
        self._forget()
        owed = Owed(asker, job_id, self._clock.monotonic_s(), is_gone)
        self._owed.append(owed)
        self._by_asker.setdefault(asker, []).append(owed)
        self._by_job.setdefault(job_id, []).append(owed)
        return owed

    def withdraw(self, owed: Owed, *, comes_again: bool) -> None:
        """
        The request bought nothing: it is owed nothing.

        Args:
            owed: Its answer.
            comes_again: It was refused in a way that makes clients send again: that retry buys.
        """
        owed.refused()
        if not comes_again:
            owed.adopt()

    def restore(self, asker: Asker, job_id: JobId) -> None:
        """A job was under way when its process ended: nobody was answered by that one."""
        owed = self.owe(asker, job_id, lambda: True)
        owed.is_restored = True
        owed.admitted.set()
        owed.lost()

    def found(self, tenant: str, job_id: JobId) -> None:
        """A client has asked for its job by its id: it will not send the request again."""
        for owed in self._by_job.get(job_id, []):
            if owed.is_restored and owed.asker[0] == tenant:
                owed.told()

    def lose(self, tenant: str, job_id: JobId) -> None:
        """A tenant's job could not be shown to it: the last answer that led there is lost."""
        told = [owed for owed in self._by_job.get(job_id, []) if owed.asker[0] == tenant]
        for owed in told[-1:]:
            owed.lost()

    def adopt(self, asker: Asker) -> Owed | None:
        """Give an equal request the oldest answer that was lost; None when there is none."""
        self._forget()
        return self._adopt(asker, lambda owed: owed.is_known_lost)

    def adopt_refused(self, asker: Asker) -> Owed | None:
        """Find the refusal after which a request that says that it is a retry buys anew."""
        return self._adopt(asker, lambda owed: owed.is_refused)

    def adopt_told(self, asker: Asker) -> Owed | None:
        """Give a request that says that it is a retry an answer that was written."""
        return self._adopt(asker, lambda owed: owed.is_told)

    def knows(self, asker: Asker) -> set[JobId]:
        """The jobs of an asker's answers that are known here."""
        return {owed.job_id for owed in self._by_asker.get(asker, [])}

    def adopt_live(self, asker: Asker) -> Owed | None:
        """
        Give a request that says that it is a retry an answer that is still being waited for.

        The last resort: whoever stands between us and the client may hold the connection open.
        """
        return self._adopt(asker, lambda owed: owed.is_waited_for)

    def _adopt(self, asker: Asker, wanted: Callable[[Owed], bool]) -> Owed | None:
        found = next((owed for owed in self._by_asker.get(asker, []) if wanted(owed)), None)
        if found is not None:
            found.adopt()
        return found

    def _forget(self) -> None:
        oldest_s = self._clock.monotonic_s() - ADOPTED_WITHIN_S
        while self._owed and (self._owed[0].since_s < oldest_s or len(self._owed) > OWED_MAX):
            owed = self._owed.popleft()
            _drop(self._by_asker, owed.asker, owed)
            _drop(self._by_job, owed.job_id, owed)


def _drop(known: dict[K, list[Owed]], key: K, owed: Owed) -> None:
    known[key].remove(owed)
    if not known[key]:
        del known[key]
