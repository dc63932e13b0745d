"""Budgets as people ask for them: what each allows now, what of it is used, what is left."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from router.finance.forecast import BudgetWindow
from router.finance.outlook import Outlook, outlook
from router.finance.pace import Charged
from router.finance.standing import read_accounts
from router.ledger.alerting import Told
from router.ledger.books import Books
from router.ledger.key_rows import KeyRow
from router.ledger.limit_rows import RaiseRow
from router.ledger.refusals import Refusals, read_refusals
from router.ledger.usage import Account, Balances, read_balances
from router.model import alert as model
from router.model.budget import Limit, Usage
from router.model.clock import rfc3339
from router.model.money import Money
from router.model.yielding import Yielding
from router.policy.budgets import key_budget, oldest_hour
from router.policy.policy import DOUBLE_SPEND, Policy
from router.policy.scopes import JobFacts, account_text

_NO_REFUSALS = Refusals({})
_LINE = 100
"""A line of an account that was charged in no hour takes about so many microseconds."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """So much of a limit, in percent, and since when it is reached in the window."""

    percent: int
    reached_at: datetime | None
    """When it was told of; of a window that rolls, in any that overlaps. None: it was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """One budget's window of one scope, as it stands."""

    name: str
    scope: str
    """Whose money: `everyone`, `tenant:acme`, `tenant:acme,provider:runpod`."""
    limit: Money
    window_start: datetime | None
    window_end: datetime | None
    """When it begins anew; None where it never does, for a lifetime or where it rolls."""
    posted: Money
    presumed: Money
    held: Money
    in_doubt: Money
    rolls: bool = False
    """Whether the window is the last so many days, which shed what is old by the hour."""
    raises: tuple[RaiseRow, ...] = ()
    """What people have raised the policy's limit by; it is in `limit`."""
    thresholds: tuple[Threshold, ...] = ()
    """That people are told of, rising."""
    refused: bool = False
    """Whether edits were refused within the window, and what is left is still too little for them:
    it is used up, though its limit is not charged to the last cent."""
    zone: tzinfo = UTC
    """Whose midnights its window begins and ends with, and whose days of the week count."""
    outlook: Outlook | None = None
    """What is to be expected; None where nobody has asked for it."""

    @property
    def under_way(self) -> Money:
        """Held and in doubt: it takes room, and is charged to nobody yet."""
        return self.held + self.in_doubt

    @property
    def available(self) -> Money:
        """What a further hold may take; negative after an overage or a lowered limit."""
        usage = Usage(
            posted=self.posted, presumed=self.presumed, held=self.held, in_doubt=self.in_doubt
        )
        return usage.available(self.limit)

    @property
    def has_room(self) -> bool:
        """Whether anything is left."""
        return self.available.nanos > 0


async def budget_lines(
    ledger: Books,
    policy: Policy,
    at: datetime,
    tenant: str | None = None,
    *,
    looks_ahead: bool = True,
) -> tuple[BudgetLine, ...]:
    """
    Say how every configured budget stands.

    A budget for each tenant has a line per tenant with money in the window; every other one has its
    line even unused; those that keys were made with come last. A balance of a budget that the
    policy no longer has, or has with another window, is nobody's limit and has none.

    Args:
        ledger: Its balances are read once.
        policy: Whose budgets.
        at: Decides the windows.
        tenant: Only lines that this tenant may see: its own, used or not, and those that all share.
        looks_ahead: Whether to say what is to be expected of each, which takes up to a millisecond.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    keys = [row for row in await ledger.keys() if tenant in {None, row.tenant}]
    of_keys = tuple(dict.fromkeys(limits_of_keys(keys, at)))
    now = await read_accounts(ledger, at, policy.budgets, of_keys)
    told = Told(await ledger.alerts_at(at, oldest_hour(policy.budgets, at)))
    hours: Mapping[Account, Charged] = await ledger.hours_of_late(at) if looks_ahead else {}
    zones = {budget.name: budget.time_zone for budget in policy.budgets}
    yielding, lines = Yielding(), list[BudgetLine]()
    limits = [*_limits(policy, now, tenant), *of_keys]
    refusals = await read_refusals(ledger, limits)
    for limit in limits:
        line = _line(limit, now, told, zones.get(limit.budget, UTC), refusals)
        of_late = hours.get((limit.budget, limit.scope), {})
        lines.append(looking_ahead(line, of_late, at) if looks_ahead else line)
        # Edits are not to wait for the forecasts of a thousand accounts.
        await yielding.did(_LINE + len(of_late))
    return tuple(lines)


async def lines_that_bind(
    ledger: Books, policy: Policy, at: datetime, facts: JobFacts
) -> tuple[BudgetLine, ...]:
    """
    Say how the budgets stand that a job has to fit, whichever provider would serve it.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    found = (policy.limits(facts, provider, at) for provider in policy.prices.provider_names)
    limits = dict.fromkeys(limit for limits in found for limit in limits)
    now = await read_balances(ledger, at, limits)
    return tuple(_line(limit, now, Told(())) for limit in limits)


def tightest(lines: Iterable[BudgetLine]) -> BudgetLine | None:
    """
    Find the line with the least available; of equals the first. None where there is no budget.

    The double-spend budget is passed over: it pays only for second attempts beside one in doubt.
    """
    binding = (line for line in lines if line.name != DOUBLE_SPEND)
    return min(binding, key=lambda line: line.available, default=None)


def as_json(
    lines: Sequence[BudgetLine],
    *,
    named: bool = True,
    shown: Callable[[BudgetLine], bool] = lambda _: True,
) -> str:
    """
    Write the lines for a program: money as decimal strings, a lifetime's ends as null.

    Args:
        lines: In their order.
        named: Whether to tell who has raised a limit, and why.
        shown: Whether a line's amounts may be told. Else they are null, as is what they come to;
            whether there is room is always told.
    """
    content = [
        {
            "name": line.name,
            "scope": line.scope,
            "window_start": None if line.window_start is None else rfc3339(line.window_start),
            "window_end": None if line.window_end is None else rfc3339(line.window_end),
            "rolls": line.rolls,
            "time_zone": str(line.zone),
            "refused": line.refused,
            "has_room": line.has_room,
            **_told(line, named=named, shown=shown(line)),
        }
        for line in lines
    ]
    return json.dumps({"budgets": content}, indent=2) + "\n"


def _told(line: BudgetLine, *, named: bool, shown: bool) -> dict[str, object]:
    """What of a line says how much, or nothing of it, under the same names."""
    told: dict[str, object] = {
        "limit": str(line.limit),
        "raises": [_raise(row, named=named) for row in line.raises],
        "thresholds": [_threshold(one) for one in line.thresholds],
        "posted": str(line.posted),
        "presumed": str(line.presumed),
        "held": str(line.held),
        "in_doubt": str(line.in_doubt),
        "available": str(line.available),
        **(line.outlook.as_fields() if line.outlook is not None else {}),
    }
    if shown:
        return told
    return {name: [] if isinstance(value, list) else None for name, value in told.items()}


def _threshold(one: Threshold) -> dict[str, object]:
    reached = None if one.reached_at is None else rfc3339(one.reached_at)
    return {"percent": one.percent, "reached_at": reached}


def _raise(row: RaiseRow, *, named: bool) -> dict[str, str]:
    told = {"by": str(row.amount), "until": rfc3339(row.until)}
    return {"id": row.id, **told, "who": row.who, "reason": row.reason} if named else told


def _limits(policy: Policy, now: Balances, tenant: str | None) -> Iterator[Limit]:
    """In the order of the file, the accounts of one budget by their names."""
    known = {
        "provider": frozenset(policy.prices.provider_names),
        "model": frozenset(policy.prices.models),
        "tenant": frozenset({tenant} if tenant is not None else ()),
    }
    for budget in policy.budgets:
        scope = budget.scope
        used = filter(scope.includes, now.accounts(budget.name))
        for account in sorted({*scope.accounts(known), *used}):
            if tenant is None or scope.shows(account, tenant):
                yield budget.limit_of(account, now.at)
    if policy.failover.double_spend_max:
        yield policy.double_spend_limit(now.at)


def limits_of_keys(keys: Iterable[KeyRow], at: datetime) -> Iterator[Limit]:
    """The limits that keys have of their own: those of good keys, the oldest key's first."""
    for row in keys:
        is_good = row.revoked_at is None and (row.expires_at is None or at < row.expires_at)
        if row.budget is not None and is_good:
            account = account_text({"tenant": row.tenant, "key": row.name})
            yield key_budget(row.budget).limit_of(account, at)


def _line(
    limit: Limit,
    now: Balances,
    told: Told,
    zone: tzinfo = UTC,
    refusals: Refusals = _NO_REFUSALS,
) -> BudgetLine:
    usage, reached = now.usage(limit), told.of(limit)
    in_force = now.in_force(limit)
    return BudgetLine(
        name=limit.budget,
        scope=limit.scope,
        limit=in_force.limit,
        raises=now.raises_of(limit),
        thresholds=tuple(
            Threshold(one, reached.get(model.Threshold("actual", one))) for one in limit.alerts
        ),
        window_start=limit.window_start,
        window_end=limit.begins_anew_at,
        rolls=limit.rolls,
        posted=usage.posted,
        presumed=usage.presumed,
        held=usage.held,
        in_doubt=usage.in_doubt,
        refused=refusals.unmet(in_force, usage) is not None,
        zone=zone,
    )


def looking_ahead(line: BudgetLine, hours: Charged, at: datetime) -> BudgetLine:
    """
    Say of a line what is to be expected of it.

    Args:
        line: As it stands.
        hours: What its account was charged by the hour of late.
        at: Now.
    """
    window = BudgetWindow(
        start=line.window_start,
        end=line.window_end,
        limit=line.limit,
        charged=line.posted + line.presumed,
        under_way=line.under_way,
        zone=line.zone,
    )
    return replace(line, outlook=outlook(window, hours, at))
