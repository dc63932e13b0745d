"""
A backtest from end to end: pages are read and chosen for in parallel, then replayed in their order.

Whatever the number of processes, the pages are the same, their digests are functions of them alone,
and one process replays them one after the other: so the result is the same, to the nano-dollar.
"""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple

from router.finance.backtest.digesting import Digester
from router.finance.backtest.replaying import Digest, Replay
from router.finance.backtest.scenarios import Scenario, scenarios
from router.finance.backtest.sources import Page, Read, Reader, Source
from router.finance.backtest.tallies import NOT_RECORDED, Tally
from router.ledger.limit_rows import RaiseRow
from router.ledger.rows import RefusalRow
from router.policy.policy import Policy
from router.policy.scopes import account_parts

HAPPENED = "what happened"
DIFFERING_MAX = 10
_AHEAD = 3
"""How many pages each process may be ahead: what is read and not yet replayed stays small."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Progress = Callable[[int, int], None]
"""Told how much is done of how much, now and then."""


class _Batch(NamedTuple):
    """A page's digests."""

    digests: list[Digest]
    unfinished: int
    done: int


@dataclass(slots=True)
class Checked:
    """Whether the policy decides as it is recorded to have decided."""

    compared: int = 0
    differing: int = 0
    jobs: list[str] = field(default_factory=list[str])
    """The first that differ, by their ids."""

    def take(self, digest: Digest) -> None:
        """Count one job."""
        if digest.is_same is None:
            return
        self.compared += 1
        if not digest.is_same:
            self.differing += 1
            if len(self.jobs) < DIFFERING_MAX:
                self.jobs.append(digest.job)


@dataclass(slots=True)
class Backtest:
    """What came of it."""

    policy: Policy
    happened: Tally
    replayed: tuple[Tally, ...]
    """The policy's own first, then each provider's alone."""
    jobs: int = 0
    unnoted: int = 0
    """Of these: nobody noted what became of them."""
    unfinished: int = 0
    """Beside these: jobs that have not ended, and are left out."""
    refused: int = 0
    """Beside these: refused at the time, and not kept as jobs."""
    first_at: datetime | None = None
    last_at: datetime | None = None
    checked: Checked = field(default_factory=Checked)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """What happened, if anything is known of it, and what would have."""
        return (self.happened, *self.replayed) if self.jobs > self.unnoted else self.replayed


def backtest(
    source: Source,
    policy: Policy,
    *,
    workers: int = 0,
    jobs_max: int | None = None,
    checks_all: bool = False,
    progress: Progress | None = None,
) -> Backtest:
    """
    Replay past jobs.

    Args:
        source: Has them.
        policy: To be tested, and to be compared with always one provider at its prices.
        workers: How many processes choose; 1: this one does; 0: one for each processor.
        jobs_max: Replay only so many, the oldest; None: all.
        checks_all: Compare not only decisions of this policy, but all of them, each under the
            policy that was in force for it.
        progress: Told of it.

    Raises:
        BadLine, CannotBeRead, OSError: The source cannot be read. Nothing was computed of it.
    """
    tested = scenarios(policy)
    replays = [Replay(one) for one in tested]
    found = Backtest(policy, Tally(HAPPENED), tuple(one.tally for one in replays))
    size, done = source.size(), 0
    progress = progress or _untold
    progress(0, size)
    order = _Order(source, tested, source.raises(), checks_all=checks_all)
    for batch in _batches(order, workers or processors()):
        left = None if jobs_max is None else jobs_max - found.jobs
        for digest in islice(batch.digests, left):
            _take(found, replays, digest)
        found.unfinished += batch.unfinished
        done += batch.done
        progress(done, size)
        if jobs_max is not None and found.jobs >= jobs_max:
            break
    for refusal in source.refusals() if found.jobs else ():
        _refuse(found, refusal)
    return found


def _untold(done: int, size: int) -> None:
    """Nobody wants to know."""
    del done, size


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _take(found: Backtest, replays: Sequence[Replay], digest: Digest) -> None:
    found.jobs += 1
    at = _EPOCH + timedelta(microseconds=digest.at)
    found.first_at, found.last_at = found.first_at or at, at
    found.checked.take(digest)
    if digest.happened is None:
        found.unnoted += 1
    else:
        found.happened.record((digest.tenant, digest.resolution), digest.happened)
    for replay, menu in zip(replays, digest.menus, strict=True):
        replay.take(digest, menu)


def _refuse(found: Backtest, refusal: RefusalRow) -> None:
    """Count what was refused at the time. Whose it was, the budget's account may tell."""
    tenant = account_parts(refusal.scope).get("tenant", NOT_RECORDED)
    found.refused += refusal.jobs
    found.happened.deny(
        (tenant, NOT_RECORDED),
        refusal.budget,
        refusal.amount.nanos,
        jobs=refusal.jobs,
        replayed=0,
    )


@dataclass(frozen=True, slots=True)
class _Order:
    """What every clerk needs to know."""

    source: Source
    tested: Sequence[Scenario]
    raises: Sequence[RaiseRow]
    checks_all: bool


def _batches(order: _Order, workers: int) -> Iterator[_Batch]:
    """The pages' digests in their order, made here or by processes of their own."""
    pages = order.source.pages()
    if workers == 1:
        with closing(_Clerk(order)) as clerk:
            yield from map(clerk.work, pages)
        return
    # Begun afresh: a copy of this process could be of one that holds a lock.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _begin, (order,))
    try:
        yield from _in_order(pool, pages, workers * _AHEAD)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, pages: Iterable[Page], ahead: int) -> Iterator[_Batch]:
    under_way: deque[Future[_Batch]] = deque()
    for page in pages:
        under_way.append(pool.submit(_work, page))
        if len(under_way) > ahead:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


class _Clerk:
    """Reads pages and makes their digests, in one process."""

    def __init__(self, order: _Order) -> None:
        self._reader: Reader = order.source.reader()
        former = self._reader.policy if order.checks_all else None
        self._digester = Digester(order.tested, order.raises, former=former)

    def work(self, page: Page) -> _Batch:
        read: Read = self._reader.read(page)
        digests = [self._digester.digest(past) for past in read.jobs]
        return _Batch(digests, read.unfinished, read.done)

    def close(self) -> None:
        self._reader.close()


_clerks: list[_Clerk] = []
"""Of a process that only does this work: its one clerk."""


def _begin(order: _Order) -> None:
    _clerks.append(_Clerk(order))


def _work(page: Page) -> _Batch:
    return _clerks[0].work(page)
