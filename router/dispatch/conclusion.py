"""How a job ends that has no image: read from its attempts. Pure."""

from collections.abc import Sequence

from router.dispatch.settlement import TOO_LATE
from router.ledger.commands import JobEnd
from router.ledger.rows import AttemptRow
from router.model.errors import (
    AllProvidersFailed,
    ContentRefused,
    DeadlineExceeded,
    Overloaded,
    ProviderInDoubt,
    ResultUnavailable,
)
from router.model.job import AttemptState, JobState


def can_still_deliver(attempt: AttemptRow, *, callbacks: bool) -> bool:
    """
    Whether an attempt's image may yet come.

    One in doubt whose create's answer was lost is found again only by a callback; one in doubt for
    another reason has told its end, or is forgotten there.
    """
    if attempt.state is AttemptState.IN_DOUBT:
        return callbacks and attempt.provider_ref is None
    return attempt.state.is_open


def may_be_gone(attempt: AttemptRow) -> bool:
    """Whether money was spent on an attempt, or may have been: another one would pay twice."""
    return attempt.state in {
        AttemptState.IN_DOUBT,
        AttemptState.POSTED,
        AttemptState.POSTED_PRESUMED,
    }


def conclusion(attempts: Sequence[AttemptRow], *, cancelled: bool) -> JobEnd:
    """How the job ends now that none of its attempts can still deliver."""
    if cancelled:
        return JobEnd(state=JobState.CANCELLED)
    last = attempts[-1]
    detail = "; ".join(f"{attempt.provider}: {_words(attempt)}" for attempt in attempts)
    if last.outcome == ContentRefused.code:
        code = ContentRefused.code
    elif any(attempt.outcome == ResultUnavailable.code for attempt in attempts):
        code = ResultUnavailable.code
    elif any(attempt.state is AttemptState.IN_DOUBT for attempt in attempts):
        code = ProviderInDoubt.code
    elif last.outcome == TOO_LATE:
        # It ended before its deadline: what kept it from being made is that so much waited.
        code = Overloaded.code
    else:
        code = AllProvidersFailed.code
    return JobEnd(state=JobState.FAILED, error_code=code, error_detail=detail)


def expiry(attempts: Sequence[AttemptRow]) -> JobEnd:
    """How the job ends when its deadline has passed."""
    in_doubt = [one for one in attempts if one.state is AttemptState.IN_DOUBT]
    running = [one for one in attempts if one.state.is_open and one not in in_doubt]
    if in_doubt and not running:
        code, detail = ProviderInDoubt.code, f"{in_doubt[-1].provider}: {_words(in_doubt[-1])}"
    else:
        code, detail = DeadlineExceeded.code, DeadlineExceeded().detail
    return JobEnd(state=JobState.FAILED, error_code=code, error_detail=detail)


def _words(attempt: AttemptRow) -> str:
    return attempt.detail or attempt.outcome or attempt.state.value
