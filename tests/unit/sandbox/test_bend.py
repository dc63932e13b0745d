import math
from decimal import Decimal
from typing import Any

import pytest

from router.sandbox.bend import BENDS
from router.sandbox.faults import FAULTS, Kind, Operation
from router.sandbox.money import dollars
from tests.sandboxes import DOORBELL, Stage, body_of, edit_args


def test_every_job_fault_has_a_bend() -> None:
    """And every bend is a fault that can be asked for at a create."""
    jobs = {name for name, fault in FAULTS.items() if fault.at.get(Operation.CREATE) is Kind.JOB}

    assert set(BENDS) == jobs


async def stage_with(fault: str, **options: Any) -> tuple[Stage, str, str]:
    """Buy one image of each provider, both of which meet the fault."""
    stage = Stage()
    stage.sandbox.faults.inject(fault, times=2, **options)
    return stage, await stage.created(), await stage.ran()


async def test_a_failure_may_be_billed_all_the_same() -> None:
    """ShortAPI keeps the money, Runpod takes it."""
    stage, short, ran = await stage_with("fail_job_unrefunded")
    stage.pass_s()

    assert (await stage.data(short))["refunded"] is False
    assert (await stage.state(ran))["status"] == "FAILED"
    assert (stage.net("shortapi"), stage.net("runpod")) == ("0.04", "0.0875")


async def test_a_success_without_an_image_is_billed() -> None:
    """It says success, names the cost, and has nothing to show."""
    stage, short, ran = await stage_with("succeed_without_image")
    stage.pass_s()

    assert await stage.data(short) == {"status": 2, "result": {"images": []}}
    state = await stage.state(ran)
    assert (state["status"], state["output"]) == ("COMPLETED", {"cost": Decimal("0.0875")})
    assert stage.net() == "0.1275"


async def test_a_slow_job_takes_ten_times_as_long_or_as_said() -> None:
    """Execution, not the queue."""
    stage = Stage()
    usual = await stage.ran()
    stage.sandbox.faults.inject("slow_job")
    slow = await stage.ran()
    stage.sandbox.faults.inject("slow_job", factor="0.1")
    quick = await stage.ran()
    stage.pass_s(300)

    times = [(await stage.state(ref))["executionTime"] for ref in (usual, slow, quick)]

    assert 20_000 < times[1] < 120_000
    assert times[2] < 1200 < times[0]


async def test_a_reused_id_is_still_a_second_purchase() -> None:
    """One id, two creates, two charges; a query tells of the first."""
    stage = Stage()
    first = await stage.created()
    stage.sandbox.faults.inject("duplicate_id", times=2)

    again = await stage.created(edit_args(resolution="2K"))
    alone = await stage.ran()

    assert again == first
    assert alone != first
    assert [create.ref for create in stage.sandbox.truth.creates] == [first, first, alone]
    assert stage.net("shortapi") == "0.1"


@pytest.mark.parametrize(
    ("options", "short", "ran"),
    [
        ({}, "0.06", "0.13125"),
        ({"factor": "1.075"}, "0.043", "0.0940625"),
        ({"factor": "0"}, "0", "0"),
        ({"amount": "0.0411"}, "0.0411", "0.0411"),
    ],
)
async def test_a_drifted_cost_is_said_and_billed(
    options: dict[str, Any], short: str, ran: str
) -> None:
    """What the answer says is what the books hold."""
    stage = Stage()
    stage.sandbox.faults.inject("cost_drift", times=2, **options)

    amount = body_of(await stage.create())["data"]["amount"]
    ref = await stage.ran()
    stage.pass_s()

    assert (amount, stage.net("shortapi")) == (short, short)
    assert (await stage.state(ref))["output"]["cost"] == Decimal(ran)
    assert stage.net("runpod") == ran


@pytest.mark.parametrize("value", ["nan", "negative", "huge", "text"])
async def test_a_garbage_cost_is_said_but_the_price_is_billed(value: str) -> None:
    """Neither reader may take it for money."""
    stage, _, ran = await stage_with("cost_garbage", value=value)
    stage.sandbox.faults.inject("cost_garbage", value=value)
    amount = body_of(await stage.create())["data"]["amount"]
    stage.pass_s()

    cost = (await stage.state(ran))["output"]["cost"]

    sane = (Decimal("0.04"), Decimal("0.0875"))
    assert cost not in sane
    assert amount not in {"0.04", "0.02"}
    assert isinstance(amount, str)
    assert (stage.net("shortapi"), stage.net("runpod")) == ("0.08", "0.0875")
    if value == "nan":
        assert isinstance(cost, float)
        assert math.isnan(cost)


async def test_garbage_is_drawn_when_none_is_named() -> None:
    """Different kinds over many jobs."""
    stage = Stage()
    stage.sandbox.faults.inject("cost_garbage", times=30)

    amounts = {body_of(await stage.create())["data"]["amount"] for _ in range(30)}

    assert len(amounts) == 4


@pytest.mark.parametrize(("options", "end_s"), [({}, 30), ({"seconds": 4}, 4)])
async def test_an_unknown_state_lasts_a_while(options: dict[str, Any], end_s: float) -> None:
    """Then the job is where it would have been."""
    stage, short, ran = await stage_with("unknown_status", **options)
    stage.pass_s(end_s - 0.5)

    assert (await stage.data(short))["status"] == 7
    assert (await stage.state(ran))["status"] == "PREEMPTED"
    stage.pass_s()
    assert (await stage.data(short))["status"] == 2
    assert (await stage.state(ran))["status"] == "COMPLETED"


async def test_a_job_can_be_hidden_for_a_while() -> None:
    """404 at both, and the job runs on; then it is found."""
    stage, short, ran = await stage_with("query_404_for_a_while", seconds=20)
    stage.pass_s(19)

    assert (await stage.query(short)).status == 404
    assert (await stage.at_runpod("status", ran)).status == 404
    stage.pass_s(1)
    assert (await stage.data(short))["status"] == 2
    assert (await stage.state(ran))["status"] == "COMPLETED"


async def test_a_finished_job_can_run_again_for_two_answers() -> None:
    """After its end was shown once; in the end it is over."""
    stage, short, ran = await stage_with("status_regress")
    stage.pass_s()

    assert [(await stage.data(short))["status"] for _ in range(4)] == [2, 1, 1, 2]
    states = [(await stage.state(ran))["status"] for _ in range(4)]
    assert states == ["COMPLETED", "IN_PROGRESS", "IN_PROGRESS", "COMPLETED"]
    assert stage.net() == "0.1275"


async def test_one_query_can_be_told_something_odd() -> None:
    """The next is told the truth."""
    stage = Stage()
    ref = await stage.ran()
    faults = ("unknown_status", "query_404_for_a_while", "status_regress")
    stage.sandbox.faults.load([{"fault": name, "operation": "query"} for name in faults])
    stage.pass_s(3)

    told = [await stage.at_runpod("status", ref) for _ in range(4)]

    assert [answer.status for answer in told] == [200, 404, 200, 200]
    assert body_of(told[0])["status"] == "PREEMPTED"
    assert body_of(told[2])["status"] == "IN_QUEUE"
    assert body_of(told[3])["status"] == "IN_PROGRESS"


async def test_a_job_fault_is_noted_in_the_truth() -> None:
    """Together with what befell the reply and the callback."""
    stage = Stage()
    for fault in ("accept_then_reset", "fail_job", "callback_lost"):
        stage.sandbox.faults.inject(fault)

    await stage.run(webhook=DOORBELL)

    (create,) = stage.sandbox.truth.creates
    assert create.faults == ("accept_then_reset", "fail_job", "callback_lost")
    assert dollars(stage.sandbox.truth.net_of_create_nanos(create.number)) == "0"
