"""Who is serving, ejected, probing: counted from what attempts really ended with."""

import pytest

from router.dispatch.health import EJECTION_S, EJECTION_S_MAX, Health
from router.model.errors import (
    Ending,
    ProviderError,
    ProviderFailed,
    ProviderInDoubt,
    ProviderRefused,
    ProviderThrottled,
    ProviderUnreachable,
    Refusal,
)
from router.model.ids import AttemptId
from router.model.job import AttemptState
from router.model.offer import ProviderState, ProviderTerms
from tests.fakes import FakeClock
from tests.ledger_kit import an_attempt_row, usd

SERVING, EJECTED, PROBING = ProviderState.SERVING, ProviderState.EJECTED, ProviderState.PROBING
TERMS = ProviderTerms(name="p", in_doubt_max=usd("0.10"))
CREDIT = ProviderRefused("out of credit", reason=Refusal.CREDIT)


class Ward:
    """A health with a clock, and short words for what happens."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.changes: list[ProviderState] = []
        self.health = Health(self.clock, lambda _, state, __: self.changes.append(state))

    def fail(self, error: ProviderError, name: str = "a", times: int = 1) -> None:
        """Have attempts end with an error."""
        for _ in range(times):
            self.health.failed("p", AttemptId(name), error)

    @property
    def state(self) -> ProviderState:
        """The provider's."""
        return self.health.state("p")


def test_three_failures_in_a_row_eject() -> None:
    """Two failures and a success are nothing; three in a row set a provider aside."""
    ward = Ward()
    ward.fail(ProviderUnreachable(), times=2)
    ward.health.succeeded("p", AttemptId("b"))
    ward.fail(ProviderUnreachable(), times=2)
    assert ward.state is SERVING
    ward.fail(ProviderUnreachable())
    assert ward.state is EJECTED
    assert ward.health.obstacle("p", TERMS) is None, "the last provider is still to be had"


def test_three_creates_in_doubt_in_a_row_eject_even_the_last() -> None:
    """Doubt puts money at risk: three in a row forbid any further create there."""
    ward = Ward()
    ward.fail(ProviderInDoubt(), times=2)
    ward.health.accepted("p")
    ward.fail(ProviderInDoubt(), times=2)
    ward.health.succeeded("p", AttemptId("earlier"))
    assert ward.state is SERVING
    ward.fail(ProviderInDoubt())
    assert ward.state is EJECTED
    assert "3 in doubt in a row" in (ward.health.obstacle("p", TERMS) or "")


def test_too_much_in_doubt_forbids_more_until_it_is_resolved() -> None:
    """Above `in_doubt_max` nothing is sent, however healthy the provider looks."""
    ward = Ward()
    doubtful = an_attempt_row("j1.1", price=usd("0.11"), provider="p", state=AttemptState.IN_DOUBT)
    ward.health.settled(doubtful)
    assert "$0.11 in doubt" in (ward.health.obstacle("p", TERMS) or "")
    assert ward.state is SERVING
    ward.health.settled(
        an_attempt_row("j1.1", price=usd("0.11"), provider="p", state=AttemptState.POSTED)
    )
    assert ward.health.obstacle("p", TERMS) is None


@pytest.mark.parametrize("reason", [Refusal.CREDIT, Refusal.CREDENTIALS])
def test_empty_credit_and_bad_keys_eject_at_once(reason: Refusal) -> None:
    """One such answer is enough, and forbids the provider to everybody."""
    ward = Ward()
    ward.fail(ProviderRefused("no", reason=reason))
    assert ward.state is EJECTED
    assert ward.health.obstacle("p", TERMS) == "is set aside: no"


@pytest.mark.parametrize(
    "error",
    [
        ProviderRefused(reason=Refusal.CONTENT),
        ProviderRefused(reason=Refusal.INVALID),
        ProviderFailed(how=Ending.FAILED, content_refused=True),
    ],
)
def test_the_jobs_fault_is_not_the_providers(error: ProviderError) -> None:
    """Refused pictures and requests never eject."""
    ward = Ward()
    ward.fail(error, times=9)
    assert ward.state is SERVING


def test_a_busy_provider_is_left_alone_for_as_long_as_it_asks() -> None:
    """429 is a pause, not a failure: as long as `Retry-After` says, else five seconds."""
    ward = Ward()
    ward.fail(ProviderThrottled(retry_after_s=12.0))
    ward.clock.advance(11.9)
    assert ward.state is EJECTED
    ward.clock.advance(0.1)
    assert ward.state is PROBING
    ward.health.succeeded("p", AttemptId("a"))
    ward.fail(ProviderThrottled())
    ward.clock.advance(5.0)
    assert ward.state is PROBING


def test_one_real_job_probes_at_a_time() -> None:
    """After its pause one job goes there; while it is under way, no other does."""
    ward = Ward()
    ward.fail(CREDIT)
    ward.clock.advance(EJECTION_S)
    assert (ward.state, ward.health.obstacle("p", TERMS)) == (PROBING, None)
    ward.health.begin("p", AttemptId("probe"))
    assert ward.state is EJECTED
    ward.health.begin("p", AttemptId("other"))
    ward.health.abandoned("p", AttemptId("other"))
    assert ward.state is EJECTED
    ward.health.succeeded("p", AttemptId("probe"))
    assert ward.state is SERVING
    assert ward.changes == [EJECTED, PROBING, SERVING]


def test_a_failed_probe_ejects_for_twice_as_long() -> None:
    """Each failed probe doubles the pause, up to eight minutes."""
    ward = Ward()
    ward.fail(ProviderUnreachable(), times=3)
    pause_s = EJECTION_S
    for _ in range(6):
        ward.clock.advance(pause_s)
        ward.health.begin("p", AttemptId("probe"))
        ward.fail(ProviderUnreachable(), "probe")
        pause_s = min(pause_s * 2, EJECTION_S_MAX)
        ward.clock.advance(pause_s - 0.5)
        assert ward.state is EJECTED
        ward.clock.advance(0.5)
        assert ward.state is PROBING


def test_a_probe_that_ends_in_doubt_ejects_again() -> None:
    """One more doubt is enough where there were three."""
    ward = Ward()
    ward.fail(ProviderInDoubt(), times=3)
    ward.clock.advance(EJECTION_S)
    ward.health.begin("p", AttemptId("probe"))
    ward.health.accepted("p")
    ward.fail(ProviderInDoubt(), "probe")
    assert ward.state is EJECTED


def test_a_probe_that_vanished_lets_another_try() -> None:
    """An attempt that ended without telling anything does not keep the provider away for ever."""
    ward = Ward()
    ward.fail(CREDIT)
    ward.clock.advance(EJECTION_S)
    ward.health.begin("p", AttemptId("probe"))
    ward.health.abandoned("p", AttemptId("probe"))
    assert ward.state is PROBING


def test_many_failures_of_one_moment_eject_once() -> None:
    """Those that were on their way together do not each double the pause."""
    ward = Ward()
    ward.fail(ProviderUnreachable(), times=12)
    ward.clock.advance(EJECTION_S)
    assert ward.state is PROBING


def test_a_mild_reason_does_not_soften_a_hard_one() -> None:
    """A 429 after empty credit neither shortens the ejection nor lets the last provider be used."""
    ward = Ward()
    ward.fail(CREDIT)
    ward.fail(ProviderThrottled(retry_after_s=1.0))
    ward.clock.advance(2.0)
    assert ward.health.obstacle("p", TERMS) == "is set aside: out of credit"


def test_a_hard_reason_hardens_a_mild_one() -> None:
    """Empty credit found while a provider is set aside for failures still forbids it."""
    ward = Ward()
    ward.fail(ProviderUnreachable(), times=3)
    ward.fail(CREDIT)
    assert ward.health.obstacle("p", TERMS) == "is set aside: out of credit"


def test_an_earlier_jobs_success_does_not_end_a_hard_ejection() -> None:
    """A job taken before says nothing of the creates of now; one after mere failures does."""
    ward = Ward()
    ward.fail(CREDIT)
    ward.health.succeeded("p", AttemptId("earlier"))
    assert ward.state is EJECTED
    soft = Ward()
    soft.fail(ProviderUnreachable(), times=3)
    soft.health.succeeded("p", AttemptId("earlier"))
    assert soft.state is SERVING
