"""Status objects, to the key: clients die of what is null, of another type, or of a new word."""

import json
from datetime import timedelta
from typing import Any

import pytest

from router.dispatch.watching import JobView
from router.ledger.rows import AttemptRow
from router.model.errors import InvalidJob, NotFound
from router.model.ids import AttemptId, JobId
from router.model.job import AttemptState, JobState
from router.web.dialects.runpod_telling import (
    refused,
    status_body,
    under_way,
    unforeseen,
    webhook_body,
)
from router.web.picturing import ShownImage
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row, an_attempt_row, usd

URL = "https://results.example/1.png"
SENT_AT = EPOCH + timedelta(seconds=0.041)
ENDED_AT = EPOCH + timedelta(seconds=6.2)


def an_attempt(state: AttemptState, **fields: Any) -> AttemptRow:
    """Build an attempt at $0.0875 that was sent at once and took six seconds."""
    fields = {"dispatched_at": SENT_AT, "ended_at": ENDED_AT, **fields}
    return an_attempt_row("j1.1", price=usd("0.0875"), state=state, **fields)


def a_view(attempt: AttemptRow, state: JobState, **fields: Any) -> JobView:
    """Build a job with its attempt."""
    return JobView(a_job_row(state=state, **fields), (attempt,))


DELIVERED = a_view(
    an_attempt(AttemptState.POSTED, posted=usd("0.0912"), outcome="delivered"),
    JobState.SUCCEEDED,
    delivered_by=AttemptId("j1.1"),
    ended_at=ENDED_AT,
    request=json.dumps(
        {
            "prompt": "make it night",
            "images": ["https://pictures.example/cat.png", "input:abc", "data:image/png;base64,"],
            "aspect_ratio": "16:9",
            "output_format": None,
            "response": "base64",
            "callback": {"url": "https://me.example/ring", "dialect": "runpod"},
        }
    ),
)
COMPLETED = {
    "id": "j1",
    "status": "COMPLETED",
    "output": {"result": URL, "image_url": URL, "cost": 0.0912},
    "delayTime": 41,
    "executionTime": 6159,
}


@pytest.mark.parametrize(
    ("state", "word"),
    [(JobState.QUEUED, "IN_QUEUE"), (JobState.RUNNING, "IN_PROGRESS")],
    ids=str,
)
def test_a_job_that_goes_on_is_two_keys(state: JobState, word: str) -> None:
    """Nothing is null."""
    view = a_view(an_attempt(AttemptState.RUNNING, ended_at=None), state)

    assert status_body(view, []) == {"id": "j1", "status": word}


def test_a_job_that_completed_has_both_addresses_and_its_cost() -> None:
    """A number, and milliseconds that are whole."""
    assert status_body(DELIVERED, [ShownImage(url=URL)]) == COMPLETED


def test_what_the_provider_says_of_its_time_is_told() -> None:
    """What it was queued there is delay."""
    attempt = an_attempt(AttemptState.POSTED, posted=usd("0.0912"), execution_s=4.1)
    view = a_view(attempt, JobState.SUCCEEDED, ended_at=ENDED_AT)
    told = status_body(view, [ShownImage(url=URL)])

    assert (told["delayTime"], told["executionTime"]) == (2100, 4100)


def test_bytes_are_told_as_a_data_url() -> None:
    """In both keys, as an address would be."""
    told = status_body(DELIVERED, [ShownImage(bytes=b"picture", kind="jpeg")])

    assert told["output"] == {
        "result": "data:image/jpeg;base64,cGljdHVyZQ==",
        "image_url": "data:image/jpeg;base64,cGljdHVyZQ==",
        "cost": 0.0912,
    }


def test_a_job_whose_image_is_not_kept_any_more_is_gone() -> None:
    """As at Runpod, where results go with their job: clients die of one without an output."""
    with pytest.raises(NotFound):
        status_body(DELIVERED, [ShownImage(kind="png")])


def test_a_job_that_failed_says_why_in_one_text() -> None:
    """And has no output at all."""
    view = a_view(
        an_attempt(AttemptState.IN_DOUBT, dispatched_at=None),
        JobState.FAILED,
        error_code="provider_in_doubt",
        error_detail="shortapi: no answer",
        ended_at=ENDED_AT,
    )

    assert status_body(view, []) == {
        "id": "j1",
        "status": "FAILED",
        "error": "provider_in_doubt: shortapi: no answer",
    }


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (JobState.CANCELLED, "CANCELLED"),
        (JobState.RUNNING, "CANCELLED"),
        (JobState.SUCCEEDED, "COMPLETED"),
        (JobState.FAILED, "FAILED"),
    ],
    ids=str,
)
def test_a_job_that_is_called_off_is_cancelled_unless_it_has_ended(
    state: JobState, word: str
) -> None:
    """What was delivered all the same is shown: it has been paid for."""
    view = a_view(
        an_attempt(AttemptState.RUNNING),
        state,
        called_off_at=SENT_AT,
        error_code="deadline_exceeded" if state is JobState.FAILED else None,
    )
    told = status_body(view, [ShownImage(url=URL)])

    assert told["status"] == word
    assert word != "CANCELLED" or told == {"id": "j1", "status": "CANCELLED"}


def test_a_webhook_is_told_the_status_its_input_and_its_address() -> None:
    """As Runpod tells it; images that came as bytes are left out."""
    assert webhook_body(DELIVERED, [ShownImage(url=URL)]) == {
        **COMPLETED,
        "input": {
            "prompt": "make it night",
            "images": ["https://pictures.example/cat.png"],
            "resolution": "1k",
            "aspect_ratio": "16:9",
            "enable_base64_output": True,
        },
        "webhook": "https://me.example/ring",
    }


def test_a_webhook_that_is_told_late_has_no_output() -> None:
    """The rest is still worth telling."""
    told = webhook_body(DELIVERED, [])

    assert told.keys() == {*COMPLETED, "input", "webhook"} - {"output"}


def test_errors_are_one_text() -> None:
    """With Runpod's names of the fields."""
    answers = [refused(InvalidJob("`images.0` is no picture; `callback_url` too.")), unforeseen()]

    assert [(answer.status, json.loads(answer.text or "")) for answer in answers] == [
        (400, {"error": "`input.images.0` is no picture; `webhook` too."}),
        (
            500,
            {
                "error": "Something went wrong inside Farebox. The operator has been told. "
                "Nothing was bought."
            },
        ),
    ]


def test_what_was_bought_is_in_the_queue_whatever_fails_afterwards() -> None:
    """With 200: any other status makes some client or other buy again."""
    answer = under_way(JobId("j1"), "failed")

    assert (answer.status, answer.text) == (200, '{"id":"j1","status":"IN_QUEUE"}')
