"""What the finance page says of a reading: figures in their order, and what should be looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from router.finance.dimensions import TAG
from router.finance.forecast import BudgetWindow, Forecast, NoForecast, by_hour, forecast
from router.finance.overview import (
    NAMES_MAX,
    OTHERS,
    Change,
    Totals,
    average,
    buckets,
    percent,
    stack,
)
from router.finance.periods import Period, month_before, month_of, same_moment
from router.finance.provider_accounts import ProviderAccount
from router.finance.report import Amounts, report
from router.ledger.views import Offered, SpendingRow
from router.model.money import NANOS_MAX, Money
from router.web.dashboard.asked import FILTERS, Asked
from router.web.dashboard.budgeted import Budgeted, budgeted
from router.web.dashboard.charts.columns import Chart, columns
from router.web.dashboard.notices import Notice, Outstanding, notices
from router.web.dashboard.reading import FinanceReading, PolicyFacts
from router.web.dashboard.room import Shared

_CHOICES = ("provider", "tenant", "resolution", "model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """This month until now, beside the last one until the same moment."""

    period: Period
    totals: Totals
    change: Change
    compared_until: datetime
    forecast: Forecast | NoForecast
    """Of what is posted and presumed, each at the instant of its entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One name of what spend is broken down by."""

    name: str
    amounts: Amounts
    average: Money | None
    share: int | None
    """In percent of what was posted."""
    link: str
    """The same, of this name alone; empty where that cannot be asked for."""
    jobs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinancePage:
    """All that the page shows."""

    asked: Asked
    month: Month
    held: Outstanding
    in_doubt: Outstanding
    presumed: Outstanding
    tightest: Budgeted | None
    """One that admits nothing more, if any does; else the most used."""
    bound: str
    """Which budgets these are, where there is a filter: they themselves are not filtered."""
    notices: tuple[Notice, ...]
    budgets: tuple[Budgeted, ...]
    """In their order; of more than `BUDGETS_MAX` those that are used the most."""
    further_budgets: int
    """How many are not among them."""
    shared: tuple[Shared, ...]
    """Budgets that other tenants share, for who sees one."""
    burning: tuple[Budgeted, ...]
    """Those whose burn-down is drawn."""
    totals: Totals
    chart: Chart
    days: tuple[tuple[str, str, tuple[Money, ...], Money], ...]
    """What the chart shows, as a table: what it is, its jobs, the series' amounts, the sum."""
    heading: str
    names: tuple[str, ...]
    parts: tuple[Part, ...]
    """Of more than `NAMES_MAX` the dearest, and one of all others."""
    has_others: bool
    accounts: tuple[ProviderAccount, ...]
    """Of providers; none for who sees one tenant."""
    choices: tuple[tuple[str, str, bool], ...]
    """What spend may be broken down by: its name, its address, whether it is this."""
    options: dict[str, tuple[str, ...]]
    """What there is to filter by."""
    zones: tuple[str, ...]


def compose(asked: Asked, reading: FinanceReading) -> FinancePage:
    """Say it all. Pure, and the slower part: it may run beside the event loop."""
    totals = Totals.of(reading.period)
    drawn = stack(reading.period, buckets(asked.period.first, asked.period.last), asked.by)
    parts = tuple(_parts(asked, reading.period))
    names = tuple(called(asked.by, one.name) for one in drawn.series)
    budgets = tuple(budgeted(reading, asked.at))
    days = tuple(
        (
            _bucket(bucket.first, bucket.last),
            asked.link(
                "/dashboard/jobs", period="custom", first=str(bucket.first), last=str(bucket.last)
            ),
            tuple(one.amounts[place] for one in drawn.series),
            drawn.sums[place],
        )
        for place, bucket in enumerate(drawn.buckets)
    )
    return FinancePage(
        asked=asked,
        month=_month(asked, reading),
        held=Outstanding.among(reading.open, "held"),
        in_doubt=Outstanding.among(reading.open, "in_doubt"),
        presumed=Outstanding.among(reading.open, "posted_presumed"),
        tightest=max(budgets, key=_tightness, default=None),
        bound=_bound(asked),
        notices=tuple(notices(asked, reading, budgets)),
        budgets=budgets,
        further_budgets=len(reading.budgets) - len(budgets),
        shared=reading.shared,
        burning=tuple(one for one in budgets if one.burndown is not None),
        totals=totals,
        chart=columns(drawn, names),
        days=days,
        heading=drawn.unit,
        names=names,
        parts=parts,
        has_others=bool(parts) and parts[-1].name == called(asked.by, OTHERS),
        accounts=reading.accounts,
        choices=tuple(_dimensions(asked, reading.offered)),
        options=options(asked, reading.offered, reading.facts),
        zones=zones(asked, reading.facts),
    )


def _tightness(one: Budgeted) -> tuple[bool, int]:
    """Nothing is tighter than what admits nothing more, whatever share of it is used."""
    return one.state == "full", one.used or 0


def _bound(asked: Asked) -> str:
    """In words for people; empty without a filter."""
    if not asked.filters:
        return ""
    binds = [f"{name} {value}" for name, value in asked.filters.items() if name != "resolution"]
    if not binds:
        return "all budgets, whole: none is by resolution"
    return f"budgets that bind {', '.join(binds)}, whole: with what else counts against them"


def called(by: str, name: str) -> str:
    """What people read for a name."""
    if name == OTHERS:
        return "all others"
    return name or f"without {by.removeprefix(TAG)}"


def _bucket(first: date, last: date) -> str:
    return first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"


def _month(asked: Asked, reading: FinanceReading) -> Month:
    month = month_of(asked.at, asked.zone)
    totals = Totals.of(reading.lately)
    before = Totals.of(reading.month_before)
    window = BudgetWindow(
        start=month.since,
        end=month.until,
        limit=Money(NANOS_MAX),
        # As a budget's: what is presumed is charged until evidence says otherwise.
        charged=totals.amounts.posted + totals.amounts.presumed,
        zone=asked.zone,
    )
    return Month(
        period=month,
        totals=totals,
        change=Change(now=totals.amounts.posted, before=before.amounts.posted),
        compared_until=same_moment(asked.at, month_before(month)),
        forecast=forecast(window, by_hour(reading.spent_hours), asked.at),
    )


def _parts(asked: Asked, rows: Sequence[SpendingRow]) -> Iterator[Part]:
    """The dearest first, all others last."""
    done = report(rows, (asked.by,))
    amounts = {name: line.amounts for line in done.lines for name in line.key}
    others = amounts.pop(OTHERS, None)
    dearest = sorted(amounts, key=lambda name: (-amounts[name].posted.nanos, name))
    whole = done.total.posted
    for name in dearest[:NAMES_MAX]:
        yield _part(asked, name, amounts[name], whole)
    rest = [amounts[name] for name in dearest[NAMES_MAX:]]
    if others is not None or rest:
        yield _part(asked, OTHERS, sum(rest, others or Amounts()), whole)


def _part(asked: Asked, name: str, amounts: Amounts, whole: Money) -> Part:
    field = "tag" if asked.by.startswith(TAG) else asked.by
    value = f"{asked.by.removeprefix(TAG)}={name}" if field == "tag" else name
    pinned = field == "tenant" and asked.pinned_tenant is not None
    possible = name not in {"", OTHERS} and field in FILTERS and not pinned
    return Part(
        name=called(asked.by, name),
        amounts=amounts,
        average=average(amounts),
        share=percent(amounts.posted, whole),
        link=asked.link(**{field: value}) if possible else "",
        jobs=asked.link("/dashboard/jobs", **({field: value} if possible else {})),
    )


def _dimensions(asked: Asked, offered: Offered) -> Iterator[tuple[str, str, bool]]:
    tags = offered.tag_keys
    for name in (*_CHOICES, *(f"{TAG}{key}" for key in tags)):
        words = f"tag {name.removeprefix(TAG)}" if name.startswith(TAG) else name
        yield words, asked.link(by=name), name == asked.by
    if asked.by.startswith(TAG) and asked.by.removeprefix(TAG) not in tags:
        yield f"tag {asked.by.removeprefix(TAG)}", asked.link(), True


def options(asked: Asked, offered: Offered, facts: PolicyFacts) -> dict[str, tuple[str, ...]]:
    """
    Say what there is to filter by.

    Args:
        asked: What is filtered by stands in its list, also where there is nothing of it.
        offered: What the caller may see of the period.
        facts: Its providers may be chosen even unused.
    """
    found: dict[str, set[str]] = {
        "provider": {*facts.providers, *offered.providers},
        "tenant": set(offered.tenants) if asked.pinned_tenant is None else set(),
        "resolution": set(offered.resolutions),
        "model": set(offered.models),
        "tag": {f"{key}={value}" for key, value in offered.tags},
    }
    for name, value in asked.filters.items():
        found[name].add(value)
    return {name: tuple(sorted(values)) for name, values in found.items()}


def zones(asked: Asked, facts: PolicyFacts) -> tuple[str, ...]:
    """Time zones to choose from: those of the policy's budgets among them."""
    own = {zone.key for zone in facts.zones.values() if isinstance(zone, ZoneInfo)}
    return tuple(dict.fromkeys(["UTC", asked.zone.key, *sorted(own | set(COMMON_ZONES))]))


COMMON_ZONES = (
    "America/Chicago", "America/Los_Angeles", "America/New_York", "America/Sao_Paulo",
    "Asia/Dubai", "Asia/Kolkata", "Asia/Shanghai", "Asia/Singapore", "Asia/Tokyo",
    "Australia/Sydney", "Europe/Berlin", "Europe/London", "Europe/Paris", "Europe/Warsaw",
)  # fmt: skip
"""To choose from; any other may stand in the address."""
