"""From a job to a hold: survey, choose, and ask the ledger for the first tender that fits."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from router.dispatch.errand import Errand
from router.dispatch.health import Health
from router.dispatch.ports import Books
from router.dispatch.survey import Survey
from router.dispatch.telling import reasons
from router.dispatch.tendering import tenders
from router.dispatch.turns import Turns, at_leisure, overloaded
from router.ledger.answers import Answer, Placed, Refused, holds
from router.ledger.commands import (
    Accept,
    AcceptAll,
    Hold,
    Idempotency,
    Refuse,
    Spending,
    Tender,
)
from router.ledger.rows import AttemptRow
from router.ledger.usage import Balances, read_balances
from router.model.budget import Limit
from router.model.clock import Clock
from router.model.errors import LedgerUnavailable, NobodyQualifies, Overloaded
from router.model.ids import Ids
from router.model.job import Job
from router.model.offer import Offer, Plan
from router.policy.choose import choose
from router.policy.downshift import smallest
from router.policy.policy import Policy
from router.policy.ruling import standing_of
from router.policy.scopes import JobFacts
from router.policy.stages import Standing, Used


class Placer:
    """Plans, and places holds."""

    def __init__(
        self,
        clock: Clock,
        ids: Ids,
        books: Books,
        survey: Survey,
        health: Health,
        turns: Turns,
        *,
        in_force: Callable[[], Policy],
    ) -> None:
        """
        Args:
            in_force: The policy whose budgets bind now. A job's own may be older: its prices and
                preferences hold for it, its limits do not.
        """
        self._clock, self._ids, self._books = clock, ids, books
        self._survey, self._health, self._turns = survey, health, turns
        self._in_force = in_force

    async def plan(self, policy: Policy, job: Job, tried: frozenset[str] = frozenset()) -> Plan:
        """What a job's plan is now. Spends nothing, holds nothing."""
        offers = await self.offers(policy, job, tried=tried)
        return choose(policy, job, offers, tried=tried, standing=await self.standing(policy, job))

    async def offers(
        self,
        policy: Policy,
        job: Job,
        *,
        tried: frozenset[str] = frozenset(),
        look_s: float | None = None,
    ) -> tuple[Offer, ...]:
        """What each provider offers for a job now. See `Survey.offers`."""
        return await self._survey.offers(policy, job, self._clock.now(), tried=tried, look_s=look_s)

    async def standing(self, policy: Policy, job: Job) -> Standing:
        """
        What is used now of the budgets that stages go by. Reads nothing where there are no stages.

        Raises:
            LedgerUnavailable: It cannot be read, so nothing may be planned.
        """
        if not policy.stages:
            return {}
        now = self._clock.now()
        limits = policy.staging_limits(JobFacts.of(job), now).values()
        balances = await read_balances(self._books, now, limits)
        return standing_of(policy, job, now, partial(used_of, balances))

    def learn(self, settled: AttemptRow) -> None:
        """Take note of how an attempt was settled: the next plan goes by it."""
        self._survey.learn(settled)

    def check_turns(self, policy: Policy, job: Job) -> None:
        """
        Refuse at once what would be in time nowhere. See `Survey.check_turns`.

        Raises:
            Overloaded: Nothing was held.
        """
        self._survey.check_turns(policy, job, self._clock.now())

    def nobody(
        self, policy: Policy, job: Job, offers: Sequence[Offer], plan: Plan, standing: Standing
    ) -> NobodyQualifies | Overloaded:
        """The error of a plan without offers. Asking again helps where load or health is why."""
        busy_s = [one.busy_s for one in offers if one.busy_s is not None]
        if busy_s and choose(policy, job, at_leisure(offers), standing=standing).offers:
            return overloaded(reasons(plan), busy_s)
        error = NobodyQualifies(reasons(plan))
        if not self._survey.may_pass(policy, plan):
            error.retry_after_s = None
        return error

    async def accept(
        self, errands: Sequence[Errand], plan: Plan, idempotency: Idempotency | None
    ) -> Answer:
        """
        Make jobs of one request durable, each with its first hold, all or none of them.

        Returns:
            `Placed`, for several `AllPlaced`; or `Refused`, `Replayed`, `Conflict`.
        """
        accepts: list[Accept] = []
        for errand in errands:
            bids, ready = self._bids(errand, plan)
            accepts.append(
                Accept(
                    at=self._clock.now(),
                    job=errand.row,
                    tenders=bids,
                    ready=ready,
                    idempotency=None if accepts else idempotency,
                    uncounted=_uncounted(errand),
                    callback=errand.job.callback,
                )
            )
        first = accepts[0]
        whole = first if len(accepts) == 1 else AcceptAll(at=first.at, accepts=tuple(accepts))
        return await self._place(whole, list(zip(errands, accepts, strict=True)))

    async def hold(self, errand: Errand, plan: Plan, *, pays_twice: bool) -> Answer:
        """
        Place the hold of the job's next attempt; or `Refused`, or `Stale` when the job has ended.

        Args:
            pays_twice: Money may be gone already: the day's double-spend limit binds as well.
        """
        bids, ready = self._bids(errand, plan, pays_twice=pays_twice)
        hold = Hold(at=self._clock.now(), job_id=errand.job.id, tenders=bids, ready=ready)
        return await self._place(hold, [(errand, hold)])

    async def refuse(self, refused: Refused) -> None:
        """Count a refusal that is the last word, unless the ledger has counted it with its no."""
        if refused.is_counted:
            return
        # The client is refused all the same: only a figure is missing then.
        with suppress(LedgerUnavailable):
            await self._books.submit(Refuse(at=self._clock.now(), refused=refused))

    async def follow(self, errand: Errand, *, pays_twice: bool) -> Placed | Refused | None:
        """
        Place the next offer's hold; None when there is no such offer, or no job any more.

        At the job's own resolution: what was begun is not made smaller.
        """
        try:
            plan = await self.plan(errand.policy, errand.job, frozenset(errand.tried))
            if not plan.offers:
                return None
            answer = await self.hold(errand, plan, pays_twice=pays_twice)
        except LedgerUnavailable:
            # The job can still be ended: settlements go on where nothing can be held.
            return None
        return answer if isinstance(answer, Placed | Refused) else None

    def _bids(
        self, errand: Errand, plan: Plan, *, pays_twice: bool = False
    ) -> tuple[tuple[Tender, ...], frozenset[str]]:
        """
        The tenders for a job's next hold. If the first offer's provider has a slot free, it is
        taken: hold and dispatch are then one commit, and the slot goes with the attempt.
        """
        bids = tenders(
            errand.policy,
            errand.job,
            plan.offers,
            number=errand.attempts + 1,
            dearest=errand.dearest,
            cheapest=errand.cheapest,
            ids=self._ids,
            at=self._clock.now(),
            in_force=self._in_force(),
            pays_twice=pays_twice,
        )
        first = bids[0].attempt
        return bids, frozenset({first.provider}) if self._turns.book(first) else frozenset()

    async def _place(
        self, command: Spending, parts: Sequence[tuple[Errand, Accept | Hold]]
    ) -> Answer:
        """Submit the holds, and give back the slots that did not go with one."""
        placed: Sequence[Placed | None] = [None] * len(parts)
        try:
            answer = await self._books.submit(command)
            placed = holds(answer) or placed
            for (errand, _), hold in zip(parts, placed, strict=True):
                if hold is not None:
                    errand.placed(hold.job, hold.attempt)
                    self._health.begin(hold.attempt.provider, hold.attempt.id)
            return answer
        finally:
            for (_, part), hold in zip(parts, placed, strict=True):
                booked = part.tenders[0].attempt
                if hold is None or hold.attempt.provider != booked.provider:
                    self._turns.give_up(booked, has_slot=booked.provider in part.ready)


def used_of(balances: Balances, limit: Limit) -> Used:
    """What is allowed and used where a limit binds, with what people have raised it by."""
    return Used(balances.in_force(limit), balances.usage(limit))


def _uncounted(errand: Errand) -> frozenset[str]:
    """Budgets without room that send the job to the next lower resolution instead."""
    if errand.job.resolution is smallest():
        return frozenset()
    return errand.policy.downshifting
