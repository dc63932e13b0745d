"""What the finance page is composed of, as values: an address, a reading, budgets."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from router.finance.budgets import BudgetLine
from router.finance.overview import Filter
from router.finance.periods import read_period
from router.ledger.views import Offered, OpenRow
from router.model.job import Resolution
from router.model.money import Money
from router.web.dashboard.asked import Asked
from router.web.dashboard.reading import FinanceReading, PolicyFacts
from tests.fakes import EPOCH
from tests.ledger_kit import usd
from tests.policy_files import a_policy


def asked_for(at: datetime, pinned: str | None = None, **wanted: Any) -> Asked:
    """Ask for this month by tenant, in UTC."""
    period = read_period("this-month", at, ZoneInfo("UTC"))
    return Asked(at=at, period=period, by="tenant", filter=Filter(**wanted), pinned_tenant=pinned)


ASKED = asked_for(EPOCH)


def a_line(name: str = "team", scope: str = "everyone", **fields: Any) -> BudgetLine:
    """A budget of a day, of which nothing is used."""
    start = EPOCH.replace(hour=0)
    line = BudgetLine(
        name=name,
        scope=scope,
        limit=usd("2.00"),
        window_start=start,
        window_end=start + timedelta(days=1),
        posted=Money.ZERO,
        presumed=Money.ZERO,
        held=Money.ZERO,
        in_doubt=Money.ZERO,
    )
    return replace(line, **fields)


def a_reading(**fields: Any) -> FinanceReading:
    """Nothing at all, but for what is given."""
    reading = FinanceReading(
        period=(),
        offered=Offered(),
        lately=(),
        spent_hours=(),
        month_before=(),
        open=(),
        budgets=(),
        hours={},
        shared=(),
        room={},
        undelivered=(),
        paid_twice=(),
        refused=(),
        accounts=(),
        stopped=(),
        facts=PolicyFacts.of(a_policy()),
    )
    return replace(reading, **fields)


def an_open_row(**fields: Any) -> OpenRow:
    """One attempt in doubt since ten minutes."""
    row = OpenRow(
        provider="shortapi",
        model="nano-banana-2-edit",
        resolution=Resolution.ONE_K,
        tenant="acme",
        tags=(),
        money="in_doubt",
        attempts=1,
        amount=usd("0.0401"),
        oldest=EPOCH - timedelta(minutes=10),
    )
    return replace(row, **fields)
