"""What the finance page says of a reading."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from router.finance.forecast import BudgetWindow, Forecast, NoForecast, by_hour, forecast
from router.finance.overview import NAMES_MAX, OTHERS, Filter
from router.ledger.views import Offered, RefusedRow, SpentHourRow
from router.model.job import AttemptState
from router.model.money import Money
from router.web.dashboard.budgeted import BUDGETS_MAX
from router.web.dashboard.finance import compose
from router.web.dashboard.reading import PolicyFacts
from router.web.dashboard.room import Room
from tests.fakes import EPOCH
from tests.finance_page import ASKED, a_line, a_reading, an_open_row, asked_for
from tests.ledger_kit import an_attempt_row, usd
from tests.policy_files import a_policy
from tests.spending_rows import a_row, paid

DAYS = tuple(a_row(day=f"2026-11-{day:02d}", posted=usd("0.30")) for day in range(1, 20))
HOURS = tuple(
    SpentHourRow(hour=EPOCH - timedelta(hours=24 * day), charged=usd("0.31"))
    for day in range(1, 25)
)


def test_a_month_is_compared_and_foretold() -> None:
    """By the hours, as a budget is: what is presumed counts in it, and in nothing else."""
    before = (a_row(day="2026-10-03", posted=usd("3.00")),)
    today = a_row(posted=usd("0.11"), presumed=usd("0.07"))
    reading = a_reading(lately=(*DAYS, today), spent_hours=HOURS, month_before=before)
    month = compose(ASKED, reading).month

    assert month.totals.amounts.posted == usd("5.81")
    assert (month.change.before, month.change.percent) == (usd("3.00"), 94)
    window = BudgetWindow(
        start=month.period.since, end=month.period.until, limit=usd("99.00"), charged=usd("5.88")
    )
    assert month.forecast == forecast(window, by_hour(HOURS), ASKED.at)
    assert isinstance(month.forecast, Forecast)
    assert month.forecast.method == "weekday"
    # Eleven such mornings are left, this one's among them.
    assert month.forecast.expected == usd("9.29")
    assert isinstance(compose(ASKED, a_reading()).month.forecast, NoForecast)


def test_what_is_uncertain_is_loud() -> None:
    """Each with its sum; the doubt first, for least is known of it."""
    drift = a_row(drifted=2, over=usd("0.07"), under=usd("0.02"), presumed=usd("0.06"))
    claim = an_attempt_row(price=usd("0.05"), posted=usd("0.0501"), state=AttemptState.POSTED)
    reading = a_reading(
        period=(drift,),
        open=(
            an_open_row(),
            an_open_row(money="held", amount=usd("0.08"), attempts=2),
            an_open_row(money="posted_presumed", amount=usd("0.09")),
        ),
        undelivered=(claim,),
        paid_twice=(paid("j1.2", "0.041"), paid("j1.1", "0.002"), paid("j7.1", "0.09")),
        refused=(RefusedRow(budget="team", scope="everyone", jobs=3, amount=usd("0.33")),),
        budgets=(a_line(posted=usd("2.04")),),
    )
    page = compose(ASKED, reading)

    assert [(one.what, one.amount) for one in page.notices] == [
        ("In doubt", usd("0.0401")),
        ("Presumed", usd("0.09")),
        ("Price drift", usd("0.05")),
        ("Claims", usd("0.0501")),
        ("Paid twice", usd("0.133")),
        ("Denied", usd("0.33")),
        ("Budget used up", None),
    ]
    assert "1 attempt sent" in page.notices[0].words
    assert "it was billed" in page.notices[0].words
    assert "2 edits of which more than" in page.notices[4].words
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


def test_a_budget_that_admits_nothing_is_the_tightest() -> None:
    """Though more is used of another one, and however many are."""
    small = a_line("small", posted=usd("1.97"))
    others = [a_line(f"o{number}", posted=usd("1.98")) for number in range(BUDGETS_MAX)]
    room = {("small", "everyone"): Room(least=usd("0.04"), refused=0)}
    page = compose(ASKED, a_reading(budgets=(*others, small), room=room))

    assert page.tightest is not None
    assert (page.tightest.line.name, page.tightest.used) == ("small", 99)
    assert len(page.budgets) == BUDGETS_MAX


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({}, ""),
        ({"resolution": "4k"}, "all budgets, whole: none is by resolution"),
        (
            {"provider": "runpod", "resolution": "2k", "tag": ("team", "ads")},
            (
                "budgets that bind provider runpod, tag team=ads, whole: with what else counts "
                "against them"
            ),
        ),
    ],
)
def test_budgets_are_not_filtered_and_it_says_so(wanted: dict[str, Any], words: str) -> None:
    """Which they are, by what of the filter a budget may be of."""
    assert compose(asked_for(EPOCH, **wanted), a_reading()).bound == words


def test_of_a_thousand_budgets_the_most_used_are_shown() -> None:
    """In their order, with how many more there are; what burns down is among them."""
    lines = [a_line(scope=f"tenant:t{number}", posted=Money(number)) for number in range(100)]
    lines.insert(50, a_line(scope="tenant:full", posted=usd("2.01")))
    hours: Any = {("team", "tenant:full"): (), ("team", "tenant:t99"): ()}
    page = compose(ASKED, a_reading(budgets=tuple(lines), hours=hours))

    assert len(page.budgets) == BUDGETS_MAX
    assert page.further_budgets == 101 - BUDGETS_MAX
    assert [one.line.scope for one in page.burning] == ["tenant:full"]


def test_spend_is_by_what_is_asked_for() -> None:
    """The dearest first, each with a link to itself alone and to its jobs."""
    rows = (
        *DAYS[:3],
        a_row(tenant="zeta", delivered=4, posted=usd("8.10"), tags=(("team", "ads"),)),
    )
    offered = Offered(providers=("shortapi",), tag_keys=("team",), tags=(("team", "ads"),))
    page = compose(ASKED, a_reading(period=rows, offered=offered))
    first, second = page.parts

    assert (first.name, first.share, first.average) == ("zeta", 90, usd("2.025"))
    assert first.link == "/dashboard?by=tenant&tenant=zeta"
    assert first.jobs == "/dashboard/jobs?by=tenant&tenant=zeta"
    assert (second.name, second.average) == ("acme", None)
    assert [words for words, _, _ in page.choices] == [
        "provider", "tenant", "resolution", "model", "tag team",
    ]  # fmt: skip
    assert page.options["tag"] == ("team=ads",)
    assert page.options["provider"] == ("runpod", "shortapi")


def test_by_a_tag_some_jobs_are_without_it() -> None:
    """They are a part of their own, which no address can ask for."""
    rows = (a_row(posted=usd("0.41")), a_row(posted=usd("0.52"), tags=(("team", "ads"),)))
    asked = replace(ASKED, by="tag:team")
    offered = Offered(tag_keys=("team",))
    page = compose(asked, a_reading(period=rows, offered=offered))
    unused = compose(replace(ASKED, by="tag:shop"), a_reading(period=rows, offered=offered))

    assert [(one.name, bool(one.link)) for one in page.parts] == [
        ("ads", True),
        ("without team", False),
    ]
    assert page.names == ("ads", "without team")
    assert page.parts[0].link.endswith("tag=team%3Dads")
    assert unused.choices[-1][0] == "tag shop"


def test_of_many_names_the_dearest_are_shown() -> None:
    """All others are one line after them, which no address can ask for, and add up to the same."""
    many = NAMES_MAX + 3
    rows = tuple(a_row(tenant=f"t{number:03}", posted=usd(f"1.{number:03}"), delivered=1)
                 for number in range(many))  # fmt: skip
    page, few = compose(ASKED, a_reading(period=rows)), compose(ASKED, a_reading(period=rows[3:]))

    assert page.has_others
    assert [one.name for one in page.parts[:2]] == ["t102", "t101"]
    assert len(page.parts) == NAMES_MAX + 1
    others = page.parts[-1]
    assert (others.name, others.link, others.amounts.edits) == ("all others", "", 3)
    assert others.amounts.posted == usd("3.003")
    assert others.jobs == "/dashboard/jobs?by=tenant"
    assert not few.has_others
    assert len(few.parts) == NAMES_MAX


def test_what_was_not_told_apart_is_among_all_others() -> None:
    """However much it is: it is never one of the names that are drawn."""
    rows = (
        a_row(posted=usd("0.41"), tags=(("order", "A-1"),)),
        a_row(posted=usd("9.52"), tags=(("order", OTHERS),)),
    )
    page = compose(replace(ASKED, by="tag:order"), a_reading(period=rows))

    assert page.names == ("A-1", "all others")
    assert [(one.name, one.amounts.posted) for one in page.parts] == [
        ("A-1", usd("0.41")),
        ("all others", usd("9.52")),
    ]
    assert page.has_others


def test_a_pinned_tenant_is_no_link() -> None:
    """There is no other to choose."""
    asked = replace(ASKED, pinned_tenant="acme", filter=Filter(tenant="acme"))
    page = compose(asked, a_reading(period=DAYS, offered=Offered(tenants=("acme", "zeta"))))

    assert [one.link for one in page.parts] == [""]
    assert page.options["tenant"] == ()


def test_what_is_filtered_by_can_be_chosen_again() -> None:
    """Also where there is nothing of it; and budgets' own time zones can be chosen too."""
    budgets = [
        {"name": "b", "who": "everyone", "limit": "$1.00", "per": "day", "time_zone": "Asia/Seoul"}
    ]
    asked = replace(ASKED, filter=Filter(model="gone"))
    page = compose(asked, a_reading(facts=PolicyFacts.of(a_policy(budgets=budgets))))

    assert page.options["model"] == ("gone",)
    assert page.zones[0] == "UTC"
    assert "Asia/Seoul" in page.zones
