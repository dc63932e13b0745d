"""Sums, comparisons and shares of the ledger's rows."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.finance.overview import (
    OTHERS,
    SERIES_MAX,
    Bucket,
    Change,
    Filter,
    Totals,
    buckets,
    percent,
    permille,
    stack,
)
from router.ledger.views import SpendingRow
from router.model.job import Resolution
from router.model.money import Money, total
from tests.ledger_kit import usd
from tests.spending_rows import a_row

ROWS = (
    a_row(
        delivered=2, posted=usd("0.0812"), list_cost=usd("0.271"), avoided=usd("0.0938"), attempts=3
    ),
    a_row(provider="runpod", tenant="zeta", delivered=1, posted=usd("0.0877"), attempts=1),
    a_row(
        day="2026-11-19",
        resolution=Resolution.FOUR_K,
        tags=(("team", "ads"), ("shop", "a")),
        posted=usd("0.0931"),
        presumed=usd("0.0902"),
        over=usd("0.0031"),
        under=usd("0.0007"),
        drifted=2,
        in_doubt=usd("0.0903"),
        in_doubt_attempts=1,
        held=usd("0.0904"),
        attempts=5,
    ),
)


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (Filter(), {0, 1, 2}),
        (Filter(provider="runpod"), {1}),
        (Filter(tenant="acme"), {0, 2}),
        (Filter(resolution="4k"), {2}),
        (Filter(model="nano-banana-2-edit", tenant="zeta"), {1}),
        (Filter(model="other"), set()),
        (Filter(tag=("team", "ads")), {2}),
        (Filter(tag=("team", "a")), set()),
    ],
)
def test_a_filter_takes_what_is_all_that_it_says(wanted: Filter, taken: set[int]) -> None:
    """What it does not say is whatever it is."""
    assert {place for place, row in enumerate(ROWS) if wanted.takes(row)} == taken


def test_totals_keep_each_amount_apart() -> None:
    """What is posted is one sum, what is not certain another; an average is of what was posted."""
    totals = Totals.of(ROWS)

    assert totals.amounts.posted == usd("0.262")
    assert totals.open == usd("0.2709")
    assert (totals.over, totals.under, totals.drifted) == (usd("0.0031"), usd("0.0007"), 2)
    assert (totals.attempts, totals.in_doubt_attempts) == (9, 1)
    assert totals.average == usd("0.087333333")
    assert totals.off_list == usd("-0.009")
    assert Totals.of([]).average is None


@pytest.mark.parametrize(
    ("now", "before", "difference", "percents"),
    [
        ("1.13", "1.00", "0.13", 13),
        ("0.50", "2.00", "-1.50", -75),
        ("1.005", "1.00", "0.005", 1),
        ("3.00", "0.00", "3.00", None),
    ],
)
def test_a_change_is_by_how_much_and_by_how_many_percent(
    now: str, before: str, difference: str, percents: int | None
) -> None:
    """Of nothing there are no percents."""
    change = Change(now=usd(now), before=usd(before))

    assert (change.difference, change.percent) == (usd(difference), percents)


def test_a_part_is_all_only_when_it_is() -> None:
    """Thousandths are rounded down, and there are none of nothing."""
    assert permille(usd("0.99999"), usd("1.00")) == 999
    assert permille(usd("-0.01"), usd("1.00")) == permille(usd("0.02"), Money.ZERO) == 0
    assert percent(usd("0.02"), Money.ZERO) is None


def test_long_periods_are_cut_into_weeks_and_months() -> None:
    """Each cut where the calendar has it; nothing is left out, and nothing is there twice."""
    first = date(2026, 11, 5)

    assert buckets(first, first) == (Bucket(first, first),)
    weeks = buckets(first, date(2027, 2, 1))
    assert weeks[:2] == (
        Bucket(first, date(2026, 11, 8)),
        Bucket(date(2026, 11, 9), date(2026, 11, 15)),
    )
    assert weeks[-1] == Bucket(date(2027, 2, 1), date(2027, 2, 1))
    months = buckets(first, date(2028, 1, 3))
    assert months[0] == Bucket(first, date(2026, 11, 30))
    assert months[-1] == Bucket(date(2028, 1, 1), date(2028, 1, 3))
    assert [stack((), one, "provider").unit for one in (buckets(first, first), weeks, months)] == [
        "day",
        "week",
        "month",
    ]


def test_a_stack_has_the_largest_first() -> None:
    """One amount for each bucket and name, and nothing of what lies outside."""
    cut = buckets(date(2026, 11, 19), date(2026, 11, 20))
    outside = a_row(day="2026-11-21", posted=usd("9.01"))
    done = stack([*ROWS, outside], cut, "tenant")

    assert [(one.name, one.amounts) for one in done.series] == [
        ("acme", (usd("0.0931"), usd("0.0812"))),
        ("zeta", (usd("0.00"), usd("0.0877"))),
    ]
    assert done.sums == (usd("0.0931"), usd("0.1689"))
    assert done.series[0].total == usd("0.1743")


def test_a_weeks_sum_stands_in_its_week() -> None:
    """Named by a Monday that may lie before the period."""
    cut = buckets(date(2026, 8, 5), date(2026, 11, 4))
    rows = [a_row(day=day, posted=usd(amount)) for day, amount in
            (("2026-08-03", "0.11"), ("2026-08-10", "0.12"), ("2026-11-02", "0.13"))]  # fmt: skip
    (series,) = stack(rows, cut, "provider").series

    assert (series.amounts[0], series.amounts[1]) == (usd("0.11"), usd("0.12"))
    assert series.amounts[-1] == usd("0.13")


def test_many_names_are_shown_as_a_few_and_others() -> None:
    """The smallest together, last."""
    rows = [a_row(tenant=f"t{number}", posted=Money(1000 + number)) for number in range(9)]
    done = stack(rows, buckets(date(2026, 11, 20), date(2026, 11, 20)), "tenant")

    assert [one.name for one in done.series] == ["t8", "t7", "t6", "t5", "t4", OTHERS]
    assert len(done.series) == SERIES_MAX
    assert done.series[-1].total == Money(4006)


@given(
    st.lists(
        st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 40), st.sampled_from("abcdefgh"))
    )
)
def test_a_stack_adds_up_to_its_rows(parts: list[tuple[int, int, str]]) -> None:
    """To the nano-dollar, whatever is shown as others."""
    rows: list[SpendingRow] = [
        replace(ROWS[0], day=f"2026-{10 + day // 30:02d}-{day % 30 + 1:02d}", tenant=name,
                posted=Money(nanos))
        for nanos, day, name in parts
    ]  # fmt: skip
    done = stack(rows, buckets(date(2026, 10, 1), date(2026, 11, 30)), "tenant")

    assert total(done.sums) == total([row.posted for row in rows])
    assert total([one.total for one in done.series]) == total(done.sums)
