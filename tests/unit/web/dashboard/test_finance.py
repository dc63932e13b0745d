"""What the finance page says of a reading."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from router.finance.budgets import BudgetLine
from router.finance.overview import Filter
from router.finance.periods import read_period
from router.ledger.views import OpenRow, RefusedRow
from router.model.job import AttemptState, Resolution
from router.model.money import Money
from router.web.dashboard.asked import Asked
from router.web.dashboard.budgeted import BUDGETS_MAX, BURNS_MAX
from router.web.dashboard.burn import burn_of
from router.web.dashboard.finance import called, compose
from router.web.dashboard.reading import FinanceReading
from tests.fakes import EPOCH
from tests.ledger_kit import an_attempt_row, usd
from tests.policy_files import a_policy
from tests.spending_rows import a_row

ASKED = Asked(
    at=EPOCH,
    period=read_period("this-month", EPOCH, ZoneInfo("UTC")),
    by="tenant",
    filter=Filter(),
)
DAYS = tuple(a_row(day=f"2026-11-{day:02d}", posted=usd("0.30")) for day in range(1, 20))


def a_line(name: str = "team", scope: str = "everyone", **fields: Any) -> BudgetLine:
    """A budget of a day, of which nothing is used."""
    nothing = dict.fromkeys(("posted", "presumed", "held", "in_doubt"), Money.ZERO)
    start = EPOCH.replace(hour=0)
    end = start + timedelta(days=1)
    line = BudgetLine(
        name=name, scope=scope, limit=usd("2.00"), window_start=start, window_end=end, **nothing
    )
    return replace(line, **fields)


def a_reading(**fields: Any) -> FinanceReading:
    """Nothing at all, but for what is given."""
    reading = FinanceReading(
        period=(),
        everything=(),
        month=(),
        month_before=(),
        open=(),
        budgets=(),
        burns={},
        undelivered=(),
        refused=(),
        policy=a_policy(),
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


def test_a_month_is_compared_and_foretold() -> None:
    """By the whole days that are over; today's part of a day is no day."""
    before = (a_row(day="2026-10-03", posted=usd("3.00")),)
    today = a_row(posted=usd("0.11"))
    month = compose(ASKED, a_reading(month=(*DAYS, today), month_before=before)).month

    assert month.totals.amounts.posted == usd("5.81")
    assert (month.change.before, month.change.percent) == (usd("3.00"), 94)
    assert month.pace is not None
    assert month.pace.expected == usd("9.00")


def test_what_is_uncertain_is_loud() -> None:
    """Each with its sum; the doubt first, for least is known of it."""
    drift = a_row(drifted=2, over=usd("0.07"), under=usd("0.02"), presumed=usd("0.06"))
    claim = an_attempt_row(price=usd("0.05"), posted=usd("0.0501"), state=AttemptState.POSTED)
    reading = a_reading(
        period=(drift,),
        open=(an_open_row(), an_open_row(money="held", amount=usd("0.08"), attempts=2)),
        undelivered=(claim,),
        refused=(RefusedRow(budget="team", scope="everyone", jobs=3, amount=usd("0.33")),),
        budgets=(a_line(posted=usd("2.04")),),
    )
    page = compose(ASKED, reading)

    assert [(one.what, one.amount) for one in page.notices] == [
        ("In doubt", usd("0.0401")),
        ("Presumed", usd("0.06")),
        ("Price drift", usd("0.05")),
        ("Claims", usd("0.0501")),
        ("Denied", usd("0.33")),
        ("Budget used up", usd("-0.04")),
    ]
    assert "1 attempt sent" in page.notices[0].words
    assert "it was billed" in page.notices[0].words
    assert (page.held.amount, page.held.attempts) == (usd("0.08"), 2)


def test_where_nothing_is_uncertain_nothing_is_loud() -> None:
    """An empty house is a calm one."""
    page = compose(ASKED, a_reading())

    assert page.notices == ()
    assert page.tightest is None
    assert (page.in_doubt.amount, page.in_doubt.oldest) == (Money.ZERO, None)


def test_budgets_are_told_by_how_much_is_left() -> None:
    """Within, nearly used up, used up; what is held counts."""
    lines = (
        a_line("a", posted=usd("0.50")),
        a_line("b", held=usd("1.61")),
        a_line("c", in_doubt=usd("2.00")),
        a_line("d", limit=Money.ZERO),
    )
    page = compose(ASKED, a_reading(budgets=lines))

    assert [(one.line.name, one.used, one.state) for one in page.budgets] == [
        ("a", 25, "within"),
        ("b", 81, "near"),
        ("c", 100, "full"),
        ("d", None, "full"),
    ]
    assert page.tightest is not None
    assert page.tightest.line.name == "c"


def test_of_a_thousand_budgets_the_most_used_are_shown() -> None:
    """In their order, with how many more there are; fewer still burn down."""
    lines = [a_line(scope=f"tenant:t{number}", posted=Money(number)) for number in range(100)]
    lines.insert(50, a_line(scope="tenant:full", posted=usd("2.01")))
    burns = {(line.name, line.scope): burn_of(line, (), EPOCH) for line in lines}
    page = compose(ASKED, a_reading(budgets=tuple(lines), burns=burns))

    assert len(page.budgets) == BUDGETS_MAX
    assert page.further_budgets == 101 - BUDGETS_MAX
    assert len(page.burning) == BURNS_MAX
    assert "tenant:full" in {one.line.scope for one in page.burning}


def test_spend_is_by_what_is_asked_for() -> None:
    """The dearest first, each with a link to itself alone and to its jobs."""
    rows = (
        *DAYS[:3],
        a_row(tenant="zeta", delivered=4, posted=usd("8.10"), tags=(("team", "ads"),)),
    )
    page = compose(ASKED, a_reading(period=rows, everything=rows))
    first, second = page.parts

    assert (first.name, first.share, first.average) == ("zeta", 90, usd("2.025"))
    assert first.link == "/dashboard?by=tenant&tenant=zeta"
    assert first.jobs == "/dashboard/jobs?by=tenant&tenant=zeta"
    assert (second.name, second.average) == ("acme", None)
    assert [words for words, _, _ in page.choices] == [
        "provider", "model", "resolution", "tenant", "tag team",
    ]  # fmt: skip
    assert page.options["tag"] == ("team=ads",)
    assert page.options["provider"] == ("runpod", "shortapi")


def test_by_a_tag_some_jobs_are_without_it() -> None:
    """They are a part of their own, which no address can ask for."""
    rows = (a_row(posted=usd("0.41")), a_row(posted=usd("0.52"), tags=(("team", "ads"),)))
    asked = replace(ASKED, by="tag:team")
    page = compose(asked, a_reading(period=rows, everything=rows))
    unused = compose(replace(ASKED, by="tag:shop"), a_reading(period=rows, everything=rows))

    assert [(one.name, bool(one.link)) for one in page.parts] == [
        ("ads", True),
        ("without team", False),
    ]
    assert page.names == ("ads", "without team")
    assert page.parts[0].link.endswith("tag=team%3Dads")
    assert unused.choices[-1][0] == "tag shop"
    assert called("tenant", "others") == "all others"


def test_a_pinned_tenant_is_no_link() -> None:
    """There is no other to choose."""
    asked = replace(ASKED, pinned_tenant="acme", filter=Filter(tenant="acme"))
    page = compose(asked, a_reading(period=DAYS, everything=DAYS))

    assert [one.link for one in page.parts] == [""]
    assert page.options["tenant"] == ()


def test_what_is_filtered_by_can_be_chosen_again() -> None:
    """Also where there is nothing of it; and budgets' own time zones can be chosen too."""
    budgets = [
        {"name": "b", "who": "everyone", "limit": "$1.00", "per": "day", "time_zone": "Asia/Seoul"}
    ]
    asked = replace(ASKED, filter=Filter(model="gone"))
    page = compose(asked, a_reading(policy=a_policy(budgets=budgets)))

    assert page.options["model"] == ("gone",)
    assert page.zones[0] == "UTC"
    assert "Asia/Seoul" in page.zones
