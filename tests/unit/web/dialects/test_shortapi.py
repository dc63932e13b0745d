"""ShortAPI's dialect: what its documents show, and what its clients do with it."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router.dispatch.watching import JobView
from router.model.errors import InvalidJob, NotFound
from router.model.ids import JobId
from router.model.job import AttemptState, JobState
from router.web.dialects.shortapi import (
    ShortApiCreate,
    callback_body,
    callback_of,
    created_text,
    fields_of,
    queried,
    refused,
    under_way,
    unforeseen,
)
from router.web.picturing import ShownImage
from tests.dialects import PROMPT, shortapi_body
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row, an_attempt_row, usd
from tests.pictures import a_picture
from tests.policy_files import a_policy
from tests.stage import PICTURE
from tests.web_stage import AT_ONCE, NEVER, PICTURE_URL, Front, open_front

CREATE = "/api/v1/job/create"
SAMPLES_GREP = re.compile(r'"job_id": *"[^"]*"')
"""What the documents' bash sample cuts the id out with."""
URL = "https://results.example/1.png"


def a_view(state: JobState, money: AttemptState = AttemptState.RUNNING, **fields: Any) -> JobView:
    """Build a job with one attempt at $0.06."""
    attempt = an_attempt_row("j1.1", price=usd("0.06"), state=money)
    return JobView(a_job_row(state=state, **fields), (attempt,))


def read(**args: Any) -> dict[str, object]:
    """Read a create's fields."""
    return fields_of(ShortApiCreate.model_validate(shortapi_body(**args)))


async def create(front: Front, **args: Any) -> Any:
    """Buy an edit as ShortAPI's clients do."""
    return await front.ask("POST", CREATE, shortapi_body(**args))


# Reading.


def test_a_create_becomes_a_wish() -> None:
    """Each argument has its field."""
    assert read(resolution="4K", num_images=1) == {
        "prompt": PROMPT,
        "images": [PICTURE_URL],
        "aspect_ratio": "16:9",
        "resolution": "4K",
        "callback_url": None,
    }


def test_what_is_empty_is_not_asked_for() -> None:
    """Not even a shape: ShortAPI wants one, and we find it."""
    fields = read(aspect_ratio="", resolution="", seed=None, negative_prompt="")

    assert (fields["aspect_ratio"], fields["resolution"]) == (None, None)
    for words in ("auto", "match_input_image"):
        assert read(aspect_ratio=words)["aspect_ratio"] is None


@pytest.mark.parametrize(
    ("args", "detail"),
    [
        ({"num_images": 2}, "`args.num_images` must be 1: one request buys one edit."),
        ({"prompt": None}, "`args.prompt` is missing."),
        ({"image_urls": PICTURE_URL}, "`args.image_urls` is not what belongs here."),
        ({"seed": 7}, "`args.seed` asks for what no provider can do."),
        ({"frame": "gold"}, "`args.frame` asks for what no provider can do."),
    ],
)
def test_what_cannot_be_done_is_told(args: dict[str, Any], detail: str) -> None:
    """It would be paid for all the same."""
    with pytest.raises(InvalidJob) as told:
        read(**args)

    assert told.value.detail == detail


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://me.example/ring", "https://me.example/ring"),
        *(("CALLBACK_URL", None), ("", None), (None, None)),
    ],
)
def test_the_samples_placeholder_is_no_callback(url: str | None, told: str | None) -> None:
    """Whoever copied it is not told at an address that is none."""
    assert callback_of(url) == told


# Telling.


def test_a_create_is_answered_as_documented_and_as_the_samples_read_it() -> None:
    """The id is in `data` and at the top, and the documents' grep finds one of them."""
    text = created_text(a_view(JobState.RUNNING))

    assert text == '{"code":0,"data":{"amount":"0.06","job_id":"j1"},"job_id" : "j1"}'
    assert SAMPLES_GREP.findall(text) == ['"job_id":"j1"']


@pytest.mark.parametrize(
    ("state", "status"), [(JobState.QUEUED, 0), (JobState.RUNNING, 1)], ids=str
)
def test_a_job_that_goes_on_is_told_by_its_number(state: JobState, status: int) -> None:
    """With the price that was quoted, and no result."""
    data = {"job_id": "j1", "status": status, "amount": "0.06"}

    assert queried(a_view(state), []) == {"code": 0, "data": data}


def test_a_job_that_succeeded_has_its_image() -> None:
    """Where ShortAPI has it."""
    told = queried(a_view(JobState.SUCCEEDED, AttemptState.POSTED), [ShownImage(url=URL)])

    assert told == {
        "code": 0,
        "data": {
            "job_id": "j1",
            "status": 2,
            "amount": "0.06",
            "result": {"images": [{"url": URL}]},
        },
    }


@pytest.mark.parametrize(
    ("money", "is_refunded"),
    [
        (AttemptState.VOIDED, True),
        (AttemptState.POSTED, False),
        (AttemptState.IN_DOUBT, False),
        (AttemptState.POSTED_PRESUMED, False),
    ],
    ids=str,
)
def test_a_failure_says_whether_it_was_free(money: AttemptState, is_refunded: bool) -> None:  # noqa: FBT001
    """Only what is proven counts as refunded."""
    view = a_view(
        JobState.FAILED, money, error_code="provider_failed", error_detail="shortapi: it broke"
    )

    assert queried(view, []) == callback_body(view, []) == {
        "code": 0,
        "data": {
            "job_id": "j1",
            "status": 3,
            "amount": "0.06",
            "error": "provider_failed: shortapi: it broke",
            "refunded": is_refunded,
        },
    }  # fmt: skip


def test_a_job_that_somebody_cancelled_has_failed() -> None:
    """ShortAPI knows no other end."""
    view = a_view(JobState.CANCELLED, AttemptState.VOIDED, ended_at=EPOCH + timedelta(seconds=3))

    assert queried(view, [])["data"] == {
        "job_id": "j1",
        "status": 3,
        "amount": "0.06",
        "error": "cancelled",
        "refunded": True,
    }


def test_errors_are_told_in_the_envelope() -> None:
    """A code that is not zero, and `info`; fields have ShortAPI's names."""
    answers = [refused(NotFound()), refused(InvalidJob("`images.0` is no picture.")), unforeseen()]

    assert [(answer.status, json.loads(answer.text or "")) for answer in answers] == [
        (404, {"code": 404, "info": "There is nothing here by that name."}),
        (400, {"code": 400, "info": "`args.image_urls.0` is no picture."}),
        (
            500,
            {
                "code": 500,
                "info": "Something went wrong inside Farebox. The operator has been told. "
                "Nothing was bought.",
            },
        ),
    ]


def test_what_was_bought_is_named_whatever_fails_afterwards() -> None:
    """With a zero: the client asks after it, and does not buy again."""
    answer = under_way(JobId("j1"), "running")

    assert (answer.status, answer.text) == (
        200,
        '{"code":0,"data":{"job_id":"j1"},"job_id" : "j1"}',
    )
    assert answer.content_type == "application/json"


# Being asked.


async def test_a_job_is_created_and_queried(tmp_path: Path) -> None:
    """The create answers at once, whatever the job takes."""
    async with open_front(tmp_path) as front:
        front.stage.troupe.acts["shortapi"].append(NEVER)
        created = await create(front, resolution="2K")
        job_id = created.json["job_id"]
        await front.until(job_id, AttemptState.RUNNING)
        asked = await front.ask("GET", f"/api/v1/job/query?id={job_id}")

    assert created.text == (
        f'{{"code":0,"data":{{"amount":"0.06","job_id":"{job_id}"}},"job_id" : "{job_id}"}}'
    )
    assert asked.json == {"code": 0, "data": {"job_id": job_id, "status": 1, "amount": "0.06"}}


async def test_an_absent_shape_is_the_first_images(tmp_path: Path) -> None:
    """Although ShortAPI itself demands one."""
    async with open_front(tmp_path) as front:
        front.stage.shape.size = (1080, 1920)
        await create(front, aspect_ratio=None)
        (sent,) = front.stage.troupe.sent

    assert sent.offer.aspect_ratio == "9:16"


async def test_another_provider_serves_a_client_of_shortapi(tmp_path: Path) -> None:
    """Whom the policy picks; the amount is that one's price."""
    policy = a_policy(prefer={"order": ["runpod", "shortapi"]})
    async with open_front(tmp_path, policy=policy) as front:
        created = await create(front)
        (sent,) = front.stage.troupe.sent

    assert (sent.provider, created.json["data"]["amount"]) == ("runpod", "0.0875")


async def test_an_image_that_was_bought_as_bytes_is_told_by_address(tmp_path: Path) -> None:
    """Whoever bought it elsewhere: here there are only addresses."""
    async with open_front(tmp_path) as front:
        front.stage.gallery.shows[PICTURE] = a_picture()
        bought = await front.edit(response="base64")
        asked = await front.ask("GET", f"/api/v1/job/query?id={bought.json['id']}")
        (image,) = asked.json["data"]["result"]["images"]

    assert "base64" not in asked.text
    assert f"/results/{bought.json['id']}-1.png?" in image["url"]


@pytest.mark.parametrize(
    ("body", "info"),
    [
        ({"model": "x/y", "args": {}}, "invalid model: `model` names nothing that is sold here."),
        ({"args": {}}, "`model` is missing."),
        ({"model": "x", "args": []}, "`args` must be an object."),
        ([], "the body must be an object."),
        (shortapi_body(resolution="8K"), "`args.resolution` must be '1k', '2k' or '4k'."),
        (shortapi_body(image_urls=[]), "`args.image_urls` needs at least 1."),
    ],
)
async def test_what_is_no_create_is_refused(tmp_path: Path, body: object, info: str) -> None:
    """As a bad request, in the client's own names."""
    async with open_front(tmp_path) as front:
        answer = await front.ask("POST", CREATE, body)

    assert (answer.status, answer.json) == (400, {"code": 400, "info": info})
    assert answer.headers["Farebox-Charged-USD"] == "0.00"


@pytest.mark.parametrize("query", ["", "?id=", "?id=1&id=2", "?job_id=1"])
async def test_a_query_is_for_one_job(tmp_path: Path, query: str) -> None:
    """Without an id there is nothing to be told of."""
    async with open_front(tmp_path) as front:
        answer = await front.ask("GET", f"/api/v1/job/query{query}")

    assert answer.status == (404 if query == "?id=" else 400)
    assert answer.json["code"] == answer.status


async def test_a_callback_that_is_none_stands_in_nobodys_way(tmp_path: Path) -> None:
    """The documents' samples send one, as they stand."""
    async with open_front(tmp_path) as front:
        front.stage.troupe.always["shortapi"] = AT_ONCE
        answers = [
            await front.ask("POST", CREATE, {**shortapi_body(), "callback_url": url})
            for url in ("CALLBACK_URL", "", None)
        ]

    assert [answer.status for answer in answers] == [200, 200, 200]


async def test_a_callback_is_told_in_shortapis_words(tmp_path: Path) -> None:
    """One that is an address."""
    async with open_front(tmp_path) as front:
        body = {**shortapi_body(), "callback_url": "https://me.example/ring"}
        bought = await front.ask("POST", CREATE, body)
        row = await front.stage.ledger.callback_of(bought.json["job_id"])

    assert row is not None
    assert (row.url, row.dialect) == ("https://me.example/ring", "shortapi")
