"""Raising a budget's limit for a while: entries of the ledger, which change no file."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict

from router.finance.budgets import limits_of_keys
from router.ledger.commands import Raise
from router.ledger.limit_rows import RaiseRow, live
from router.ledger.store import Contradiction
from router.model.budget import Limit
from router.model.clock import from_rfc3339, rfc3339
from router.model.errors import Malformed, NotFound
from router.model.money import NANOS_MAX, Money
from router.policy.budgets import KEY_BUDGET
from router.policy.explain import unknown
from router.policy.policy import DOUBLE_SPEND, Policy
from router.policy.scopes import EVERYONE
from router.web.administration import Words, check_amount, check_instant
from router.web.explaining import read_as
from router.web.problems import json_response
from router.web.visit import Visit


class RaiseRequest(BaseModel):
    """The body of `POST /v1/budgets/{id}/raise`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    by: Annotated[str, AfterValidator(check_amount)]
    until: Annotated[str, AfterValidator(check_instant)]
    reason: Words
    scope: Words | None = None
    """One of the budget's accounts, as its list names it; absent: each of them."""


class EndRequest(BaseModel):
    """The body of `POST /v1/raises/{id}/end`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    reason: Words


async def raise_budget(visit: Visit) -> web.Response:
    """`POST /v1/budgets/{id}/raise`: from now on, until an instant, for a reason."""
    services, name = visit.services, visit.path("id")
    asked = read_as(RaiseRequest, await visit.body(), Malformed)
    now, until, by = services.clock.now(), from_rfc3339(asked.until), Money.parse(asked.by)
    limits = list(limits_of_keys(await services.ledger.keys(), now)) if name == KEY_BUDGET else []
    limit = _limit(services.policy(), name, asked.scope, limits)
    if until <= now:
        raise Malformed("`until` is past.")
    if not by:
        raise Malformed("`by` is nothing.")
    row = RaiseRow(
        id=services.ids.job(),
        budget=name,
        scope=asked.scope or "",
        amount=by,
        created_at=now,
        until=until,
        who=visit.caller.who,
        reason=asked.reason,
    )
    _check_is_money(limit, row, live(await services.ledger.raises_at(now)))
    await services.ledger.submit(Raise(at=now, row=row))
    return json_response(raise_body(row), status=201)


async def end_raise(visit: Visit) -> web.Response:
    """`POST /v1/raises/{id}/end`: the limit is lower from now on. Voids nothing that is held."""
    services = visit.services
    asked = read_as(EndRequest, await visit.body(), Malformed)
    now = services.clock.now()
    found = {row.id: row for row in live(await services.ledger.raises_at(now))}
    row = found.get(visit.path("id"))
    if row is None:
        raise NotFound("No raise by that id is in force.")
    end = row.ended(at=now, who=visit.caller.who, reason=asked.reason)
    try:
        await services.ledger.submit(Raise(at=now, row=end))
    except Contradiction:
        raise NotFound("Somebody else has just ended that raise.") from None
    ended = {"ended_at": rfc3339(now), "who": end.who, "reason": end.reason}
    return json_response({**raise_body(row), **ended})


def raise_body(row: RaiseRow) -> dict[str, Any]:
    """A raise as those are told of it who see all."""
    return {
        "id": row.id,
        "budget": row.budget,
        "scope": row.scope or None,
        "by": str(row.amount),
        "until": rfc3339(row.until),
        "who": row.who,
        "reason": row.reason,
    }


def _limit(policy: Policy, name: str, scope: str | None, of_keys: list[Limit]) -> Money:
    """
    Find the limit that is to be raised, the highest where there are several.

    Raises:
        NotFound: The policy has no such budget.
        Malformed: The budget has no such account.
    """
    named = {budget.name: budget for budget in policy.budgets}
    names = {*named, KEY_BUDGET}
    if policy.failover.double_spend_max:
        names.add(DOUBLE_SPEND)
    if name not in names:
        raise NotFound(unknown("The policy has no budget", name, names))
    if name in named:
        is_there, limit = scope is None or named[name].scope.includes(scope), named[name].limit
    elif name == KEY_BUDGET:
        is_there = scope is None or scope in {one.scope for one in of_keys}
        limit = max((one.limit for one in of_keys), default=Money.ZERO)
    else:
        is_there, limit = scope in {None, EVERYONE}, policy.failover.double_spend_max
    if not is_there:
        raise Malformed(f"`scope` is none of this budget's: {scope}.")
    return limit


def _check_is_money(limit: Money, row: RaiseRow, others: tuple[RaiseRow, ...]) -> None:
    """
    Refuse what no books can add up.

    Raises:
        Malformed: With the limit, and with what raises it already, it is beyond a billion dollars.
    """
    beside = (
        one
        for one in others
        if one.budget == row.budget and (one.scope == row.scope or "" in {one.scope, row.scope})
    )
    if limit.nanos + row.amount.nanos + sum(one.amount.nanos for one in beside) > NANOS_MAX:
        raise Malformed("`by` is too much: the limit would be beyond a billion dollars.")
