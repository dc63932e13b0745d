from typing import Any

import pytest

from router.sandbox import RunpodSettings
from router.sandbox.money import nanos
from tests.sandboxes import SLUG, Stage, body_of, edit_input
from tests.virtual_time import VirtualClock, run

SLOW = {"fault": "slow_job", "provider": "runpod", "factor": "100"}


def held_stage(**settings: Any) -> Stage:
    """Build a stage in virtual time, for requests that are held."""
    return Stage(clock=VirtualClock(), **settings)


@pytest.mark.parametrize(
    ("slug", "given", "price"),
    [
        (SLUG, {}, "0.0875"),
        (SLUG, {"resolution": "2k"}, "0.13"),
        (SLUG, {"resolution": "4k", "aspect_ratio": "1:8"}, "0.175"),
        ("nano-banana-pro-edit", {"resolution": "4k"}, "0.24"),
        ("nano-banana-pro-edit", {}, "0.14"),
        ("nano-banana-edit", {"resolution": "4k"}, "0.038"),
        ("qwen-image-edit", {"images": None, "image": "https://pictures.example/a.png"}, "0.02"),
    ],
)
async def test_bills_the_list_price_when_a_job_completes(
    slug: str, given: dict[str, object], price: str
) -> None:
    """Each endpoint at its own price."""
    stage = Stage()
    await stage.ask("POST", f"/v2/{slug}/run", {"input": edit_input(**given)})
    assert stage.net() == "0"

    stage.pass_s()

    assert stage.moves() == [("runpod", "charge", price)]


async def test_a_failure_is_free() -> None:
    """FAILED with a sentence, and no charge ever."""
    stage = Stage()
    stage.sandbox.faults.inject("fail_job")
    ref = await stage.ran()
    stage.pass_s()

    state = await stage.state(ref)

    assert state["status"] == "FAILED"
    assert isinstance(state["error"], str)
    assert state["output"] == {"status": "failed"}
    assert stage.moves() == []


async def test_an_account_without_credit_buys_nothing() -> None:
    """402 by default; the price must be there when the job is taken."""
    stage = Stage(runpod=RunpodSettings(balance_nanos=nanos("0.10"), bodies={402: '"broke"'}))

    ref = await stage.ran()
    stage.pass_s()
    answer = await stage.run()

    assert (answer.status, answer.body) == (402, b'"broke"')
    assert (await stage.state(ref))["status"] == "COMPLETED"
    assert stage.sandbox.balances["runpod"] == nanos("0.0125")


async def test_a_cancel_in_the_queue_is_free() -> None:
    """Confirmed, and never billed."""
    stage = Stage()
    ref = await stage.ran()

    body = body_of(await stage.at_runpod("cancel", ref, "POST"))
    stage.pass_s()

    assert body == {"id": ref, "status": "CANCELLED"}
    assert await stage.state(ref) == {"id": ref, "status": "CANCELLED"}
    assert stage.moves() == []


@pytest.mark.parametrize(("free", "net"), [(False, "0.0875"), (True, "0")])
async def test_a_cancel_while_running_is_billed_unless_set_otherwise(free: bool, net: str) -> None:  # noqa: FBT001
    """Only a cancel in the queue is documented as free."""
    stage = Stage(runpod=RunpodSettings(cancelled_running_is_free=free))
    ref = await stage.ran()
    stage.pass_s(3)

    body = body_of(await stage.at_runpod("cancel", ref, "POST"))
    await stage.at_runpod("cancel", ref, "POST")
    stage.pass_s()

    assert body["status"] == "CANCELLED"
    assert stage.net() == net


async def test_a_cancel_after_the_end_changes_nothing() -> None:
    """The job keeps its state and its one charge."""
    stage = Stage()
    ref = await stage.ran()
    stage.pass_s()

    body = body_of(await stage.at_runpod("cancel", ref, "POST"))

    assert body == {"id": ref, "status": "COMPLETED"}
    assert stage.net() == "0.0875"


async def test_purge_cancels_what_has_not_started_at_this_endpoint() -> None:
    """Not what runs, not what another endpoint has."""
    stage = Stage()
    running = await stage.ran()
    stage.pass_s(3)
    waiting = [await stage.ran(), await stage.ran()]
    await stage.ask("POST", "/v2/nano-banana-edit/run", {"input": edit_input()})

    body = body_of(await stage.at_runpod("purge-queue", method="POST"))
    stage.pass_s()

    assert body == {"removed": 2, "status": "completed"}
    assert (await stage.state(running))["status"] == "COMPLETED"
    assert (await stage.state(waiting[0]))["status"] == "CANCELLED"
    assert stage.net() == "0.1255"


async def test_health_counts_jobs_and_workers() -> None:
    """In the live shape, with six kinds of workers."""
    stage = Stage()
    await stage.ran()
    await stage.ran({})
    stage.pass_s(300)
    await stage.ran()
    stage.pass_s(3)
    await stage.ran()

    body = body_of(await stage.at_runpod("health"))

    assert body["jobs"] == {
        "completed": 1,
        "failed": 1,
        "inProgress": 1,
        "inQueue": 1,
        "retried": 1,
    }
    workers = {"idle", "initializing", "ready", "running", "throttled", "unhealthy"}
    assert set(body["workers"]) == workers


async def test_a_retry_queues_a_failed_job_again_under_its_id() -> None:
    """The second life completes and is billed, once."""
    stage = Stage()
    stage.sandbox.faults.inject("fail_job")
    ref = await stage.ran()
    stage.pass_s()

    body = body_of(await stage.at_runpod("retry", ref, "POST"))
    queued = await stage.state(ref)
    stage.pass_s()

    assert body == {"id": ref, "status": "IN_QUEUE"}
    assert queued == {"id": ref, "retries": 1, "status": "IN_QUEUE"}
    assert (await stage.state(ref))["status"] == "COMPLETED"
    assert stage.moves() == [("runpod", "charge", "0.0875")]


async def test_only_what_failed_can_be_retried_and_a_bad_input_fails_again() -> None:
    """400 for the rest."""
    stage = Stage()
    good, bad = await stage.ran(), await stage.ran(edit_input(prompt=None))
    assert (await stage.at_runpod("retry", good, "POST")).status == 400
    stage.pass_s(100)

    assert (await stage.at_runpod("retry", good, "POST")).status == 400
    assert (await stage.at_runpod("retry", bad, "POST")).status == 200
    stage.pass_s(100)
    assert (await stage.state(bad))["status"] == "FAILED"


async def test_an_execution_time_out_is_a_failure_with_a_sentence() -> None:
    """Not TIMED_OUT; and free."""
    stage = Stage()
    stage.sandbox.faults.load(SLOW)
    ref = await stage.ran(policy={"executionTimeout": 5000})
    stage.pass_s(20)

    state = await stage.state(ref)

    assert (state["status"], state["error"]) == ("FAILED", "executionTimeout exceeded")
    assert (state["executionTime"], "output" in state) == (5000, False)
    assert stage.net() == "0"


async def test_a_time_to_live_deletes_even_a_running_job() -> None:
    """404 from then on, and no charge."""
    stage = Stage()
    stage.sandbox.faults.load(SLOW)
    ref = await stage.ran(policy={"ttl": 10_000})
    stage.pass_s(9.9)
    assert (await stage.state(ref))["status"] == "IN_PROGRESS"

    stage.pass_s(0.2)

    assert (await stage.at_runpod("status", ref)).status == 404
    stage.pass_s()
    assert stage.net() == "0"


async def test_status_can_set_the_time_to_live() -> None:
    """`?ttl=` in milliseconds of the job's whole life."""
    stage = Stage()
    stage.sandbox.faults.load(SLOW)
    ref = await stage.ran()

    await stage.ask("GET", f"/v2/{SLUG}/status/{ref}", query={"ttl": "20000"})

    stage.pass_s(21)
    assert (await stage.at_runpod("status", ref)).status == 404


async def test_results_are_kept_half_an_hour() -> None:
    """30 minutes after the end of a run; then 404, and the charge stays."""
    stage = Stage()
    ref = await stage.ran()
    stage.pass_s(1800)
    assert (await stage.at_runpod("status", ref)).status == 200

    stage.pass_s(60)

    assert (await stage.at_runpod("status", ref)).status == 404
    assert stage.net() == "0.0875"


def test_results_of_runsync_are_kept_one_minute() -> None:
    """Whoever lost the reply has that long."""

    async def main() -> None:
        stage = held_stage()
        path = f"/v2/{SLUG}/runsync"
        ref = body_of(await stage.ask("POST", path, {"input": edit_input()}))["id"]
        await stage.sandbox.clock.sleep_s(59)
        assert (await stage.at_runpod("status", ref)).status == 200
        await stage.sandbox.clock.sleep_s(2)
        assert (await stage.at_runpod("status", ref)).status == 404

    run(main(), 1)


async def test_latency_follows_the_resolution_and_the_speed() -> None:
    """Medians of 5 and 11 s, and a tenth of that at speed 10."""

    async def median_ms(resolution: str, speed: float) -> float:
        stage = Stage(speed=speed)
        refs = [await stage.ran(edit_input(resolution=resolution)) for _ in range(41)]
        stage.pass_s(300)
        times = sorted([(await stage.state(ref))["executionTime"] for ref in refs])
        return float(times[20])

    assert 4000 < await median_ms("1k", 1) < 6000
    assert 9000 < await median_ms("4k", 1) < 13_000
    assert 400 < await median_ms("1k", 10) < 600
