"""
A job's first hold: at its resolution, or at a lower one where the budget without room says so.

The ledger alone refuses for money. Each lower resolution is a plan of its own and asks for a hold
of its own; nothing is held of those that came before. Here alone a job is made smaller: on failover
it stays what it is.

Stages are read before the hold and not with it, so jobs that are admitted together may pass one
together. What the hold itself checks is exact.
"""

from dataclasses import dataclass
from datetime import datetime

from router.dispatch.errand import Errand
from router.dispatch.placing import Placer
from router.dispatch.ports import InputStore
from router.dispatch.requests import Downshift, row_of
from router.dispatch.telling import Teller
from router.ledger.commands import Answer, Idempotency, Placed, Refused
from router.model.errors import BudgetExceeded, RouterError
from router.model.job import Job
from router.model.money import Money
from router.model.offer import Plan
from router.policy.choose import choose
from router.policy.downshift import at_each_resolution, may_shrink, stopped
from router.policy.policy import Policy
from router.policy.stages import Halt


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking for a job's first hold."""

    errand: Errand
    """The job as it is bought: perhaps at a lower resolution than was asked for."""
    answer: Answer


class _Brought:
    """The large images of one job that is asked for: it is not yet known to be one."""

    def __init__(self, inputs: InputStore) -> None:
        self._inputs = inputs
        self._digests: list[str] = []

    async def put(self, data: bytes, at: datetime) -> str:
        """Keep bytes, durable when this returns. See `InputStore`."""
        digest = await self._inputs.put(data, at)
        self._digests.append(digest)
        return digest

    async def keep(self) -> None:
        """The job is in the books."""
        for digest in self._digests:
            await self._inputs.keep(digest)

    async def take_back(self) -> None:
        """There is no such job: what came with it goes."""
        for digest in self._digests:
            await self._inputs.take_back(digest)


async def ask(
    placer: Placer,
    inputs: InputStore,
    teller: Teller,
    job: Job,
    policy: Policy,
    idempotency: Idempotency | None,
) -> Asked:
    """
    Ask for the hold of a job's first attempt, and shrink the job while a budget says so.

    Args:
        placer: Plans, and places holds.
        inputs: Large images are durable there before the hold is; of what is refused none stay.
        teller: Told when a budget has the last word.
        job: As the client wants it.
        policy: In force for it.
        idempotency: The client's promise, if it made one.

    Raises:
        BudgetExceeded: There is no room, nor for a smaller edit where one is allowed: told of the
            smallest that was tried, and counted once. Nothing is held.
        NobodyQualifies: There is no offer at the resolution that was asked for, and no budget in
            the way.
    """
    brought = _Brought(inputs)
    try:
        asked = await _ask(placer, brought, teller, job, policy, idempotency)
    except RouterError:
        await brought.take_back()
        raise
    await (brought.keep() if isinstance(asked.answer, Placed) else brought.take_back())
    return asked


async def _ask(
    placer: Placer,
    inputs: _Brought,
    teller: Teller,
    job: Job,
    policy: Policy,
    idempotency: Idempotency | None,
) -> Asked:
    refused, why = None, ""
    for tried in at_each_resolution(job):
        offers = await placer.offers(policy, tried)
        standing = await placer.standing(policy, tried)
        plan = choose(policy, tried, offers, standing=standing)
        if plan.offers:
            errand = await _errand(tried, plan, policy, inputs, _downshift(job, tried, refused))
            answer = await placer.accept(errand, plan, idempotency)
            if not isinstance(answer, Refused):
                return Asked(errand, answer)
            refused, why = answer, ""
            goes_on = policy.downshifts(refused.limit.budget)
        else:
            found = stopped(policy, tried, offers, standing)
            halt = found[0] if found is not None else None
            goes_on = may_shrink(policy, halt, is_smaller=refused is not None)
            if found is not None:
                refused, why = _refused_by_stage(*found)
            if refused is None:
                raise placer.nobody(policy, plan)
        if not goes_on:
            break
    assert refused is not None, "a job has a resolution"
    await placer.refuse(refused)
    teller.refused(job, refused)
    raise _exceeded(refused, why)


def _exceeded(refused: Refused, why: str) -> BudgetExceeded:
    error = BudgetExceeded(refused.limit, refused.usage, refused.asked)
    if why:
        error.detail = f"{error.detail.removesuffix('.')}: {why}."
    return error


async def _errand(
    job: Job, plan: Plan, policy: Policy, inputs: _Brought, downshift: Downshift | None
) -> Errand:
    row = await row_of(job, plan.decision, inputs, downshift)
    dearest = max(offer.price for offer in plan.offers)
    return Errand(job=job, policy=policy, row=row, dearest=dearest)


def _downshift(asked: Job, bought: Job, refused: Refused | None) -> Downshift | None:
    if refused is None:
        return None
    return Downshift(asked=asked.resolution, bought=bought.resolution, budget=refused.limit.budget)


def _refused_by_stage(halt: Halt, asked: Money) -> tuple[Refused, str]:
    """A stage's no, as the refusal of the budget that it goes by."""
    used = halt.used
    refused = Refused(limit=used.limit, usage=used.usage, asked=asked, is_counted=False)
    return refused, halt.why
