"""What the finance page reads of the books: the same readings as the report's and the scrape's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from router.finance.budgets import BudgetLine, budget_lines
from router.finance.forecast import HISTORY
from router.finance.others import without
from router.finance.overview import NAMES_MAX, Filter, unit_of
from router.finance.periods import midnight, month_before, month_of, same_moment
from router.finance.report import TAG
from router.ledger.days import Cut
from router.ledger.limit_rows import BudgetHourRow
from router.ledger.mapping import decode, decode_view
from router.ledger.rows import AttemptRow
from router.ledger.sums import Tags
from router.ledger.views import Offered, OpenRow, RefusedRow, SpendingRow
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
    offered: Offered
    """What there is to choose from, whatever is filtered by."""
    lately: tuple[SpendingRow, ...]
    """By day, of this month and of as many weeks as a forecast goes by, as far as meant."""
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
    named: Columns | None
    """Of the period, where it is by a tag: its dearest values. There may be as many as edits."""
    lately: Columns
    month_before: Columns
    hours: dict[tuple[str, str], Columns]
    rest: FinanceReading
    """With nothing of these."""

    def read(self, asked: Asked) -> FinanceReading:
        """Take them apart. Pure, and slow with many rows."""
        lately = _rows(self.lately)
        first = asked.period.first.isoformat()
        within = tuple(row for row in lately if row.day >= first)
        period = within if self.period is None else _rows(self.period)
        if self.named is not None:
            named = _rows(self.named)
            period = (*named, *without(period, named, asked.by.removeprefix(TAG)))
        return replace(
            self.rest,
            period=period,
            lately=lately,
            month_before=_rows(self.month_before),
            hours={
                key: tuple(decode(BudgetHourRow, row) for row in rows)
                for key, rows in self.hours.items()
            },
        )


def _rows(columns: Columns) -> tuple[SpendingRow, ...]:
    return tuple(decode_view(SpendingRow, row) for row in columns)


async def read_finance(visit: Visit, asked: Asked) -> Unread:
    """
    Read the books for a page.

    Raises:
        LedgerUnavailable: They cannot be read.
    """
    ledger, policy = visit.services.ledger, visit.services.policy()
    month = month_of(asked.at, asked.zone)
    before = month_before(month)
    period = asked.period
    cut = unit_of(period.first, period.last)
    # Whole days: a sum of a day is one row, and its hours are many.
    lately = midnight((asked.at - HISTORY).astimezone(asked.zone).date(), asked.zone)
    # Before the whole that it is a part of: what is charged meanwhile is among all others then.
    named = await _named(visit, asked, cut)
    this = await _columns(visit, asked, min(month.since, lately), month.until, "day")
    # What is asked for most often is read already.
    is_this = (period.first, period.last) == (month.first, month.last)
    rows = None if is_this else await _columns(visit, asked, period.since, period.until, cut)
    last = await _columns(visit, asked, before.since, same_moment(asked.at, before), None)
    offered = await ledger.offered(period.since, period.until, tenant=asked.pinned_tenant)
    lines = await budget_lines(
        ledger, policy, asked.at, tenant=asked.pinned_tenant, looks_ahead=False
    )
    shown = [line for line in lines if _is_about(asked.filter, line.scope)]
    refused = await ledger.refused(month.since)
    rest = FinanceReading(
        period=(),
        offered=offered,
        lately=(),
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
        named=named,
        lately=this,
        month_before=last,
        hours=await read_hours(ledger, shown, asked.at),
        rest=rest,
    )


async def spent_by_day(visit: Visit, asked: Asked) -> Columns:
    """
    Read all that was spent in the period by day and by what is asked for, as far as it is meant.

    Raises:
        LedgerUnavailable: It cannot be read.
        Malformed: It is by a tag with more values than anybody reads.
    """
    period = asked.period
    tags = asked.by.removeprefix(TAG) if asked.by.startswith(TAG) else False
    return await _columns(visit, asked, period.since, period.until, "day", tags)


async def _named(visit: Visit, asked: Asked, cut: Cut) -> Columns | None:
    """What is by a tag's dearest values; None where nothing is by a tag."""
    if not asked.by.startswith(TAG):
        return None
    period, tag = asked.period, asked.by.removeprefix(TAG)
    dearest = await visit.services.ledger.dearest_tags(
        period.since,
        period.until,
        tag,
        tenant=asked.filter.tenant,
        only=asked.filter.only,
        most=NAMES_MAX,
    )
    return await _columns(visit, asked, period.since, period.until, cut, tag, dearest)


async def _columns(
    visit: Visit,
    asked: Asked,
    since: datetime,
    until: datetime,
    cut: Cut | None,
    tags: bool | str = False,  # noqa: FBT001, FBT002 - or a word.
    among: Sequence[Tags] | None = None,
) -> Columns:
    return await visit.services.ledger.spending_columns(
        since,
        until,
        zone=asked.zone,
        cut=cut,
        tags=tags,
        # They may be many too.
        tenants=asked.by == "tenant" or asked.filter.tenant is not None,
        tenant=asked.filter.tenant,
        only=asked.filter.only,
        among=among,
    )


def _is_about(wanted: Filter, account: str) -> bool:
    """Whether a budget's account is one that binds what is filtered by, as far as both say."""
    parts = account_parts(account)
    said = {"tenant": wanted.tenant, "provider": wanted.provider, "model": wanted.model}
    return all(value is None or parts.get(name, value) == value for name, value in said.items())
