"""What a client is told when its job has ended: what it cost and how it went, and nothing more."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from router.dispatch.watching import JobView
from router.images.keeping import FolderResults, key_of
from router.images.links import Links
from router.ledger.executor import InlineExecutor
from router.ledger.rows import JobRow
from router.model.job import JobState
from router.web.callback_bodies import render_callback
from router.web.picturing import Pictures
from tests.fakes import EPOCH
from tests.ledger_kit import a_job_row

PUBLIC_URL = "https://farebox.example"
PICTURES = Pictures(Links(b"a key"), FolderResults(Path("nowhere"), InlineExecutor()), PUBLIC_URL)


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
async def test_the_payload_is_thin(state: str) -> None:
    """A word for what happened, when, and the job without pictures, attempts or decision."""
    row = a_job_row(state=JobState(state), ended_at=EPOCH, images=("https://results.example/1",))

    assert json.loads(await render_callback(PICTURES, JobView(row, ()), "native")) == {
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


async def test_it_is_small_whatever_a_provider_wrote() -> None:
    """Its words are cut, and half a character does not break the telling."""
    row = a_job_row(
        state=JobState.FAILED, error_code="provider_failed", error_detail="ä\ud800" * 50_000
    )
    body = await render_callback(PICTURES, JobView(row, ()), "native")

    assert len(body) < 20_000
    assert json.loads(body)["data"]["error"]["code"] == "provider_failed"


async def test_an_error_may_have_no_words() -> None:
    """Then there are none."""
    row = a_job_row(state=JobState.FAILED, error_code="deadline_exceeded")

    error = json.loads(await render_callback(PICTURES, JobView(row, ()), "native"))["data"]["error"]
    assert error == {"code": "deadline_exceeded", "detail": None}


async def test_a_dialect_without_words_of_its_own_is_told_in_the_native_ones() -> None:
    """Rather than not at all."""
    view = JobView(a_job_row(state=JobState.FAILED), ())

    assert await render_callback(PICTURES, view, "klingon") == await render_callback(
        PICTURES, view, "native"
    )


def a_kept_row(request: dict[str, object]) -> JobRow:
    """Build a job whose image is kept here."""
    return a_job_row(
        state=JobState.SUCCEEDED,
        images=("result:j1-1.png",),
        images_expire_at=EPOCH + timedelta(days=1),
        request=json.dumps({"prompt": "make it night", "images": [], **request}),
    )


async def address_told(pictures: Pictures, row: JobRow, dialect: str) -> str | None:
    """Where a dialect's client is told that the image is; None where it is not."""
    told = json.loads(await render_callback(pictures, JobView(row, ()), dialect))
    if dialect == "runpod":
        return told["output"]["result"] if "output" in told else None
    return next((image["url"] for image in told["data"]["result"]["images"]), None)


@pytest.mark.parametrize("dialect", ["shortapi", "runpod"])
async def test_a_dialects_client_is_told_in_its_words_where_the_image_is(dialect: str) -> None:
    """By a link that is ours where the image is kept here; with no more words than the native."""
    url = await address_told(PICTURES, a_kept_row({"response": "url"}), dialect)
    failed = a_job_row(state=JobState.FAILED, error_code="provider_failed", error_detail="a" * 9000)
    short = await render_callback(PICTURES, JobView(failed, ()), dialect)

    assert url is not None
    assert url.startswith(f"{PUBLIC_URL}/results/j1-1.png?expires=")
    assert len(short) < 3000


@pytest.mark.parametrize("dialect", ["shortapi", "runpod"])
async def test_without_a_public_address_a_link_leads_where_the_request_came_to(
    dialect: str,
) -> None:
    """Where that is not known, there is no link: a path alone leads its reader nowhere."""
    pictures = Pictures(PICTURES.links, PICTURES.results, None)
    callback = {"url": "https://me.example/ring", "dialect": dialect}
    known = a_kept_row({"callback": {**callback, "origin": "http://router.internal:8080"}})
    url = await address_told(pictures, known, dialect)

    assert url is not None
    assert url.startswith("http://router.internal:8080/results/j1-1.png?expires=")
    assert await address_told(pictures, a_kept_row({"callback": callback}), dialect) is None


async def test_who_asked_runpod_for_base64_is_told_the_image_itself(tmp_path: Path) -> None:
    """As its job's status does, for as long as it is kept; ShortAPI's words know only addresses."""
    results = FolderResults(tmp_path, InlineExecutor())
    pictures = Pictures(PICTURES.links, results, PUBLIC_URL)
    row = a_kept_row({"response": "base64"})
    assert await address_told(pictures, row, "runpod") is None
    assert row.images_expire_at is not None
    await results.put(key_of(row.tenant, "j1-1.png", row.images_expire_at), b"a picture")

    assert await address_told(pictures, row, "runpod") == "data:image/png;base64,YSBwaWN0dXJl"
    assert (await address_told(pictures, row, "shortapi") or "").startswith(PUBLIC_URL)
