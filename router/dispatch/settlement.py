"""
From what a provider did to what is booked: the rules R2, R3 and R6 as pure functions.

Here alone is decided whether an attempt is posted, voided or in doubt, and whether its job may go
on to the next offer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from router.ledger.commands import Doubt, JobEnd, Post, Void
from router.ledger.rows import AttemptRow
from router.model.charge import Reported
from router.model.errors import (
    ContentRefused,
    Ending,
    ProviderError,
    ProviderFailed,
    ProviderRefused,
    Refusal,
    ResultUnavailable,
    Spend,
)
from router.model.job import AttemptState, JobState
from router.model.money import Money
from router.model.offer import ProviderTerms
from router.policy.policy import Policy
from router.providers.wire import Delivered

# A charge of more than ten times the price is a slip of the pen until a person has looked at it.
ABSURD_FACTOR = 10
DELIVERED = "delivered"
CANCELLED = "cancelled"
NOT_SENT = "not_sent"
TOO_LATE = "too_late"
IMAGES_KEPT = timedelta(days=7)
"""Source: Runpod docs, "Nano Banana 2 Edit": image URLs expire after 7 days. ShortAPI: unknown."""


class Onward(StrEnum):
    """What a job may do after an attempt."""

    DONE = "done"  # It has its image.
    FREELY = "freely"  # Nothing was spent: try the next offer.
    PAYING_TWICE = "paying_twice"  # Money may be gone: only if the policy pays for a second try.
    STOP = "stop"  # It is the picture or the prompt: another provider would refuse it too.


@dataclass(frozen=True, slots=True)
class Settlement:
    """What to book for an attempt, and what its job may do then."""

    command: Post | Void | Doubt
    onward: Onward

    @classmethod
    def unsent(
        cls,
        attempt: AttemptRow,
        at: datetime,
        end: JobEnd | None = None,
        *,
        detail: str | None = None,
    ) -> Self:
        """
        Void an attempt that was read as held; with an `end`, its job ends in the same commit.

        The ledger refuses if its dispatch came in between: the first byte may then have left.
        """
        outcome = NOT_SENT if end is None else end.error_code or CANCELLED
        void = Void(
            at=at, attempt_id=attempt.id, outcome=outcome, detail=detail, end=end, only_unsent=True
        )
        return cls(void, Onward.STOP)

    @classmethod
    def withdrawn(cls, attempt: AttemptRow, at: datetime, *, detail: str | None = None) -> Self:
        """Void an attempt that waited in vain for its turn; its job may go on to the next offer."""
        detail = detail or "It was not sent: its provider was set aside, or its job had ended."
        return cls(cls.unsent(attempt, at, detail=detail).command, Onward.FREELY)

    @classmethod
    def too_late(cls, attempt: AttemptRow, at: datetime) -> Self:
        """Void an attempt whose turn did not come in time; elsewhere its job may still be."""
        detail = "It was not sent: it waited for its turn until it would have been late."
        void = Void(at=at, attempt_id=attempt.id, outcome=TOO_LATE, detail=detail, only_unsent=True)
        return cls(void, Onward.FREELY)

    def charge_after_void(self, attempt: AttemptRow) -> Post | None:
        """The charge that proves wrong an attempt's void, if that is what this is."""
        is_void = attempt.state is AttemptState.VOIDED
        return self.command if is_void and isinstance(self.command, Post) else None

    def repeats(self, attempt: AttemptRow) -> bool:
        """Whether asking again has only left an attempt in the doubt in which it was."""
        return isinstance(self.command, Doubt) and attempt.state is AttemptState.IN_DOUBT


def charged(reported: Reported | None, attempt: AttemptRow) -> Money:
    """What to post: the charge that the final answer names, if believable; else the price."""
    amount = reported.amount if reported is not None else None
    if amount is None or not Money.ZERO <= amount <= attempt.quoted * ABSURD_FACTOR:
        return attempt.quoted
    return amount


def settle_delivered(
    attempt: AttemptRow,
    delivered: Delivered,
    terms: ProviderTerms,
    at: datetime,
    expires_at: datetime | None = None,
) -> Settlement:
    """
    Book a delivered image, and end its job with it.

    Args:
        expires_at: Until when the image is kept here; None: it is where the provider has it.
    """
    end = JobEnd(
        state=JobState.SUCCEEDED,
        images=delivered.images,
        images_expire_at=expires_at or at + IMAGES_KEPT,
        delivered_by=attempt.id,
    )
    return Settlement(_billed(attempt, delivered, terms, at, DELIVERED, end), Onward.DONE)


def settle_undelivered(
    attempt: AttemptRow,
    delivered: Delivered,
    terms: ProviderTerms,
    at: datetime,
    error: ResultUnavailable,
) -> Settlement:
    """
    Book what a provider charged for an image that is not to be had, and end its job without one.

    Nobody else is asked: the bill is certain, and the client can decide at once.
    """
    end = JobEnd(state=JobState.FAILED, error_code=error.code, error_detail=error.detail)
    post = _billed(attempt, delivered, terms, at, error.code, end)
    return Settlement(replace(post, detail=error.detail), Onward.STOP)


def _billed(
    attempt: AttemptRow,
    delivered: Delivered,
    terms: ProviderTerms,
    at: datetime,
    outcome: str,
    end: JobEnd,
) -> Post:
    """The posting of an attempt of which the provider says that it delivered."""
    reported = delivered.reported
    if reported is None and terms.amount == "charge" and attempt.quote_raw is not None:
        reported = Reported(raw=attempt.quote_raw, source="create", amount=attempt.quote_amount)
    return Post(
        at=at,
        attempt_id=attempt.id,
        amount=charged(reported, attempt),
        outcome=outcome,
        reported=reported,
        queue_s=delivered.queue_s,
        execution_s=delivered.execution_s,
        end=end,
    )


def settle_error(
    attempt: AttemptRow, error: ProviderError, terms: ProviderTerms, at: datetime
) -> Settlement:
    """Book what an attempt without an image may have cost."""
    if isinstance(error, ProviderFailed):
        return _settle_failed(attempt, error, terms, at)
    if error.spend is Spend.POSSIBLE:
        doubt = Doubt(at=at, attempt_id=attempt.id, outcome=error.code, detail=error.detail)
        return Settlement(doubt, Onward.PAYING_TWICE)
    refused = isinstance(error, ProviderRefused) and error.reason is Refusal.CONTENT
    outcome = ContentRefused.code if refused else error.code
    void = Void(at=at, attempt_id=attempt.id, outcome=outcome, detail=error.detail)
    return Settlement(void, Onward.STOP if refused else Onward.FREELY)


def may_go_on(onward: Onward, attempt: AttemptRow, policy: Policy) -> bool:
    """Whether a job may go to its next offer: by how the attempt ended, or as the policy says."""
    refused = attempt.outcome == ContentRefused.code
    elsewhere = refused and policy.failover_for(attempt).on_content_refusal
    return elsewhere or onward in {Onward.FREELY, Onward.PAYING_TWICE}


def onward_of(attempt: AttemptRow) -> Onward:
    """What a job may do after an attempt of which only the books are left."""
    if attempt.outcome == DELIVERED:
        return Onward.DONE
    if attempt.outcome == ContentRefused.code:
        return Onward.STOP
    return Onward.FREELY if attempt.state is AttemptState.VOIDED else Onward.PAYING_TWICE


def _settle_failed(
    attempt: AttemptRow, error: ProviderFailed, terms: ProviderTerms, at: datetime
) -> Settlement:
    """
    A provider took the job and ended it without an image. In this order:

    1. It says, or its terms say, that such an end is free: void.
    2. It says what it charged: post.
    3. Neither: in doubt, until its billing or a person tells.
    """
    outcome = _outcome(error)
    if _is_free(error, terms):
        void = Void(at=at, attempt_id=attempt.id, outcome=outcome, detail=error.detail)
        return Settlement(void, Onward.STOP if error.content_refused else Onward.FREELY)
    onward = Onward.STOP if error.content_refused else Onward.PAYING_TWICE
    reported = error.reported
    if reported is not None and reported.amount is not None:
        post = Post(
            at=at,
            attempt_id=attempt.id,
            amount=charged(reported, attempt),
            outcome=outcome,
            detail=error.detail,
            reported=reported,
        )
        return Settlement(post, onward)
    doubt = Doubt(at=at, attempt_id=attempt.id, outcome=outcome, detail=error.detail)
    return Settlement(doubt, onward)


def _is_free(error: ProviderFailed, terms: ProviderTerms) -> bool:
    by_terms = {
        Ending.FAILED: terms.failed_is_free,
        Ending.CANCELLED: terms.cancelled_is_free,
        # It calls this a success, and no document says that a success without image is free.
        Ending.EMPTY: False,
    }
    says_charged = error.reported is not None and bool(error.reported.amount)
    return error.proves_free or (by_terms[error.how] and not says_charged)


_OUTCOMES: Mapping[Ending, str] = {
    Ending.FAILED: ProviderFailed.code,
    Ending.CANCELLED: CANCELLED,
    Ending.EMPTY: ResultUnavailable.code,
}


def _outcome(error: ProviderFailed) -> str:
    return ContentRefused.code if error.content_refused else _OUTCOMES[error.how]
