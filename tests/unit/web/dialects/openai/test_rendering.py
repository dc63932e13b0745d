"""Edits as OpenAI's answers: what came, what did not, and what it cost together."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from aiohttp import web

from router.dispatch.watching import JobView
from router.model.job import AttemptState, JobState
from router.web.dialects.openai.rendering import Shot, answer
from router.web.picturing import ShownImage
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row, an_attempt_row, usd
from tests.openai_kit import USAGE
from tests.pictures import a_picture

PNG = a_picture(size=(12, 8))
BYTES = ShownImage(bytes=PNG, kind="png", expires_at=EPOCH + timedelta(days=1))
LINK = ShownImage(url="https://results.example/1.png", expires_at=EPOCH + timedelta(days=7))
GONE = ShownImage(kind="png", expires_at=EPOCH)
RESENT = {408, 409, 429, *range(500, 600)}


def a_shot(
    name: str,
    job: JobState,
    attempt: AttemptState,
    *images: ShownImage,
    posted: str = "0",
    **fields: Any,
) -> Shot:
    """Build an edit with one attempt at $0.10."""
    attempts = an_attempt_row(
        f"{name}.1", price=usd("0.10"), state=attempt, posted=usd(posted), dispatched_at=EPOCH
    )
    return Shot(JobView(a_job_row(name, state=job, **fields), (attempts,)), images)


def failing(name: str, code: str, attempt: AttemptState, posted: str = "0") -> Shot:
    """Build an edit that has failed."""
    fields = {"error_code": code, "error_detail": f"It is {code}."}
    return a_shot(name, JobState.FAILED, attempt, posted=posted, **fields)


GOOD = a_shot("j1", JobState.SUCCEEDED, AttemptState.POSTED, BYTES, posted="0.04")
LINKED = a_shot("j2", JobState.SUCCEEDED, AttemptState.POSTED, LINK, posted="0.0875")
FORGOTTEN = a_shot("j3", JobState.SUCCEEDED, AttemptState.POSTED, GONE, posted="0.06")
VOID = failing("j4", "provider_failed", AttemptState.VOIDED)
REFUSED = failing("j5", "content_refused", AttemptState.VOIDED)
BILLED = failing("j6", "result_unavailable", AttemptState.POSTED, "0.13")
LATE = failing("j7", "deadline_exceeded", AttemptState.IN_DOUBT)
RUNNING = a_shot("j8", JobState.RUNNING, AttemptState.RUNNING)
BUSY = failing("j10", "overloaded", AttemptState.VOIDED)
CANCELLED = a_shot("j9", JobState.CANCELLED, AttemptState.VOIDED)


def told(response: web.Response) -> dict[str, Any]:
    """Read an answer's body."""
    body: dict[str, Any] = json.loads(cast("bytes", response.body))
    return body


def test_an_edit_in_doubt_is_told_for_people() -> None:
    """That it may cost, and where to look; nothing of what broke on the way to the provider."""
    words = "shortapi: The connection ended without an answer (ClientOSError, errno 104)."
    row = replace(LATE.view.row, error_code="provider_in_doubt", error_detail=words)
    response = answer([replace(LATE, view=replace(LATE.view, row=row))], None)
    body = told(response)

    assert (response.status, body["error"]["code"]) == (424, "provider_in_doubt")
    assert body["error"]["message"] == (
        "The provider has not said what became of it. It may have been charged, or still be. "
        "Look for it at GET /v1/edits/j7."
    )
    assert "errno" not in json.dumps(body)


def test_an_image_is_told_as_it_is() -> None:
    """Its format and size by its bytes; whatever is not known is not there."""
    whole, linked = told(answer([GOOD], usd("9.96"))), told(answer([LINKED], None))

    assert whole == {
        "created": int(EPOCH.timestamp()),
        "background": "opaque",
        "data": [{"b64_json": base64.b64encode(PNG).decode()}],
        "quality": "high",
        "output_format": "png",
        "size": "12x8",
        "usage": USAGE,
        "farebox": {
            "model": "nano-banana-2-edit",
            "charged": "0.04",
            "may_have_been_charged": False,
            "failed": 0,
            "edits": [
                {
                    "id": "j1",
                    "status": "succeeded",
                    "charged": "0.04",
                    "may_have_been_charged": False,
                    "error": None,
                }
            ],
        },
    }
    assert linked["data"] == [{"url": "https://results.example/1.png"}]
    assert not {"output_format", "size"} & linked.keys()


def test_some_of_several_are_a_success_that_tells_of_the_others() -> None:
    """In the body and in a header, with the money of all of them."""
    response = answer([LATE, GOOD, BILLED, LINKED], usd("9.74"))
    body = told(response)

    assert response.status == 200
    assert [list(one) for one in body["data"]] == [["b64_json"], ["url"]]
    assert body["farebox"]["failed"] == 2
    assert body["farebox"]["charged"] == "0.2575"
    assert body["farebox"]["may_have_been_charged"] is True
    assert [edit["error"] for edit in body["farebox"]["edits"]] == [
        {"code": "deadline_exceeded", "detail": "It is deadline_exceeded."},
        None,
        {"code": "result_unavailable", "detail": "It is result_unavailable."},
        None,
    ]
    headers = {name: one for name, one in response.headers.items() if name.startswith("Farebox")}
    assert headers == {
        "Farebox-Job": "j7",
        "Farebox-Provider": "shortapi",
        "Farebox-Charged-USD": "0.2575",
        "Farebox-Budget-Remaining-USD": "9.74",
        "Farebox-Failed": "2",
    }
    assert response.headers["x-request-id"] == "j7"


@pytest.mark.parametrize(
    ("shots", "status", "code", "message"),
    [
        ([VOID], 502, "provider_failed", "It is provider_failed. Nothing was charged."),
        ([REFUSED, VOID], 502, "provider_failed", "It is provider_failed. Nothing was charged."),
        ([BUSY], 503, "overloaded", "It is overloaded. Nothing was charged."),
        ([REFUSED, BUSY], 503, "overloaded", "It is overloaded. Nothing was charged."),
        ([BUSY, VOID], 502, "provider_failed", "It is provider_failed. Nothing was charged."),
        ([REFUSED], 400, "moderation_blocked", "It is content_refused."),
        ([REFUSED, REFUSED], 400, "moderation_blocked", "It is content_refused."),
        ([BILLED], 424, "result_unavailable", "It is result_unavailable. $0.13 was charged."),
        (
            [VOID, BILLED],
            424,
            "result_unavailable",
            "It is result_unavailable. $0.13 was charged.",
        ),
        ([LATE], 424, "deadline_exceeded", "It is deadline_exceeded. It may have been charged, or"),
        ([BILLED, RUNNING], 424, "edit_under_way", "It is running. $0.13 was charged. More may be"),
        (
            [RUNNING],
            424,
            "edit_under_way",
            "It is running. It may have been charged",
        ),
        ([CANCELLED], 424, "cancelled", "There is no image. Nothing was charged. Look for it at"),
        (
            [FORGOTTEN],
            424,
            "result_unavailable",
            "The image is not kept any more. $0.06 was charged.",
        ),
    ],
)
def test_no_image_is_an_error_that_is_not_sent_again(
    shots: list[Shot], status: int, code: str, message: str
) -> None:
    """Where money may be gone not even by a client that goes by the status alone."""
    response = answer(shots, None)
    body = told(response)
    spent = any(not shot.view.nothing_spent for shot in shots)

    assert (response.status, body["error"]["code"]) == (status, code)
    assert body["error"]["message"].startswith(message)
    assert response.headers["x-should-retry"] == "false"
    assert not (spent and response.status in RESENT)
    assert response.headers["Farebox-Failed"] == str(len(shots))
    assert body["farebox"]["failed"] == len(shots)
    assert ("Location" in response.headers) is (status == 424)


def test_a_refused_content_that_was_billed_is_told_with_its_charge() -> None:
    """It is the picture's fault all the same."""
    billed = failing("j5", "content_refused", AttemptState.POSTED, "0.05")
    response = answer([billed], None)

    assert (response.status, response.headers["Farebox-Charged-USD"]) == (400, "0.05")


def test_a_failure_of_which_nothing_was_recorded_is_told() -> None:
    """By the job's state."""
    row = replace(LATE.view.row, error_code=None, error_detail=None)
    body = told(answer([Shot(JobView(row, LATE.view.attempts), ())], None))

    assert body["error"]["code"] == "failed"
    assert body["error"]["message"].startswith("There is no image.")
