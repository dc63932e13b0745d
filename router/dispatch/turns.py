"""
When a job's create could leave: providers allow so many at once and so many a second.

A job that could not be done before its deadline, by what waits before it, is not held for: it goes
to the next offer, or is refused at once. What waits and gets too late is not sent any more.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from router.dispatch.health import Health
from router.ledger.rows import AttemptRow
from router.model.clock import Clock
from router.model.errors import Overloaded
from router.model.job import Job
from router.model.offer import Offer, ProviderState
from router.policy.obstacles import late
from router.upstream.slots import Slots

EDIT_S = 15.0
"""How long an edit probably takes where nothing is known of it."""
MARGIN_S = 2.0
WAITING_MAX = 1000
"""At one provider: they would all be refused there if it went away."""
RETRY_AFTER_S_MIN, RETRY_AFTER_S_MAX = 1.0, 60.0

Expected = Callable[[str, Job], float | None]
"""From a provider and a job to how long it probably takes there, in seconds; None: not known."""


class Turns:
    """The queues before the providers."""

    def __init__(
        self,
        clock: Clock,
        slots: Slots,
        health: Health,
        *,
        expected_s: Expected,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        """
        Args:
            slots: Where creates wait.
            health: Knows who has asked for patience.
            expected_s: How long jobs take.
            waiting_max: How many may wait at one provider.
        """
        self._clock, self._slots, self._health = clock, slots, health
        self._expected_s, self._waiting_max = expected_s, waiting_max

    def waiting(self, provider: str) -> int:
        """How many creates wait there."""
        return self._slots.waiting(provider)

    # Before the hold.

    def in_time(
        self, job: Job, offers: Sequence[Offer], would_do: Callable[[Sequence[Offer]], bool]
    ) -> tuple[Offer, ...]:
        """
        Give an obstacle to offers that could not be in time for the queue before them.

        And to those of providers that answered 429, while others would do.

        Args:
            job: What is to be bought.
            offers: At most one of each provider.
            would_do: Whether the job may go to any of some offers.
        """
        open_ = [one for one in offers if one.obstacle is None]
        others = [
            one
            for one in open_
            if one.state is not ProviderState.EJECTED
            and not self._health.cooling_s(one.provider)
            and self._late_s(job, one.provider) is None
        ]
        cools = any(self._health.cooling_s(one.provider) for one in open_)
        has_others = cools and would_do(others)
        return tuple(self._in_time(job, one, has_others=has_others) for one in offers)

    def _in_time(self, job: Job, offer: Offer, *, has_others: bool) -> Offer:
        if offer.obstacle is not None:
            return offer
        late_s = self._late_s(job, offer.provider)
        if late_s is not None:
            waiting, wait_s = self._waits(offer.provider)
            return replace(offer, obstacle=late(waiting, wait_s), busy_s=late_s)
        cooling_s = self._health.cooling_s(offer.provider)
        if cooling_s and has_others:
            why = f"has too much to do and asked for patience, for {cooling_s:.0f} s more"
            return replace(offer, obstacle=why, busy_s=cooling_s)
        return offer

    def check(self, job: Job, providers: Iterable[str]) -> None:
        """
        Refuse a job that would be late at every provider.

        Raises:
            Overloaded: Nothing was held.
        """
        late_s = [self._late_s(job, provider) for provider in providers]
        found_s = [one_s for one_s in late_s if one_s is not None]
        if found_s and len(found_s) == len(late_s):
            why = "So much waits at every provider that this edit would be late."
            raise overloaded(why, found_s)

    def _waits(self, provider: str) -> tuple[int, float]:
        return self._slots.waiting(provider), self._slots.wait_s(provider)

    def _late_s(self, job: Job, provider: str) -> float | None:
        """By how much a job would be late for what waits before it; None if not for that."""
        waiting, wait_s = self._waits(provider)
        late_s = wait_s - self._leeway_s(job, provider)
        if wait_s > 0 and late_s > 0:
            return late_s
        return wait_s if waiting >= self._waiting_max else None

    def _leeway_s(self, job: Job, provider: str) -> float:
        """How long a job can wait and still be in time; negative where it cannot be at all."""
        left_s = (job.deadline_at - self._clock.now()).total_seconds()
        expected_s = self._expected_s(provider, job)
        return left_s - (EDIT_S if expected_s is None else expected_s) - MARGIN_S

    # With the hold.

    def book(self, attempt: AttemptRow) -> bool:
        """Take a slot at once, if there is one; else count the attempt as one who will wait."""
        if self._slots.try_take(attempt.provider):
            return True
        self._slots.book(attempt.provider, attempt.id)
        return False

    def give_up(self, attempt: AttemptRow, *, has_slot: bool) -> None:
        """No hold was placed there: give back what was booked."""
        self._slots.unbook(attempt.provider, attempt.id)
        if has_slot:
            self._slots.release(attempt.provider)

    # After the hold.

    async def take(self, job: Job, attempt: AttemptRow) -> bool:
        """
        Wait for a slot, as long as the job can still be in time.

        Returns:
            Whether it has one. If not, nothing may be sent.
        """
        self._slots.unbook(attempt.provider, attempt.id)
        # What need not wait goes, even if it will probably be late: so it was asked for.
        leeway_s = max(0.0, self._leeway_s(job, attempt.provider))
        limit_s = leeway_s if self._slots.wait_s(attempt.provider) else None
        return await self._slots.take(attempt.provider, limit_s)

    def release(self, provider: str) -> None:
        """A create was answered, or will not leave."""
        self._slots.release(provider)

    def accepted(self, provider: str) -> None:
        """A create was taken on."""
        self._slots.accepted(provider)

    def cool_down(self, provider: str) -> None:
        """A create was answered with 429."""
        self._slots.hold_off(provider, self._health.cooling_s(provider))


def at_leisure(offers: Sequence[Offer]) -> list[Offer]:
    """Offers as they would be if nothing waited."""
    return [one if one.busy_s is None else replace(one, obstacle=None) for one in offers]


def overloaded(why: str, busy_s: Iterable[float]) -> Overloaded:
    """The refusal, with when to come again."""
    error = Overloaded(why)
    error.retry_after_s = min(max(min(busy_s), RETRY_AFTER_S_MIN), RETRY_AFTER_S_MAX)
    return error
