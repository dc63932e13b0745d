import pytest

from router.model.durations import Distribution
from router.model.latency import PERCENTILES, WINDOWS_S, Latency


def test_what_is_stated_is_the_same_over_each_window() -> None:
    """Both percentiles as stated, the others as they follow, and not learnt from any job."""
    stated = Latency.stated(6.0, 15.0)

    assert (stated.p50_s, stated.p95_s) == (6.0, 15.0)
    for window_s in WINDOWS_S:
        found = [stated.at(percentile, window_s) for percentile in PERCENTILES]
        assert found == sorted(found)
        assert found[0] == stated.p50_s
    assert (stated.samples, stated.queue_s, stated.execution_s) == (0, None, None)


def test_each_window_has_its_own_percentiles() -> None:
    """And the hour's are the ones that are shown, with what the provider tells of its own."""
    over = [Distribution.lognormal(p50_s, 2 * p50_s) for p50_s in (3.0, 4.0, 5.0, 7.0, 9.0)]

    latency = Latency.of(over, samples=12, queue=over[0], execution=over[4])

    assert [latency.at(50, one) for one in WINDOWS_S] == pytest.approx([3, 4, 5, 7, 9], rel=0.01)
    assert latency.shown == {
        "p50_s": latency.at(50, 3_600.0),
        "p95_s": latency.at(95, 3_600.0),
        "mean_s": round(over[1].mean_s, 3),
        "queue_s": pytest.approx(3.0, rel=0.01),
        "execution_s": pytest.approx(9.0, rel=0.01),
        "samples": 12,
    }


def test_what_chance_may_have_done_counts_in_the_offers_favour() -> None:
    """The more doubt, the lower each percentile is told, and never below the first."""
    sure = Distribution.lognormal(8.0, 20.0)
    doubts = (0.0, 0.1, 0.2, 0.3, 20.0)

    found = Latency.of([sure] * len(WINDOWS_S), doubts=doubts)

    for place, percent in enumerate(PERCENTILES):
        told = [row[place] for row in found.percentiles_s]
        assert told[0] == round(sure.percentile_s(percent), 3)
        assert told == sorted(told, reverse=True)
        assert told[-1] == round(sure.percentile_s(1), 3)
    assert found.percentiles_s[1][3] == pytest.approx(sure.percentile_s(92.8), rel=0.01)
    assert found.mean_s == round(sure.mean_s, 3)


def test_what_is_told_is_in_nobodys_favour() -> None:
    """Doubt is for limits; who reads how long it takes is told what is likely."""
    sure = Distribution.lognormal(8.0, 20.0)

    found = Latency.of([sure] * len(WINDOWS_S), doubts=[0.2] * len(WINDOWS_S), samples=3)

    assert found.at(95) < 17.0
    assert (found.shown["p50_s"], found.shown["p95_s"]) == (
        round(sure.percentile_s(50), 3),
        round(sure.percentile_s(95), 3),
    )
