"""What is learnt of how long offers take."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from router.dispatch.latency import FAILING, SEEDED_FROM, SEEDED_MOST, Latencies
from router.dispatch.latency_windows import KNOWN_FROM
from router.ledger.views import TimedRow
from router.model.job import Resolution
from router.model.latency import Latency
from router.model.offer import Offer
from router.upstream.polling import ANYTHING
from tests.fakes import EPOCH, an_offer
from tests.ledger_kit import usd
from tests.stage import Act, Stage, failed, play

ONE_K, FOUR_K = Resolution.ONE_K, Resolution.FOUR_K
STATED = (6.0, 15.0)
OFFER = an_offer(price=usd("0.04"), stated=STATED)


def timed(ended_at: datetime = EPOCH, whole_s: float = 9.0, **overrides: Any) -> TimedRow:
    """A delivered edit, of which the provider tells nothing."""
    row = TimedRow(
        provider="shortapi",
        slug=OFFER.slug,
        resolution=ONE_K,
        outcome="delivered",
        dispatched_at=ended_at - timedelta(seconds=whole_s),
        accepted_at=ended_at - timedelta(seconds=whole_s - 1.0),
        ended_at=ended_at,
        queue_s=None,
        execution_s=None,
    )
    return replace(row, **overrides)


def known(latencies: Latencies, at: datetime = EPOCH, *, offer: Offer = OFFER) -> Latency:
    """What is known of an offer of which something is."""
    latency = latencies.offer(offer, ONE_K, at).latency
    assert latency is not None
    return latency


def test_before_anything_was_seen_what_is_stated_counts() -> None:
    """With the failures that are assumed of everybody."""
    offer = Latencies().offer(OFFER, ONE_K, EPOCH)

    assert (offer.latency, offer.failing) == (Latency.stated(*STATED), FAILING)


def test_what_is_neither_stated_nor_seen_is_not_known() -> None:
    """Nor is it after a job or two; from the fifth on it is."""
    latencies, silent = Latencies(), replace(OFFER, stated=None)
    assert latencies.offer(silent, ONE_K, EPOCH).latency is None

    for number in range(int(KNOWN_FROM)):
        assert latencies.offer(silent, ONE_K, EPOCH).latency is None, number
        latencies.settled(timed())

    assert known(latencies, offer=silent).p50_s == pytest.approx(9.0, rel=0.1)
    assert latencies.ready("shortapi", OFFER.slug, FOUR_K, EPOCH) == ANYTHING


def test_little_seen_counts_little_and_much_counts_almost_alone() -> None:
    """Between what is stated and what was seen, ever nearer to the latter."""
    latencies, means_s = Latencies(), list[float]()
    for until in (1, 10, 200):
        for _ in range(until):
            latencies.settled(timed(whole_s=60.0))
        means_s.append(known(latencies).mean_s)

    stated_s = Latency.stated(*STATED).mean_s
    assert stated_s < means_s[0] < means_s[1] < means_s[2] < 60.0
    assert means_s[2] == pytest.approx(60.0, rel=0.1)
    assert known(latencies).samples == 211
    assert known(latencies).p95_s == pytest.approx(60.0, rel=0.1)


def test_a_provider_that_became_slow_is_slow_within_minutes() -> None:
    """The shortest window sees it first; over a week, hardly anything has changed."""
    latencies = Latencies()
    for hours in range(96, 0, -1):
        for _ in range(20):
            latencies.settled(timed(EPOCH - timedelta(hours=hours)))
    for minutes in range(10, 0, -1):
        for _ in range(3):
            latencies.settled(timed(EPOCH - timedelta(minutes=minutes), whole_s=80.0))
    found = known(latencies)

    assert found.at(75, 900.0) > 60.0
    assert found.at(50, 604_800.0) < 12.0


def test_a_bad_hour_is_forgotten() -> None:
    """Where nothing was seen since, what was true all week is believed again."""
    latencies = Latencies()
    for hours in range(96, 0, -1):
        for _ in range(20):
            latencies.settled(timed(EPOCH - timedelta(hours=hours)))
    for _ in range(30):
        latencies.settled(timed(whole_s=80.0))

    assert known(latencies).p95_s > 70.0
    assert known(latencies, EPOCH + timedelta(hours=3)).p95_s < 20.0


def test_each_offer_is_known_for_itself() -> None:
    """By provider, the model there, and resolution."""
    latencies = Latencies()
    for _ in range(50):
        latencies.settled(timed(whole_s=70.0))
    others = (
        latencies.offer(OFFER, FOUR_K, EPOCH),
        latencies.offer(replace(OFFER, provider="runpod"), ONE_K, EPOCH),
        latencies.offer(replace(OFFER, slug="newer"), ONE_K, EPOCH),
    )

    assert {other.latency for other in others} == {Latency.stated(*STATED)}
    assert known(latencies).p50_s > 60.0


def test_queue_and_execution_are_kept_apart() -> None:
    """Where the provider tells of them; polls go by them, clients by all of it."""
    latencies = Latencies()
    for _ in range(300):
        latencies.settled(timed(whole_s=20.0, queue_s=3.0, execution_s=7.0))
    found = known(latencies)

    assert found.queue_s == pytest.approx(3.0, rel=0.1)
    assert found.execution_s == pytest.approx(7.0, rel=0.1)
    assert found.p50_s == pytest.approx(20.0, rel=0.1)
    ready = latencies.ready("shortapi", OFFER.slug, ONE_K, EPOCH)
    assert ready.percentile_s(50) == pytest.approx(11.0, rel=0.1)  # Its create took a second.


def test_a_providers_own_figures_are_not_believed_beyond_what_we_saw() -> None:
    """It cannot have had the image later than we did."""
    latencies = Latencies()
    for _ in range(300):
        latencies.settled(timed(whole_s=5.0, queue_s=None, execution_s=900.0, accepted_at=None))

    assert latencies.ready("shortapi", OFFER.slug, ONE_K, EPOCH).percentile_s(95) < 6.0


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [
        ("provider_attempt_failed", True),
        ("provider_in_doubt", True),
        ("provider_unreachable", True),
        ("result_unavailable", True),
        ("provider_refused", False),
        ("provider_throttled", False),
        ("content_refused", False),
        ("cancelled", False),
        (None, False),
    ],
)
def test_a_failure_counts_as_one_and_tells_nothing_of_time(
    outcome: str | None, *, counts: bool
) -> None:
    """Only the provider's own, and not a refusal that says nothing of the next job."""
    latencies = Latencies()
    for _ in range(20):
        latencies.settled(replace(timed(outcome=outcome, whole_s=90.0), ended_at=None))
    offer = latencies.offer(OFFER, ONE_K, EPOCH)

    assert offer.latency == Latency.stated(*STATED)
    assert offer.failing == (pytest.approx(0.51, abs=0.01) if counts else FAILING)


def test_what_was_never_sent_tells_nothing() -> None:
    """A hold that was voided."""
    latencies = Latencies()
    latencies.settled(timed(dispatched_at=None, outcome="provider_unreachable"))

    assert latencies.offer(OFFER, ONE_K, EPOCH).failing == FAILING


def test_failures_fade_as_well() -> None:
    """A bad minute is no verdict for ever."""
    latencies = Latencies()
    for _ in range(40):
        latencies.settled(timed(outcome="provider_attempt_failed"))

    assert latencies.offer(OFFER, ONE_K, EPOCH).failing > 0.6
    assert latencies.offer(OFFER, ONE_K, EPOCH + timedelta(days=2)).failing == FAILING


def test_of_many_jobs_one_more_is_not_looked_at_at_once() -> None:
    """Within seconds it is; and so are a few more, which change something."""
    latencies = Latencies()
    for _ in range(200):
        latencies.settled(timed())
    before = known(latencies)
    latencies.settled(timed(whole_s=90.0))

    assert known(latencies) == before
    assert known(latencies, EPOCH + timedelta(seconds=6)) != before
    for _ in range(5):
        latencies.settled(timed(whole_s=90.0))
    assert known(latencies).mean_s > before.mean_s


def test_a_newer_price_book_states_something_else_at_once() -> None:
    """Nothing of the former statement is kept."""
    latencies = Latencies()
    assert latencies.offer(OFFER, ONE_K, EPOCH).latency == Latency.stated(*STATED)
    newer = latencies.offer(replace(OFFER, stated=(30.0, 40.0)), ONE_K, EPOCH)

    assert newer.latency == Latency.stated(30.0, 40.0)
    ready = latencies.ready("shortapi", OFFER.slug, ONE_K, EPOCH)
    assert ready.percentile_s(50) == pytest.approx(30.0, rel=0.01)


def test_what_was_learnt_survives_a_restart(tmp_path: Path) -> None:
    """The ledger's attempts teach a new process what the former one knew."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [
            *(Act(ends_after_s=seconds) for seconds in (8.0, 11.0, 14.0)),
            Act(ends=failed(), ends_after_s=4.0),
        ]
        for number in range(4):
            await stage.see(await stage.submit(key=f"k{number}", fingerprint=f"f{number}"))
        now = stage.clock.now()
        anew = Latencies()
        anew.seed(await stage.ledger.timed(now - SEEDED_FROM, most=SEEDED_MOST))

        learnt = stage.latencies.offer(OFFER, ONE_K, now)
        assert learnt.latency is not None
        assert learnt.latency.samples == 3
        assert learnt.failing > FAILING
        assert anew.offer(OFFER, ONE_K, now) == learnt

    play(tmp_path, story)


def test_a_plan_goes_by_what_was_learnt(tmp_path: Path) -> None:
    """The survey puts it into the offers of the next job."""

    async def story(stage: Stage) -> None:
        stage.troupe.always["shortapi"] = Act(ends_after_s=33.0)
        for number in range(6):
            await stage.see(await stage.submit(key=f"k{number}", fingerprint=f"f{number}"))
        plan = await stage.placer.plan(stage.policy, stage.job())

        first = plan.offers[0].latency
        assert first is not None
        assert first.p50_s == pytest.approx(33.0, rel=0.1)
        assert plan.decision.candidates[0].latency == first

    play(tmp_path, story)
