"""When a provider is asked again."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.durations import LONGEST_S, Distribution
from router.model.job import Resolution
from router.upstream.polling import (
    ANYTHING,
    POLL_PAUSE_S_MAX,
    POLL_PAUSE_S_MIN,
    Schedule,
    SteadyPace,
    retry_pause_s,
)
from tests.fakes import Middle
from tests.polls import fixed_pauses, optimum_of_as_many, tried_by

EDITS = Distribution.lognormal(8.0, 15.4)


def test_polls_are_dense_where_edits_end() -> None:
    """None in the first half of the usual time, then one a second, then ever fewer."""
    schedule = Schedule(EDITS)
    instants_s = [0.0]
    while instants_s[-1] < 60:
        instants_s.append(instants_s[-1] + schedule.pause_s(instants_s[-1]))
    _, *polls_s = instants_s

    assert not [one for one in polls_s if one < 4.0]
    assert len([one for one in polls_s if 6.0 <= one < 12.0]) == 7
    assert len([one for one in polls_s if 40.0 <= one < 60.0]) == 8


@pytest.mark.parametrize("sigma", [0.2, 0.4, 0.7])
def test_lag_times_polls_is_near_the_optimum(sigma: float) -> None:
    """Within a quarter of the least that any schedule has with as many polls, and far below 5 s."""
    ours = tried_by(
        Schedule(Distribution.lognormal(8.0, 8.0 * 2.718281828 ** (1.645 * sigma))), sigma
    )
    best = optimum_of_as_many(ours.polls, sigma)
    every_5_s = tried_by(fixed_pauses(5.0), sigma)

    assert best.polls == pytest.approx(ours.polls, rel=0.01)
    assert best.product <= ours.product * 1.001
    assert ours.product <= best.product * 1.25
    assert ours.product < every_5_s.product


def test_a_poll_that_is_worth_more_is_made_less_often() -> None:
    """What one more poll is worth is the only thing that is tuned."""
    dear, cheap = (tried_by(Schedule(EDITS, worth_s), 0.4) for worth_s in (0.5, 0.05))

    assert dear.polls < cheap.polls
    assert dear.lag_s > cheap.lag_s


@given(st.floats(0.0, 10_000.0), st.floats(0.1, 600.0), st.floats(1.0, 6.0))
def test_no_pause_is_too_short_or_too_long(age_s: float, p50_s: float, spread: float) -> None:
    """Whatever was learnt, and however old the job is: a quarter of a second to a minute."""
    pause_s = Schedule(Distribution.lognormal(p50_s, p50_s * spread)).pause_s(age_s)

    assert POLL_PAUSE_S_MIN <= pause_s <= POLL_PAUSE_S_MAX


def test_past_all_that_is_measured_it_is_asked_once_a_minute() -> None:
    """A job that old is waited for as long as its horizon allows."""
    assert Schedule(EDITS).pause_s(LONGEST_S) == POLL_PAUSE_S_MAX
    assert Schedule(EDITS).pause_s(0.0) > 2.0


def test_where_nothing_is_learnt_anything_is_expected() -> None:
    """And nobody limits how often is asked."""
    pace = SteadyPace()

    assert pace.ready("shortapi", "slug", Resolution.ONE_K) == ANYTHING
    assert pace.polls_per_s_max("shortapi") == float("inf")


def test_failed_reads_are_repeated_ever_more_slowly() -> None:
    """The pause doubles from half a second to 15, of which chance takes up to a half."""
    windows_s = [retry_pause_s(Middle(), attempt, None) / 0.75 for attempt in range(1, 8)]

    assert windows_s == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]


@given(st.integers(0, 99), st.integers(1, 10**9), st.none() | st.floats())
def test_the_provider_gets_the_patience_it_asks_for_up_to_a_minute(
    seed: int, attempt: int, retry_after_s: float | None
) -> None:
    """No pause is shorter than asked, nor longer than a minute, whatever was asked."""
    pause_s = retry_pause_s(random.Random(seed), attempt, retry_after_s)

    assert 0.25 <= pause_s <= 60.0
    if retry_after_s is not None and retry_after_s <= 60.0:
        assert pause_s >= retry_after_s
