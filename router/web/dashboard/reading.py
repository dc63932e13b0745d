"""What the finance page reads of the books: the same readings as the report's and the scrape's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from router.dispatch.drift import Above
from router.finance.budgets import BudgetLine, budget_lines
from router.finance.dimensions import TAG
from router.finance.forecast import HISTORY
from router.finance.others import without
from router.finance.overview import NAMES_MAX, Filter, unit_of
from router.finance.periods import month_before, month_of, same_moment
from router.finance.provider_accounts import ProviderAccount, provider_accounts
from router.ledger.books import Books
from router.ledger.days import Cut
from router.ledger.limit_rows import BudgetHourRow
from router.ledger.rows import AttemptRow
from router.ledger.sums import Tags
from router.ledger.views import (
    Offered,
    OpenRow,
    PaidRow,
    RefusedRow,
    SpendingRow,
    SpentHourRow,
)
from router.policy.policy import Policy
from router.policy.scopes import account_parts
from router.web.auth import Caller
from router.web.dashboard.asked import Asked
from router.web.dashboard.burn import read_hours
from router.web.dashboard.room import Key, Room, Shared, read_room
from router.web.dashboard.stopped import Stopped, read_stopped
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
    """By day, of this month, as far as meant."""
    spent_hours: tuple[SpentHourRow, ...]
    """What was charged by the hour, in as many weeks as a forecast goes by, as far as meant."""
    month_before: tuple[SpendingRow, ...]
    """Of the month before, until the same moment of it."""
    open: tuple[OpenRow, ...]
    """What is held, in doubt and presumed now."""
    budgets: tuple[BudgetLine, ...]
    """Of whose amounts the caller may know."""
    shared: tuple[Shared, ...]
    """Budgets that other tenants share, for who sees one tenant: no amounts."""
    room: Mapping[Key, Room]
    """Of the budgets that are nearly used up."""
    hours: dict[tuple[str, str], tuple[BudgetHourRow, ...]]
    """What the most used budgets with a window were charged by the hour, by name and scope."""
    undelivered: tuple[AttemptRow, ...]
    """Billed in the period, and not delivered."""
    paid_twice: tuple[PaidRow, ...]
    """In the period, for jobs that were paid for already, as far as meant."""
    refused: tuple[RefusedRow, ...]
    """By budgets, in the period."""
    accounts: tuple[ProviderAccount, ...]
    """Of providers, in the period; for who sees all tenants alone."""
    stopped: tuple[Stopped, ...]
    """What is not bought any more, as far as meant; for who sees all tenants alone."""
    facts: PolicyFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a page is to show, to whom, and by which policy: all that its making needs to know."""

    asked: Asked
    caller: Caller
    policy: Policy
    stopped: tuple[Above, ...] = ()
    """Offers whose prices proved wrong: only the process that buys knows."""

    @classmethod
    def of(cls, visit: Visit, asked: Asked) -> "Question":
        """What a request asks."""
        services = visit.services
        policy = services.policy()
        stopped = services.health.prices.stopped(policy.prices, asked.at)
        return cls(
            asked=asked,
            caller=visit.caller,
            policy=policy,
            stopped=stopped if visit.caller.sees_all else (),
        )


async def read_finance(question: Question, books: Books) -> FinanceReading:
    """
    Read the books for a page. Takes tenths of a second of a large house.

    Raises:
        LedgerUnavailable: They cannot be read.
    """
    asked, policy = question.asked, question.policy
    month = month_of(asked.at, asked.zone)
    before = month_before(month)
    period, pinned = asked.period, asked.pinned_tenant
    lately = await _spent(books, asked, month.since, month.until, "day")
    lines = await budget_lines(books, policy, asked.at, tenant=pinned, looks_ahead=False)
    meant = tuple(line for line in lines if _is_about(asked.filter, line.scope))
    shown = tuple(line for line in meant if may_be_shown(question.caller, line.scope))
    room = await read_room(books, policy, meant, asked.at)
    undelivered = await books.undelivered(period.since, period.until)
    open_rows = [*await books.open_money(), *await books.presumed_money()]
    last_month = same_moment(asked.at, before)
    return FinanceReading(
        period=await _of_the_period(books, asked, lately),
        offered=await books.offered(period.since, period.until, tenant=pinned),
        lately=lately,
        spent_hours=await _spent_hours(books, asked),
        month_before=await _spent(books, asked, before.since, last_month, None),
        open=tuple(row for row in open_rows if asked.filter.takes(row)),
        budgets=shown,
        shared=tuple(Shared.of(line, room) for line in meant if line not in shown),
        room=room,
        hours=await read_hours(books, shown, asked.at),
        undelivered=tuple(row for row in undelivered if asked.filter.takes(row)),
        paid_twice=await paid_twice(books, asked),
        refused=await read_refused(question, books),
        accounts=await _accounts(question, books),
        stopped=await read_stopped(books, question.stopped, asked),
        facts=PolicyFacts.of(policy),
    )


async def _of_the_period(
    books: Books, asked: Asked, lately: tuple[SpendingRow, ...]
) -> tuple[SpendingRow, ...]:
    """What is asked for most often, this month, is read already."""
    period, month = asked.period, month_of(asked.at, asked.zone)
    cut = unit_of(period.first, period.last)
    named = await _named(books, asked, cut)
    if (period.first, period.last) == (month.first, month.last):
        whole = tuple(row for row in lately if row.day >= period.first.isoformat())
    else:
        whole = await _spent(books, asked, period.since, period.until, cut)
    if named is None:
        return whole
    return (*named, *without(whole, named, asked.by.removeprefix(TAG)))


async def read_refused(question: Question, books: Books) -> tuple[RefusedRow, ...]:
    """
    Read what budgets refused in the period, of those that bind what is filtered by.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    asked, caller = question.asked, question.caller
    rows = await books.refused_between(asked.period.since, asked.period.until)
    return tuple(
        row
        for row in rows
        if may_be_shown(caller, row.scope) and _is_about(asked.filter, row.scope)
    )


async def _accounts(question: Question, books: Books) -> tuple[ProviderAccount, ...]:
    """Providers' accounts are nobody's who sees one tenant alone."""
    asked = question.asked
    if asked.pinned_tenant is not None:
        return ()
    time = (asked.period.since, asked.period.until)
    only = asked.filter.provider or ""
    return tuple(await provider_accounts(books, question.policy, asked.at, time, only))


async def paid_twice(books: Books, asked: Asked) -> tuple[PaidRow, ...]:
    """
    Read what was paid twice within the period, as far as it is meant.

    Raises:
        LedgerUnavailable: It cannot be read.
    """
    period = asked.period
    rows = await books.paid_twice(period.since, period.until, tenant=asked.pinned_tenant)
    return tuple(row for row in rows if asked.filter.takes(row))


async def _named(books: Books, asked: Asked, cut: Cut) -> tuple[SpendingRow, ...] | None:
    """What is by a tag's dearest values, of which there may be as many as edits; or by no tag."""
    if not asked.by.startswith(TAG):
        return None
    period, tag = asked.period, asked.by.removeprefix(TAG)
    dearest = await books.dearest_tags(
        period.since,
        period.until,
        tag,
        tenant=asked.filter.tenant,
        only=asked.filter.only,
        most=NAMES_MAX,
    )
    return await _spent(books, asked, period.since, period.until, cut, tag, dearest)


async def spent_by_day(books: Books, asked: Asked) -> tuple[SpendingRow, ...]:
    """
    Read all that was spent in the period by day and by what is asked for, as far as it is meant.

    Raises:
        LedgerUnavailable: It cannot be read.
        Malformed: It is by a tag with more values than anybody reads.
    """
    period = asked.period
    tags = asked.by.removeprefix(TAG) if asked.by.startswith(TAG) else False
    return await _spent(books, asked, period.since, period.until, "day", tags)


async def _spent(
    books: Books,
    asked: Asked,
    since: datetime,
    until: datetime,
    cut: Cut | None,
    tags: bool | str = False,  # noqa: FBT001, FBT002 - or a word.
    among: Sequence[Tags] | None = None,
) -> tuple[SpendingRow, ...]:
    rows = await books.spending(
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
    return tuple(rows)


async def _spent_hours(books: Books, asked: Asked) -> tuple[SpentHourRow, ...]:
    """Told apart by nothing but the hour: of all there is, they are at most those of four weeks."""
    wanted = asked.filter
    hours = await books.spent_hours(
        asked.at - HISTORY,
        # With the hour that begins just now.
        asked.at + timedelta.resolution,
        provider=wanted.provider or "",
        tenant=wanted.tenant or "",
        resolution=wanted.resolution or "",
        model=wanted.model or "",
        tag=wanted.tag,
    )
    return tuple(hours)


def _is_about(wanted: Filter, account: str) -> bool:
    """Whether a budget's account is one that binds what is filtered by, as far as both say."""
    parts = account_parts(account)
    return all(parts.get(name, value) == value for name, value in parts_of(wanted).items())


def parts_of(wanted: Filter) -> dict[str, str]:
    """What is filtered by, as a budget's account says it; no account is of a resolution."""
    said = {
        "tenant": wanted.tenant,
        "provider": wanted.provider,
        "model": wanted.model,
        "resolution": wanted.resolution,
    }
    found = {name: value for name, value in said.items() if value is not None}
    return found if wanted.tag is None else {**found, f"tag:{wanted.tag[0]}": wanted.tag[1]}
