"""Windows: what a short one leans on, in a slow spell, after it, and without one."""

import pytest

from router.dispatch.latency_windows import DOUBT, HOUR, KNOWN_FROM, LEANS, Windows
from router.model.durations import Distribution
from router.model.latency import WINDOWS_S

STATED = Distribution.lognormal(8.0, 20.0)
NOW_S = 1_000_000.0


def windows(*seen: tuple[float, float, int]) -> Windows:
    """Windows that saw durations: how long ago, how long each was, and how many."""
    found = Windows()
    for ago_s, seconds, count in seen:
        for _ in range(count):
            found.add((NOW_S - ago_s, seconds))
            found.now.add(NOW_S - ago_s, seconds)
    return found


def hour_of(found: Windows, stated: Distribution | None = STATED) -> Distribution:
    """What is known over the hour."""
    known = found.known(NOW_S, stated)
    assert known is not None
    assert found.lately(NOW_S, stated) == known[HOUR]
    return known[HOUR]


def test_nothing_is_known_before_enough_was_seen() -> None:
    """Where nothing is stated it takes some jobs, and then all windows know."""
    few = windows((60.0, 5.0, int(KNOWN_FROM) - 1))
    assert few.known(NOW_S, None) is None
    assert few.lately(NOW_S, None) is None

    enough = windows((3600.0, 5.0, int(KNOWN_FROM)), (60.0, 5.0, 1)).known(NOW_S, None)
    assert enough is not None
    assert len(enough) == len(WINDOWS_S)
    assert {round(one.percentile_s(50)) for one in enough} == {5}


def test_no_job_counts_twice() -> None:
    """What the hour has seen is not in what it leans on: so many jobs, and what is stated."""
    share = hour_of(windows((0.0, 60.0, 30))).within(50.0)

    assert share == pytest.approx(STATED.within(50.0) * LEANS / (30 + LEANS), abs=0.005)


def test_a_short_window_leans_on_the_week() -> None:
    """What is older than it counts as if it were so many jobs."""
    found = hour_of(windows((12 * 3600.0, 6.0, 500), (0.0, 60.0, 20)))

    assert found.within(50.0) == pytest.approx(0.5, abs=0.01)


def test_a_slow_spell_is_no_part_of_what_is_usual() -> None:
    """When it is over, the hour is as it was, whatever share of the week it took."""
    found = windows((7200.0, 6.0, 200))
    found.begin_anew([(NOW_S - 3600.0, 60.0)] * 7, is_slow=True)
    for _ in range(100):
        found.add((NOW_S - 1800.0, 60.0))
        found.now.add(NOW_S - 1800.0, 60.0)
    assert hour_of(found).percentile_s(95) > 50.0

    found.begin_anew([(NOW_S, 6.0)] * 7, is_slow=False)

    assert hour_of(found).percentile_s(95) < 10.0
    known = found.known(NOW_S, STATED)
    assert known is not None
    assert known[-1].percentile_s(95) > 50.0, "the week was as it was"


def test_a_slow_spell_that_nobody_asks_about_is_forgotten_in_hours() -> None:
    """Then it is taken for what it usually is."""
    found = windows((30_000.0, 6.0, 200))
    found.begin_anew([(NOW_S - 4 * 3600.0, 60.0)] * 30, is_slow=True)

    assert hour_of(found).percentile_s(95) < 10.0


def test_who_gets_quicker_for_good_has_another_usual() -> None:
    """What was before is no measure any more, also where no slow spell had begun."""
    found = windows((3600.0, 30.0, 300))
    found.begin_anew([(NOW_S, 6.0)] * 7, is_slow=False)

    assert found.now.count(NOW_S) == pytest.approx(7.0)
    assert hour_of(found).percentile_s(50) < 9.0


def test_doubt_is_of_what_was_seen() -> None:
    """None where nothing was seen, most where a few were, and little where many were."""
    none, few, many = (windows((0.0, 6.0, count)).doubts(NOW_S)[HOUR] for count in (0, 20, 2000))

    assert none == 0.0
    assert few == pytest.approx(DOUBT * 20**0.5 / (20 + LEANS))
    assert 0.0 < many < few / 3
