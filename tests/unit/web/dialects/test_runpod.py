"""Runpod's operations over HTTP: run, wait, ask, cancel, and how an endpoint is."""

import asyncio
import base64
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router.dispatch.requests import origin_of
from router.model.job import AttemptState
from router.web.dialects.runpod import LOOK_S, WAIT_MS_MAX
from router.web.keys import Role
from router.web.visit import Visit
from tests.dialects import SLUG, runpod_body
from tests.pictures import a_picture
from tests.policy_files import PRICES, a_policy
from tests.stage import PICTURE
from tests.web_stage import NEVER, Answer, Front, open_front, soon

AT = f"/v2/{SLUG}"
NOBODYS = "0199d6f0-0000-7000-8000-00000000dead"


async def run(front: Front, **fields: Any) -> Answer:
    """Buy an edit without waiting for it."""
    return await front.ask("POST", f"{AT}/run", runpod_body(**fields))


async def running(front: Front) -> str:
    """Have a job that does not end; gives its id."""
    front.stage.troupe.acts["shortapi"].append(NEVER)
    job_id: str = (await run(front)).json["id"]
    await front.until(job_id, AttemptState.RUNNING)
    return job_id


async def test_a_run_is_answered_at_once_and_asked_after(tmp_path: Path) -> None:
    """Whatever the job takes."""
    async with open_front(tmp_path) as front:
        job_id = await running(front)
        asked = await front.ask("GET", f"{AT}/status/{job_id}?ttl=60000")

    assert asked.json == {"id": job_id, "status": "IN_PROGRESS"}


@pytest.mark.slow
async def test_a_run_does_not_wait_for_a_slow_image_host(tmp_path: Path) -> None:
    """Clients give it three seconds; whoever needs the image's shape has an offer less then."""
    async with open_front(tmp_path) as front:
        asked_s: list[float] = []

        async def slowly() -> None:
            began_s = asyncio.get_running_loop().time()
            try:
                await asyncio.Event().wait()
            finally:
                asked_s.append(asyncio.get_running_loop().time() - began_s)

        front.stage.shape.looking = slowly
        began_s = asyncio.get_running_loop().time()
        answer = await run(front, aspect_ratio=None)
        took_s = asyncio.get_running_loop().time() - began_s
        (sent,) = front.stage.troupe.sent

    assert (answer.status, sent.provider) == (200, "runpod")
    assert [LOOK_S - 0.05 < one < 1 for one in (*asked_s, took_s)] == [True, True]


async def test_a_run_that_is_held_is_answered_with_the_image(tmp_path: Path) -> None:
    """As the image comes, and not when the time is up."""
    async with open_front(tmp_path) as front:
        answer = await front.ask("POST", f"{AT}/runsync?wait=300000", runpod_body())

    assert answer.json == {
        "id": answer.headers["Farebox-Job"],
        "status": "COMPLETED",
        "output": {"result": PICTURE, "image_url": PICTURE, "cost": 0.04},
        "delayTime": 0,
        "executionTime": 5500,
    }
    assert answer.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_status_that_holds_does(tmp_path: Path, method: str) -> None:
    """Some clients ask again without a pause: whoever is answered at once asks for ever."""
    async with open_front(tmp_path) as front:
        job_id = await running(front)
        path = f"{AT}/status-sync/{job_id}?wait=90000"
        asking = asyncio.ensure_future(front.ask(method, path))  # noqa: TID251 - awaited below.
        await soon(lambda: front.services.patience.waiting == 1)
        is_held = not asking.done()
        await front.services.dispatcher.cancel(_job(front))
        front.services.patience.hurry()
        answer = await asking

    assert is_held
    assert answer.json == {"id": job_id, "status": "CANCELLED"}


def _job(front: Front) -> Any:
    """The id of the only job in hand."""
    (job_id,) = front.services.dispatcher.errands
    return job_id


@pytest.mark.parametrize(
    ("query", "wait_s"),
    [
        ("", 90.0),
        ("?wait=1", 1.0),
        ("?wait=2500.5", 2.5005),
        ("?wait=9999999", WAIT_MS_MAX / 1000),
    ],
)
async def test_how_long_it_holds_is_kept_within_runpods_bounds(
    tmp_path: Path, query: str, wait_s: float
) -> None:
    """And within the time that the job can take."""

    class Waiter:
        """Notes how long it was to wait, and does not."""

        waited_s: list[float] = []  # noqa: RUF012 - of this test alone.

        async def watch(self, watcher: Any, job_id: Any, held_s: float) -> Any:
            """See `Patience`."""
            self.waited_s.append(held_s)
            return await watcher.watch(job_id)

        def hurry(self) -> None:
            """Nobody waits."""

    policy = a_policy(deadline="800s")
    async with open_front(tmp_path, patience=Waiter(), policy=policy) as front:
        front.stage.troupe.always["shortapi"] = NEVER
        bought = await front.ask("POST", f"{AT}/runsync{query}", runpod_body())
        await front.ask("POST", f"{AT}/status-sync/{bought.json['id']}{query}")

    assert Waiter.waited_s == [wait_s, wait_s]


@pytest.mark.parametrize("query", ["?wait=soon", "?wait=-1", "?wait=1&wait=2", "?wait="])
async def test_a_time_that_is_none_buys_nothing(tmp_path: Path, query: str) -> None:
    """It is looked at before the purchase."""
    async with open_front(tmp_path) as front:
        answer = await front.ask("POST", f"{AT}/runsync{query}", runpod_body())
        rows = await front.stage.ledger.jobs_of("acme")

    assert (answer.status, rows) == (400, [])
    assert answer.json == {"error": "`?wait=` is a number of milliseconds, as 90000."}


@pytest.mark.parametrize("body", [None, b"", {}])
async def test_a_job_is_cancelled_whatever_is_sent_along(tmp_path: Path, body: object) -> None:
    """Some clients send nothing, declared as JSON, and some an empty object."""
    async with open_front(tmp_path) as front:
        job_id = await running(front)
        answer = await front.ask("POST", f"{AT}/cancel/{job_id}", body)
        asked = await front.ask("GET", f"{AT}/status/{job_id}", body)
        held = await front.ask("GET", f"{AT}/status-sync/{job_id}?wait=300000")

    cancelled = {"id": job_id, "status": "CANCELLED"}
    assert [answer.json, asked.json, held.json] == [cancelled] * 3


async def test_what_has_ended_is_not_cancelled(tmp_path: Path) -> None:
    """The answer is how it did end."""
    async with open_front(tmp_path) as front:
        bought = await front.ask("POST", f"{AT}/runsync", runpod_body())
        answer = await front.ask("POST", f"{AT}/cancel/{bought.json['id']}", {})

    assert answer.json == bought.json


async def test_bytes_are_sent_and_given_within_the_answer(tmp_path: Path) -> None:
    """20 MB of them, to a provider that takes only addresses, with `enable_base64_output`."""
    sent = "data:image/png;base64," + base64.b64encode(a_picture() + bytes(14_900_000)).decode()
    body = json.dumps(runpod_body(images=[sent], enable_base64_output=True)).encode()
    async with open_front(tmp_path, hosts=True) as front:
        front.stage.gallery.shows[PICTURE] = a_picture()
        assert front.client is not None
        headers = {"Authorization": str(front.key), "Content-Type": "application/json"}
        async with front.client.post(f"{AT}/runsync", data=io.BytesIO(body), headers=headers) as it:
            told = (await it.json())["output"]
        sent_on = front.stage.troupe.sent[0].job.images[0]

    assert told["result"] == told["image_url"]
    assert told["result"].partition(",")[0] == "data:image/png;base64"
    assert base64.b64decode(told["result"].partition(",")[2]) == a_picture()
    assert len(sent_on) < 1000 < len(body)


async def test_its_limits_of_time_are_the_jobs_deadline(tmp_path: Path) -> None:
    """Instead of the policy's."""
    async with open_front(tmp_path) as front:
        body = {**runpod_body(), "policy": {"executionTimeout": 90_000, "ttl": 70_000}}
        await front.ask("POST", f"{AT}/run", body)
        (row,) = await front.stage.ledger.jobs_of("acme")

    assert row.deadline_at - row.created_at == timedelta(seconds=70)


@pytest.mark.parametrize("scheme", ["", "Bearer ", "bearer "])
async def test_a_key_comes_bare_or_with_a_word_before_it(tmp_path: Path, scheme: str) -> None:
    """Runpod's documents show both."""
    async with open_front(tmp_path) as front:
        sent = {"Authorization": f"{scheme}{front.key}"}
        answer = await front.ask("POST", f"{AT}/run", runpod_body(), sent)

    assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v2/no-such-slug/run"),
        ("POST", "/v2/no-such-slug/runsync"),
        ("GET", "/v2/no-such-slug/health"),
        ("GET", "/v2/no-such-slug/status/{id}"),
        ("GET", "/v2/nano-banana-edit/status/{id}"),
        ("POST", "/v2/nano-banana-edit/cancel/{id}"),
        ("GET", f"{AT}/status/{NOBODYS}"),
        ("POST", f"{AT}/cancel/{NOBODYS}"),
        ("GET", f"{AT}/status-sync/1%20OR%201=1"),
    ],
)
async def test_what_is_not_there_is_not_found(tmp_path: Path, method: str, path: str) -> None:
    """An endpoint that nobody sells, an id that is none, and a job of another endpoint."""
    other = PRICES[PRICES.index("  - provider: runpod\n    model:") :].replace(
        "nano-banana-2", "nano-banana"
    ).replace("google-", "")  # fmt: skip
    async with open_front(tmp_path, policy=a_policy(prices=PRICES + other)) as front:
        bought = await run(front)
        body = runpod_body() if "/run" in path else None
        answer = await front.ask(method, path.format(id=bought.json["id"]), body)

    assert answer.status == 404
    assert answer.json.keys() == {"error"}


async def test_an_endpoints_health_counts_what_is_in_hand(tmp_path: Path) -> None:
    """One's own jobs there, with the keys that Runpod has."""
    async with open_front(tmp_path) as front:
        await running(front)
        _, viewer = await front.mint(role=Role.VIEWER)
        answer = await front.ask("GET", f"{AT}/health", key=viewer)

    assert answer.json == {
        "jobs": {"completed": 0, "failed": 0, "inProgress": 1, "inQueue": 0, "retried": 0},
        "workers": {
            "idle": 0,
            "initializing": 0,
            "ready": 2,
            "running": 1,
            "throttled": 0,
            "unhealthy": 0,
        },
    }


async def test_a_webhook_is_told_in_runpods_words(tmp_path: Path) -> None:
    """Its address is the job's callback."""
    async with open_front(tmp_path) as front:
        body = {**runpod_body(), "webhook": "https://me.example/ring"}
        bought = await front.ask("POST", f"{AT}/run", body)
        row = await front.stage.ledger.callback_of(bought.json["id"])
        job = await front.stage.ledger.job(bought.json["id"])

    assert row is not None
    assert (row.url, row.dialect) == ("https://me.example/ring", "runpod")
    assert job is not None
    assert origin_of(job).startswith("http://127.0.0.1:")


async def test_a_webhook_that_may_not_be_told_is_refused(tmp_path: Path) -> None:
    """In Runpod's name of it."""
    async with open_front(tmp_path) as front:
        body = {**runpod_body(), "webhook": "http://169.254.169.254/latest"}
        answer = await front.ask("POST", f"{AT}/run", body)

    assert answer.status == 400
    assert answer.json["error"].startswith("`webhook` must be an `https` URL")


async def test_a_crash_before_the_purchase_is_a_500(tmp_path: Path, monkeypatch: Any) -> None:
    """In Runpod's shape; nothing was bought."""

    def broken(_: Visit, __: str) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(Visit, "path", broken)
    async with open_front(tmp_path) as front:
        answer = await run(front)

    assert (answer.status, answer.json.keys()) == (500, {"error"})
