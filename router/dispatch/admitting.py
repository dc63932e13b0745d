"""
A job's first hold: at its resolution, or at a lower one where the budget without room says so.

The ledger alone refuses for money. Each lower resolution is a plan of its own and asks for a hold
of its own; nothing is held of those that came before. Here alone a job is made smaller: on failover
it stays what it is.

Stages are read before the hold and not with it, so jobs that are admitted together may pass one
together. What the hold itself checks is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from router.dispatch.errand import Admission, Errand
from router.dispatch.placing import Placer
from router.dispatch.ports import Books, InputStore
from router.dispatch.requests import Downshift, row_of
from router.dispatch.telling import Teller
from router.ledger.answers import Answer, Conflict, Refused, holds
from router.ledger.commands import Idempotency
from router.model.errors import BudgetExceeded, IdempotencyConflict, Overloaded, RouterError
from router.model.ids import JobId
from router.model.job import Job
from router.model.money import Money, total
from router.model.offer import Plan
from router.policy.downshift import at_each_resolution, may_shrink, stopped
from router.policy.evidence import Evidence, as_text, replay
from router.policy.policy import Policy
from router.policy.stages import Halt


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking for the first hold of a job, or of several of one request."""

    errands: tuple[Errand, ...]
    """The jobs as they are bought: perhaps at a lower resolution than was asked for."""
    answer: Answer


class _Brought:
    """The large images that a request brought: it is not yet known whether it buys anything."""

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


def alike(job: Job, copies: Sequence[JobId]) -> list[Job]:
    """The jobs of one request: the first, and the same again under other ids."""
    batch = job.id if copies else None
    return [replace(job, id=one, batch=batch) for one in (job.id, *copies)]


async def recognise(books: Books, tenant: str, idempotency: Idempotency | None) -> Admission | None:
    """
    Find what a client's promise stands for; None when it made none, or keeps it for the first time.

    Raises:
        IdempotencyConflict: It stands for another request.
    """
    known = await books.promise(tenant, idempotency.key) if idempotency is not None else None
    if known is None or idempotency is None:
        return None
    if known.fingerprint != idempotency.fingerprint:
        raise IdempotencyConflict
    return await replayed(books, known.job_id)


async def replayed(books: Books, job_id: JobId) -> Admission:
    """An earlier request's job, and those that it bought with it."""
    row = await books.job(job_id)
    assert row is not None, "an idempotency key is kept no longer than its job"
    rows = [row] if row.batch is None else await books.batch(row.batch)
    return Admission(tuple(rows), replayed=True)


async def ask(
    placer: Placer,
    inputs: InputStore,
    teller: Teller,
    jobs: Sequence[Job],
    policy: Policy,
    idempotency: Idempotency | None,
    *,
    look_s: float | None = None,
) -> Asked:
    """
    Ask for the hold of each job's first attempt, and shrink the jobs while a budget says so.

    Args:
        placer: Plans, and places holds.
        inputs: Large images are durable there before the hold is; of what is refused none stay.
        teller: Told when a budget has the last word.
        jobs: As the client wants them: of one request, and alike but for their ids. They are held
            for together, all or none.
        policy: In force for them.
        idempotency: The client's promise, if it made one.
        look_s: For how long to look at an image whose shape matters. See `Survey.offers`.

    Raises:
        BudgetExceeded: There is no room, nor for a smaller edit where one is allowed: told of the
            smallest that was tried, and counted once. Nothing is held.
        NobodyQualifies: There is no offer at the resolution that was asked for, and no budget in
            the way.
        Overloaded: As much waits everywhere that the job could not be in time.
        IdempotencyConflict: The promise was made before, for another request.
    """
    brought = _Brought(inputs)
    try:
        asked = await _ask(placer, brought, teller, jobs, policy, idempotency, look_s)
    except RouterError as error:
        if isinstance(error, Overloaded):
            teller.overloaded()
        await brought.take_back()
        raise
    await (brought.keep() if holds(asked.answer) else brought.take_back())
    if isinstance(asked.answer, Conflict):
        raise IdempotencyConflict
    return asked


async def _ask(
    placer: Placer,
    inputs: _Brought,
    teller: Teller,
    jobs: Sequence[Job],
    policy: Policy,
    idempotency: Idempotency | None,
    look_s: float | None,
) -> Asked:
    (job, *_), refused, why = jobs, None, ""
    placer.check_turns(policy, job)
    for tried in at_each_resolution(job):
        offers = await placer.offers(policy, tried, look_s=look_s)
        # An image that did not come in time is not looked at again for a smaller edit of it.
        look_s = None if look_s is None else 0.0
        standing = await placer.standing(policy, tried)
        evidence = Evidence(offers, standing)
        plan = replay(policy, tried, evidence)
        if plan.offers:
            sized = [replace(one, resolution=tried.resolution) for one in jobs]
            smaller, seen = _downshift(job, tried, refused), as_text(evidence)
            errands = [await _errand(one, plan, policy, inputs, smaller, seen) for one in sized]
            answer = await placer.accept(errands, plan, idempotency)
            if not isinstance(answer, Refused):
                return Asked(tuple(errands), answer)
            refused, why = answer, ""
            goes_on = policy.downshifts(refused.limit.budget)
        else:
            found = stopped(policy, tried, offers, standing)
            halt = found[0] if found is not None else None
            goes_on = may_shrink(policy, halt, is_smaller=refused is not None)
            if found is not None:
                refused, why = _refused_by_stage(*found, jobs=len(jobs))
            if refused is None:
                raise placer.nobody(policy, tried, offers, plan, standing)
        if not goes_on:
            break
    assert refused is not None, "a job has a resolution"
    await placer.refuse(refused)
    teller.refused(job, refused)
    raise BudgetExceeded(refused.limit, refused.usage, refused.asked, f": {why}" if why else "")


async def _errand(
    job: Job,
    plan: Plan,
    policy: Policy,
    inputs: _Brought,
    downshift: Downshift | None,
    evidence: str,
) -> Errand:
    row = await row_of(job, plan.decision, inputs, downshift, evidence=evidence)
    dearest = max(offer.price for offer in plan.offers)
    cheapest = min(offer.price for offer in plan.offers)
    return Errand(job=job, policy=policy, row=row, dearest=dearest, cheapest=cheapest)


def _downshift(asked: Job, bought: Job, refused: Refused | None) -> Downshift | None:
    if refused is None:
        return None
    return Downshift(asked=asked.resolution, bought=bought.resolution, budget=refused.limit.budget)


def _refused_by_stage(halt: Halt, asked: Money, *, jobs: int) -> tuple[Refused, str]:
    """A stage's no, as the refusal of the budget that it goes by."""
    refused = Refused(
        limit=halt.used.limit,
        usage=halt.used.usage,
        asked=total([asked] * jobs),
        is_counted=False,
        jobs=jobs,
    )
    return refused, halt.why
