"""Who is serving, ejected, probing: counted from what attempts really ended with."""

import random
from datetime import timedelta

import pytest

from router.dispatch.health import (
    COOLING_S_MAX,
    EJECTION_JITTER,
    EJECTION_S,
    EJECTION_S_MAX,
    FAILURES_MAX,
    GOOD_S,
    PROBE_S_MAX,
    PROOFS_MAX,
    STARTS_MIN,
    THROTTLED_S,
    THROTTLED_S_MAX,
    Health,
)
from router.dispatch.health_window import WINDOW_S
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
from tests.fakes import EPOCH, FakeClock
from tests.ledger_kit import an_attempt_row, usd

SERVING, EJECTED, PROBING = ProviderState.SERVING, ProviderState.EJECTED, ProviderState.PROBING
TERMS = ProviderTerms(name="p", in_doubt_max=usd("0.10"))
CREDIT = ProviderRefused("out of credit", reason=Refusal.CREDIT)
FAILED = ProviderFailed("it broke", how=Ending.FAILED)


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

    def start(self, *names: str) -> None:
        """Have creates leave."""
        for name in names:
            self.health.started("p", AttemptId(name))

    def probe(self, error: ProviderError | None = None) -> None:
        """Have a job probe, and end with an error, or well."""
        assert self.state is PROBING
        self.health.begin("p", AttemptId("probe"))
        if error is None:
            self.health.succeeded("p", AttemptId("probe"))
        else:
            self.fail(error, "probe")

    @property
    def state(self) -> ProviderState:
        """The provider's."""
        return self.health.state("p")


def test_five_failures_in_a_row_eject() -> None:
    """Four creates that fail and one that does not are nothing; five in a row set it aside."""
    ward = Ward()
    ward.fail(ProviderUnreachable(), times=4)
    ward.health.accepted("p")
    ward.fail(ProviderUnreachable(), times=4)
    assert ward.state is SERVING
    ward.fail(ProviderUnreachable())
    assert ward.state is EJECTED
    assert ward.health.obstacle("p", TERMS) is None, "the last provider is still to be had"


def test_earlier_jobs_deliveries_do_not_hide_that_creates_fail() -> None:
    """What was taken on before an outage still arrives in it; creates are counted by creates."""
    ward = Ward()
    for _ in range(FAILURES_MAX):
        ward.health.succeeded("p", AttemptId("earlier"))
        ward.fail(ProviderRefused(reason=Refusal.UNAVAILABLE))
    assert ward.state is EJECTED


def test_five_jobs_in_a_row_that_fail_there_eject() -> None:
    """Jobs that were taken on and not done are counted by themselves, until one is delivered."""
    ward = Ward()
    for _ in range(4):
        ward.health.accepted("p")
        ward.fail(FAILED)
    ward.health.succeeded("p", AttemptId("b"))
    for _ in range(4):
        ward.health.accepted("p")
        ward.fail(FAILED)
    assert ward.state is SERVING
    ward.fail(FAILED)
    assert ward.state is EJECTED
    assert ward.health.condition("p").reason == "5 failures in a row"


def test_half_of_the_windows_attempts_failed_ejects_though_never_five_in_a_row() -> None:
    """The share is of what began in the last minutes; jobs that still run count as good."""
    ward = Ward()
    for number in range(STARTS_MIN + 10):
        ward.start(f"{number}")
        ward.health.accepted("p")
    for number in range(STARTS_MIN - 1):
        ward.fail(FAILED, f"{number}")
        ward.health.succeeded("p", AttemptId("earlier"))
    assert ward.state is SERVING, "9 of 20, in spite of the eleven that have said nothing yet"
    ward.fail(FAILED, f"{STARTS_MIN}")
    assert ward.state is EJECTED
    assert ward.health.condition("p").reason == "10 of the last 20 attempts failed"


def test_a_share_of_few_attempts_says_nothing() -> None:
    """Below ten attempts it takes five failures in a row; what is older than the window is out."""
    ward = Ward()
    for number in range(STARTS_MIN - 1):
        ward.start(f"{number}")
        ward.fail(FAILED, f"{number}")
        ward.health.succeeded("p", AttemptId("earlier"))
    ward.clock.advance(WINDOW_S)
    ward.start("late")
    ward.fail(FAILED, "late")
    assert ward.state is SERVING
    assert ward.health.condition("p").share.started == 1


def test_what_is_ours_or_the_jobs_own_is_uncounted() -> None:
    """Our network, a refused picture and a client that goes away leave no trace in the share."""
    ward = Ward()
    ward.start("ours", "picture", "gone")
    ward.fail(ProviderUnreachable(is_ours=True), "ours", times=5)
    ward.fail(ProviderRefused(reason=Refusal.CONTENT), "picture")
    ward.health.abandoned("p", AttemptId("gone"))
    assert ward.state is SERVING
    assert ward.health.condition("p").share.started == 0


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
    """429 is a pause and no ejection: as long as `Retry-After` says, up to five minutes."""
    ward = Ward()
    ward.fail(ProviderThrottled(retry_after_s=12.0), times=5)
    assert (ward.state, ward.changes) == (SERVING, [])
    assert ward.health.condition("p").cooling_until == EPOCH + timedelta(seconds=12)
    ward.clock.advance(11.5)
    assert ward.health.cooling_s("p") == 0.5
    ward.clock.advance(0.5)
    assert ward.health.cooling_s("p") == 0.0
    assert ward.health.condition("p").cooling_until is None
    ward.fail(ProviderThrottled(retry_after_s=9e9))
    assert ward.health.cooling_s("p") == COOLING_S_MAX
    ward.fail(ProviderThrottled(retry_after_s=1.0))
    assert ward.health.cooling_s("p") == COOLING_S_MAX, "what was on its way shortens nothing"


def test_a_provider_that_is_busy_again_and_again_is_left_alone_for_longer() -> None:
    """Without `Retry-After`: five seconds, doubling to a minute, until a create is accepted."""
    ward, pauses = Ward(), []
    for _ in range(6):
        ward.fail(ProviderThrottled(), times=3)
        pauses.append(ward.health.cooling_s("p"))
        ward.clock.advance(pauses[-1])
    ward.health.accepted("p")
    ward.fail(ProviderThrottled())
    pauses.append(ward.health.cooling_s("p"))
    assert pauses == [5.0, 10.0, 20.0, 40.0, THROTTLED_S_MAX, THROTTLED_S_MAX, THROTTLED_S]
    assert ward.health.condition("p").share.started == 0


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
    ward.fail(ProviderUnreachable(), times=FAILURES_MAX)
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
    ward.fail(ProviderUnreachable(), times=FAILURES_MAX)
    ward.fail(CREDIT)
    assert ward.health.obstacle("p", TERMS) == "is set aside: out of credit"


def test_only_what_probes_ends_an_ejection() -> None:
    """A job taken before says nothing of the creates of now, and neither does its late failure."""
    for error, times in ((CREDIT, 1), (ProviderUnreachable(), FAILURES_MAX)):
        ward = Ward()
        ward.fail(error, times=times)
        ward.health.succeeded("p", AttemptId("earlier"))
        assert ward.state is EJECTED
        ward.clock.advance(EJECTION_S)
        ward.fail(FAILED, "earlier", times=5)
        ward.probe()
        assert ward.state is SERVING


def test_a_probe_that_says_nothing_lets_another_try() -> None:
    """A job that a provider never ends does not keep it away for the hour until its horizon."""
    ward = Ward()
    ward.fail(ProviderUnreachable(), times=FAILURES_MAX)
    ward.clock.advance(EJECTION_S)
    ward.health.begin("p", AttemptId("stuck"))
    ward.clock.advance(PROBE_S_MAX)
    ward.probe()
    assert ward.state is SERVING
    ward.health.succeeded("p", AttemptId("stuck"))
    assert ward.state is SERVING


def test_whoever_fails_again_soon_must_prove_more() -> None:
    """Set aside twice within minutes, for twice as long, it needs two good probes in a row."""
    ward = Ward()
    for proofs in (1, 2, PROOFS_MAX, PROOFS_MAX):
        ward.fail(ProviderUnreachable(), times=FAILURES_MAX)
        ward.clock.advance(EJECTION_S_MAX)
        for _ in range(proofs):
            assert ward.state is PROBING
            ward.probe()
        assert ward.state is SERVING


def test_good_times_make_ejections_forgotten() -> None:
    """Each five minutes of serving take one doubling back."""
    ward = Ward()
    ward.fail(ProviderUnreachable(), times=FAILURES_MAX)
    ward.clock.advance(EJECTION_S)
    ward.probe(FAILED)
    ward.clock.advance(2 * EJECTION_S)
    ward.probe()
    ward.probe()
    assert ward.state is SERVING
    ward.clock.advance(GOOD_S)
    ward.fail(ProviderUnreachable(), times=FAILURES_MAX)
    ward.clock.advance(2 * EJECTION_S - 0.5)
    assert ward.state is EJECTED, "one of two is forgotten"
    ward.clock.advance(0.5)
    ward.probe()
    ward.probe()
    ward.clock.advance(9 * GOOD_S)
    ward.fail(ProviderUnreachable(), times=FAILURES_MAX)
    ward.clock.advance(EJECTION_S)
    assert ward.state is PROBING, "all are"


def test_replicas_do_not_probe_in_one_moment() -> None:
    """An ejection is up to a quarter longer, by another bit each time."""
    pauses = set[float]()
    for seed in range(20):
        clock = FakeClock()
        health = Health(clock, lambda *_: None, rng=random.Random(seed))
        health.failed("p", AttemptId("a"), CREDIT)
        until = health.condition("p").until
        assert until is not None
        pauses.add((until - EPOCH).total_seconds())
    assert len(pauses) == 20
    assert min(pauses) >= EJECTION_S
    assert max(pauses) <= EJECTION_S * (1 + EJECTION_JITTER)


def test_people_are_told_why_since_when_and_until_when() -> None:
    """Also while the probe is under way, when nobody else is sent there."""
    ward = Ward()
    told = ward.health.condition("p")
    assert (told.state, told.reason, told.since, told.until) == (SERVING, None, EPOCH, None)
    ward.clock.advance(10.0)
    ward.start("a")
    ward.fail(CREDIT, "a")
    told = ward.health.condition("p")
    ejected_at = EPOCH + timedelta(seconds=10)
    assert (told.state, told.reason, told.since) == (EJECTED, "out of credit", ejected_at)
    assert told.until == ejected_at + timedelta(seconds=EJECTION_S)
    assert (told.share.started, told.share.failed, told.share.failing) == (1, 1, 1.0)
    ward.clock.advance(EJECTION_S)
    ward.health.begin("p", AttemptId("probe"))
    told = ward.health.condition("p")
    assert (told.state, told.until, ward.state) == (PROBING, None, EJECTED)
    ward.health.succeeded("p", AttemptId("probe"))
    told = ward.health.condition("p")
    assert (told.state, told.reason, told.share.failing) == (SERVING, None, 0.0)
