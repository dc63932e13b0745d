"""The operators' page: whether it runs, for whoever watches an incident. It refreshes itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from aiohttp import web
from markupsafe import Markup

from router.dispatch.drift import Above
from router.dispatch.health_record import Condition
from router.finance.recent import MOST, WITHIN, Recent, recent
from router.ledger.rows import JobRow
from router.ledger.views import OpenRow
from router.model.errors import Malformed
from router.model.money import Money
from router.policy.current import Standing
from router.policy.rules import told_rule
from router.web.dashboard.charts.ranges import spread
from router.web.dashboard.notices import Outstanding
from router.web.dashboard.pages import common
from router.web.dashboard.showing import answer, written
from router.web.probes import stopped_at
from router.web.visit import Visit

EVERY_S = (5, 15, 60)
"""How often it may be asked for again by itself."""
OFF = "off"
DECISIONS = 15
_COMMIT, _BATCH = "farebox_ledger_commit_seconds", "farebox_ledger_batch_size"
_REJECTED = "farebox_policy_reload_failures_total"
_OVERLOADED = "farebox_overloaded_total"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPart:
    """One provider, as it stands."""

    name: str
    connected: bool
    """Whether there is a credential for it."""
    condition: Condition
    waiting: int
    """Creates that wait for a slot, or for its rate."""
    stopped: tuple[Above, ...]
    """What is not bought there any more, because its price proved wrong."""
    held: Outstanding
    in_doubt: Outstanding


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyPart:
    """How one provider's attempts of one resolution went."""

    recent: Recent
    picture: Markup | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPart:
    """One job's decision."""

    row: JobRow
    rule: str
    candidates: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPart:
    """How the books are."""

    writable: bool
    commits: int
    commit_s: float | None
    """On average, since the start; None before the first."""
    batch: float | None
    checked: tuple[datetime, Money] | None
    """When journal and balances were last compared, and by how much they differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsPage:
    """All that the page shows."""

    at: datetime
    every: int | None
    providers: tuple[ProviderPart, ...]
    latencies: tuple[LatencyPart, ...]
    held: Outstanding
    in_doubt: Outstanding
    ledger: LedgerPart
    standing: Standing
    rejections: int
    overloaded: int
    ready: bool
    draining: bool
    decisions: tuple[DecisionPart, ...]

    @property
    def stopped(self) -> tuple[Above, ...]:
        """What is not bought any more, of all providers."""
        return tuple(offer for one in self.providers for offer in one.stopped)


async def show_operations(visit: Visit) -> web.Response:
    """`GET /dashboard/operations`: providers, latencies, money under way, the ledger, decisions."""
    every = _every(visit.query("refresh").get("refresh", str(EVERY_S[0])))
    services = visit.services
    at, ledger = services.clock.now(), services.ledger
    open_rows = await ledger.open_money()
    ended = await ledger.ended_lately(at - WITHIN, most=MOST)
    jobs = await ledger.browse(most=DECISIONS)
    counted = services.metrics.counted()
    standing = services.standing()
    page = OperationsPage(
        at=at,
        every=every,
        providers=tuple(
            _provider(visit, name, open_rows) for name in standing.policy.prices.provider_names
        ),
        latencies=tuple(_latencies(recent(ended))),
        held=_outstanding(open_rows, "held"),
        in_doubt=_outstanding(open_rows, "in_doubt"),
        ledger=_ledger(visit, counted),
        standing=standing,
        rejections=int(counted.get(_REJECTED, 0)),
        overloaded=int(counted.get(_OVERLOADED, 0)),
        ready=services.ready.is_set(),
        draining=services.draining.is_set(),
        decisions=tuple(_decision(row) for row in jobs),
    )
    text = await services.desk.run(
        partial(
            written,
            "operations.html",
            page=page,
            choices=[*map(str, EVERY_S), OFF],
            **common(visit, "operations"),
        )
    )
    response = answer(text)
    if every is not None:
        # A header, not an element: whoever reads slowly can turn it off by a link.
        response.headers["Refresh"] = str(every)
    return response


def _every(text: str) -> int | None:
    if text == OFF:
        return None
    if text not in {str(one) for one in EVERY_S}:
        raise Malformed(f"`?refresh=` is {', '.join(map(str, EVERY_S))} seconds, or {OFF}.")
    return int(text)


def _provider(visit: Visit, name: str, rows: Sequence[OpenRow]) -> ProviderPart:
    services = visit.services
    own = [row for row in rows if row.provider == name]
    return ProviderPart(
        name=name,
        connected=name in services.providers,
        condition=services.health.condition(name),
        waiting=services.turns.waiting(name),
        stopped=tuple(stopped_at(services, name)),
        held=_outstanding(own, "held"),
        in_doubt=_outstanding(own, "in_doubt"),
    )


def _outstanding(rows: Sequence[OpenRow], money: str) -> Outstanding:
    return Outstanding.among(rows, money)


def _latencies(found: Sequence[Recent]) -> list[LatencyPart]:
    """On one scale, so that they can be compared."""
    longest_s = max((one.percentiles_s[2] for one in found if one.percentiles_s), default=1.0)
    return [
        LatencyPart(
            recent=one,
            picture=spread(
                f"l{number}",
                f"{one.provider} {one.resolution}",
                one.percentiles_s,
                max(longest_s, 0.001),
            )
            if one.percentiles_s
            else None,
        )
        for number, one in enumerate(found)
    ]


def _ledger(visit: Visit, counted: Mapping[str, float]) -> LedgerPart:
    commits = int(counted.get(f"{_COMMIT}_count", 0))
    return LedgerPart(
        writable=visit.services.ledger.admitting,
        commits=commits,
        commit_s=counted[f"{_COMMIT}_sum"] / commits if commits else None,
        batch=counted[f"{_BATCH}_sum"] / commits if commits else None,
        checked=visit.services.check.last,
    )


def _decision(row: JobRow) -> DecisionPart:
    found: dict[str, Any] = json.loads(row.decision)
    candidates = tuple(found.get("candidates", ()))
    return DecisionPart(row=row, rule=told_rule(found.get("rule", "")), candidates=candidates)
