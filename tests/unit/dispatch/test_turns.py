"""Who would be late is refused before anything is held, goes elsewhere, or is not sent any more."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from router.dispatch.health import Health
from router.dispatch.turns import EDIT_S, MARGIN_S, RETRY_AFTER_S_MAX, Turns, overloaded
from router.model.errors import NobodyQualifies, Overloaded, ProviderThrottled, ProviderUnreachable
from router.model.ids import AttemptId, JobId
from router.model.job import Job, JobState
from router.model.offer import ProviderState, Rate
from router.upstream.paces import Operation, Paces
from router.upstream.slots import Slots
from tests.fakes import EPOCH, FakeClock, a_job, an_offer
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.stage import Act, Stage, play

BUSY = ProviderThrottled("429")
SOON = timedelta(seconds=60)
ONE = ("shortapi",)


class Desk:
    """Turns with a clock, and a provider for each name that is asked for."""

    def __init__(
        self, *, waiting_max: int = 1000, rate: Rate | None = None, slots: int = 1
    ) -> None:
        self.clock = FakeClock()
        self.health = Health(self.clock, lambda *_: None)
        paces = Paces(self.clock, {("shortapi", Operation.CREATE): rate})
        self.slots = Slots({"shortapi": slots, "runpod": 1}, paces)
        self.turns = Turns(
            self.clock,
            self.slots,
            self.health,
            expected_s=lambda provider, _: {"shortapi": 20.0, "runpod": 5.0}[provider],
            waiting_max=waiting_max,
        )

    def fill(self, provider: str, waiting: int) -> None:
        """Have creates in flight and waiting: each takes about a second."""
        assert self.slots.try_take(provider)
        for number in range(waiting):
            self.slots.book(provider, f"{number}")

    def obstacles(self, seconds: float, **states: ProviderState) -> dict[str, str | None]:
        """What is in the way of a job that has so much time."""
        job = a_job(deadline_at=EPOCH + timedelta(seconds=seconds))
        names = ("shortapi", "runpod")
        serving = ProviderState.SERVING
        offers = [
            an_offer(price=usd("0.04"), provider=name, state=states.get(name, serving))
            for name in names
        ]
        return {one.provider: one.obstacle for one in self.turns.in_time(job, offers, bool)}


def test_a_queue_is_in_the_way_of_those_who_would_be_late() -> None:
    """Of each by its own deadline, and by how long edits take at that provider."""
    desk = Desk()
    desk.fill("shortapi", 9)
    desk.fill("runpod", 9)
    assert desk.obstacles(60.0) == {"shortapi": None, "runpod": None}
    assert desk.obstacles(25.0) == {
        "shortapi": "has 9 waiting, so that this job would wait about 10 s and be late",
        "runpod": None,
    }


async def test_who_waits_for_the_rate_is_part_of_the_queue() -> None:
    """They have a slot each; the verdict counts them, says so of none, and the queue has an end."""
    desk = Desk(waiting_max=2, rate=Rate(1, 10.0), slots=5)
    assert desk.slots.try_take("shortapi")
    assert desk.obstacles(30.0)["shortapi"] == (
        "takes no other create so soon, so that this job would wait about 11 s and be late"
    )
    loop = asyncio.get_running_loop()
    taking = [loop.create_task(desk.slots.take("shortapi")) for _ in range(2)]
    await asyncio.sleep(0)

    assert desk.obstacles(50.0)["shortapi"] == (
        "has 2 waiting, so that this job would wait about 33 s and be late"
    )
    assert "has 2 waiting" in (desk.obstacles(9999.0)["shortapi"] or "")
    for one in taking:
        one.cancel()
    await asyncio.wait(taking)
    assert desk.obstacles(9999.0)["shortapi"] is None


def test_what_is_not_known_takes_as_long_as_most_edits_do() -> None:
    """An edit with less time than that is late for any queue."""
    clock = FakeClock()
    slots = Slots({"shortapi": 1}, Paces(clock))
    turns = Turns(clock, slots, Health(clock, lambda *_: None), expected_s=lambda *_: None)
    assert slots.try_take("shortapi")

    def check(seconds: float) -> None:
        turns.check(a_job(deadline_at=EPOCH + timedelta(seconds=seconds)), ["shortapi"])

    check(EDIT_S + MARGIN_S + 1.01)
    with pytest.raises(Overloaded):
        check(EDIT_S + MARGIN_S + 0.99)


def test_nobody_is_late_for_a_queue_where_there_is_none() -> None:
    """A job with little time is bought as it was asked for: that is no matter of load."""
    desk = Desk()
    assert desk.obstacles(0.5) == {"shortapi": None, "runpod": None}
    desk.turns.check(a_job(deadline_at=EPOCH), ["shortapi"])
    desk.turns.check(a_job(deadline_at=EPOCH), [])


def test_a_queue_has_an_end() -> None:
    """However much time a job has."""
    desk = Desk(waiting_max=3)
    desk.fill("shortapi", 3)
    desk.fill("runpod", 2)
    found = desk.obstacles(9999.0)
    assert (found["runpod"], "has 3 waiting" in (found["shortapi"] or "")) == (None, True)


def test_a_cooling_provider_is_left_alone_while_another_serves() -> None:
    """Where the other is ejected or late itself, jobs wait for the pause's end."""
    desk = Desk()
    desk.health.failed("shortapi", AttemptId("a"), BUSY)
    assert desk.obstacles(60.0) == {
        "shortapi": "has too much to do and asked for patience, for 5 s more",
        "runpod": None,
    }
    ejected = ProviderState.EJECTED
    assert desk.obstacles(60.0, runpod=ejected) == {"shortapi": None, "runpod": None}
    desk.fill("runpod", 90)
    assert desk.obstacles(60.0)["shortapi"] is None


def test_when_to_come_again_is_said_within_bounds() -> None:
    """The soonest, not below a second and not above a minute."""
    assert overloaded("full", [9.5, 7.25]).retry_after_s == 7.25
    assert overloaded("full", [0.01]).retry_after_s == 1.0
    assert overloaded("full", [9e9]).retry_after_s == RETRY_AFTER_S_MAX


def in_a_minute(stage: Stage) -> Job:
    """Build a job that has a minute."""
    return stage.job(deadline_at=stage.clock.now() + SOON)


async def fill(stage: Stage, provider: str = "shortapi") -> list[JobId]:
    """Have jobs wait at a provider, each create for a second, until one is refused."""
    stage.troupe.always[provider] = Act(answers_after_s=1.0)
    told: list[JobId] = []
    for _ in range(200):
        try:
            told.append((await stage.admit(in_a_minute(stage))).row.id)
        except Overloaded:
            break
        await stage.pause(0.1)
    return told


def test_overload_is_refused_before_any_hold(tmp_path: Path) -> None:
    """503 with when to come again; what was admitted is delivered, each before its deadline."""

    async def story(stage: Stage) -> None:
        jobs = await fill(stage)
        before = await stage.used()
        with pytest.raises(Overloaded, match="would be late") as refused:
            await stage.admit(in_a_minute(stage))
        assert refused.value.retry_after_s is not None
        assert 1.0 <= refused.value.retry_after_s <= 60.0
        assert await stage.used() == before
        assert len(stage.audience.heard("overflowed")) == 2
        assert max(one.waiting for one in stage.audience.heard("queue_changed")) >= 2
        views = [await stage.see(job_id) for job_id in jobs]
        assert {view.row.state for view in views} == {JobState.SUCCEEDED}
        await stage.admit(in_a_minute(stage))

    play(tmp_path, story, slots=1, connected=ONE)


def test_where_the_policy_has_another_offer_the_job_goes_there(tmp_path: Path) -> None:
    """And the decision says why the cheaper one was passed over."""

    async def story(stage: Stage) -> None:
        stage.troupe.always["shortapi"] = Act(answers_after_s=10.0)
        views = []
        for _ in range(12):
            views.append((await stage.admit(in_a_minute(stage))).row)
            await stage.pause(0.5)
        attempts = [(await stage.attempts(row.id))[0] for row in views]
        assert [attempts[0].provider, attempts[-1].provider] == ["shortapi", "runpod"]
        assert "would wait about" in views[-1].decision
        for row in views:
            assert (await stage.see(row.id)).row.state is JobState.SUCCEEDED

    play(tmp_path, story, slots=1)


def test_a_job_that_only_waits_is_no_reason_to_pay_more_than_it_may(tmp_path: Path) -> None:
    """Where the other offer is too dear the answer is to come again, and not that nobody sells."""

    async def story(stage: Stage) -> None:
        stage.health.doubted("runpod", AttemptId("doubt"), usd("99.00"))
        await fill(stage)
        stage.health.resolved("runpod", AttemptId("doubt"))
        with pytest.raises(Overloaded, match="so much waiting that this job"):
            await stage.submit(deadline_at=stage.clock.now() + SOON, price_max=usd("0.05"))
        with pytest.raises(NobodyQualifies):
            await stage.submit(deadline_at=stage.clock.now() + SOON, price_max=usd("0.01"))

    play(tmp_path, story, slots=1)


def test_what_waited_until_it_would_be_late_is_not_sent(tmp_path: Path) -> None:
    """Its hold is void, it goes elsewhere if that is in time, and else it is told why."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(answers_after_s=58.0, refuses=ProviderUnreachable())]
        first, second = await stage.admit(in_a_minute(stage)), await stage.admit(in_a_minute(stage))
        view = await stage.see(second.row.id)
        assert stage.clock.monotonic_s() == pytest.approx(60.0 - EDIT_S - MARGIN_S)
        assert (view.row.state, view.row.error_code) == (JobState.FAILED, "overloaded")
        assert view.row.ended_at is not None
        assert view.row.ended_at < view.row.deadline_at
        assert view.nothing_spent
        (attempt,) = await stage.attempts(second.row.id)
        assert (attempt.state.value, attempt.outcome) == ("voided", "too_late")
        await stage.see(first.row.id)
        assert len(stage.troupe.sent) == 1
        assert not stage.slots.any_taken

    policy = a_policy(create_deadline="59s")
    play(tmp_path, story, slots=1, policy=policy, connected=ONE)


def test_a_hold_that_is_refused_leaves_no_place_in_the_queue(tmp_path: Path) -> None:
    """Whoever has no room in a budget does not have others refused for a queue of nobody."""

    async def story(stage: Stage) -> None:
        assert stage.slots.try_take("shortapi")
        for _ in range(5):
            with pytest.raises(Exception, match="budget"):
                await stage.submit()
        assert stage.slots.waiting("shortapi") == 0

    budgets = [{"name": "m", "who": "everyone", "limit": "$0.01", "per": "day"}]
    play(tmp_path, story, slots=1, policy=a_policy(budgets=budgets))


def test_a_429_has_the_last_provider_wait_and_not_fail(tmp_path: Path) -> None:
    """Who was refused fails; those after it wait for the pause, and then one goes first."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=ProviderThrottled("429", retry_after_s=20.0))]
        refused = await stage.submit()
        assert (await stage.see(refused)).row.error_code == "provider_failed"
        jobs = [await stage.submit() for _ in range(3)]
        for job_id in jobs:
            assert (await stage.see(job_id)).row.state is JobState.SUCCEEDED
        assert [round(one.at_s, 1) for one in stage.troupe.sent] == [0.0, 20.2, 20.4, 20.4]
        assert stage.changes == []

    play(tmp_path, story, connected=ONE)


def test_whoever_may_go_nowhere_else_waits_for_a_429_to_pass(tmp_path: Path) -> None:
    """Also where another provider serves, but is too dear, or was tried for the job already."""

    async def story(stage: Stage) -> None:
        stage.troupe.acts["shortapi"] = [Act(refuses=ProviderThrottled("429", retry_after_s=20.0))]
        first = await stage.submit()
        assert (await stage.see(first)).row.state is JobState.SUCCEEDED
        cheap = await stage.submit(price_max=usd("0.05"))
        assert await stage.books(cheap) == ["shortapi held 0.04"]
        dear = await stage.submit()
        assert await stage.books(dear) == ["runpod dispatching 0.0875"]
        stage.troupe.acts["runpod"] = [Act(refuses=ProviderUnreachable())]
        tried = await stage.submit()
        assert (await stage.see(tried)).row.state is JobState.SUCCEEDED
        assert await stage.books(tried) == ["runpod voided 0.0875", "shortapi posted 0.04"]
        assert (await stage.see(cheap)).row.state is JobState.SUCCEEDED

    play(tmp_path, story)
