"""
What a choice saw, beside the policy and the job: stored with the job, so that it can be made again.

The text is JSON that holds everything `choose` reads and leaves out what is as by default. Amounts
are decimal dollars, seconds are written to the digit. Nothing in it is secret: no prompt, no image.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from router.model.budget import Limit, Usage
from router.model.clock import from_rfc3339, rfc3339
from router.model.job import Job
from router.model.latency import PERCENTILES, WINDOWS_S, Latency
from router.model.money import Money
from router.model.offer import Offer, Plan, ProviderState
from router.policy.choose import choose
from router.policy.policy import Policy
from router.policy.stages import Standing, Used

_AMOUNTS = ("posted", "presumed", "held", "in_doubt")
_TEXTS = ("provider", "slug", "aspect_ratio", "obstacle")
_UNTOLD: tuple[Any, ...] = (None, None, 0, None, None, None)
"""What of a latency is not written at its end: no samples, no queue, no execution, not likely."""


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
    offers = evidence.offers
    # All offers for a job are of its model, so it is written once.
    model = offers[0].model if offers else ""
    found: dict[str, Any] = {"offers": [_offer_written(offer, model) for offer in offers]}
    if model:
        found["model"] = model
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
        offers=tuple(_offer_read(one, found.get("model", "")) for one in found["offers"]),
        standing={name: _used_read(one) for name, one in found.get("standing", {}).items()},
        tried=frozenset(found.get("tried", ())),
    )


def _offer_written(offer: Offer, model: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: value for name in _TEXTS if (value := getattr(offer, name)) is not None
    }
    if offer.model != model:
        found["model"] = offer.model
    found["price"] = str(offer.price)
    if offer.list_price != offer.price:
        found["list_price"] = str(offer.list_price)
    found["from"] = _instant_written(offer.price_from)
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


def _offer_read(found: Mapping[str, Any], model: str) -> Offer:
    price, latency = Money.parse(found["price"]), found.get("latency")
    return Offer(
        provider=found["provider"],
        model=found.get("model", model),
        slug=found["slug"],
        price=price,
        list_price=Money.parse(found["list_price"]) if "list_price" in found else price,
        price_from=from_rfc3339(found["from"]),
        state=ProviderState(found.get("state", ProviderState.SERVING)),
        aspect_ratio=found.get("aspect_ratio"),
        obstacle=found.get("obstacle"),
        busy_s=found.get("busy_s"),
        stated=tuple(found["stated"]) if "stated" in found else None,
        latency=_latency_read(latency) if latency is not None else None,
        failing=found.get("failing", 0.0),
    )


def _latency_written(latency: Latency) -> list[Any]:
    """The percentiles of each window, one after the other; then the mean, and what else is told."""
    rows = latency.percentiles_s
    # What is only stated is the same over every window: it is written once.
    once = rows[:1] if rows == rows[:1] * len(rows) else rows
    rest: list[Any] = [latency.mean_s, latency.samples, latency.queue_s, latency.execution_s]
    rest.append(latency.likely_s)
    while rest[-1] == _UNTOLD[len(rest)]:
        rest.pop()
    return [[second for row in once for second in row], *rest]


def _latency_read(found: Sequence[Any]) -> Latency:
    seconds, mean_s, samples, queue_s, execution_s, likely_s = (*found, *_UNTOLD[len(found) :])
    width = len(PERCENTILES)
    rows = tuple(tuple(seconds[begin : begin + width]) for begin in range(0, len(seconds), width))
    return Latency(
        percentiles_s=rows * len(WINDOWS_S) if len(rows) == 1 else rows,
        mean_s=mean_s,
        samples=samples,
        queue_s=queue_s,
        execution_s=execution_s,
        likely_s=None if likely_s is None else (likely_s[0], likely_s[1]),
    )


def _instant_written(at: datetime) -> str:
    # Prices begin at whole seconds, which need no microseconds.
    return rfc3339(at).replace(".000000Z", "Z")


def _used_written(used: Used) -> dict[str, Any]:
    limit = used.limit
    found: dict[str, Any] = {"budget": limit.budget, "scope": limit.scope}
    found["limit"] = str(limit.limit)
    instants = {
        "start": limit.window_start,
        "end": limit.window_end,
        "bucket": limit.bucket_start,
    }
    found |= {name: _instant_written(at) for name, at in instants.items() if at is not None}
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
