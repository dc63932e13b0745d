"""OpenAI's images API over loopback: what its routes take and answer."""

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from router.web.limits import Limits
from tests.openai_kit import (
    AGAIN,
    EDITS,
    PNG,
    USAGE,
    an_upload,
    ask,
    form_type,
    upload,
)
from tests.pictures import pixels_of
from tests.policy_files import a_policy
from tests.stage import PICTURE, reported
from tests.web_stage import AT_ONCE, Front, open_front

OWN = [{"name": "own", "who": "each_tenant", "limit": "$70.00", "per": "month"}]
"""A tenant is told what is left of what is its own alone."""


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    """Serve a house whose providers deliver a picture at once."""
    async with open_front(tmp_path, policy=a_policy(budgets=OWN)) as opened:
        opened.stage.gallery.shows[PICTURE] = PNG
        yield opened


async def test_a_form_buys_an_edit(front: Front) -> None:
    """The whole answer: the image, its size by its bytes, and what it cost."""
    answer = await upload(front)
    (row,) = await front.stage.ledger.jobs_of("acme")
    body = answer.json

    assert answer.status == 200, answer.text
    assert b64decode(body["data"][0].pop("b64_json")) == PNG
    assert body == {
        "created": int(row.created_at.timestamp()),
        "background": "opaque",
        "data": [{}],
        "quality": "high",
        "output_format": "png",
        "size": "8x6",
        "usage": USAGE,
        "farebox": {
            "model": "nano-banana-2-edit",
            "charged": "0.0875",
            "may_have_been_charged": False,
            "failed": 0,
            "edits": [
                {
                    "id": row.id,
                    "status": "succeeded",
                    "charged": "0.0875",
                    "may_have_been_charged": False,
                    "error": None,
                }
            ],
        },
    }
    told = {name: answer.headers[name] for name in answer.headers if name.startswith("Farebox-")}
    assert told == {
        "Farebox-Job": row.id,
        "Farebox-Provider": "runpod",
        "Farebox-Charged-USD": "0.0875",
        "Farebox-Budget-Remaining-USD": "69.9125",
    }
    assert answer.headers["X-Request-ID"] == row.id


async def test_json_buys_an_edit(front: Front) -> None:
    """Its images are addresses, so that the cheaper provider can."""
    answer = await ask(front, size="2048x1152", aspect_ratio=None, tags={"team": "growth"})
    (sent,) = front.stage.troupe.sent

    assert (answer.status, answer.headers["Farebox-Charged-USD"]) == (200, "0.06")
    assert (sent.job.resolution, sent.job.aspect_ratio) == ("2k", "16:9")
    assert (sent.job.tags, sent.job.images) == (
        (("team", "growth"),),
        ("https://pictures.example/cat.png",),
    )


async def test_a_link_and_another_format(front: Front) -> None:
    """The provider's own address, or an image made what was asked for."""
    linked = await ask(front, response_format="url")
    jpeg = await ask(front, output_format="jpeg")

    assert linked.json["data"] == [{"url": PICTURE}]
    assert not {"size", "b64_json"} & linked.json.keys()
    assert jpeg.json["output_format"] == "jpeg"
    assert pixels_of(b64decode(jpeg.json["data"][0]["b64_json"]))[0] == "JPEG"


async def test_several_edits_are_bought_together(front: Front) -> None:
    """One request, one answer, one sum; each is a job of its own."""
    front.stage.troupe.acts["shortapi"] = [
        replace(AT_ONCE, charge=reported("0.041")),
        replace(AT_ONCE, charge=reported("0.043")),
    ]
    answer = await ask(front, n=2)

    assert [list(one) for one in answer.json["data"]] == [["b64_json"], ["b64_json"]]
    assert len(front.stage.troupe.sent) == 2
    assert answer.headers["Farebox-Charged-USD"] == answer.json["farebox"]["charged"] == "0.084"
    assert answer.headers["Farebox-Job"] == answer.json["farebox"]["edits"][0]["id"]
    assert "Farebox-Failed" not in answer.headers


async def test_several_edits_are_held_for_together(front: Front) -> None:
    """Of three, two would fit: none is bought."""
    budget = {"name": "daily", "who": "everyone", "limit": "$0.11", "per": "day"}
    front.stage.policy = a_policy(budgets=[budget])
    refused = await ask(front, n=3)
    bought = await ask(front, n=2)

    assert (refused.status, refused.json["error"]["code"]) == (429, "insufficient_quota")
    assert refused.headers["x-should-retry"] == "false"
    assert refused.headers["Farebox-Charged-USD"] == "0.00"
    assert (bought.status, len(front.stage.troupe.sent)) == (200, 2)


@pytest.mark.parametrize("n", ["1", "3"])
async def test_a_retry_with_another_boundary_is_the_same_request(front: Front, n: str) -> None:
    """The package says that it is one: the same jobs, the same images, no further charge."""
    first = await upload(front, n=n)
    body = an_upload(boundary="another", n=n)
    again = await front.ask("POST", EDITS, body, {**form_type("another"), **AGAIN})

    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json == first.json
    assert len(again.json["data"]) == len(front.stage.troupe.sent) == int(n)


async def test_an_idempotency_key_is_kept_to(front: Front) -> None:
    """The same request is one purchase, another is a conflict that is not sent again."""
    key = {"Idempotency-Key": "order-1"}
    first = await ask(front, key, n=2)
    again = await ask(front, key, n=2)
    other = await ask(front, key, n=3)

    assert again.json == first.json
    assert (other.status, other.json["error"]["code"]) == (400, "idempotency_conflict")
    assert len(front.stage.troupe.sent) == 2


async def test_the_same_wish_in_another_dialect_is_another_request(front: Front) -> None:
    """So that nobody is answered in words that it does not read."""
    await front.edit(output_format="png", response="base64")
    other = await ask(front, AGAIN)

    assert "Idempotent-Replayed" not in other.headers


async def test_a_body_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    """In this dialect's words."""
    async with open_front(tmp_path, limits=Limits(body_bytes_max=1000)) as front:
        answer = await upload(front, PNG + b"\0" * 1000)

    assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")


async def test_models_are_those_that_can_be_bought(front: Front) -> None:
    """With since when, one by one or all."""
    listed = await front.ask("GET", "/v1/models")
    (model,) = listed.json["data"]
    one = await front.ask("GET", f"/v1/models/{model['id']}")
    none = await front.ask("GET", "/v1/models/gpt-image-1")

    assert listed.json["object"] == "list"
    assert model == {
        "id": "nano-banana-2-edit",
        "object": "model",
        "created": 1793491200,
        "owned_by": "farebox",
    }
    assert one.json == model
    assert (none.status, none.json["error"]["code"]) == (404, "model_not_found")


async def test_whoever_has_no_key_is_told_in_its_own_words(front: Front) -> None:
    """OpenAI's users know that code."""
    answer = await front.ask("GET", "/v1/models", key="sk-proj-of-somebody")

    assert answer.status == 401
    assert json.loads(answer.text)["error"]["code"] == "invalid_api_key"
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="farebox"'
