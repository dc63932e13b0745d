"""Forecasts: exact where the pace is constant, never below what is spent, none from too little."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.finance.forecast import (
    HISTORY,
    SEASONAL_AFTER,
    BudgetWindow,
    Burn,
    Forecast,
    NoForecast,
    burn,
    burns,
    by_hour,
    forecast,
)
from router.ledger.hours_in_mind import KEPT
from router.ledger.limit_rows import BudgetHourRow
from router.model.money import NANOS_MAX, Money
from router.policy.windows import Calendar, Window, bounds
from tests.bench import forecasts
from tests.ledger_kit import DAY, HOUR, usd

ZONES = [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")]
MINUTE = timedelta(minutes=1)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2026, 11, 16, tzinfo=UTC)
NANOS_A_MINUTE = 7_001


def hour(at: datetime, nanos: int) -> BudgetHourRow:
    """Build what the account was charged in an hour."""
    return BudgetHourRow(budget="b", scope="everyone", hour=at, charged=Money(nanos))


def steady(since: datetime, at: datetime, nanos: int = NANOS_A_MINUTE) -> list[BudgetHourRow]:
    """Build the hours of an account that is charged the same each minute, up to now."""
    rows: list[BudgetHourRow] = []
    start = since
    while start < at:
        whole = start.replace(minute=0) + HOUR
        minutes = (min(whole, at) - start) // MINUTE
        rows.append(hour(start.replace(minute=0), minutes * nanos))
        start = whole
    return rows


def november(charged: str = "5.00", limit: str = "100.00") -> BudgetWindow:
    """Build the window of November, of which half is over."""
    start, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    return BudgetWindow(start=start, end=end, limit=usd(limit), charged=usd(charged))


def found(window: BudgetWindow, hours: Sequence[BudgetHourRow], at: datetime = AT) -> Forecast:
    """Forecast what can be."""
    answer = forecast(window, by_hour(hours), at)
    assert isinstance(answer, Forecast), answer
    return answer


@given(
    minutes=st.integers(0, 60 * 24 * 360),
    per=st.sampled_from([Window.DAY, Window.WEEK, Window.MONTH, Window.QUARTER, Window.YEAR]),
    zone=st.sampled_from(ZONES),
    known=st.integers(0, 60),
)
def test_a_constant_pace_is_forecast_to_the_nano_dollar(
    minutes: int, per: Window, zone: ZoneInfo, known: int
) -> None:
    """By either method, in every zone, also where the clocks change: a month is its own length."""
    at = YEAR + minutes * MINUTE
    start, end = bounds(per, Calendar(zone=zone), at)
    assert start is not None
    assert end is not None
    began = min(start, at - known * DAY)
    charged = Money((at - start) // MINUTE * NANOS_A_MINUTE)
    window = BudgetWindow(start=start, end=end, limit=usd("99"), charged=charged, zone=zone)

    answer = forecast(window, by_hour(steady(began, at)), at)

    if isinstance(answer, NoForecast):
        assert (at - start) * 10 < end - start or at == start
    elif answer.method == "weekday" or began == start:
        total = (end - start) // MINUTE * NANOS_A_MINUTE
        assert {answer.low.nanos, answer.expected.nanos, answer.high.nanos} == {total}


def some_hours(seed: int, days: int, *, least: int = 0) -> list[BudgetHourRow]:
    """Draw what an account was charged in the hours of the last days, up to ten dollars in each."""
    rng = random.Random(seed)
    return [hour(AT - (place + 1) * HOUR, rng.randint(least, 10**10)) for place in range(24 * days)]


@given(
    seed=st.integers(0, 999),
    days=st.integers(1, 20),
    charged=st.integers(0, 10**12),
    more=st.integers(0, 10**12),
)
def test_a_forecast_is_never_less_than_what_is_spent_and_grows_with_it(
    seed: int, days: int, charged: int, more: int
) -> None:
    """Whatever the hours say, credits among them; and the band holds what is expected."""
    hours = some_hours(seed, days, least=-(10**8))
    window = replace(november(), charged=Money(charged))
    richer = replace(window, charged=Money(charged + more))
    answer = forecast(window, by_hour(hours), AT)

    if isinstance(answer, Forecast):
        assert window.charged <= answer.low <= answer.expected <= answer.high
        assert found(richer, hours).expected - answer.expected >= Money(more)
        if answer.exhausted_at is not None:
            assert window.end is not None
            assert AT <= answer.exhausted_at < window.end
        assert (answer.exhausted_at is None) == (answer.expected <= window.limit)


@given(seed=st.integers(0, 999), place=st.integers(0, 14 * 24 - 1))
def test_an_hour_more_dearly_charged_never_lowers_a_forecast(seed: int, place: int) -> None:
    """Of the weeks before as of today."""
    hours = some_hours(seed, 14)
    dearer = [*hours]
    dearer[place] = hours[place].plus(usd("3.21"))

    assert found(november(), dearer).expected >= found(november(), hours).expected


def test_early_on_the_windows_own_pace_goes_on() -> None:
    """Ten days at half a dollar a day, and twenty more of them."""
    at = datetime(2026, 11, 11, tzinfo=UTC)
    window = november("5.00", "12.00")
    assert window.start is not None
    hours = [hour(window.start + day * DAY, 500_000_000) for day in range(10)]

    answer = found(window, hours, at)

    assert (str(answer.expected), answer.method) == ("15.00", "linear")
    assert (str(answer.low), str(answer.high)) == ("15.00", "15.00")
    assert answer.exhausted_at == datetime(2026, 11, 25, tzinfo=UTC)


def test_an_account_that_began_within_the_window_goes_by_its_own_days() -> None:
    """Its silence before its first charge is not its pace."""
    window = november("4.00")
    hours = [hour(AT - DAY * day, 1_000_000_000) for day in range(1, 5)]

    assert str(found(window, hours).expected) == "19.00"


def test_weekdays_are_told_apart_after_two_weeks() -> None:
    """A month that ends with a weekend is no month that ends with five working days."""
    at = datetime(2026, 11, 26, tzinfo=UTC)
    days = [at - DAY * day for day in range(1, 29)]
    hours = [hour(day + 9 * HOUR, 2_000_000_000) for day in days if day.weekday() < 5]
    window = november("36.00", "40.01")

    answer = found(window, hours, at)

    # Thursday, Friday and Monday are left, and a weekend between them.
    assert (str(answer.expected), answer.method) == ("42.00", "weekday")
    assert (answer.low, answer.high) == (answer.expected, answer.expected)
    monday = datetime(2026, 11, 30, 9, tzinfo=UTC)
    assert answer.exhausted_at is not None
    assert monday < answer.exhausted_at < monday + MINUTE


def test_later_weeks_weigh_more() -> None:
    """An account that has grown is expected to go on nearer to what it is than to what it was."""
    before = steady(AT - HISTORY, AT - 7 * DAY, 1_000_000)
    lately = steady(AT - 7 * DAY, AT, 2_000_000)
    evenly = 21 * 24 * 60 * 1_000_000 + 7 * 24 * 60 * 2_000_000
    answer = found(replace(november(), charged=Money.ZERO), [*before, *lately])

    assert evenly * 15 // 28 < answer.expected.nanos < 15 * 24 * 60 * 2_000_000
    assert answer.high - answer.expected > usd("2")


def test_an_uneven_pace_has_a_band() -> None:
    """Every other day ten dollars: the days to come are not known one by one."""
    window = november("70.00")
    hours = [hour(AT - DAY * day, 10_000_000_000 * (day % 2)) for day in range(1, 14)]

    answer = found(window, hours)

    assert answer.method == "linear"
    assert answer.low < answer.expected < answer.high
    assert answer.expected - usd("60") < answer.low


def test_one_known_hour_makes_a_band_as_wide_as_what_it_expects() -> None:
    """Of a single slot nothing is known but that it was."""
    start = AT - 5 * HOUR - 30 * MINUTE
    window = BudgetWindow(start=start, end=start + DAY, limit=usd("9"), charged=usd("0.31"))
    hours = [hour(AT - 6 * HOUR, 270_000_000), hour(AT - 4 * HOUR, 190_000_000)]

    answer = found(window, hours, start + 2 * HOUR + 24 * MINUTE)

    # The hour in which the window began is half of another's: of the rest there are 114 minutes.
    assert str(answer.expected) == "2.47"
    assert (answer.low, answer.high) == (window.charged, usd("4.63"))


@pytest.mark.parametrize(
    ("window", "hours", "reason"),
    [
        (november(), [], "nothing was charged yet"),
        (november(), [hour(AT - HOUR, 3)], "less than 10 % of the window is known"),
        (replace(november(), start=None, end=None), [], "a lifetime has no end"),
        (replace(november(), end=None), [], "a window that rolls has no end"),
    ],
)
def test_without_enough_to_go_by_there_is_no_forecast(
    window: BudgetWindow, hours: list[BudgetHourRow], reason: str
) -> None:
    """And a sentence says why; what is used up is told all the same."""
    assert forecast(window, by_hour(hours), AT) == NoForecast(reason=reason)
    spent = replace(window, under_way=usd("95.00"))
    assert forecast(spent, by_hour(hours), AT) == NoForecast(reason=reason, exhausted_at=AT)


def test_a_young_window_has_none_however_much_is_known() -> None:
    """Less than a tenth of it tells nothing that its end could be told by."""
    window = november()
    assert window.start is not None
    assert window.end is not None
    tenth = window.start + (window.end - window.start) / 10
    hours = steady(window.start - SEASONAL_AFTER, tenth)

    assert forecast(window, by_hour(hours), tenth - MINUTE) == NoForecast(
        reason="less than 10 % of the window is over"
    )
    assert found(window, hours, tenth).method == "weekday"


def test_a_lifetime_runs_out_at_the_pace_of_late() -> None:
    """Of one that would last for years, and of one that is a few hours old, nothing is said."""
    ever = BudgetWindow(start=None, end=None, limit=usd("30"), charged=usd("20"))
    hours = [hour(AT - DAY * day, 500_000_000) for day in range(1, 11)]

    assert forecast(ever, by_hour(hours), AT).exhausted_at == AT + 20 * DAY
    assert forecast(replace(ever, limit=usd("900")), by_hour(hours), AT).exhausted_at is None
    assert forecast(ever, {AT - HOUR: 9_000_000_000}, AT).exhausted_at is None


def test_a_budget_of_what_is_beyond_all_money_is_no_error() -> None:
    """What is expected is at most what money can be."""
    window = replace(november(), charged=Money(NANOS_MAX))

    assert found(window, [hour(AT - 9 * DAY, NANOS_MAX)]).high == Money(NANOS_MAX)


def test_as_much_is_kept_in_mind_as_forecasts_go_by() -> None:
    """The ledger does not know why it keeps four weeks of hours at hand."""
    assert KEPT == HISTORY


def test_a_burn_rate_of_one_uses_the_limit_up_at_the_windows_end() -> None:
    """Over each span: what was charged, by what the limit allows in a time as long."""
    window = november("1.00", "30.00")
    even = steady(AT - 4 * DAY, AT, 30_000_000_000 // (30 * 24 * 60))
    at = AT + 30 * MINUTE
    fast = [*even, hour(AT, 10 * 30_000_000_000 // (30 * 24 * 2))]

    assert [str(one) for one in burns(window, by_hour(even), AT)] == ["0.99", "0.99", "0.99"]
    # Half an hour at ten times the pace, and the half before that at the pace itself.
    assert [str(one) for one in burns(window, by_hour(fast), at)] == ["5.49", "1.74", "1.06"]
    assert str(Burn(HOUR, Fraction(144, 10))) == "14.40"


def test_a_burn_rate_goes_by_the_length_of_the_window() -> None:
    """Half of a day's budget in an hour is twelve times its pace; of a month's, much more."""
    hours = [hour(AT - HOUR, 1_500_000_000)]
    day = BudgetWindow(start=AT - DAY, end=AT, limit=usd("3"), charged=usd("1.5"))
    rolling = replace(day, start=AT - 2 * DAY, end=None)

    assert burn(day, by_hour(hours), AT, HOUR) == 12
    assert burn(rolling, by_hour(hours), AT, HOUR) == 24
    assert burn(replace(day, limit=Money.ZERO), by_hour(hours), AT, HOUR) is None
    assert burns(replace(day, start=None, end=None), by_hour(hours), AT) == ()
    assert burn(day, {AT - HOUR: -5}, AT, HOUR) == 0


@pytest.mark.parametrize(("share", "most"), [(25, 0.02), (50, 0.015), (75, 0.01)])
def test_months_of_a_known_end_are_forecast_nearly(share: int, most: float) -> None:
    """Of an office with five weeks behind it, half of all months within so much; see the bench."""
    trials = list(
        forecasts.trials(forecasts.KINDS["office hours"], share, before=forecasts.BEFORE, months=9)
    )

    errors = sorted(trial.error for trial in trials)
    assert errors[len(errors) // 2] < most
    assert sum(trial.within for trial in trials) >= 5
