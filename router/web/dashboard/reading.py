"""What the finance page reads of the books: the same readings as the report's and the scrape's."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from router.finance.budgets import BudgetLine, budget_lines
from router.finance.forecast import HISTORY
from router.finance.overview import Filter, unit_of
from router.finance.periods import month_before, month_of, same_moment
from router.finance.report import TAG
from router.ledger.days import Cut
from router.ledger.limit_rows import BudgetHourRow
from router.ledger.mapping import decode, decode_view
from router.ledger.rows import AttemptRow
from router.ledger.views import OpenRow, RefusedRow, SpendingRow, SpentHourRow
from router.policy.policy import Policy
from router.policy.scopes import account_parts
from router.web.dashboard.asked import Asked
from router.web.dashboard.burn import read_hours
from router.web.showing import may_be_shown
from router.web.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """What a page looks at of the policy in force."""

    providers: tuple[str, ...]
    zones: dict[str, tzinfo]
    """By budget: whose days it counts."""

    @classmethod
    def of(cls, policy: Policy) -> "PolicyFacts":
        """Take them."""
        zones = {budget.name: budget.time_zone for budget in policy.budgets}
        return cls(providers=tuple(policy.prices.provider_names), zones=zones)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinanceReading:
    """The books as one page shows them: of the caller's own tenant, unless it sees all."""

    period: tuple[SpendingRow, ...]
    """Of the period that is asked for, as far as they are meant."""
    choices: tuple[SpendingRow, ...]
    """The same without the filter, not by day: what there is to choose from."""
    lately: tuple[SpendingRow, ...]
    """By day, of this month, as far as meant."""
    spent_hours: tuple[SpentHourRow, ...]
    """What was charged by the hour, in as many weeks as a forecast goes by, as far as meant."""
    month_before: tuple[SpendingRow, ...]
    """Of the month before, until the same moment of it."""
    open: tuple[OpenRow, ...]
    """What is held and in doubt now."""
    budgets: tuple[BudgetLine, ...]
    hours: dict[tuple[str, str], tuple[BudgetHourRow, ...]]
    """What the most used budgets with a window were charged by the hour, by name and scope."""
    undelivered: tuple[AttemptRow, ...]
    """Billed in the period, and not delivered."""
    refused: tuple[RefusedRow, ...]
    """By budgets, since this month began."""
    facts: PolicyFacts


Columns = list[dict[str, Any]]
"""Rows as they stand in the books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A reading whose many rows are still columns: to take them apart is work for elsewhere."""

    period: Columns | None
    """None: it is this month, and among what is of late."""
    choices: Columns
    lately: Columns
    spent_hours: Columns
    month_before: Columns
    hours: dict[tuple[str, str], Columns]
    rest: FinanceReading
    """With nothing of these."""

    def read(self, asked: Asked) -> FinanceReading:
        """Take them apart. Pure, and slow with many rows."""
        lately = _rows(asked, self.lately)
        first = asked.period.first.isoformat()
        within = tuple(row for row in lately if row.day >= first)
        return replace(
            self.rest,
            period=within if self.period is None else _rows(asked, self.period),
            choices=tuple(decode_view(SpendingRow, row) for row in self.choices),
            lately=lately,
            spent_hours=tuple(decode_view(SpentHourRow, row) for row in self.spent_hours),
            month_before=_rows(asked, self.month_before),
            hours={
                key: tuple(decode(BudgetHourRow, row) for row in rows)
                for key, rows in self.hours.items()
            },
        )


def _rows(asked: Asked, columns: Columns) -> tuple[SpendingRow, ...]:
    """Those that are meant."""
    rows = (decode_view(SpendingRow, row) for row in columns)
    return tuple(row for row in rows if asked.filter.takes(row))


async def read_finance(visit: Visit, asked: Asked) -> Unread:
    """
    Read the books for a page.

    Raises:
        LedgerUnavailable: They cannot be read.
    """
    ledger, policy = visit.services.ledger, visit.services.policy()
    month = month_of(asked.at, asked.zone)
    before = month_before(month)
    period, pinned = asked.period, asked.pinned_tenant
    cut = unit_of(period.first, period.last)
    this = await _columns(visit, asked, month.since, month.until, "day")
    # What is asked for most often is read already.
    is_this = (period.first, period.last) == (month.first, month.last)
    rows = None if is_this else await _columns(visit, asked, period.since, period.until, cut)
    last = await _columns(visit, asked, before.since, same_moment(asked.at, before), None)
    choices = await ledger.spending_columns(period.since, period.until, cut=None, tenant=pinned)
    lines = await budget_lines(
        ledger, policy, asked.at, tenant=asked.pinned_tenant, looks_ahead=False
    )
    shown = [line for line in lines if _is_about(asked.filter, line.scope)]
    refused = await ledger.refused(month.since)
    rest = FinanceReading(
        period=(),
        choices=(),
        lately=(),
        spent_hours=(),
        month_before=(),
        open=tuple(row for row in await ledger.open_money() if asked.filter.takes(row)),
        budgets=tuple(shown),
        hours={},
        undelivered=tuple(
            row
            for row in await ledger.undelivered(asked.period.since, asked.period.until)
            if asked.filter.takes(row)
        ),
        refused=tuple(
            row
            for row in refused
            if may_be_shown(visit, row.budget, row.scope) and _is_about(asked.filter, row.scope)
        ),
        facts=PolicyFacts.of(policy),
    )
    return Unread(
        period=rows,
        choices=choices,
        lately=this,
        spent_hours=await _spent_hours(visit, asked),
        month_before=last,
        hours=await read_hours(ledger, shown, asked.at),
        rest=rest,
    )


async def spent(
    visit: Visit, asked: Asked, since: datetime, until: datetime, cut: Cut | None
) -> tuple[SpendingRow, ...]:
    """
    Read what was spent within `[since, until)`, as far as it is meant.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    return _rows(asked, await _columns(visit, asked, since, until, cut))


async def _columns(
    visit: Visit, asked: Asked, since: datetime, until: datetime, cut: Cut | None
) -> Columns:
    return await visit.services.ledger.spending_columns(
        since,
        until,
        zone=asked.zone,
        cut=cut,
        # Tags may be many: they are told apart only where they are asked for.
        tags=asked.filter.tag is not None or asked.by.startswith(TAG),
        tenant=asked.filter.tenant,
    )


async def _spent_hours(visit: Visit, asked: Asked) -> Columns:
    """Told apart by nothing but the hour: of all there is, they are at most those of four weeks."""
    wanted = asked.filter
    return await visit.services.ledger.spent_hour_columns(
        asked.at - HISTORY,
        # With the hour that begins just now.
        asked.at + timedelta.resolution,
        provider=wanted.provider or "",
        tenant=wanted.tenant or "",
        resolution=wanted.resolution or "",
        model=wanted.model or "",
        tag=wanted.tag,
    )


def _is_about(wanted: Filter, account: str) -> bool:
    """Whether a budget's account is one that binds what is filtered by, as far as both say."""
    parts = account_parts(account)
    said = {"tenant": wanted.tenant, "provider": wanted.provider, "model": wanted.model}
    return all(value is None or parts.get(name, value) == value for name, value in said.items())
