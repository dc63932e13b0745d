"""What a client is told when its job has ended: what it cost and how it went, and nothing more."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from router.dispatch.watching import JobView
from router.images.keeping import FolderResults
from router.images.links import Links
from router.ledger.executor import InlineExecutor
from router.model.job import JobState
from router.web.callback_bodies import render_callback
from router.web.picturing import Pictures
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row

PUBLIC_URL = "https://farebox.example"
PICTURES = Pictures(Links(b"a key"), FolderResults(Path("nowhere"), InlineExecutor()), PUBLIC_URL)


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_the_payload_is_thin(state: str) -> None:
    """A word for what happened, when, and the job without pictures, attempts or decision."""
    row = a_job_row(state=JobState(state), ended_at=EPOCH, images=("https://results.example/1",))

    assert json.loads(render_callback(PICTURES, JobView(row, ()), "native")) == {
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
    body = render_callback(PICTURES, JobView(row, ()), "native")

    assert len(body) < 20_000
    assert json.loads(body)["data"]["error"]["code"] == "provider_failed"


def test_an_error_may_have_no_words() -> None:
    """Then there are none."""
    row = a_job_row(state=JobState.FAILED, error_code="deadline_exceeded")

    error = json.loads(render_callback(PICTURES, JobView(row, ()), "native"))["data"]["error"]
    assert error == {"code": "deadline_exceeded", "detail": None}


def test_a_dialect_without_words_of_its_own_is_told_in_the_native_ones() -> None:
    """Rather than not at all."""
    view = JobView(a_job_row(state=JobState.FAILED), ())

    assert render_callback(PICTURES, view, "klingon") == render_callback(PICTURES, view, "native")


@pytest.mark.parametrize("dialect", ["shortapi", "runpod"])
def test_a_dialects_client_is_told_in_its_words_where_the_image_is(dialect: str) -> None:
    """By a link that is ours where the image is kept here; with no more words than the native."""
    row = a_job_row(
        state=JobState.SUCCEEDED,
        images=("result:j1-1.png",),
        images_expire_at=EPOCH + timedelta(days=1),
        request='{"prompt": "make it night", "images": [], "response": "base64"}',
    )
    told = json.loads(render_callback(PICTURES, JobView(row, ()), dialect))
    failed = a_job_row(state=JobState.FAILED, error_code="provider_failed", error_detail="a" * 9000)
    short = render_callback(PICTURES, JobView(failed, ()), dialect)

    if dialect == "shortapi":
        url = told["data"]["result"]["images"][0]["url"]
    else:
        assert told["input"]["enable_base64_output"] is True
        url = told["output"]["result"]
    assert url.startswith(f"{PUBLIC_URL}/results/j1-1.png?expires=")
    assert len(short) < 3000
