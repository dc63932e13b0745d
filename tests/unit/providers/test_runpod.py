"""Runpod's own: what its requests look like, and by which door they go in."""

import json

import pytest

from router.model.errors import ProviderFailed
from router.model.ids import ProviderRef
from router.model.job import Resolution
from router.model.money import Money
from router.model.offer import Offer, ProviderTerms
from router.providers.runpod import RUN_BODY_BYTES_MAX, RunpodCodec
from router.providers.wire import Delivered, Reply
from tests.fakes import a_job, an_offer

CODEC = RunpodCodec()
TERMS = ProviderTerms(name="runpod", job_ttl_s=1800.5)
REF = ProviderRef("a-u1")


def offer(price: str, slug: str = "google-nano-banana-2-edit", ratio: str | None = None) -> Offer:
    """Build an offer of Runpod's."""
    return an_offer(price=Money.parse(price), provider="runpod", slug=slug, aspect_ratio=ratio)


def test_the_create_is_as_documented() -> None:
    """The model stands in the path, the arguments in `input`, the time limits in milliseconds."""
    job = a_job(resolution=Resolution.TWO_K, output_format="jpeg", aspect_ratio="3:2")

    call = CODEC.create(
        job, offer("0.1311", ratio="16:9"), TERMS, callback_url="https://farebox.example/c"
    )

    assert call.path == "/v2/google-nano-banana-2-edit/run"
    assert json.loads(call.body or b"") == {
        "input": {
            "prompt": "make the sky green",
            "images": ["https://pictures.example/cat.png"],
            "resolution": "2k",
            "aspect_ratio": "16:9",
            "output_format": "jpeg",
        },
        "policy": {"executionTimeout": 600_000, "ttl": 1_800_500},
        "webhook": "https://farebox.example/c",
    }


def test_a_job_never_executes_longer_than_it_lives() -> None:
    """A short life shortens the execution too, so that the horizon is near."""
    terms = ProviderTerms(name="runpod", job_ttl_s=120)

    call = CODEC.create(a_job(), offer("0.0876"), terms, callback_url=None)

    policy = json.loads(call.body or b"")["policy"]
    assert policy == {"executionTimeout": 120_000, "ttl": 120_000}


def test_what_was_not_asked_for_is_not_sent() -> None:
    """Neither aspect ratio nor format is made up, whatever the job says of the ratio."""
    call = CODEC.create(a_job(aspect_ratio="1:1"), offer("0.0877"), TERMS, callback_url=None)

    assert set(json.loads(call.body or b"")["input"]) == {"prompt", "images", "resolution"}


def test_a_model_without_resolutions_is_sent_none() -> None:
    """The older model takes a prompt and images, and nothing of the rest."""
    job = a_job(output_format="png")

    call = CODEC.create(job, offer("0.038", "nano-banana-edit", "1:1"), TERMS, callback_url=None)

    assert call.path == "/v2/nano-banana-edit/run"
    assert set(json.loads(call.body or b"")["input"]) == {"prompt", "images"}


def test_a_format_that_it_does_not_make_is_not_asked_for() -> None:
    """Its image is made one of what it delivers, and its input stays valid."""
    call = CODEC.create(
        a_job(output_format="webp", aspect_ratio=None), offer("0.0879"), TERMS, callback_url=None
    )

    assert "output_format" not in json.loads(call.body or b"")["input"]


def test_a_body_too_large_for_one_door_takes_the_other() -> None:
    """Up to ten megabytes go by /run, more by /runsync, held for a second."""
    small = CODEC.create(a_job(), offer("0.0878"), TERMS, callback_url=None)
    room = RUN_BODY_BYTES_MAX - len(small.body or b"")
    prompt = a_job().prompt

    fits = CODEC.create(
        a_job(prompt=prompt + "x" * room), offer("0.0878"), TERMS, callback_url=None
    )
    exceeds = CODEC.create(
        a_job(prompt=prompt + "x" * (room + 1)), offer("0.0878"), TERMS, callback_url=None
    )

    assert len(fits.body or b"") == RUN_BODY_BYTES_MAX
    assert fits.path == "/v2/google-nano-banana-2-edit/run"
    assert exceeds.path == "/v2/google-nano-banana-2-edit/runsync?wait=1000"


def test_reads_and_cancellations_name_the_job() -> None:
    """Both stand below the model's endpoint."""
    assert CODEC.query(REF, "nano-banana-edit").path == "/v2/nano-banana-edit/status/a-u1"
    assert CODEC.cancel(REF, "nano-banana-edit").path == "/v2/nano-banana-edit/cancel/a-u1"


def test_an_image_is_an_image_even_beside_an_error() -> None:
    """What is there was made and will be billed: it is handed over."""
    output = {"status": "failed", "error": "late warning", "result": "https://a.example/1.png"}
    body = json.dumps({"id": REF, "status": "COMPLETED", "output": output}).encode()

    progress = CODEC.read_query(Reply(status=200, headers={}, body=body), REF)

    assert isinstance(progress, Delivered)


def test_a_failure_is_told_in_the_providers_words() -> None:
    """The message is dug out of its wrapping and carries no URL."""
    error = 'Error submitting task: 400, {"code":400,"message":"Cannot load https://a.example/1"}'
    body = json.dumps({"id": REF, "status": "FAILED", "error": error}).encode()

    with pytest.raises(ProviderFailed) as raised:
        CODEC.read_query(Reply(status=200, headers={}, body=body), REF)

    assert str(raised.value) == "runpod ended the job: Cannot load […]"
