import re
from decimal import Decimal
from typing import Any

import pytest

from router.sandbox import RunpodSettings
from tests.sandboxes import SLUG, Stage, body_of, edit_input
from tests.virtual_time import VirtualClock, run

SLOW = {"fault": "slow_job", "provider": "runpod", "factor": "100"}


def held_stage(**settings: Any) -> Stage:
    """Build a stage in virtual time, for requests that are held."""
    return Stage(clock=VirtualClock(), **settings)


async def test_run_answers_at_once_with_an_id() -> None:
    """`<uuid>-u1`, in the queue, nothing else, nothing billed."""
    stage = Stage()

    body = body_of(await stage.run())

    assert set(body) == {"id", "status"}
    assert body["status"] == "IN_QUEUE"
    assert re.fullmatch(r"[0-9a-f-]{36}-u1", body["id"])
    assert stage.moves() == []


async def test_a_job_goes_from_queue_to_progress_to_an_image() -> None:
    """Keys appear when they exist; times are milliseconds; the cost is a number."""
    stage = Stage()
    ref = await stage.ran()

    assert await stage.state(ref) == {"id": ref, "status": "IN_QUEUE"}
    stage.pass_s(3)
    assert set(await stage.state(ref)) == {"delayTime", "id", "status", "workerId"}
    stage.pass_s()
    state = await stage.state(ref)
    assert set(state) == {"delayTime", "executionTime", "id", "output", "status", "workerId"}
    assert state["status"] == "COMPLETED"
    assert 1000 < state["executionTime"] < 60_000
    assert set(state["output"]) == {"cost", "result"}
    assert state["output"]["cost"] == Decimal("0.0875")
    assert stage.moves() == [("runpod", "charge", "0.0875")]


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        ("result", {"cost", "result"}),
        ("image_url", {"cost", "image_url"}),
        ("both", {"cost", "result", "image_url"}),
    ],
)
async def test_the_output_key_is_a_setting(key: Any, keys: set[str]) -> None:
    """Live replies and documents disagree."""
    stage = Stage(runpod=RunpodSettings(output_key=key))
    ref = await stage.ran()
    stage.pass_s()

    assert set((await stage.state(ref))["output"]) == keys


async def test_a_failed_state_can_come_as_400() -> None:
    """As the models' pages show it."""
    stage = Stage(runpod=RunpodSettings(failed_http=400))
    ref = await stage.ran(edit_input(images=["cat.png"]))
    stage.pass_s()

    answer = await stage.at_runpod("status", ref)

    assert answer.status == 400
    assert body_of(answer)["error"] == "Invalid image URL in images array"


async def test_bearer_and_raw_keys_are_let_in() -> None:
    """Both are documented; anything else is 401, and free."""
    stage = Stage(runpod=RunpodSettings(key="key-1"))
    path, body = f"/v2/{SLUG}/run", {"input": edit_input()}

    answers = [
        await stage.ask("POST", path, body, {} if key is None else {"authorization": key})
        for key in ("Bearer key-1", "bearer key-1", "key-1", "Bearer key-2", "Bearer", None)
    ]

    assert [answer.status for answer in answers] == [200, 200, 200, 401, 401, 401]
    stage.pass_s()
    assert stage.net() == "0.2625"


async def test_what_is_not_there_is_404_and_the_wrong_method_405() -> None:
    """Endpoints, jobs and operations are told apart by text only."""
    stage = Stage()
    ref = await stage.ran()

    assert body_of(await stage.ask("POST", "/v2/nobody/run", {"input": {}}))["error"] == (
        "endpoint not found"
    )
    assert body_of(await stage.at_runpod("status", "nobody"))["error"] == "job not found"
    assert (await stage.ask("GET", f"/v2/nano-banana-edit/status/{ref}")).status == 404
    assert (await stage.at_runpod("requests")).status == 404
    assert (await stage.at_runpod("status")).status == 404
    assert (await stage.at_runpod("run")).status == 405
    assert (await stage.at_runpod("status", ref, "POST")).status == 405
    assert (await stage.ask("GET", "/v2/")).status == 404


def test_runsync_holds_until_the_job_is_done() -> None:
    """The result inline, under an id that says `sync-`."""

    async def main() -> None:
        stage = held_stage()
        answer = await stage.ask("POST", f"/v2/{SLUG}/runsync", {"input": edit_input()})
        body = body_of(answer)
        assert body["status"] == "COMPLETED"
        assert body["id"].startswith("sync-")
        assert 1 < stage.sandbox.clock.monotonic_s() < 30
        assert stage.net() == "0.0875"

    run(main(), 1)


@pytest.mark.parametrize(
    ("wait", "held_s"), [("2000", 2), ("1", 1), ("999999", 300), (None, 90), ("1000", 1)]
)
def test_runsync_that_outlasts_its_wait_answers_the_job_as_it_is(
    wait: str | None, held_s: int
) -> None:
    """200 and a state that is not the end; the wait is 90 s unless said, at most 300 s."""

    async def main() -> None:
        stage = held_stage()
        stage.sandbox.faults.load(SLOW)
        query = {} if wait is None else {"wait": wait}
        answer = await stage.ask(
            "POST", f"/v2/{SLUG}/runsync", {"input": edit_input()}, query=query
        )
        assert answer.status == 200
        assert body_of(answer)["status"] == "IN_PROGRESS"
        assert stage.sandbox.clock.monotonic_s() == pytest.approx(held_s)
        assert stage.net() == "0"

    run(main(), 1)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_status_sync_holds_too(method: str) -> None:
    """By GET and by POST: two SDKs depend on it."""

    async def main() -> None:
        stage = held_stage()
        ref = await stage.ran()
        body = body_of(await stage.at_runpod("status-sync", ref, method))
        assert (body["id"], body["status"]) == (ref, "COMPLETED")
        assert stage.sandbox.clock.monotonic_s() > 1

    run(main(), 1)


def test_a_held_request_notices_a_cancel() -> None:
    """It does not wait for an end that will not come."""

    async def main() -> None:
        stage = held_stage()
        stage.sandbox.faults.load(SLOW)
        ref = await stage.ran()
        await stage.sandbox.clock.sleep_s(5)
        await stage.at_runpod("cancel", ref, "POST")
        body = body_of(await stage.at_runpod("status-sync", ref))
        assert body == {"id": ref, "status": "CANCELLED"}
        assert stage.sandbox.clock.monotonic_s() == 5

    run(main(), 1)


def test_stream_drains_the_output_once() -> None:
    """A held poll, one chunk at the end, then nothing."""

    async def main() -> None:
        stage = held_stage()
        ref = await stage.ran()
        first = body_of(await stage.at_runpod("stream", ref))
        second = body_of(await stage.at_runpod("stream", ref))
        assert first["status"] == "COMPLETED"
        assert set(first["stream"][0]["output"]) == {"cost", "result"}
        assert second == {"status": "COMPLETED", "stream": []}

    run(main(), 1)


@pytest.mark.parametrize(
    ("style", "start"), [("data_url", "data:image/jpeg;base64,"), ("bare", "/9j/")]
)
async def test_base64_output_stands_in_the_output_key(style: Any, start: str) -> None:
    """With or without a prefix, by setting."""
    stage = Stage(picture_side_max=32, runpod=RunpodSettings(base64=style))
    ref = await stage.ran(edit_input(enable_base64_output=True, output_format="jpeg"))
    stage.pass_s()

    assert (await stage.state(ref))["output"]["result"].startswith(start)
