import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.durations import (
    BINS,
    EDGES_S,
    LONGEST_S,
    SHORTEST_S,
    Distribution,
    FadingCount,
    Histogram,
)

DAY_S = 86_400.0
SECONDS = st.floats(0.1, 3_000.0)


def seen(histogram: Histogram) -> Distribution:
    """What a histogram that is not empty has seen."""
    found = histogram.seen()
    assert found is not None
    return found


def test_a_stated_distribution_has_the_percentiles_that_were_stated() -> None:
    """The two that are given, and what follows from them; the shares are all there are."""
    stated = Distribution.lognormal(6.0, 15.0)

    assert stated.percentile_s(50) == pytest.approx(6.0, rel=0.01)
    assert stated.percentile_s(95) == pytest.approx(15.0, rel=0.01)
    assert stated.within(6.0) == pytest.approx(0.5, abs=0.01)
    assert stated.mean_s == pytest.approx(
        6.0 * math.exp((math.log(2.5) / 1.645) ** 2 / 2), rel=0.01
    )
    assert math.fsum(stated.shares) == pytest.approx(1.0)


def test_what_always_takes_as_long_is_a_distribution_too() -> None:
    """Two equal percentiles; a spread beyond all measure has a mean that is none the longer."""
    assert Distribution.lognormal(9.0, 9.0).percentile_s(99) == pytest.approx(9.0, rel=0.1)
    assert Distribution.lognormal(1.0, 3_600.0).mean_s == LONGEST_S


def test_outside_of_what_is_measured_nothing_or_everything_has_ended() -> None:
    """Below the shortest, and above the longest."""
    stated = Distribution.lognormal(6.0, 15.0)

    assert (stated.within(0.0), stated.within(SHORTEST_S)) == (0.0, 0.0)
    assert (stated.within(LONGEST_S), stated.within(1e9)) == (1.0, 1.0)


@given(st.lists(SECONDS, min_size=1, max_size=40), st.sampled_from([1, 25, 50, 75, 95, 100]))
def test_a_percentile_is_a_bin_away_from_the_true_one_at_most(
    durations_s: list[float], percent: int
) -> None:
    """Compared with the sorted list itself; and the mean is exact."""
    histogram = Histogram(DAY_S)
    for seconds in durations_s:
        histogram.add(1_000.0, seconds)
    true_s = sorted(durations_s)[math.ceil(percent / 100 * len(durations_s)) - 1]
    found = seen(histogram)

    assert true_s / 1.1 <= found.percentile_s(percent) <= true_s * 1.1
    assert found.mean_s == pytest.approx(math.fsum(durations_s) / len(durations_s))
    assert histogram.count(1_000.0) == pytest.approx(len(durations_s))


@given(st.lists(SECONDS, min_size=1, max_size=20), st.floats(0.01, 99.0))
def test_percentiles_and_shares_undo_each_other(durations_s: list[float], percent: float) -> None:
    """Of jobs, so many take at most what the percentile says."""
    histogram = Histogram(DAY_S)
    for seconds in durations_s:
        histogram.add(0.0, seconds)
    found = seen(histogram)

    assert found.within(found.percentile_s(percent)) == pytest.approx(percent / 100, abs=1e-6)


def test_what_is_older_counts_for_less() -> None:
    """After the time that it fades by, for 1/e; a tenfold of it, for almost nothing."""
    histogram = Histogram(100.0)
    histogram.add(0.0, 8.0)
    histogram.add(100.0, 32.0)

    assert histogram.count(100.0) == pytest.approx(1 + 1 / math.e)
    assert histogram.count(200.0) == pytest.approx((1 + 1 / math.e) / math.e)
    assert seen(histogram).mean_s == pytest.approx((32.0 + 8.0 / math.e) / (1 + 1 / math.e))


def test_what_is_told_late_counts_as_old_as_it_is() -> None:
    """In whatever order durations are told, the same is known."""
    told = [(1_000.0 * number, 2.0 + number) for number in range(20)]
    in_order, shuffled = Histogram(500.0), Histogram(500.0)
    for at_s, seconds in told:
        in_order.add(at_s, seconds)
    for at_s, seconds in random.Random(3).sample(told, len(told)):
        shuffled.add(at_s, seconds)

    assert shuffled.count(20_000.0) == pytest.approx(in_order.count(20_000.0))
    assert seen(shuffled).shares == pytest.approx(seen(in_order).shares)


def test_a_histogram_fades_for_ever_without_harm() -> None:
    """After a hundred years at an hour's fading, what was seen last is what is known."""
    histogram = Histogram(1_800.0)
    histogram.add(0.0, 3.0)
    histogram.add(3.2e9, 7.0)

    assert histogram.count(3.2e9) == pytest.approx(1.0)
    assert seen(histogram).percentile_s(50) == pytest.approx(7.0, rel=0.1)
    assert histogram.count(9.9e9) == 0.0


def test_what_two_have_seen_adds_up() -> None:
    """As if one had seen it all, whichever of them was the later."""
    one, other, both = Histogram(300.0), Histogram(300.0), Histogram(300.0)
    for at_s, seconds in ((0.0, 3.0), (50_000.0, 5.0), (50_100.0, 11.0)):
        one.add(at_s, seconds)
        both.add(at_s, seconds)
    for at_s, seconds in ((50_050.0, 17.0), (49_000.0, 90.0)):
        other.add(at_s, seconds)
        both.add(at_s, seconds)

    one.merge(other)

    assert one.count(50_200.0) == pytest.approx(both.count(50_200.0))
    assert seen(one).shares == pytest.approx(seen(both).shares)
    assert seen(one).mean_s == pytest.approx(seen(both).mean_s)


def test_what_fades_differently_is_not_added_up() -> None:
    """That would be our own bug."""
    with pytest.raises(AssertionError):
        Histogram(300.0).merge(Histogram(301.0))


def test_what_another_has_seen_can_be_left_out() -> None:
    """What remains is what only the longer one still counts, as it weighs then."""
    longer, shorter = Histogram(3600.0), Histogram(60.0)
    for at_s, seconds in ((0.0, 40.0), (0.0, 40.0), (1000.0, 5.0)):
        longer.add(at_s, seconds)
        shorter.add(at_s, seconds)

    rest = longer.without(shorter, 1000.0)

    seen = rest.seen()
    assert seen is not None
    assert rest.count(1000.0) == pytest.approx(2 * math.exp(-1000 / 3600), rel=1e-3)
    assert seen.mean_s == pytest.approx(40.0, rel=1e-3)
    assert longer.without(longer, 1000.0).seen() is None


def test_nothing_seen_is_nothing_known() -> None:
    """Not zero."""
    assert Histogram(60.0).seen() is None
    assert Histogram(60.0).count(5.0) == 0.0


@pytest.mark.parametrize(("seconds", "place"), [(0.0, 0), (-1.0, 0), (1e9, BINS - 1)])
def test_what_cannot_be_measured_counts_as_the_nearest_that_can(seconds: float, place: int) -> None:
    """A clock that was set back is no reason to crash."""
    histogram = Histogram(60.0)
    histogram.add(0.0, seconds)

    assert seen(histogram).shares[place] == 1.0
    assert SHORTEST_S <= seen(histogram).mean_s <= LONGEST_S
    assert len(EDGES_S) == BINS + 1


def test_two_distributions_are_mixed_by_their_shares() -> None:
    """A quarter of the jobs as the other says."""
    quick, slow = Distribution.lognormal(2.0, 3.0), Distribution.lognormal(200.0, 300.0)
    mixed = quick.mixed(slow, 0.25)

    assert mixed.within(20.0) == pytest.approx(0.75, abs=0.01)
    assert mixed.mean_s == pytest.approx(0.75 * quick.mean_s + 0.25 * slow.mean_s)


def test_occurrences_fade_likewise() -> None:
    """Also those that are told late."""
    count = FadingCount(100.0)
    assert count.at(5.0) == 0.0
    count.add(100.0)
    count.add(0.0)

    assert count.at(100.0) == pytest.approx(1 + 1 / math.e)
    assert count.at(300.0) == pytest.approx((1 + 1 / math.e) / math.e**2)
