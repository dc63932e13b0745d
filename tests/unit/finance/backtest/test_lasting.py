import pytest

from router.finance.backtest.lasting import percentile_s
from router.finance.backtest.menus import pace_of, pace_s
from router.model.latency import Latency

PACE = pace_of(Latency.stated(6.0, 15.0))


def test_what_is_known_is_told_to_the_tenth() -> None:
    """The duration that so many took at most."""
    took = {10: 50, 25: 45, 99: 5}

    assert [percentile_s(percent, took, {}) for percent in (50, 51, 95, 96)] == [1.0, 2.5, 2.5, 9.9]


def test_what_is_expected_has_its_own_percentiles() -> None:
    """Within 1 % of what was stated, as a pace is."""
    assert pace_s(PACE) == pytest.approx((6.0, 15.0), rel=0.011)
    assert percentile_s(50, {}, {PACE: 7}) == pytest.approx(6.0, rel=0.03)
    assert percentile_s(95, {}, {PACE: 7}) == pytest.approx(15.0, rel=0.02)


def test_both_are_mixed_by_their_weights() -> None:
    """Half of it known to be quick, the median lies between."""
    found = percentile_s(50, {20: 10}, {PACE: 10})

    assert found is not None
    assert 1.9 < found < 3.0
    assert percentile_s(25, {20: 10}, {PACE: 10}) == 2.0


def test_of_nothing_nothing_is_known() -> None:
    """Not zero."""
    assert percentile_s(50, {}, {}) is None
    assert percentile_s(50, {0: 1}, {}) == 0.0
