"""What an edit would cost and who would do it, and why. Spends nothing, holds nothing."""

from typing import Any

from aiohttp import web

from router.ledger.rows import BalanceRow, Window
from router.model.budget import Limit, Usage
from router.model.clock import rfc3339
from router.model.errors import BudgetExceeded, NobodyQualifies
from router.model.job import Job
from router.model.offer import Offer, Plan
from router.policy.policy import Policy
from router.web.problems import json_response
from router.web.reading import read_edit
from router.web.visit import Visit

_Balances = dict[tuple[object, ...], BalanceRow]


async def create_quote(visit: Visit) -> web.Response:
    """`POST /v1/quotes`: explain what would become of an edit if it were asked for now."""
    tenant = visit.tenant(visit.query("tenant").get("tenant"))
    services = visit.services
    asked = read_edit(services, visit.caller, await visit.body(), tenant=tenant)
    plan = await services.placer.plan(asked.policy, asked.job)
    rows = await services.ledger.balances_at(asked.job.created_at)
    balances: _Balances = {row.key: row for row in rows}
    return json_response(_explained(visit, asked.job, asked.policy, plan, balances))


def _explained(
    visit: Visit, job: Job, policy: Policy, plan: Plan, balances: _Balances
) -> dict[str, Any]:
    limits = {
        offer.provider: policy.limits(job.tenant, offer.provider, job.created_at)
        for offer in plan.offers
    }
    fitting = [offer for offer in plan.offers if _fits(offer, limits[offer.provider], balances)]
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
            _headroom(offer, limit, balances)
            for offer in plan.offers
            for limit in limits[offer.provider]
        ],
    }


def _fits(offer: Offer, limits: tuple[Limit, ...], balances: _Balances) -> bool:
    return all(_usage(limit, balances).available(limit.limit) >= offer.price for limit in limits)


def _headroom(offer: Offer, limit: Limit, balances: _Balances) -> dict[str, Any]:
    available = _usage(limit, balances).available(limit.limit)
    return {
        "provider": offer.provider,
        "budget": limit.budget,
        "scope": limit.scope,
        "window_end": rfc3339(limit.window_end) if limit.window_end is not None else None,
        "limit": str(limit.limit),
        "available": str(available),
        "fits": available >= offer.price,
    }


def _usage(limit: Limit, balances: _Balances) -> Usage:
    window = Window.of(limit)
    row = balances.get((window.budget, window.scope, window.start))
    return row.usage if row is not None else Usage()
