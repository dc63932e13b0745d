"""
Reloading the policy: when its files say something else, or when the operator asks.

All or nothing. A broken file changes nothing but what is told of it. Running jobs keep the policy
and the prices that they began with; the budgets' limits bind every hold from the reload on.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

from router.ledger.executor import Executor
from router.model.clock import Clock
from router.model.errors import LedgerUnavailable
from router.model.offer import ProviderTerms
from router.observe.events import Observer, PolicyRejected, PolicyReloaded
from router.policy.current import Current
from router.policy.loader import Reading, fingerprint, read_bundle, read_policy
from router.policy.policy import Policy
from router.policy.problems import PolicyError, Problem
from router.upstream.traffic import Traffic

POLL_S = 2.0
# Files are written in pieces, and several one after the other: what is still changing is no policy.
SETTLE_S = 0.25
# How often to read anew what was replaced while it was read, before leaving it to the next look.
TRIES = 5
_TOLD_MAX = 3


class PolicyBooks(Protocol):
    """Where policies are kept that were in force. See `ledger.ledger.Ledger`."""

    async def keep_policy(self, policy_hash: str, name: str, at: datetime, bundle: str) -> None: ...
    async def bundles_in_use(self) -> list[str]: ...


class Reloader:
    """
    Watches the content of a policy's files.

    Content, not times or names: a mounted configuration changes by swapping a symbolic link.
    """

    def __init__(
        self,
        clock: Clock,
        path: Path,
        reading: Reading,
        current: Current,
        traffic: Traffic,
        observer: Observer,
        files: Executor,
        *,
        read: Callable[[Path], Reading] = read_policy,
    ) -> None:
        """
        Args:
            path: The policy's file.
            reading: What is in force was read so: what changes after it is noticed.
            current: Where a sound policy is put in force.
            traffic: Follows the price book's limits.
            files: Where files are read, since a disk may be slow.
            read: Reads the policy.
        """
        self._clock, self._path, self._current = clock, path, current
        self._traffic, self._observer, self._files = traffic, observer, files
        self._read = read
        self._watched, self._seen = reading.files, reading.hash
        self._one_at_a_time = asyncio.Lock()
        self._books: PolicyBooks | None = None
        self._unkept: Reading | None = reading

    async def keep_in(self, books: PolicyBooks) -> None:
        """
        Keep the policy in force in the books, and from now on each that comes in force.

        So whoever asks later why a job went where it went finds the policy by its hash; and jobs
        that are unfinished go on under the policies that they began under.

        Raises:
            LedgerUnavailable: The books cannot be read.
        """
        self._books = books
        await self._keep()
        for bundle in await books.bundles_in_use():
            # Kept by a version that read it otherwise: its jobs go on under the one in force.
            with suppress(PolicyError):
                self._remember(read_bundle(bundle))

    def _remember(self, former: Policy) -> None:
        self._current.remember(former)
        # Its jobs may go to a provider that the policy in force does not know any more: as often
        # as the former one says, and not one after the other.
        known = self._current.policy.prices.provider_names
        self._traffic.set_terms(one for one in all_terms(former) if one.name not in known)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self._clock.sleep_s(POLL_S)
            await self.look()

    async def look(self) -> None:
        """Reload if the files' content has changed, and has stopped changing."""
        async with self._one_at_a_time:
            await self._keep()
            found = await self._fingerprint(self._watched)
            if found == self._seen:
                return
            await self._clock.sleep_s(SETTLE_S)
            if await self._fingerprint(self._watched) == found:
                await self._reload(asked=False)

    async def reload(self) -> None:
        """Reload now, because the operator asks; told even if nothing has changed."""
        async with self._one_at_a_time:
            await self._reload(asked=True)

    async def _reload(self, *, asked: bool) -> None:
        for _ in range(TRIES):
            reading = await self._files.run(self._reading)
            # A folder may have been swapped between two of its files.
            if await self._fingerprint(reading.files) == reading.hash:
                self._watched, self._seen = reading.files, reading.hash
                if isinstance(reading.outcome, Policy):
                    # Before it is in force: no job is bought under what nobody can look up.
                    self._unkept = reading
                    await self._keep()
                self._take(reading.outcome, asked=asked)
                return
            await self._clock.sleep_s(SETTLE_S)

    async def _keep(self) -> None:
        """Keep what is not in the books yet; if they cannot be written, at the next look."""
        reading = self._unkept
        if self._books is None or reading is None or isinstance(reading.outcome, PolicyError):
            return
        policy = reading.outcome
        with suppress(LedgerUnavailable):
            now = self._clock.now()
            await self._books.keep_policy(policy.hash, policy.name, now, reading.bundle)
            self._unkept = None

    def _take(self, outcome: Policy | PolicyError, *, asked: bool) -> None:
        now, former = self._clock.now(), self._current.policy
        if isinstance(outcome, PolicyError):
            self._current.reject(outcome, now)
            self._observer.tell(_rejected(outcome, in_force=former))
            return
        was_broken = self._current.standing.rejection is not None
        # Before the policy is in force: whoever plans by it finds its providers' limits.
        self._traffic.set_terms(all_terms(outcome))
        if self._current.take(outcome, now) or was_broken or asked:
            self._observer.tell(
                PolicyReloaded(
                    policy=outcome.name,
                    hash=outcome.hash,
                    former=former.hash,
                    providers=outcome.prices.provider_names,
                )
            )

    def _reading(self) -> Reading:
        try:
            return self._read(self._path)
        except Exception as error:  # noqa: BLE001 - whatever a file does to its reader, we go on.
            problem = Problem(str(self._path), 1, 1, f"cannot be read: {type(error).__name__}")
            return Reading(PolicyError([problem]), self._watched, fingerprint(self._watched))

    async def _fingerprint(self, paths: tuple[Path, ...]) -> str:
        return await self._files.run(lambda: fingerprint(paths))


def all_terms(policy: Policy) -> list[ProviderTerms]:
    """Each provider's row."""
    return [policy.prices.terms(name) for name in policy.prices.provider_names]


def _rejected(error: PolicyError, in_force: Policy) -> PolicyRejected:
    count = len(error.problems)
    told = [problem.head for problem in error.problems[:_TOLD_MAX]]
    more = [f"and {count - _TOLD_MAX} more"] if count > _TOLD_MAX else []
    return PolicyRejected(problems=count, detail="; ".join([*told, *more]), in_force=in_force.hash)
