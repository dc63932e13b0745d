"""What the dispatcher knows of one job in memory."""

import asyncio

import pytest

from router.dispatch.errand import Errand
from router.model.ids import AttemptId
from router.model.job import JobState
from router.model.offer import ProviderTerms
from tests.fakes import FakeClock, a_job
from tests.ledger_kit import a_job_row, an_attempt_row, usd
from tests.policy_files import a_policy

ONE = AttemptId("j1.1")


def an_errand() -> Errand:
    """Build an errand just begun."""
    return Errand(job=a_job(), policy=a_policy(), row=a_job_row())


def test_a_hold_is_taken_note_of() -> None:
    """Its provider counts as tried, and the next attempt has the next number."""
    errand = an_errand()
    errand.placed(a_job_row(state=JobState.RUNNING), an_attempt_row("j1.2", price=usd("0.04")))
    assert (errand.tried, errand.attempts) == ({"shortapi"}, 2)
    assert errand.row.state is JobState.RUNNING


def test_only_an_attempt_under_way_has_a_bell() -> None:
    """Ringing says whether a task is busy with the attempt; one attempt has one bell."""
    errand = an_errand()
    assert not errand.ring(ONE)
    bell = errand.bell(ONE, FakeClock())
    assert errand.bell(ONE, FakeClock()) is bell
    assert errand.ring(ONE)


@pytest.mark.parametrize("state", [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED])
async def test_an_end_is_seen_once(state: JobState) -> None:
    """The first row that ends the job wakes who waits and stops its deadline; a second is none."""
    errand = an_errand()
    timer = asyncio.get_running_loop().create_task(asyncio.Event().wait())
    errand.expiry = timer  # type: ignore[assignment]
    assert errand.saw(a_job_row(state=state))
    assert not errand.saw(a_job_row(state=state))
    assert errand.ended.is_set()
    await asyncio.wait({timer})
    assert timer.cancelled()


def test_a_job_that_runs_has_not_ended() -> None:
    """A change that is no end wakes nobody; no row is no news."""
    errand = an_errand()
    assert not errand.saw(None)
    assert not errand.saw(a_job_row(state=JobState.RUNNING))
    assert errand.row.state is JobState.RUNNING
    assert not errand.ended.is_set()


def test_a_late_image_is_an_end_again() -> None:
    """A failed job that turns succeeded is told of a second time."""
    errand = an_errand()
    assert errand.saw(a_job_row(state=JobState.FAILED))
    assert errand.saw(a_job_row(state=JobState.SUCCEEDED))


def test_a_provider_that_the_policy_has_no_more_is_taken_at_the_dearest() -> None:
    """Its attempts are finished under terms by which nothing is free."""
    errand = an_errand()

    assert errand.terms("runpod").failed_is_free
    assert errand.terms("runpod") == errand.policy.prices.terms("runpod")
    assert errand.terms("gone") == ProviderTerms(name="gone")
