"""From what a provider did to what is booked: rules R2, R3 and R6."""

from dataclasses import replace
from datetime import timedelta

import pytest

from router.dispatch.settlement import (
    Onward,
    Settlement,
    charged,
    may_go_on,
    onward_of,
    settle_delivered,
    settle_error,
    settle_undelivered,
)
from router.ledger.commands import Doubt, JobEnd, Post, Void
from router.model.charge import Reported
from router.model.errors import (
    Ending,
    ProviderError,
    ProviderInDoubt,
    ProviderRefused,
    ProviderThrottled,
    ProviderUnreachable,
    Refusal,
    ResultUnavailable,
)
from router.model.ids import ProviderRef
from router.model.job import AttemptState, JobState
from router.model.offer import ProviderTerms
from router.providers.wire import Delivered
from tests.fakes import EPOCH
from tests.ledger_kit import an_attempt_row, usd
from tests.policy_files import a_policy
from tests.stage import PICTURE, failed, reported

ATTEMPT = an_attempt_row(price=usd("0.04"), state=AttemptState.RUNNING)
TERMS = ProviderTerms(name="shortapi")
FREE = ProviderTerms(name="runpod", failed_is_free=True, cancelled_is_free=True)


@pytest.mark.parametrize(
    ("said", "posted"),
    [
        (None, "0.04"),
        (reported("?", "NaN"), "0.04"),
        (reported("0"), "0"),
        (reported("0.0125"), "0.0125"),
        (reported("0.4"), "0.4"),
        (reported("0.400000001"), "0.04"),
    ],
)
def test_a_believable_charge_is_posted_else_the_price(said: Reported | None, posted: str) -> None:
    """What the final answer names is posted, up to ten times the price; nonsense is not."""
    assert charged(said, ATTEMPT) == usd(posted)


def test_a_delivery_posts_and_ends_the_job_in_one_command() -> None:
    """The charge and the job's end with its images are one commit; the URLs' end is noted."""
    delivered = Delivered(ref=ProviderRef("r"), images=(PICTURE,), reported=reported("0.05"))
    settlement = settle_delivered(ATTEMPT, delivered, TERMS, EPOCH)
    assert isinstance(settlement.command, Post)
    assert (settlement.command.amount, settlement.onward) == (usd("0.05"), Onward.DONE)
    end = settlement.command.end
    assert end is not None
    assert (end.state, end.images, end.delivered_by) == (
        JobState.SUCCEEDED,
        (PICTURE,),
        ATTEMPT.id,
    )
    assert end.images_expire_at is not None
    assert (end.images_expire_at - EPOCH).days == 7


@pytest.mark.parametrize(
    ("amount_means", "quote", "posted"),
    [("quote", "0.03", "0.04"), ("charge", "0.03", "0.03"), ("charge", None, "0.04")],
)
def test_the_creates_amount_is_a_charge_only_by_terms(
    amount_means: str, quote: str | None, posted: str
) -> None:
    """ShortAPI's amount at create is posted only where its row says that it is the charge."""
    amount = usd(quote) if quote else None
    attempt = replace(ATTEMPT, quote_raw=quote, quote_amount=amount)
    terms = replace(TERMS, amount="charge" if amount_means == "charge" else "quote")
    delivered = Delivered(ref=ProviderRef("r"), images=(PICTURE,))
    command = settle_delivered(attempt, delivered, terms, EPOCH).command
    assert isinstance(command, Post)
    assert command.amount == usd(posted)


@pytest.mark.parametrize(
    ("error", "terms", "kind", "onward", "outcome"),
    [
        (ProviderUnreachable(), TERMS, Void, Onward.FREELY, "provider_unreachable"),
        (ProviderThrottled(), TERMS, Void, Onward.FREELY, "provider_throttled"),
        (
            ProviderRefused(reason=Refusal.CREDIT),
            TERMS,
            Void,
            Onward.FREELY,
            "provider_refused",
        ),
        (ProviderRefused(reason=Refusal.CONTENT), TERMS, Void, Onward.STOP, "content_refused"),
        (ProviderInDoubt(), TERMS, Doubt, Onward.PAYING_TWICE, "provider_in_doubt"),
        (failed(), TERMS, Doubt, Onward.PAYING_TWICE, "provider_attempt_failed"),
        (failed(), FREE, Void, Onward.FREELY, "provider_attempt_failed"),
        (failed(proves_free=True), TERMS, Void, Onward.FREELY, "provider_attempt_failed"),
        (failed(reported=reported("?")), TERMS, Doubt, Onward.PAYING_TWICE, None),
        (failed(reported=reported("0.02")), TERMS, Post, Onward.PAYING_TWICE, None),
        (failed(content_refused=True), FREE, Void, Onward.STOP, "content_refused"),
        (failed(content_refused=True), TERMS, Doubt, Onward.STOP, "content_refused"),
        (failed(how=Ending.CANCELLED), TERMS, Doubt, Onward.PAYING_TWICE, "cancelled"),
        (failed(how=Ending.CANCELLED), FREE, Void, Onward.FREELY, "cancelled"),
        (failed(how=Ending.EMPTY), FREE, Doubt, Onward.PAYING_TWICE, "result_unavailable"),
        (
            failed(how=Ending.EMPTY, proves_free=True),
            TERMS,
            Void,
            Onward.FREELY,
            "result_unavailable",
        ),
    ],
)
def test_only_proof_voids(
    error: ProviderError,
    terms: ProviderTerms,
    kind: type,
    onward: Onward,
    outcome: str | None,
) -> None:
    """Each error is voided on proof, posted on a charge that is told, and else left in doubt."""
    settlement = settle_error(ATTEMPT, error, terms, EPOCH)
    assert isinstance(settlement.command, kind)
    assert settlement.onward is onward
    assert outcome in {None, settlement.command.outcome}


def test_what_was_not_sent_is_voided_only_while_held() -> None:
    """The void of an attempt read as held carries its job's end, and says what its proof is."""
    held = replace(ATTEMPT, state=AttemptState.HELD)
    plain = Settlement.unsent(held, EPOCH, detail="no image").command
    ended = Settlement.unsent(held, EPOCH, JobEnd(state=JobState.CANCELLED)).command
    assert isinstance(plain, Void)
    assert isinstance(ended, Void)
    assert (plain.outcome, plain.only_unsent, plain.detail) == ("not_sent", True, "no image")
    assert (ended.outcome, ended.only_unsent) == ("cancelled", True)


def test_doubt_upon_doubt_is_a_repetition() -> None:
    """Asking again in vain is told apart from an attempt that somebody else has settled."""
    doubt = settle_error(ATTEMPT, ProviderInDoubt(), TERMS, EPOCH)
    assert doubt.repeats(replace(ATTEMPT, state=AttemptState.IN_DOUBT))
    assert not doubt.repeats(replace(ATTEMPT, state=AttemptState.POSTED))
    void = settle_error(ATTEMPT, ProviderUnreachable(), TERMS, EPOCH)
    assert not void.repeats(replace(ATTEMPT, state=AttemptState.IN_DOUBT))


def test_a_refused_picture_goes_on_only_by_policy() -> None:
    """`on_content_refusal` decides for refused pictures, and for nothing else."""
    strict, lax = a_policy(), a_policy(failover={"on_content_refusal": "true"})
    refused = replace(ATTEMPT, outcome="content_refused")
    assert not may_go_on(Onward.STOP, refused, strict)
    assert may_go_on(Onward.STOP, refused, lax)
    assert not may_go_on(Onward.DONE, ATTEMPT, lax)
    assert may_go_on(Onward.FREELY, ATTEMPT, strict)


def test_a_charge_without_an_image_is_booked_and_told_in_one_command() -> None:
    """At what the provider says that it charged; and nobody else is asked."""
    delivered = Delivered(ref=ProviderRef("r1"), images=(PICTURE,), reported=reported("0.033"))
    error = ResultUnavailable("its address is dead")
    settled = settle_undelivered(ATTEMPT, delivered, TERMS, EPOCH, error)

    assert settled.onward is Onward.STOP
    assert isinstance(settled.command, Post)
    assert (settled.command.amount, settled.command.outcome) == (usd("0.033"), error.code)
    assert settled.command.detail == "its address is dead"
    assert settled.command.end == JobEnd(
        state=JobState.FAILED, error_code=error.code, error_detail=error.detail
    )


def test_an_image_that_is_kept_here_ends_when_it_is_said_to() -> None:
    """Not when its provider's own address does."""
    delivered = Delivered(ref=ProviderRef("r1"), images=("result:j1-1.png",))
    until = EPOCH + timedelta(days=30)
    settled = settle_delivered(ATTEMPT, delivered, TERMS, EPOCH, until)

    assert isinstance(settled.command, Post)
    assert settled.command.end is not None
    assert settled.command.end.images_expire_at == until


@pytest.mark.parametrize(
    ("outcome", "state", "onward"),
    [
        ("delivered", AttemptState.POSTED, Onward.DONE),
        ("content_refused", AttemptState.VOIDED, Onward.STOP),
        ("provider_throttled", AttemptState.VOIDED, Onward.FREELY),
        ("provider_in_doubt", AttemptState.IN_DOUBT, Onward.PAYING_TWICE),
    ],
)
def test_what_may_follow_is_read_from_the_books(
    outcome: str, state: AttemptState, onward: Onward
) -> None:
    """After a crash there is nothing else to read it from."""
    assert onward_of(replace(ATTEMPT, outcome=outcome, state=state)) is onward
