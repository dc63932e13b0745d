"""What an edit would cost and who would do it, and why. Spends nothing, holds nothing."""

from collections.abc import Mapping
from functools import partial
from itertools import chain
from typing import Any

from aiohttp import web

from router.dispatch.placing import used_of
from router.ledger.usage import Balances, read_balances
from router.model.budget import Limit
from router.model.clock import rfc3339
from router.model.errors import BudgetExceeded, InvalidJob, NobodyQualifies, Overloaded
from router.model.offer import Offer
from router.policy.downshift import Forecast, at_each_resolution, foresee
from router.policy.lots import by_lot
from router.policy.scopes import JobFacts
from router.policy.verdicts import NO_ROOM, told
from router.web.asking import asked_for
from router.web.explaining import read_as
from router.web.probes import told_at
from router.web.problems import json_response
from router.web.showing import may_be_named, may_be_shown
from router.web.visit import Visit
from router.web.wishes import EditRequest


async def create_quote(visit: Visit) -> web.Response:
    """`POST /v1/quotes`: explain what would become of an edit if it were asked for now."""
    tenant = visit.tenant(visit.query("tenant").get("tenant"))
    services = visit.services
    wish = read_as(EditRequest, await visit.body(), InvalidJob)
    asked = asked_for(services, visit.caller, wish, tenant=tenant)
    policy, job = asked.policy, asked.job
    sizes = at_each_resolution(job) if policy.downshifting else [job]
    offers = {size.resolution: await services.placer.offers(policy, size) for size in sizes}
    standing = await services.placer.standing(policy, job)
    facts, at = JobFacts.of(job), job.created_at
    limits = {name: policy.limits(facts, name, at) for name in policy.prices.provider_names}
    balances = await read_balances(services.ledger, at, chain.from_iterable(limits.values()))
    found = foresee(
        policy,
        job,
        lambda size: offers.get(size.resolution, ()),
        standing,
        partial(used_of, balances),
    )
    code = None
    if not found.offers:
        seen = offers.get(found.job.resolution, ())
        code = _code(services.placer.nobody(policy, found.job, seen, found.plan, standing), found)
    lots = by_lot(policy, found.job, offers.get(found.job.resolution, ()), standing)
    return json_response({**_explained(visit, found, code, limits, balances), "by_lot": lots})


def _explained(
    visit: Visit,
    found: Forecast,
    code: str | None,
    limits: Mapping[str, tuple[Limit, ...]],
    balances: Balances,
) -> dict[str, Any]:
    job = found.job
    chosen = found.offers[0] if found.offers else None
    return {
        "model": job.model,
        "resolution": job.resolution.value,
        "downshifted": _downshifted(found),
        "tenant": job.tenant,
        "chosen": chosen.provider if chosen is not None else None,
        "price": str(chosen.price) if chosen is not None else None,
        "error": code,
        "decision": _decision(visit, found),
        "budgets": [
            _headroom(visit, offer, limit, balances)
            for offer in found.plan.offers
            for limit in limits[offer.provider]
        ],
    }


def _decision(visit: Visit, found: Forecast) -> dict[str, Any]:
    """The decision as an edit would tell it, and why each provider's health is as it is now."""
    made = found.plan.decision
    seen = made.shown
    for candidate in seen["candidates"]:
        candidate.update(_health(visit, candidate["provider"]))
    no_room = dict(found.no_room)
    return told({**seen, NO_ROOM: no_room}, made.policy_hash, whole=visit.caller.sees_all)


def _health(visit: Visit, provider: str) -> dict[str, str | None]:
    found = visit.services.health.condition(provider)
    return {
        "state_reason": found.reason,
        "state_since": rfc3339(found.since),
        "state_until": told_at(found.until or found.cooling_until),
    }


def _downshifted(found: Forecast) -> dict[str, str] | None:
    if found.downshifted is None:
        return None
    asked, bought, budget = found.downshifted
    return {"from": asked.value, "to": bought.value, "budget": budget}


def _code(nobody: NobodyQualifies | Overloaded, found: Forecast) -> str:
    """The code that the edit would be refused with."""
    return nobody.code if found.stopped_by is None else BudgetExceeded.code


def _headroom(visit: Visit, offer: Offer, limit: Limit, balances: Balances) -> dict[str, Any]:
    available, ends = balances.available(limit), limit.begins_anew_at
    policy, is_shown = visit.services.policy(), may_be_shown(visit.caller, limit.scope)
    is_named = may_be_named(visit.caller, policy, limit.budget, limit.scope)
    return {
        "provider": offer.provider,
        "budget": limit.budget,
        "scope": limit.scope if is_named else None,
        "window_end": rfc3339(ends) if ends is not None else None,
        "rolls": limit.rolls,
        "limit": str(balances.in_force(limit).limit) if is_shown else None,
        "available": str(available) if is_shown else None,
        "fits": available >= offer.price,
    }
