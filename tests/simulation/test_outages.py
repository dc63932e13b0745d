"""Outages, one kind at a time: what each costs, and who serves the edits meanwhile."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from router.ledger.rows import AttemptRow
from router.model.ids import JobId
from router.model.job import JobState
from router.model.money import Money, total
from router.policy.policy import Policy
from router.sandbox.settings import RunpodSettings, Settings, ShortApiSettings
from tests.ledger_kit import usd
from tests.policy_files import a_policy
from tests.simulation.seeded_house import CANARY, PRICES, World, open_world
from tests.virtual_time import run

LOST_AFTER_ACCEPTANCE = (
    "accept_then_hang",
    "accept_then_reset",
    "accept_then_disconnect",
    "truncated",
    "gzip_bomb",
    "ok_html",
    "ok_broken_json",
    "ok_no_id",
    "500_after_accept",
    "502_after_accept",
    "504_after_accept",
    "html_502_after_accept",
    "redirect_307_after_accept",
)
LOST_BEFORE_ACCEPTANCE = (
    "hang_before_accept",
    "reset_before_accept",
    "disconnect_before_accept",
    "status_500",
    "status_502",
    "status_504",
    "redirect_307",
)
PLAIN = ("refuse", "status_503", "status_429", "credit_gone", "status_401", "status_403")
PRICE_AT_SHORTAPI, PRICE_AT_RUNPOD = usd("0.04"), usd("0.0875")

Story = Callable[[World], Awaitable[None]]


def live(folder: Path, story: Story, *, double_spend: str = "$0", **settings: Any) -> None:
    """Tell a story in a world whose cheapest provider is ShortAPI."""

    async def main() -> None:
        prices = PRICES.read_text(encoding="utf-8")
        failover = {"providers_max": "2", "double_spend_max": double_spend}
        budgets = [{"name": "everyone", "who": "everyone", "limit": "$200.00", "per": "month"}]
        policy: Policy = a_policy(prices=prices, failover=failover, budgets=budgets)
        world = World(folder, Random(5), policy, Settings(picture_side_max=8, **settings))
        async with open_world(world):
            await story(world)

    run(main(), seed=5)


async def ordered(world: World) -> JobId:
    """Order one edit."""
    now = world.clock.now()
    deadline_at = now + timedelta(seconds=world.policy.deadline_s)
    job_id = await world.ask(world.stage.job(prompt=CANARY, deadline_at=deadline_at))
    assert job_id is not None
    return job_id


async def told(world: World, job_id: JobId) -> list[str]:
    """Tell a job's attempts in short."""
    return await world.stage.books(job_id)


async def every_attempt(world: World) -> list[AttemptRow]:
    """Read all attempts of all jobs."""
    ids = list(world.judge.read().jobs)
    return [one for job_id in ids for one in await world.stage.attempts(JobId(job_id))]


@pytest.mark.parametrize("fault", LOST_AFTER_ACCEPTANCE)
def test_a_lost_create_is_one_purchase_settled_by_a_late_callback(
    tmp_path: Path, fault: str
) -> None:
    """One create, its money in doubt, posted by what a late callback leads to; never sent again."""

    async def story(world: World) -> None:
        world.sandbox.faults.inject(fault, provider="shortapi")
        world.sandbox.faults.inject("callback_late", provider="shortapi", seconds=60)
        job_id = await ordered(world)
        await world.watch(45.0)
        assert await told(world, job_id) == ["shortapi in_doubt 0.04"]
        assert world.sandbox.truth.net_nanos("shortapi") == PRICE_AT_SHORTAPI.nanos
        await world.watch(60.0)
        assert await told(world, job_id) == ["shortapi posted 0.04"]
        view = await world.stage.see(job_id)
        assert view.row.state is JobState.SUCCEEDED
        assert len(world.sandbox.truth.creates) == 1
        await world.settle_down()

    live(tmp_path, story)


@pytest.mark.parametrize("fault", LOST_AFTER_ACCEPTANCE + LOST_BEFORE_ACCEPTANCE)
def test_with_money_for_it_the_other_provider_delivers(tmp_path: Path, fault: str) -> None:
    """Where the policy pays twice, a lost create costs a second hold and not the customer."""

    async def story(world: World) -> None:
        world.sandbox.faults.inject(fault, provider="shortapi")
        world.sandbox.faults.inject("callback_lost", provider="shortapi")
        job_id = await ordered(world)
        view = await world.stage.see(job_id)
        assert view.row.state is JobState.SUCCEEDED
        assert world.clock.monotonic_s() < 60
        assert await told(world, job_id) == ["shortapi in_doubt 0.04", "runpod posted 0.0875"]
        assert await world.stage.used("double-spend") == PRICE_AT_RUNPOD
        assert len(world.sandbox.truth.creates) == 2
        await world.settle_down()
        assert await told(world, job_id) == [
            "shortapi posted_presumed 0.04",
            "runpod posted 0.0875",
        ]

    live(tmp_path, story, double_spend="$1.90 per day")


@pytest.mark.parametrize("fault", ["accept_then_hang", "accept_then_reset", "502_after_accept"])
def test_ten_minutes_of_outage_cost_what_the_policy_says(tmp_path: Path, fault: str) -> None:
    """With many jobs a minute, paying twice stops at the day's sum, and doubt at its maximum."""

    async def story(world: World) -> None:
        world.sandbox.faults.inject(fault, provider="shortapi", probability=1.0)
        world.sandbox.faults.inject("callback_lost", provider="shortapi", probability=1.0)
        jobs: list[JobId] = []
        for _ in range(300):
            jobs.append(await ordered(world))
            await world.watch(2.0)
        world.heal()
        await world.watch(120.0)
        attempts = await every_attempt(world)
        second = total([one.quoted for one in attempts if one.number == 2])
        assert Money.ZERO < second <= usd("1.30")
        doubted = [one for one in attempts if one.state.value == "in_doubt"]
        assert {one.provider for one in doubted} == {"shortapi"}
        # $2.00 and what was already on its way when it was reached.
        on_the_way = world.policy.prices.terms("shortapi").creates_in_flight_max
        assert (
            total([one.quoted for one in doubted]) <= usd("2.00") + PRICE_AT_SHORTAPI * on_the_way
        )
        states = [(await world.stage.see(job_id)).row.state for job_id in jobs]
        served = states.count(JobState.SUCCEEDED)
        assert served >= 300 - len(doubted)
        assert states[-100:].count(JobState.SUCCEEDED) >= 98, "all but a job that probes"
        assert await world.stage.ledger.double_spent() == Money.ZERO
        await world.settle_down()

    live(tmp_path, story, double_spend="$1.30 per day")


@pytest.mark.parametrize("fault", PLAIN)
def test_a_plain_outage_costs_nothing_and_serves_everything(tmp_path: Path, fault: str) -> None:
    """Refused, 503, 429, credit gone, bad key: the other provider serves within seconds."""

    async def story(world: World) -> None:
        world.sandbox.faults.inject(fault, provider="shortapi", probability=1.0)
        jobs: list[JobId] = []
        for _ in range(60):
            jobs.append(await ordered(world))
            await world.watch(1.0)
        await world.watch(60.0)
        for job_id in jobs:
            view = await world.stage.see(job_id)
            assert view.row.state is JobState.SUCCEEDED
            assert view.row.ended_at is not None
            assert (view.row.ended_at - view.row.created_at).total_seconds() < 30
            assert view.charged == PRICE_AT_RUNPOD
            assert not view.may_have_been_charged
        assert await world.stage.used("everyone") == PRICE_AT_RUNPOD * 60
        assert world.sandbox.truth.net_nanos() == (PRICE_AT_RUNPOD * 60).nanos
        wasted = [one for one in await every_attempt(world) if one.provider == "shortapi"]
        assert 1 <= len(wasted) <= 15, "set aside, and tried again by a job now and then"
        await world.settle_down()

    live(tmp_path, story)


@pytest.mark.parametrize(
    "told_how", ["none", "callback_duplicate", "callback_late", "callback_early"]
)
@pytest.mark.parametrize("reply", ["none", "accept_then_hang", "accept_then_reset"])
@pytest.mark.parametrize("provider", ["shortapi", "runpod"])
def test_reply_callback_and_query_in_any_order_are_one_charge(
    tmp_path: Path, provider: str, reply: str, told_how: str
) -> None:
    """I12: whichever of them comes first, twice or late, the row that remains is the same."""

    async def story(world: World) -> None:
        if reply != "none":
            world.sandbox.faults.inject(reply, provider=provider)
        if told_how != "none":
            world.sandbox.faults.inject(told_how, provider=provider)
        if provider == "runpod":
            world.sandbox.faults.inject("refuse", provider="shortapi")
        job_id = await ordered(world)
        await world.watch(250.0)
        last = (await told(world, job_id))[-1]
        assert last in {"shortapi posted 0.04", "runpod posted 0.0875"}
        assert last.startswith(provider)
        assert (await world.stage.see(job_id)).row.state is JobState.SUCCEEDED
        await world.settle_down()

    live(tmp_path, story)


def test_a_void_that_a_callback_proves_wrong_is_corrected(tmp_path: Path) -> None:
    """A 503 frees the hold; where it lied, what a callback leads to is booked, and people told."""

    async def story(world: World) -> None:
        world.sandbox.faults.inject("503_after_accept", provider="shortapi")
        world.sandbox.faults.inject("callback_late", provider="shortapi", seconds=60)
        job_id = await ordered(world)
        assert (await world.stage.see(job_id)).row.delivered_by is not None
        assert await told(world, job_id) == ["shortapi voided 0.04", "runpod posted 0.0875"]
        await world.stage.pause(70.0)
        assert await told(world, job_id) == ["shortapi posted 0.04", "runpod posted 0.0875"]
        assert world.stage.audience.alarms == ["charged_after_void"]
        assert await world.stage.used("everyone") == PRICE_AT_SHORTAPI + PRICE_AT_RUNPOD
        await world.settle_down()

    live(tmp_path, story)


def test_a_provider_that_bills_more_is_booked_as_it_bills(tmp_path: Path) -> None:
    """A charge above its hold is posted whole, the rest itemised as overage."""

    async def story(world: World) -> None:
        world.sandbox.faults.inject("refuse", provider="shortapi")
        world.sandbox.faults.inject("cost_drift", provider="runpod", factor="1.2")
        job_id = await ordered(world)
        await world.stage.see(job_id)
        assert (await told(world, job_id))[-1] == "runpod posted 0.105"
        kinds = [entry.kind for entry in world.judge.read().entries]
        assert kinds == ["hold", "void", "hold", "post", "overage"]
        await world.settle_down()

    live(tmp_path, story, shortapi=ShortApiSettings(), runpod=RunpodSettings())
