import json
from datetime import timedelta
from typing import Any

import pytest

from router.dispatch.watching import JobView
from router.ledger.rows import AttemptRow
from router.model.ids import AttemptId
from router.model.job import AttemptState, JobState
from router.web.rendering import attempt_body, job_body, job_response
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row, an_attempt_row, usd

LATER = EPOCH + timedelta(seconds=8.25)


def an_attempt(number: int, price: str, state: AttemptState, **fields: Any) -> AttemptRow:
    """Build an attempt of job j1 that was sent two seconds after its hold."""
    fields = {"dispatched_at": EPOCH + timedelta(seconds=2), **fields}
    return an_attempt_row(f"j1.{number}", price=usd(price), state=state, **fields)


VOIDED = an_attempt(1, "0.04", AttemptState.VOIDED, outcome="provider_throttled", ended_at=LATER)
POSTED = an_attempt(
    2,
    "0.0875",
    AttemptState.POSTED,
    provider="runpod",
    posted=usd("0.09"),
    outcome="delivered",
    ended_at=LATER,
)
DOUBTED = an_attempt(3, "0.06", AttemptState.IN_DOUBT, outcome="provider_in_doubt")


def a_view(*attempts: AttemptRow, state: JobState, **fields: Any) -> JobView:
    """Build a job with its attempts."""
    return JobView(a_job_row(state=state, **fields), attempts)


SUCCEEDED = a_view(
    VOIDED,
    POSTED,
    state=JobState.SUCCEEDED,
    images=("https://results.example/1.png",),
    images_expire_at=EPOCH + timedelta(days=7),
    delivered_by=AttemptId("j1.2"),
    decision='{"policy": "thrift", "rule": "lowest price", "candidates": []}',
    ended_at=LATER,
)

SHOWN = {"url": "https://results.example/1.png", "expires_at": "2026-11-27T09:00:00.000000Z"}


def test_a_job_is_shown_as_the_contract_says() -> None:
    """Money as decimal strings, instants in UTC, and the attempt that delivered in front."""
    assert job_body(SUCCEEDED, [SHOWN]) == {
        "id": "j1",
        "status": "succeeded",
        "model": "nano-banana-2-edit",
        "resolution": "1k",
        "downshifted": None,
        "images": [SHOWN],
        "provider": "runpod",
        "charged": "0.09",
        "quoted": "0.0875",
        "may_have_been_charged": False,
        "attempts": [
            {
                "id": "j1.1",
                "provider": "shortapi",
                "outcome": "provider_throttled",
                "quoted": "0.04",
                "charged": "0.00",
                "money": "voided",
                "seconds": 6.25,
            },
            {
                "id": "j1.2",
                "provider": "runpod",
                "outcome": "delivered",
                "quoted": "0.0875",
                "charged": "0.09",
                "money": "posted",
                "seconds": 6.25,
            },
        ],
        "decision": {
            "policy": "thrift",
            "policy_hash": "5eed",
            "rule": "lowest price",
            "candidates": [],
        },
        "error": None,
        "callback": None,
        "created_at": "2026-11-20T09:00:00.000000Z",
        "ended_at": "2026-11-20T09:00:08.250000Z",
    }


def test_a_job_under_way_is_shown_with_what_is_known() -> None:
    """Without an end, nothing that only an end has."""
    body = job_body(a_view(DOUBTED, state=JobState.RUNNING), [])
    bare = job_body(a_view(state=JobState.QUEUED), [])

    assert (body["provider"], body["quoted"], body["charged"]) == ("shortapi", "0.06", "0.00")
    assert (body["may_have_been_charged"], body["ended_at"], body["images"]) == (True, None, [])
    assert (bare["provider"], bare["quoted"], bare["attempts"]) == (None, None, [])


@pytest.mark.parametrize("state", AttemptState)
def test_an_attempts_money_is_one_of_five_words(state: AttemptState) -> None:
    """What is under way is held; what was never sent took no time."""
    body = attempt_body(an_attempt(1, "0.07", state, dispatched_at=None, ended_at=LATER))

    words = {"dispatching": "held", "running": "held"}
    assert body["money"] == words.get(state.value, state.value)
    assert body["seconds"] is None
    assert body["money"] in {"held", "posted", "voided", "in_doubt", "posted_presumed"}


def test_every_reply_carries_the_headers() -> None:
    """Also a refusal; where a thing is not known, its header is not there."""
    failed = a_view(VOIDED, state=JobState.FAILED, error_code="provider_failed")
    told = {
        name: dict(job_response(view, [], is_new=True, remaining=remaining).headers)
        for name, view, remaining in (
            ("succeeded", SUCCEEDED, usd("6.91")),
            ("failed", failed, usd("-0.02")),
            ("bare", a_view(state=JobState.QUEUED), None),
        )
    }
    farebox = {
        name: {key: value for key, value in headers.items() if key.startswith("Farebox-")}
        for name, headers in told.items()
    }

    assert farebox == {
        "succeeded": {
            "Farebox-Job": "j1",
            "Farebox-Provider": "runpod",
            "Farebox-Charged-USD": "0.09",
            "Farebox-Budget-Remaining-USD": "6.91",
        },
        "failed": {
            "Farebox-Job": "j1",
            "Farebox-Provider": "shortapi",
            "Farebox-Charged-USD": "0.00",
            "Farebox-Budget-Remaining-USD": "-0.02",
        },
        "bare": {"Farebox-Job": "j1", "Farebox-Charged-USD": "0.00"},
    }


@pytest.mark.parametrize(
    ("view", "status"),
    [
        (SUCCEEDED, 200),
        (a_view(VOIDED, state=JobState.CANCELLED), 200),
        (a_view(DOUBTED, state=JobState.RUNNING), 202),
        (a_view(VOIDED, state=JobState.QUEUED), 202),
        (a_view(VOIDED, state=JobState.FAILED, error_code="provider_failed"), 502),
        (a_view(VOIDED, VOIDED, state=JobState.FAILED, error_code="provider_failed"), 502),
        (a_view(VOIDED, state=JobState.FAILED, error_code="content_refused"), 422),
        (a_view(VOIDED, state=JobState.FAILED, error_code="overloaded"), 503),
        (a_view(VOIDED, POSTED, state=JobState.FAILED, error_code="overloaded"), 200),
        (a_view(VOIDED, POSTED, state=JobState.FAILED, error_code="provider_failed"), 200),
        (a_view(VOIDED, POSTED, state=JobState.FAILED, error_code="content_refused"), 200),
        (a_view(DOUBTED, state=JobState.FAILED, error_code="provider_failed"), 200),
        (a_view(DOUBTED, state=JobState.FAILED, error_code="provider_in_doubt"), 200),
        (a_view(VOIDED, state=JobState.FAILED, error_code="deadline_exceeded"), 200),
        (a_view(DOUBTED, state=JobState.FAILED, error_code="result_unavailable"), 200),
    ],
)
def test_a_status_that_invites_to_ask_again_means_that_nothing_was_charged(
    view: JobView, status: int
) -> None:
    """5xx and 422 only when every attempt is void; whoever only reads a job gets it with 200."""
    answer = job_response(view, [], is_new=True)
    reading = job_response(view, [], is_new=False)

    assert answer.status == status
    assert reading.status == (202 if status == 202 else 200)
    if status == 202:
        assert (answer.headers["Location"], answer.headers["Retry-After"]) == ("/v1/edits/j1", "2")
    else:
        assert "Location" not in answer.headers


def test_a_failure_that_cost_nothing_is_a_problem_with_its_job() -> None:
    """It says what each provider said, and that asking again is harmless."""
    view = a_view(
        VOIDED,
        state=JobState.FAILED,
        error_code="provider_failed",
        error_detail="shortapi: it broke",
    )
    answer = job_response(view, [], is_new=True)
    assert isinstance(answer.body, bytes)

    assert answer.content_type == "application/problem+json"
    assert json.loads(answer.body) == {
        "type": "urn:farebox:problem:provider_failed",
        "title": "No provider delivered, and none charged.",
        "status": 502,
        "detail": "shortapi: it broke",
        "code": "provider_failed",
        "retryable": True,
        "may_have_been_charged": False,
        "job_id": "j1",
    }


def test_a_failure_that_may_have_cost_is_told_in_the_body() -> None:
    """With its code, and that money may be gone."""
    body = job_body(
        a_view(DOUBTED, state=JobState.FAILED, error_code="provider_in_doubt", error_detail="lost"),
        [],
    )

    assert body["error"] == {"code": "provider_in_doubt", "detail": "lost"}
    assert body["may_have_been_charged"] is True
