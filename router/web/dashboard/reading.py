"""What the finance page reads of the books: the same readings as the report's and the scrape's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from router.finance.budgets import BudgetLine, budget_lines
from router.finance.overview import Filter
from router.finance.periods import month_before, month_of, same_moment
from router.ledger.rows import AttemptRow
from router.ledger.views import OpenRow, RefusedRow, SpendingRow
from router.policy.policy import Policy
from router.policy.scopes import account_parts
from router.web.dashboard.asked import Asked
from router.web.dashboard.burn import Burn, burns
from router.web.showing import may_be_shown
from router.web.visit import Visit

CLAIMS_MAX = 200
"""How many claims a page counts; more than so many is told as so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinanceReading:
    """The books as one page shows them: of the caller's own tenant, unless it sees all."""

    period: tuple[SpendingRow, ...]
    """Of the period that is asked for, as far as they are meant."""
    everything: tuple[SpendingRow, ...]
    """The same without the filter: what there is to choose from."""
    month: tuple[SpendingRow, ...]
    """Of this month until now, as far as they are meant."""
    month_before: tuple[SpendingRow, ...]
    """Of the month before, until the same moment of it."""
    open: tuple[OpenRow, ...]
    """What is held and in doubt now."""
    budgets: tuple[BudgetLine, ...]
    burns: dict[tuple[str, str], Burn]
    """How budgets with a window went and will go, by name and scope; of some nothing is known."""
    undelivered: tuple[AttemptRow, ...]
    """Billed in the period, and not delivered."""
    refused: tuple[RefusedRow, ...]
    """By budgets, since this month began."""
    policy: Policy


async def read_finance(visit: Visit, asked: Asked) -> FinanceReading:
    """
    Read the books for a page.

    Raises:
        LedgerUnavailable: They cannot be read.
    """
    ledger, policy = visit.services.ledger, visit.services.policy()
    month = month_of(asked.at, asked.zone)
    before = month_before(month)
    rows = _visible(
        asked, await read_spending(visit, asked, asked.period.since, asked.period.until)
    )
    this = await read_spending(visit, asked, month.since, month.until)
    last = await read_spending(visit, asked, before.since, same_moment(asked.at, before))
    lines = await budget_lines(ledger, policy, asked.at, tenant=asked.pinned_tenant)
    shown = [line for line in lines if _is_about(asked.filter, line.scope)]
    refused = await ledger.refused(month.since)
    return FinanceReading(
        period=meant(asked.filter, rows),
        everything=rows,
        month=meant(asked.filter, this),
        month_before=meant(asked.filter, last),
        open=tuple(row for row in await ledger.open_money() if asked.filter.takes(row)),
        budgets=tuple(shown),
        burns=await burns(ledger, shown, asked.at),
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
        policy=policy,
    )


async def read_spending(
    visit: Visit, asked: Asked, since: datetime, until: datetime
) -> Sequence[SpendingRow]:
    """
    Read what was spent within `[since, until)`, by days of the time zone that is asked for.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    assert asked.zone is not None
    return await visit.services.ledger.spending(since, until)


def meant(wanted: Filter, rows: Iterable[SpendingRow]) -> tuple[SpendingRow, ...]:
    """The rows that a filter takes."""
    return tuple(row for row in rows if wanted.takes(row))


def _visible(asked: Asked, rows: Iterable[SpendingRow]) -> tuple[SpendingRow, ...]:
    """All that the caller may see, whatever is filtered by."""
    return meant(Filter(tenant=asked.pinned_tenant), rows)


def _is_about(wanted: Filter, account: str) -> bool:
    """Whether a budget's account is one that binds what is filtered by, as far as both say."""
    parts = account_parts(account)
    said = {"tenant": wanted.tenant, "provider": wanted.provider, "model": wanted.model}
    return all(value is None or parts.get(name, value) == value for name, value in said.items())
