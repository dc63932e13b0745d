"""What a client is told when its job has ended: what it cost and how it went, and nothing more."""

import json

import pytest

from router.dispatch.watching import JobView
from router.model.job import JobState
from router.web.callback_bodies import render_callback
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_the_payload_is_thin(state: str) -> None:
    """A word for what happened, when, and the job without pictures, attempts or decision."""
    row = a_job_row(state=JobState(state), ended_at=EPOCH, images=("https://results.example/1",))

    assert json.loads(render_callback(JobView(row, ()), "native")) == {
        "type": f"edit.{state}",
        "timestamp": "2026-11-20T09:00:00.000000Z",
        "data": {
            "id": "j1",
            "status": state,
            "model": "nano-banana-2-edit",
            "resolution": "1k",
            "provider": None,
            "charged": "0.00",
            "may_have_been_charged": False,
            "error": None,
        },
    }


def test_it_is_small_whatever_a_provider_wrote() -> None:
    """Its words are cut, and half a character does not break the telling."""
    row = a_job_row(
        state=JobState.FAILED, error_code="provider_failed", error_detail="ä\ud800" * 50_000
    )
    body = render_callback(JobView(row, ()), "native")

    assert len(body) < 20_000
    assert json.loads(body)["data"]["error"]["code"] == "provider_failed"


def test_an_error_may_have_no_words() -> None:
    """Then there are none."""
    row = a_job_row(state=JobState.FAILED, error_code="deadline_exceeded")

    error = json.loads(render_callback(JobView(row, ()), "native"))["data"]["error"]
    assert error == {"code": "deadline_exceeded", "detail": None}


def test_a_dialect_without_words_of_its_own_is_told_in_the_native_ones() -> None:
    """Rather than not at all."""
    view = JobView(a_job_row(state=JobState.FAILED), ())

    assert render_callback(view, "klingon") == render_callback(view, "native")
