import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from router.sandbox import RunpodSettings, ShortApiSettings
from router.sandbox.faults import FAULTS, Kind
from router.sandbox.postbox import _TIMES
from tests.sandboxes import DOORBELL, Stage, body_of, edit_input
from tests.virtual_time import VirtualClock, run


class Receiver:
    """Who is called back: notes what came when, and answers as told."""

    def __init__(self, stage: Stage, *answers: int | OSError) -> None:
        self._clock = stage.sandbox.clock
        self._answers = list(answers)
        self.bodies: list[Any] = []
        self.urls: list[str] = []
        self.times_s: list[float] = []

    async def post(self, url: str, body: bytes) -> int:
        """Take a callback; 200 once the prepared answers are used up."""
        self.urls.append(url)
        self.bodies.append(json.loads(body))
        self.times_s.append(self._clock.monotonic_s())
        answer = self._answers.pop(0) if self._answers else 200
        if isinstance(answer, OSError):
            raise answer
        return answer


def play(
    scene: Callable[[Stage, Receiver], Awaitable[None]], *answers: int | OSError, **settings: Any
) -> None:
    """Run a scene in virtual time, with the callbacks being delivered."""

    async def main() -> None:
        stage = Stage(clock=VirtualClock(), **settings)
        receiver = Receiver(stage, *answers)
        async with asyncio.TaskGroup() as group:
            postman = group.create_task(stage.sandbox.deliver_callbacks(receiver.post))
            await scene(stage, receiver)
            postman.cancel()

    run(main(), 3)


def test_every_callback_fault_has_its_times() -> None:
    """And every row is a fault that can be asked for."""
    callbacks = {name for name, fault in FAULTS.items() if Kind.CALLBACK in fault.at.values()}

    assert set(_TIMES) == callbacks


def test_runpod_posts_its_state_with_input_and_webhook() -> None:
    """As captured: the status object and two keys more."""

    async def scene(stage: Stage, receiver: Receiver) -> None:
        ref = await stage.ran(webhook=DOORBELL)
        await stage.sandbox.clock.sleep_s(300)
        (body,) = receiver.bodies
        assert body.pop("input") == edit_input()
        assert body.pop("webhook") == DOORBELL
        assert body["output"].pop("cost") == pytest.approx(0.0875)
        state = await stage.state(ref)
        del state["output"]["cost"]
        assert body == state
        assert receiver.urls == [DOORBELL]

    play(scene)


@pytest.mark.parametrize(
    ("where", "top", "data"),
    [
        ("data", False, True),
        ("top", True, False),
        ("both", True, True),
        ("none", False, False),
    ],
)
def test_shortapi_posts_its_query_envelope_and_the_id(where: Any, top: bool, data: bool) -> None:  # noqa: FBT001
    """Its payload is not documented, so where the id stands is a setting."""

    async def scene(stage: Stage, receiver: Receiver) -> None:
        ref = await stage.created(callback_url=DOORBELL)
        await stage.sandbox.clock.sleep_s(300)
        (body,) = receiver.bodies
        assert (body.pop("job_id", None) == ref, body["data"].pop("job_id", None) == ref) == (
            top,
            data,
        )
        assert body == body_of(await stage.query(ref))

    play(scene, shortapi=ShortApiSettings(callback_id=where))


def test_a_failure_is_told_too() -> None:
    """By both."""

    async def scene(stage: Stage, receiver: Receiver) -> None:
        stage.sandbox.faults.inject("fail_job", times=2)
        await stage.created(callback_url=DOORBELL)
        await stage.ran(webhook=DOORBELL)
        await stage.sandbox.clock.sleep_s(300)
        told = [body.get("status") or body["data"]["status"] for body in receiver.bodies]
        assert sorted(told, key=str) == [3, "FAILED"]

    play(scene)


def test_is_tried_three_times_with_pauses() -> None:
    """Non-2xx and an unreachable receiver alike: after 5 s, after 15 s more, then dropped."""

    async def scene(stage: Stage, receiver: Receiver) -> None:
        await stage.ran(webhook=DOORBELL)
        await stage.sandbox.clock.sleep_s(300)
        first, second, third = receiver.times_s
        assert second - first == pytest.approx(5)
        assert third - second == pytest.approx(15)
        told = stage.sandbox.truth.callbacks
        assert [(one.attempt, one.status) for one in told] == [(1, 500), (2, 0), (3, 302)]

    play(scene, 500, TimeoutError(), 302, 200)


def test_stops_when_it_is_taken() -> None:
    """A second try that is answered 2xx is the last."""

    async def scene(stage: Stage, receiver: Receiver) -> None:
        await stage.ran(webhook=DOORBELL)
        await stage.sandbox.clock.sleep_s(300)
        assert len(receiver.bodies) == 2

    play(scene, 503, 204)


def test_the_pauses_are_a_setting() -> None:
    """None means one try."""

    async def scene(stage: Stage, receiver: Receiver) -> None:
        await stage.ran(webhook=DOORBELL)
        await stage.sandbox.clock.sleep_s(300)
        assert len(receiver.bodies) == 1

    play(scene, 503, runpod=RunpodSettings(callback_pauses_s=()))


def test_a_receiver_that_hangs_holds_up_nobody_else() -> None:
    """Each callback is delivered on its own."""

    async def main() -> None:
        stage = Stage(clock=VirtualClock())
        answered: list[str] = []

        async def post(url: str, _: bytes) -> int:
            await stage.sandbox.clock.sleep_s(10_000 if "slow" in url else 0)
            answered.append(url)
            return 200

        async with asyncio.TaskGroup() as group:
            postman = group.create_task(stage.sandbox.deliver_callbacks(post))
            await stage.ran(webhook="https://slow.example/1")
            await stage.ran(webhook="https://quick.example/2")
            await stage.sandbox.clock.sleep_s(300)
            postman.cancel()
        assert answered == ["https://quick.example/2"]

    run(main(), 3)


def test_cancelled_and_expired_jobs_are_not_told_of() -> None:
    """There is no end to tell."""

    async def scene(stage: Stage, receiver: Receiver) -> None:
        ref = await stage.ran(webhook=DOORBELL)
        await stage.at_runpod("cancel", ref, "POST")
        stage.sandbox.faults.inject("slow_job")
        await stage.ran(webhook=DOORBELL, policy={"ttl": 10_000})
        await stage.sandbox.clock.sleep_s(600)
        assert receiver.bodies == []

    play(scene)


def test_a_job_that_is_forgotten_is_not_told_of() -> None:
    """A callback so late that the provider no longer knows."""

    async def scene(stage: Stage, receiver: Receiver) -> None:
        stage.sandbox.faults.inject("callback_late", seconds=100)
        await stage.created(callback_url=DOORBELL)
        await stage.sandbox.clock.sleep_s(600)
        assert receiver.bodies == []

    play(scene, shortapi=ShortApiSettings(retention_s=50.0))


def test_a_retried_job_is_told_of_again() -> None:
    """Once for each of its lives."""

    async def scene(stage: Stage, receiver: Receiver) -> None:
        stage.sandbox.faults.inject("fail_job")
        ref = await stage.ran(webhook=DOORBELL)
        await stage.sandbox.clock.sleep_s(60)
        await stage.at_runpod("retry", ref, "POST")
        await stage.sandbox.clock.sleep_s(60)
        assert [body["status"] for body in receiver.bodies] == ["FAILED", "COMPLETED"]

    play(scene)


@pytest.mark.parametrize(
    ("fault", "count"),
    [("callback_lost", 0), ("callback_duplicate", 2), ("callback_late", 1)],
)
def test_can_be_lost_doubled_or_late(fault: str, count: int) -> None:
    """The job itself is none the worse."""

    async def scene(stage: Stage, receiver: Receiver) -> None:
        stage.sandbox.faults.inject(fault, **({"seconds": 500} if count == 1 else {}))
        ref = await stage.ran(webhook=DOORBELL)
        await stage.sandbox.clock.sleep_s(400)
        assert len(receiver.bodies) == (2 if count == 2 else 0)
        await stage.sandbox.clock.sleep_s(400)
        assert [body["id"] for body in receiver.bodies] == [ref] * count
        assert stage.net() == "0.0875"

    play(scene)


def test_a_forged_one_comes_while_the_job_runs() -> None:
    """It claims success for nothing; the true one follows."""

    async def scene(stage: Stage, receiver: Receiver) -> None:
        stage.sandbox.faults.inject("callback_forged", times=2)
        short = await stage.created(callback_url=DOORBELL)
        ran = await stage.ran(webhook=DOORBELL)
        while len(receiver.bodies) < 2:
            await stage.sandbox.clock.sleep_s(0.1)
        assert (await stage.data(short))["status"] == 1
        assert (await stage.state(ran))["status"] == "IN_PROGRESS"
        assert all("forged.example" in str(body) for body in receiver.bodies)
        await stage.sandbox.clock.sleep_s(300)
        assert len(receiver.bodies) == 4
        assert not any("forged.example" in str(body) for body in receiver.bodies[2:])
        assert [told.forged for told in stage.sandbox.truth.callbacks] == [True, True, False, False]

    play(scene)


def test_can_come_before_the_creates_reply() -> None:
    """The job is over and told of while its buyer still waits for an id."""

    async def scene(stage: Stage, receiver: Receiver) -> None:
        stage.sandbox.faults.inject("callback_early", times=2, seconds=2)
        short = await stage.created(callback_url=DOORBELL)
        ran = await stage.ran(webhook=DOORBELL)
        assert receiver.times_s == [0, 2]
        assert stage.sandbox.clock.monotonic_s() == 4
        assert receiver.bodies[0]["data"]["job_id"] == short
        assert receiver.bodies[1]["id"] == ran
        assert stage.net() == "0.1275"

    play(scene)


def test_whoever_did_not_ask_is_not_called() -> None:
    """And a fault of callbacks waits for someone who did."""

    async def scene(stage: Stage, receiver: Receiver) -> None:
        stage.sandbox.faults.inject("callback_lost")
        await stage.ran()
        await stage.created()
        await stage.sandbox.clock.sleep_s(300)
        assert receiver.bodies == []
        assert len(stage.sandbox.faults.rules) == 1

    play(scene)


async def test_a_cancelled_delivery_ends() -> None:
    """Whatever it was waiting for."""
    stage = Stage()
    receiver = Receiver(stage)
    await stage.ran(webhook=DOORBELL)
    async with asyncio.TaskGroup() as group:
        postman = group.create_task(stage.sandbox.deliver_callbacks(receiver.post))
        await asyncio.sleep(0)
        postman.cancel()

    assert postman.cancelled()
    assert receiver.bodies == []
    assert (await stage.at_runpod("health")).status == 200
