"""Raising a budget's limit for a while: an entry of the ledger, which changes no file."""

from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict

from router.ledger.commands import Raise
from router.ledger.limit_rows import RaiseRow
from router.model.clock import from_rfc3339, rfc3339
from router.model.errors import Malformed, NotFound
from router.model.money import Money
from router.policy.budgets import KEY_BUDGET
from router.policy.explain import closest
from router.policy.policy import DOUBLE_SPEND, Policy
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


async def raise_budget(visit: Visit) -> web.Response:
    """`POST /v1/budgets/{id}/raise`: from now on, until an instant, for a reason."""
    services, name = visit.services, visit.path("id")
    asked = read_as(RaiseRequest, await visit.body(), Malformed)
    _check_is_there(services.policy(), name, asked.scope)
    now, until, by = services.clock.now(), from_rfc3339(asked.until), Money.parse(asked.by)
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
    await services.ledger.submit(Raise(at=now, row=row))
    told = {"id": row.id, "budget": row.budget, "scope": asked.scope, "by": str(row.amount)}
    made = {"until": rfc3339(row.until), "who": row.who, "reason": row.reason}
    return json_response({**told, **made}, status=201)


def _check_is_there(policy: Policy, name: str, scope: str | None) -> None:
    named = {budget.name: budget for budget in policy.budgets}
    names = {*named, KEY_BUDGET}
    if policy.failover.double_spend_max:
        names.add(DOUBLE_SPEND)
    if name not in names:
        raise NotFound(f"The policy has no budget '{name[:64]}'{closest(name, names)}.")
    if scope is not None and name in named and not named[name].scope.includes(scope):
        raise Malformed(f"`scope` is none of this budget's: {scope}.")
