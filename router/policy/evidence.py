"""
What a choice saw, beside the policy and the job: stored with the job, so that it can be made again.

The text is JSON that holds everything `choose` reads and leaves out what is as by default. Amounts
are decimal dollars, seconds are written to the digit. Nothing in it is secret: no prompt, no image.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from router.model.budget import Limit, Usage
from router.model.clock import from_rfc3339, rfc3339
from router.model.job import Job
from router.model.latency import WINDOWS_S, Latency
from router.model.money import Money
from router.model.offer import Offer, Plan, ProviderState
from router.policy.choose import choose
from router.policy.policy import Policy
from router.policy.stages import Standing, Used

_AMOUNTS = ("posted", "presumed", "held", "in_doubt")
_TEXTS = ("provider", "model", "slug", "aspect_ratio", "obstacle")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a choice saw. A value."""

    offers: tuple[Offer, ...]
    """For the job at the resolution that it was planned at: after a downshift, the lower one."""
    standing: Standing = field(default_factory=dict[str, Used])
    """What of the budgets was used, as far as the policy's stages go by it."""
    tried: frozenset[str] = frozenset()
    """Providers that the job had been tried at."""


def replay(policy: Policy, job: Job, evidence: Evidence) -> Plan:
    """
    Choose by what was seen: then, and ever again, with the same outcome.

    Args:
        policy: The one that the job began under, or another to see what it would have done.
        job: At the resolution that it was planned at.
        evidence: What was seen.
    """
    return choose(policy, job, evidence.offers, tried=evidence.tried, standing=evidence.standing)


def as_text(evidence: Evidence) -> str:
    """Write evidence as compact JSON, in ASCII: the same for the same value."""
    found: dict[str, Any] = {"offers": [_offer_written(offer) for offer in evidence.offers]}
    if evidence.standing:
        found["standing"] = {
            name: _used_written(used) for name, used in sorted(evidence.standing.items())
        }
    if evidence.tried:
        found["tried"] = sorted(evidence.tried)
    return json.dumps(found, separators=(",", ":"))


def read_evidence(text: str) -> Evidence:
    """
    Read what `as_text` wrote: the value that it was written of.

    Raises:
        ValueError, KeyError: It did not write this.
    """
    found = json.loads(text)
    return Evidence(
        offers=tuple(_offer_read(one) for one in found["offers"]),
        standing={name: _used_read(one) for name, one in found.get("standing", {}).items()},
        tried=frozenset(found.get("tried", ())),
    )


def _offer_written(offer: Offer) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: value for name in _TEXTS if (value := getattr(offer, name)) is not None
    }
    found["price"] = str(offer.price)
    if offer.list_price != offer.price:
        found["list_price"] = str(offer.list_price)
    found["price_from"] = rfc3339(offer.price_from)
    if offer.state is not ProviderState.SERVING:
        found["state"] = offer.state.value
    if offer.busy_s is not None:
        found["busy_s"] = offer.busy_s
    if offer.stated is not None:
        found["stated"] = offer.stated
    if offer.latency is not None:
        found["latency"] = _latency_written(offer.latency)
    if offer.failing:
        found["failing"] = offer.failing
    return found


def _offer_read(found: Mapping[str, Any]) -> Offer:
    price, latency = Money.parse(found["price"]), found.get("latency")
    return Offer(
        provider=found["provider"],
        model=found["model"],
        slug=found["slug"],
        price=price,
        list_price=Money.parse(found["list_price"]) if "list_price" in found else price,
        price_from=from_rfc3339(found["price_from"]),
        state=ProviderState(found.get("state", ProviderState.SERVING)),
        aspect_ratio=found.get("aspect_ratio"),
        obstacle=found.get("obstacle"),
        busy_s=found.get("busy_s"),
        stated=tuple(found["stated"]) if "stated" in found else None,
        latency=_latency_read(latency) if latency is not None else None,
        failing=found.get("failing", 0.0),
    )


def _latency_written(latency: Latency) -> dict[str, Any]:
    rows = latency.percentiles_s
    # What is only stated is the same over every window: it is written once.
    found: dict[str, Any] = {"s": rows[:1] if rows == rows[:1] * len(rows) else rows}
    found["mean_s"] = latency.mean_s
    if latency.samples:
        found["samples"] = latency.samples
    if latency.queue_s is not None:
        found["queue_s"] = latency.queue_s
    if latency.execution_s is not None:
        found["execution_s"] = latency.execution_s
    return found


def _latency_read(found: Mapping[str, Any]) -> Latency:
    rows = tuple(tuple(row) for row in found["s"])
    return Latency(
        percentiles_s=rows * len(WINDOWS_S) if len(rows) == 1 else rows,
        mean_s=found["mean_s"],
        samples=found.get("samples", 0),
        queue_s=found.get("queue_s"),
        execution_s=found.get("execution_s"),
    )


def _used_written(used: Used) -> dict[str, Any]:
    limit = used.limit
    found: dict[str, Any] = {"budget": limit.budget, "scope": limit.scope}
    found["limit"] = str(limit.limit)
    instants = {
        "start": limit.window_start,
        "end": limit.window_end,
        "bucket": limit.bucket_start,
    }
    found |= {name: rfc3339(at) for name, at in instants.items() if at is not None}
    if limit.alerts:
        found["alerts"] = limit.alerts
    amounts = {name: getattr(used.usage, name) for name in _AMOUNTS}
    return found | {name: str(amount) for name, amount in amounts.items() if amount}


def _used_read(found: Mapping[str, Any]) -> Used:
    def instant(name: str) -> datetime | None:
        return from_rfc3339(found[name]) if name in found else None

    limit = Limit(
        budget=found["budget"],
        scope=found["scope"],
        window_start=instant("start"),
        window_end=instant("end"),
        limit=Money.parse(found["limit"]),
        bucket_start=instant("bucket"),
        alerts=tuple(found.get("alerts", ())),
    )
    amounts = {name: Money.parse(found[name]) for name in _AMOUNTS if name in found}
    return Used(limit, Usage(**amounts))
