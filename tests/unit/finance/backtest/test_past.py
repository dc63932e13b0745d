from dataclasses import replace

from router.finance.backtest.past import Happened, tenths_of
from router.model.job import Resolution
from tests.past_jobs import a_past, delivered, tried


def test_a_job_is_charged_what_all_its_attempts_were() -> None:
    """Two charges for one image are two charges."""
    past = delivered(tried("shortapi", "0.04"), tried("runpod", "0.0875"))

    assert past.charged_nanos == 127_500_000
    assert Happened().charged_nanos == 0


def test_a_job_is_planned_at_what_was_bought() -> None:
    """Evidence is of the resolution that a budget let through, not of the one asked for."""
    past = a_past(resolution=Resolution.FOUR_K)

    assert past.planned is past.job
    assert replace(past, bought=Resolution.TWO_K).planned.resolution is Resolution.TWO_K


def test_durations_are_kept_in_tenths() -> None:
    """Rounded, because nobody reads more of them."""
    assert tenths_of(6.24) == 62
