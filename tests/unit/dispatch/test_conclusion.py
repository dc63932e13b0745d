"""How a job ends that has no image."""

import pytest

from router.dispatch.conclusion import can_still_deliver, conclusion, expiry, may_be_gone
from router.ledger.rows import AttemptRow
from router.model.ids import ProviderRef
from router.model.job import AttemptState, JobState
from tests.ledger_kit import an_attempt_row, usd


def attempt(
    state: AttemptState, outcome: str | None = None, *, ref: str | None = None, number: int = 1
) -> AttemptRow:
    """Build an attempt in a state."""
    return an_attempt_row(
        f"j1.{number}",
        price=usd("0.04"),
        state=state,
        outcome=outcome,
        provider_ref=ProviderRef(ref) if ref else None,
    )


VOIDED, DOUBT, HELD = AttemptState.VOIDED, AttemptState.IN_DOUBT, AttemptState.HELD
RUNNING, POSTED = AttemptState.RUNNING, AttemptState.POSTED


@pytest.mark.parametrize(
    ("one", "callbacks", "expected"),
    [
        (attempt(HELD), False, True),
        (attempt(RUNNING), False, True),
        (attempt(VOIDED), True, False),
        (attempt(DOUBT), True, True),
        (attempt(DOUBT), False, False),
        (attempt(DOUBT, ref="told"), True, False),
    ],
)
def test_only_a_lost_create_is_waited_for(
    one: AttemptRow, *, callbacks: bool, expected: bool
) -> None:
    """An attempt in doubt may still deliver only if a callback could name its job."""
    assert can_still_deliver(one, callbacks=callbacks) is expected


@pytest.mark.parametrize(
    ("attempts", "code"),
    [
        ([attempt(VOIDED, "provider_unreachable")], "provider_failed"),
        ([attempt(VOIDED, "content_refused")], "content_refused"),
        ([attempt(POSTED, "result_unavailable")], "result_unavailable"),
        ([attempt(DOUBT), attempt(VOIDED, "provider_throttled", number=2)], "provider_in_doubt"),
        ([attempt(VOIDED, "provider_failed"), attempt(VOIDED, "too_late", number=2)], "overloaded"),
        ([attempt(DOUBT), attempt(VOIDED, "too_late", number=2)], "provider_in_doubt"),
    ],
)
def test_the_code_says_how_it_went(attempts: list[AttemptRow], code: str) -> None:
    """The job's code is read from its attempts, and its detail tells of each."""
    end = conclusion(attempts, cancelled=False)
    assert (end.state, end.error_code) == (JobState.FAILED, code)
    assert end.error_detail is not None
    assert end.error_detail.count("shortapi: ") == len(attempts)


def test_a_job_that_was_called_off_is_cancelled() -> None:
    """Whatever became of its attempts, a cancelled job ends as cancelled."""
    end = conclusion([attempt(DOUBT)], cancelled=True)
    assert (end.state, end.error_code) == (JobState.CANCELLED, None)


@pytest.mark.parametrize(
    ("attempts", "code"),
    [
        ([attempt(RUNNING)], "deadline_exceeded"),
        ([attempt(DOUBT)], "provider_in_doubt"),
        ([attempt(DOUBT), attempt(RUNNING, number=2)], "deadline_exceeded"),
        ([attempt(VOIDED)], "deadline_exceeded"),
    ],
)
def test_a_deadline_tells_doubt_from_slowness(attempts: list[AttemptRow], code: str) -> None:
    """Past the deadline a job with nothing but doubt is in doubt; any other was too slow."""
    assert expiry(attempts).error_code == code


def test_money_may_be_gone_where_it_was_spent_or_is_unknown() -> None:
    """Posted, presumed and in doubt are money; what is void or under way is not yet."""
    gone = {state for state in AttemptState if may_be_gone(attempt(state))}
    assert gone == {DOUBT, POSTED, AttemptState.POSTED_PRESUMED}
