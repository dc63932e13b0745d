"""Whether the house stands: for load balancers, for Prometheus, and for whoever finds the port."""

from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web

from router.dispatch.drift import Above
from router.finance.credit import credit_document
from router.model.clock import rfc3339
from router.model.errors import RouterError
from router.observe.metrics import CONTENT_TYPE
from router.policy.current import Rejection
from router.web.auth import who_asks
from router.web.problems import json_response
from router.web.services import OPENAPI, Services
from router.web.visit import Visit

PROBLEMS_MAX = 10


async def index(visit: Visit) -> web.Response:  # noqa: ARG001 - it says the same to everyone.
    """`GET /`: what this is, and where to go."""
    return json_response(
        {
            "name": "Farebox",
            "what": "Buys image edits from the provider that the policy picks, within budgets.",
            "buy": "POST /v1/edits",
            "ask": "POST /v1/quotes",
            "read": ["/v1/edits", "/v1/budgets", "/v1/spend"],
            "watch": ["/readyz", "/metrics"],
            "look": ["/dashboard", "/dashboard/operations"],
            "learn": "/openapi.json",
        }
    )


async def livez(visit: Visit) -> web.Response:  # noqa: ARG001 - that it runs is the answer.
    """`GET /livez`: the event loop turns."""
    return json_response({"alive": True})


async def readyz(visit: Visit) -> web.Response:
    """`GET /readyz`: whether edits are taken; `?verbose` says what stands and what does not."""
    services = visit.services
    is_verbose = "verbose" in visit.query("verbose")
    is_ready = (
        services.ready.is_set() and services.ledger.admitting and not services.draining.is_set()
    )
    status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    told: dict[str, Any] = {"ready": is_ready}
    if is_verbose:
        told.update(_parts(services, in_full=await _sees_all(visit)))
    return json_response(told, status=status)


async def _sees_all(visit: Visit) -> bool:
    """Whether all may be told; without a good key, or without the keys to compare it with, not."""
    try:
        caller = await who_asks(visit.services, visit.request)
    except RouterError:
        return False
    return caller.sees_all


def _parts(services: Services, *, in_full: bool) -> dict[str, Any]:
    standing = services.standing()
    policy = standing.policy
    return {
        "ledger": "writable" if services.ledger.admitting else "not writable",
        "recovery": "done" if services.ready.is_set() else "under way",
        "draining": services.draining.is_set(),
        "policy": {
            "name": policy.name,
            "hash": policy.hash,
            "since": rfc3339(standing.since),
            "error": _error(standing.rejection, in_full=in_full),
        },
        "providers": {
            name: {
                "connected": name in services.providers,
                **health_of(services, name, in_full=in_full),
                **(credit_of(services, name) if in_full else {}),
            }
            for name in policy.prices.provider_names
        },
    }


def health_of(services: Services, provider: str, *, in_full: bool) -> dict[str, Any]:
    """A provider's health; to strangers without the provider's words and how much is bought."""
    found = services.health.condition(provider)
    told: dict[str, Any] = {
        "state": found.state.value,
        "since": rfc3339(found.since),
        "until": told_at(found.until),
        "cooling_until": told_at(found.cooling_until),
    }
    if in_full:
        told["reason"] = found.reason
        told["started"], told["failed"] = found.share.started, found.share.failed
        told["waiting"] = services.turns.waiting(provider)
        told["stopped"] = [
            {
                "model": one.model,
                "resolution": one.resolution.value,
                "price": str(one.price),
                "charged_above": one.times,
            }
            for one in stopped_at(services, provider)
        ]
    return told


def stopped_at(services: Services, provider: str) -> list[Above]:
    """What a provider would sell, and is not asked for, because its price proved wrong."""
    now, prices = services.clock.now(), services.policy().prices
    return [one for one in services.health.prices.stopped(prices, now) if one.provider == provider]


def credit_of(services: Services, provider: str) -> dict[str, Any]:
    """What credit is left at a provider, as of the last look; nothing where nobody has read it."""
    credit = services.accounts.watch.credit(provider)
    return {} if credit is None else {"credit": credit_document(credit)}


def told_at(instant: datetime | None) -> str | None:
    """An instant as JSON has it."""
    return None if instant is None else rfc3339(instant)


def _error(rejection: Rejection | None, *, in_full: bool) -> dict[str, Any] | None:
    """What is wrong with the files; to strangers only where: the words quote the files."""
    if rejection is None:
        return None
    named = [replace(one, file=Path(one.file).name) for one in rejection.problems[:PROBLEMS_MAX]]
    problems = [one.head if in_full else f"{one.file}:{one.line}" for one in named]
    return {
        "at": rfc3339(rejection.at),
        "count": len(rejection.problems),
        "problems": problems,
    }


async def openapi(visit: Visit) -> web.Response:
    """`GET /openapi.json`: this document."""
    visit.query()
    return web.Response(body=visit.request.app[OPENAPI], content_type="application/json")


async def metrics(visit: Visit) -> web.Response:
    """`GET /metrics`: the text that Prometheus takes. It shows all tenants' money."""
    text = await visit.services.metrics.scrape()
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})
