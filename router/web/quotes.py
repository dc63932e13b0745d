"""What an edit would cost and who would do it, and why. Spends nothing, holds nothing."""

from typing import Any

from aiohttp import web

from router.finance.standing import Standing, standing
from router.model.budget import Limit
from router.model.clock import rfc3339
from router.model.errors import BudgetExceeded, NobodyQualifies
from router.model.offer import Offer, Plan
from router.policy.scopes import JobFacts
from router.web.problems import json_response
from router.web.reading import Asked, read_edit
from router.web.visit import Visit

_Limits = dict[str, tuple[Limit, ...]]


async def create_quote(visit: Visit) -> web.Response:
    """`POST /v1/quotes`: explain what would become of an edit if it were asked for now."""
    tenant = visit.tenant(visit.query("tenant").get("tenant"))
    services = visit.services
    asked = read_edit(services, visit.caller, await visit.body(), tenant=tenant)
    plan = await services.placer.plan(asked.policy, asked.job)
    limits = {
        offer.provider: asked.policy.limits(
            JobFacts.of(asked.job), offer.provider, asked.job.created_at
        )
        for offer in plan.offers
    }
    every = (limit for found in limits.values() for limit in found)
    now = await standing(services.ledger, asked.job.created_at, every)
    return json_response(_explained(visit, asked, plan, limits, now))


def _explained(
    visit: Visit, asked: Asked, plan: Plan, limits: _Limits, now: Standing
) -> dict[str, Any]:
    job = asked.job
    fitting = [
        offer
        for offer in plan.offers
        if all(now.available(limit) >= offer.price for limit in limits[offer.provider])
    ]
    chosen = fitting[0] if fitting else None
    obstacle = None if chosen is not None else BudgetExceeded.code
    return {
        "model": job.model,
        "resolution": job.resolution.value,
        "tenant": job.tenant,
        "chosen": chosen.provider if chosen is not None else None,
        "price": str(chosen.price) if chosen is not None else None,
        "error": obstacle if plan.offers else NobodyQualifies.code,
        "decision": {
            "policy": plan.decision.policy,
            "policy_hash": plan.decision.policy_hash,
            "rule": plan.decision.rule,
            "candidates": [
                {
                    "provider": candidate.provider,
                    "price": str(candidate.price),
                    "verdict": candidate.verdict,
                    "state": visit.services.health.state(candidate.provider).value,
                }
                for candidate in plan.decision.candidates
            ],
        },
        "budgets": [
            _headroom(offer, limit, now)
            for offer in plan.offers
            for limit in limits[offer.provider]
        ],
    }


def _headroom(offer: Offer, limit: Limit, now: Standing) -> dict[str, Any]:
    available = now.available(limit)
    return {
        "provider": offer.provider,
        "budget": limit.budget,
        "scope": limit.scope,
        "window_end": rfc3339(limit.window_end) if limit.window_end is not None else None,
        "limit": str(now.in_force(limit).limit),
        "available": str(available),
        "fits": available >= offer.price,
    }
