"""What the dispatcher tells of itself."""

from datetime import timedelta

import pytest

from router.dispatch.telling import Teller, reasons
from router.ledger.answers import Refused
from router.model.budget import Usage
from router.model.job import AttemptState, JobState
from router.model.offer import Candidate, Decision, Plan
from tests.fakes import EPOCH, FakeClock, a_job
from tests.ledger_kit import a_job_row, a_limit, an_attempt_row, usd
from tests.stage import Audience


def a_teller() -> tuple[Teller, Audience, FakeClock]:
    """Build a teller with an audience."""
    clock, audience = FakeClock(), Audience()
    return Teller(clock, audience), audience, clock


def test_times_are_counted_from_the_first_byte() -> None:
    """How long a provider took counts from dispatch; what was never sent, from its hold."""
    teller, audience, clock = a_teller()
    clock.advance(9.0)
    sent = an_attempt_row(price=usd("0.04"), dispatched_at=EPOCH + timedelta(seconds=2))
    teller.accepted(sent)
    teller.accepted(an_attempt_row(price=usd("0.05")))
    assert [event.seconds for event in audience.heard("attempt_accepted")] == [7.0, 9.0]


def test_a_price_that_is_named_otherwise_is_a_warning_once() -> None:
    """Each time it counts; an alarm is raised for each new amount, and of no price that is kept."""
    teller, audience, _ = a_teller()
    for named in ("0.02", "0.02", "0.04", "0.021"):
        teller.accepted(an_attempt_row(price=usd("0.04"), quote_amount=usd(named)))

    assert len(audience.heard("otherwise_quoted")) == 3
    alarms = [(one.what, one.detail[:42]) for one in audience.heard("alarm")]
    assert alarms == [
        ("price_named", "shortapi names $0.02 when it takes nano-ba"),
        ("price_named", "shortapi names $0.021 when it takes nano-b"),
    ]


@pytest.mark.parametrize(
    ("posted", "raw", "amount", "drifted"),
    [
        ("0.04", None, None, False),
        ("0.04", "0.04", "0.04", False),
        ("0.05", "0.05", "0.05", True),
        ("0.04", "NaN", None, True),
        ("0", "0", "0", False),
    ],
)
def test_a_price_other_than_the_pinned_one_is_told(
    posted: str, raw: str | None, amount: str | None, *, drifted: bool
) -> None:
    """Drift is told when the charge differs from the quote, or was not believed."""
    teller, audience, _ = a_teller()
    teller.settled(
        an_attempt_row(
            price=usd("0.04"),
            state=AttemptState.POSTED,
            posted=usd(posted),
            reported_raw=raw,
            reported_amount=usd(amount) if amount else None,
        )
    )
    assert bool(audience.heard("price_drifted")) is drifted
    assert audience.heard("attempt_settled")[0].posted == usd(posted)


def test_an_attempt_that_is_not_posted_has_not_drifted() -> None:
    """What is void or in doubt has no charge to differ."""
    teller, audience, _ = a_teller()
    teller.settled(an_attempt_row(price=usd("0.04"), state=AttemptState.VOIDED))
    assert [event.name for event in audience.events] == ["attempt_settled"]


def test_events_carry_who_and_how_much() -> None:
    """Admission, refusal, failover and alarm tell what finance and people ask for."""
    teller, audience, _ = a_teller()
    first = an_attempt_row("j1.1", price=usd("0.04"), outcome="provider_throttled")
    second = an_attempt_row("j1.2", price=usd("0.09"), provider="runpod")
    teller.admitted(first)
    teller.failed_over(first, second, pays_twice=True)
    teller.refused(a_job(), Refused(limit=a_limit("team"), usage=Usage(), asked=usd("0.06")))
    teller.alarm("look", "here")
    admitted, over, refused, alarm = audience.events
    assert getattr(admitted, "quoted", None) == usd("0.04")
    told = [getattr(over, name) for name in ("source", "target", "reason", "may_pay_twice")]
    assert told == ["shortapi", "runpod", "provider_throttled", True]
    assert (getattr(refused, "budget", None), getattr(refused, "asked", None)) == (
        "team",
        usd("0.06"),
    )
    assert getattr(alarm, "what", None) == "look"


@pytest.mark.parametrize(
    ("state", "code", "outcome"),
    [
        (JobState.SUCCEEDED, None, "succeeded"),
        (JobState.FAILED, "deadline_exceeded", "deadline_exceeded"),
    ],
)
def test_a_jobs_end_is_told_with_its_outcome(
    state: JobState, code: str | None, outcome: str
) -> None:
    """The outcome is the error's code, else the state; the time is the job's whole life."""
    teller, audience, clock = a_teller()
    clock.advance(99.0)
    teller.ended(a_job_row(state=state, error_code=code, ended_at=EPOCH + timedelta(seconds=12)))
    teller.ended(a_job_row(state=state, error_code=code))
    assert [event.outcome for event in audience.heard("job_ended")] == [outcome] * 2
    assert [event.seconds for event in audience.heard("job_ended")] == [12.0, 99.0]


def test_reasons_are_told_of_every_candidate() -> None:
    """An empty plan is explained by each provider's verdict, or by there being none."""
    one = Candidate(provider="shortapi", price=usd("0.04"), verdict="has no key configured")
    for candidates, words in (((one,), "shortapi has no key"), ((), "nobody sells")):
        decision = Decision(policy="p", policy_hash="h", rule="r", candidates=candidates)
        assert words in reasons(Plan(offers=(), decision=decision))


def test_a_crash_of_ours_is_an_alarm() -> None:
    """A task that ended as nobody foresaw is told of by its name."""
    teller, audience, _ = a_teller()
    teller.crashed("attempt j1.1", ZeroDivisionError())
    assert audience.alarms == ["crashed"]
    assert "attempt j1.1: ZeroDivisionError" in audience.heard("alarm")[0].detail
