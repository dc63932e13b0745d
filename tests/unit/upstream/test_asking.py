"""The pauses of one job's polls, among all the others'."""

import random
from contextlib import ExitStack

import pytest

from router.model.durations import Distribution
from router.model.job import Resolution
from router.upstream.asking import PollShares
from router.upstream.polling import AFTER_RING_S, POLL_PAUSE_S_MIN, Schedule
from tests.fakes import Middle

READY = Distribution.lognormal(8.0, 15.4)


class Slow:
    """A pace: one distribution, and so many polls a second."""

    def __init__(self, polls_per_s: float) -> None:
        self.polls_per_s = polls_per_s

    def ready(self, provider: str, slug: str, resolution: Resolution) -> Distribution:
        """See `Pace`."""
        assert (provider, slug, resolution) == ("shortapi", "slug", Resolution.TWO_K)
        return READY

    def polls_per_s_max(self, provider: str) -> float:
        """See `Pace`."""
        assert provider == "shortapi"
        return self.polls_per_s


WHAT = ("shortapi", "slug", Resolution.TWO_K)


def test_a_job_is_asked_after_as_its_schedule_says() -> None:
    """By how long such jobs take, from its dispatch on."""
    with PollShares(Slow(50.0), Middle()).asking(*WHAT) as pauses:
        for age_s in (0.0, 5.0, 9.0, 100.0):
            assert pauses.next_s(age_s) == Schedule(READY).pause_s(age_s)


def test_jobs_that_began_together_drift_apart() -> None:
    """Every pause is moved by up to a tenth, and differently for each source of chance."""
    found_s = set[float]()
    for seed in range(20):
        with PollShares(Slow(50.0), random.Random(seed)).asking(*WHAT) as pauses:
            found_s.add(pauses.next_s(0.0))

    usual_s = Schedule(READY).pause_s(0.0)
    assert len(found_s) == 20
    assert all(0.9 * usual_s <= pause_s <= 1.1 * usual_s for pause_s in found_s)


def test_after_a_ring_it_is_asked_soon_again() -> None:
    """For a few times, even if the state lags behind the callback; then as before."""
    with PollShares(Slow(50.0), Middle()).asking(*WHAT) as pauses:
        pauses.rang()
        assert [pauses.next_s(1.0) for _ in AFTER_RING_S] == list(AFTER_RING_S)
        assert pauses.next_s(1.0) == Schedule(READY).pause_s(1.0)


def test_many_jobs_together_ask_no_more_often_than_is_borne() -> None:
    """Each waits for its share; those whose end is known leave theirs to the others."""
    turns = PollShares(Slow(10.0), Middle())
    with turns.asking(*WHAT) as pauses:
        with ExitStack() as others:
            for _ in range(399):
                others.enter_context(turns.asking(*WHAT))
            assert pauses.next_s(8.0) == 40.0
            pauses.rang()
            assert pauses.next_s(8.0) == 40.0
        assert pauses.next_s(8.0) < 1.5


def test_no_pause_is_shorter_than_the_shortest() -> None:
    """However likely the end is."""
    sure = Distribution.lognormal(8.0, 8.0)

    class Sure(Slow):
        def ready(self, provider: str, slug: str, resolution: Resolution) -> Distribution:
            del provider, slug, resolution
            return sure

    with PollShares(Sure(50.0), Middle()).asking(*WHAT) as pauses:
        assert pauses.next_s(8.0) >= POLL_PAUSE_S_MIN
        assert pauses.next_s(0.0) == pytest.approx(8.0, rel=0.12)
