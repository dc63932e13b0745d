"""ShortAPI's own: what its requests look like, and states that only it has."""

import json

import pytest

from router.model.errors import Ending, ProviderFailed
from router.model.ids import ProviderRef
from router.model.job import Resolution
from router.model.money import Money
from router.model.offer import ProviderTerms
from router.providers.shortapi import ShortApiCodec
from router.providers.wire import Delivered, Pending, Reply
from tests.fakes import a_job, an_offer

CODEC = ShortApiCodec()
TERMS = ProviderTerms(name="shortapi")
REF = ProviderRef("job-1")


def queried(data: dict[str, object]) -> Reply:
    """Build a good answer to a query."""
    return Reply(status=200, headers={}, body=json.dumps({"code": 0, "data": data}).encode())


def test_the_create_is_as_documented() -> None:
    """Model and arguments stand in one body, with the resolution in upper case."""
    job = a_job(resolution=Resolution.FOUR_K, output_format="jpeg", aspect_ratio="3:2")
    offer = an_offer(price=Money.parse("0.0911"), aspect_ratio="16:9")

    call = CODEC.create(job, offer, TERMS, callback_url="https://farebox.example/c")

    assert call.path == "/api/v1/job/create"
    assert json.loads(call.body or b"") == {
        "model": "google/nano-banana-2/edit",
        "args": {
            "prompt": "make the sky green",
            "image_urls": ["https://pictures.example/cat.png"],
            "aspect_ratio": "16:9",
            "resolution": "4K",
        },
        "callback_url": "https://farebox.example/c",
    }


def test_an_aspect_ratio_that_the_offer_does_not_name_is_left_out() -> None:
    """What is sent is the offer's, never a null."""
    offer = an_offer(price=Money.parse("0.0412"))

    call = CODEC.create(a_job(aspect_ratio="1:1"), offer, TERMS, callback_url=None)

    assert set(json.loads(call.body or b"")["args"]) == {"prompt", "image_urls", "resolution"}


def test_a_model_without_resolutions_is_sent_none() -> None:
    """The older model has one size, and its page names no such argument."""
    offer = an_offer(price=Money.parse("0.0313"), slug="google/nano-banana/edit")

    call = CODEC.create(a_job(), offer, TERMS, callback_url=None)

    assert set(json.loads(call.body or b"")["args"]) == {"prompt", "image_urls"}


def test_the_query_names_the_job() -> None:
    """The id goes into the query, escaped."""
    assert CODEC.query(REF, "any/slug").path == "/api/v1/job/query?id=job-1"


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        (0, "queued"),
        ("0", "queued"),
        ("PENDING", "queued"),
        (1, "running"),
        (" running ", "running"),
        (-1, "unknown"),
        (4, "unknown"),
        (True, "unknown"),
        (2.5, "unknown"),
        ([], "unknown"),
    ],
)
def test_only_a_known_end_is_an_end(status: object, stage: str) -> None:
    """Numbers, numeric text and words are read; what no document names is waited for."""
    progress = CODEC.read_query(queried({"status": status}), REF)

    assert isinstance(progress, Pending)
    assert progress.stage == stage


def test_an_image_is_an_image_even_if_refunded() -> None:
    """What was delivered is handed over; the refund is the provider's affair."""
    data = {"status": 2, "refunded": True, "result": {"images": [{"url": "https://a.example/1"}]}}

    assert isinstance(CODEC.read_query(queried(data), REF), Delivered)


def test_success_without_an_image_that_was_refunded_is_free() -> None:
    """The provider's own word that the money came back is proof."""
    with pytest.raises(ProviderFailed) as raised:
        CODEC.read_query(queried({"status": 2, "refunded": True}), REF)

    assert raised.value.how is Ending.EMPTY
    assert raised.value.proves_free


def test_the_jobs_own_words_come_before_the_envelopes() -> None:
    """An envelope that says "success" around a failure does not explain it."""
    body = b'{"code":0,"message":"success","data":{"status":3,"error":"too dark"}}'

    with pytest.raises(ProviderFailed, match="shortapi ended the job: too dark"):
        CODEC.read_query(Reply(status=200, headers={}, body=body), REF)
