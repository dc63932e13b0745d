"""Changes: how many unusual jobs in a row say that a provider is another than it was."""

import random
from datetime import timedelta

import pytest

from router.dispatch.latency import Latencies
from router.dispatch.latency_changes import ROW
from router.ledger.views import TimedRow
from router.model.job import Resolution
from router.model.latency import Latency
from tests.fakes import EPOCH, an_offer
from tests.ledger_kit import usd

OFFER = an_offer(price=usd("0.04"), stated=(8.0, 20.0))


class Told:
    """A provider whose jobs are told of, one every five seconds."""

    def __init__(self, latencies: Latencies | None = None) -> None:
        self.latencies = latencies or Latencies()
        self.rows: list[TimedRow] = []
        self._draw = random.Random(3)

    def usual(self, count: int, factor: float = 1.0, *resolutions: Resolution) -> None:
        """Tell of jobs of about eight seconds, or so many times as long."""
        for _ in range(count):
            resolution = self._draw.choice(resolutions or (Resolution.ONE_K,))
            self.job(8.0 * factor * self._draw.lognormvariate(0.0, 0.3), resolution)

    def job(self, seconds: float, resolution: Resolution = Resolution.ONE_K) -> None:
        """Tell of one job."""
        ended_at = EPOCH + timedelta(seconds=5.0 * len(self.rows))
        row = TimedRow(
            provider=OFFER.provider,
            slug=OFFER.slug,
            resolution=resolution,
            outcome="delivered",
            dispatched_at=ended_at - timedelta(seconds=seconds),
            accepted_at=None,
            ended_at=ended_at,
            queue_s=None,
            execution_s=None,
        )
        self.rows.append(row)
        self.latencies.settled(row)

    def known(self, resolution: Resolution = Resolution.ONE_K) -> Latency:
        """What is known now."""
        at = EPOCH + timedelta(seconds=5.0 * len(self.rows))
        found = self.latencies.offer(OFFER, resolution, at).latency
        assert found is not None
        return found


def test_slow_jobs_in_a_row_are_a_slow_spell() -> None:
    """After so many, the hour is about them, and not about all that was before."""
    told = Told()
    told.usual(300)
    told.usual(ROW - 1, 6.0)
    assert told.known().p95_s < 20.0, "six of three hundred"

    told.usual(1, 6.0)

    assert told.known().p95_s > 30.0


def test_quick_jobs_in_a_row_end_it() -> None:
    """And then a provider is what it usually is, at once."""
    told = Told()
    told.usual(300)
    told.usual(60, 6.0)
    assert told.known().p50_s > 30.0

    told.usual(ROW)

    assert told.known().p95_s < 20.0


def test_a_usual_job_between_them_begins_the_row_anew() -> None:
    """Slow jobs here and there are what an hour's percentile is for."""
    told = Told()
    told.usual(300)
    for _ in range(6):
        told.usual(ROW - 1, 6.0)
        told.job(8.0)

    assert told.known().p50_s < 12.0, "a tenth of all that was seen"


def test_unusual_and_different_are_two_things() -> None:
    """Where all jobs take the same, a twentieth more is no change, however often it is seen."""
    told = Told()
    for _ in range(100):
        told.job(8.0)
    before = told.known().samples
    for _ in range(3 * ROW):
        told.job(8.4)

    assert told.known().samples > before
    assert told.known().p50_s == pytest.approx(8.0, rel=0.1)


def test_resolutions_of_a_model_change_together() -> None:
    """Seven slow ones of all kinds are a change of each, also where few of its own were seen."""
    told = Told()
    every = tuple(Resolution)
    told.usual(400, 1.0, *every)
    for number in range(ROW + 5):
        told.job(60.0, every[number % 3])

    assert all(told.known(one).p95_s > 40.0 for one in every)


def test_a_resolution_of_which_little_is_known_says_nothing() -> None:
    """Its first jobs are no change of a provider whose others go on as ever."""
    told = Told()
    told.usual(200)
    for _ in range(ROW - 1):
        told.job(60.0, Resolution.FOUR_K)

    assert told.known().p95_s < 20.0


def test_chance_alone_is_seldom_a_change() -> None:
    """Of thousands of jobs that go on as ever, none or one begins such a row."""
    told = Told()
    told.usual(4000)

    assert told.known().p95_s == pytest.approx(8.0 * 1.64, rel=0.15)


def test_a_restart_tells_them_in_their_order() -> None:
    """However the ledger's rows come, what is learnt of them is the same."""
    told = Told()
    told.usual(200)
    told.usual(40, 6.0)
    again = Told()
    again.latencies.seed(random.Random(4).sample(told.rows, len(told.rows)))
    again.rows = told.rows

    assert again.known() == told.known()


def test_what_was_never_sent_is_no_trouble_at_a_restart() -> None:
    """A row without any instant tells nothing."""
    told = Told()
    told.usual(1)
    never = TimedRow(
        provider=OFFER.provider,
        slug=OFFER.slug,
        resolution=Resolution.ONE_K,
        outcome=None,
        dispatched_at=None,
        accepted_at=None,
        ended_at=None,
        queue_s=None,
        execution_s=None,
    )
    again = Latencies()
    again.seed([*told.rows, never])

    again_known = Told(again)
    again_known.rows = told.rows
    assert again_known.known() == told.known()
