"""From a plan's offers to tenders: attempts that could be made, and the limits they must fit."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from router.ledger.commands import Tender
from router.ledger.rows import AttemptRow
from router.model.ids import Ids, attempt_id
from router.model.job import AttemptState, Job
from router.model.money import Money
from router.model.offer import Offer, ProviderTerms
from router.policy.policy import Policy
from router.policy.scopes import JobFacts

# Clocks differ and callbacks are late: nobody is presumed to have charged within this margin.
HORIZON_MARGIN_S = 300.0


def tenders(
    policy: Policy,
    job: Job,
    offers: Sequence[Offer],
    *,
    number: int,
    dearest: Money,
    ids: Ids,
    at: datetime,
    in_force: Policy | None = None,
    pays_twice: bool = False,
    cheapest: Money | None = None,
) -> tuple[Tender, ...]:
    """
    Make a tender of each offer, in the order of the plan.

    Args:
        policy: The job's.
        job: For whom.
        offers: The plan's.
        number: The attempt's number, counted from 1.
        dearest: The dearest qualifying offer's price, to tell savings from.
        ids: Makes callback tokens.
        at: Now: decides the budgets' windows.
        in_force: Whose budgets bind, where that is a younger policy than the job's.
        pays_twice: An earlier attempt is in doubt, so the day's double-spend limit binds as well.
        cheapest: The cheapest qualifying offer's price, to tell what more would have been saved.
    """
    made: list[Tender] = []
    budgets = in_force or policy
    for offer in offers:
        limits = budgets.limits(JobFacts.of(job), offer.provider, at)
        if pays_twice:
            limits = (*limits, budgets.double_spend_limit(at, job))
        attempt = AttemptRow(
            id=attempt_id(job.id, number),
            job_id=job.id,
            number=number,
            tenant=job.tenant,
            key_id=job.key_id,
            tags=job.tags,
            provider=offer.provider,
            model=job.model,
            slug=offer.slug,
            resolution=job.resolution,
            aspect_ratio=offer.aspect_ratio,
            state=AttemptState.HELD,
            quoted=offer.price,
            list_price=offer.list_price,
            dearest=dearest,
            cheapest=cheapest,
            price_from=offer.price_from,
            windows=(),
            callback_token=ids.callback_token(),
            created_at=at,
            horizon_at=horizon(at, policy.prices.terms(offer.provider)),
        )
        made.append(Tender(attempt=attempt, limits=limits))
    return tuple(made)


def horizon(at: datetime, terms: ProviderTerms) -> datetime:
    """When a job sent at an instant has surely run out, been forgotten, and been told of."""
    seconds = terms.job_ttl_s + terms.retention_s + HORIZON_MARGIN_S
    return at + timedelta(seconds=seconds)


def offer_of(attempt: AttemptRow) -> Offer:
    """The offer that an attempt was made on, as far as sending it needs."""
    return Offer(
        provider=attempt.provider,
        model=attempt.model,
        slug=attempt.slug,
        price=attempt.quoted,
        list_price=attempt.list_price,
        price_from=attempt.price_from,
        aspect_ratio=attempt.aspect_ratio,
    )
