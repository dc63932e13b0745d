"""What Runpod's clients send, as they send it."""

import json
from typing import Any

import pytest

from router.model.errors import InvalidJob, Malformed
from router.web.dialects.runpod_reading import (
    Order,
    RunpodPolicy,
    deadline_of,
    fields_of,
    read_order,
)
from tests.dialects import PROMPT, SLUG, runpod_body
from tests.policy_files import a_policy
from tests.web_stage import PICTURE_URL, PNG

POLICY = a_policy(deadline_max="400s")
# As @runpod/ai-sdk-provider writes them, for four of its models.
AI_SDK = {
    "prompt": PROMPT,
    "aspect_ratio": "1:1",
    "resolution": "1k",
    "output_format": "jpeg",
    "enable_safety_checker": True,
    "images": ["https://pictures.example/a.png", PNG],
}
AI_SDK_PRO = {
    "prompt": PROMPT,
    "images": [PICTURE_URL],
    "resolution": "2k",
    "aspect_ratio": "1:1",
    "output_format": "jpeg",
    "enable_base64_output": False,
    "enable_sync_mode": False,
}
AI_SDK_PLAIN = {"prompt": PROMPT, "enable_safety_checker": True, "images": [PICTURE_URL]}
AI_SDK_QWEN = {"prompt": PROMPT, "negative_prompt": "", "seed": -1, "image": PICTURE_URL}


def order_of(body: object) -> Order:
    """Read a body that is JSON."""
    return read_order(json.dumps(body).encode())


def wish(body: object, slug: str = SLUG) -> dict[str, object]:
    """Read a body into the fields of a wish that it sets."""
    fields = fields_of(order_of(body), slug, POLICY)
    return {name: value for name, value in fields.items() if value is not None}


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (
            AI_SDK,
            {"resolution": "1k", "aspect_ratio": "1:1", "output_format": "jpeg",
             "images": AI_SDK["images"]},
        ),
        (AI_SDK_PRO, {"resolution": "2k", "aspect_ratio": "1:1", "output_format": "jpeg"}),
        (AI_SDK_PLAIN, {}),
        (AI_SDK_QWEN, {}),
    ],
    ids=["nano-banana-2", "pro", "nano-banana", "qwen"],
)  # fmt: skip
def test_what_the_ai_sdk_sends_passes_as_it_is(sent: object, told: dict[str, object]) -> None:
    """Its switches of Runpod's own machinery, and its defaults that ask for nothing."""
    assert wish({"input": sent}) == {"prompt": PROMPT, "images": [PICTURE_URL], **told}


@pytest.mark.parametrize(
    ("field", "sent", "told"),
    [
        ("resolution", "4K", {"resolution": "4K"}),
        ("output_format", "JPG", {"output_format": "jpeg"}),
        ("output_format", "webp", {"output_format": "webp"}),
        ("enable_base64_output", True, {"response": "base64"}),
        ("enable_base64_output", False, {}),
        ("aspect_ratio", "auto", {"aspect_ratio": None}),
        ("aspect_ratio", "match_input_image", {"aspect_ratio": None}),
        ("aspect_ratio", "", {"aspect_ratio": None}),
        ("some_new_switch", "on", {}),
    ],
)
def test_each_field_has_its_place(field: str, sent: object, told: dict[str, object]) -> None:
    """What the wish cannot be is left to it to say."""
    expected = {"prompt": PROMPT, "images": [PICTURE_URL], "aspect_ratio": "16:9", **told}

    assert wish(runpod_body(**{field: sent})) == {
        name: value for name, value in expected.items() if value is not None
    }


def test_a_models_documented_defaults_are_kept() -> None:
    """The pro model makes a square of 2k where nothing is said; the others leave it open."""
    body = runpod_body(aspect_ratio=None)

    assert (
        wish(body, "nano-banana-pro-edit").items()
        >= {
            "resolution": "2k",
            "aspect_ratio": "1:1",
        }.items()
    )
    assert wish(body).keys() == {"prompt", "images"}
    assert wish(runpod_body(aspect_ratio="auto"), "nano-banana-pro-edit").keys() == {
        *("prompt", "images", "resolution")
    }


@pytest.mark.parametrize("times", [0, 1, 2])
def test_an_input_in_an_input_is_one(times: int) -> None:
    """The package for asyncio wraps what is wrapped already; what rides along is found."""
    body = {**runpod_body(), "webhook": "https://me.example/1", "policy": {"ttl": 61_000}}
    for _ in range(times):
        body = {"input": body}
    order = order_of(body)

    assert order.input.prompt == PROMPT
    assert (order.webhook, order.policy.ttl) == ("https://me.example/1", 61_000)


@pytest.mark.parametrize("webhook", [None, ""])
def test_an_empty_webhook_is_none(webhook: str | None) -> None:
    """Nobody is told at no address."""
    assert order_of({**runpod_body(), "webhook": webhook}).webhook is None


@pytest.mark.parametrize(
    ("policy", "deadline_s"),
    [
        ({}, None),
        ({"lowPriority": True, "executionTimeout": None}, None),
        ({"executionTimeout": 90_000}, 150.0),
        ({"executionTimeout": 5_000}, 65.0),
        ({"ttl": 80_500, "executionTimeout": 90_000}, 80.5),
        ({"ttl": 200_000, "executionTimeout": 90_000}, 150.0),
        ({"executionTimeout": 600_000, "ttl": 86_400_000}, 400.0),
        ({"ttl": 10_000}, 10.0),
    ],
)
def test_their_limits_of_time_make_the_deadline(
    policy: dict[str, Any], deadline_s: float | None
) -> None:
    """The whole, or the making with a minute in the queue; at most what the policy allows."""
    asked = RunpodPolicy.model_validate(policy)

    assert deadline_of(asked, 400.0) == deadline_s


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "`input` is missing."),
        ({"input": "cat"}, "`input` must be an object."),
        ({"input": {}}, "`input.prompt` is missing."),
        ({"input": {"input": {}}}, "`input.prompt` is missing."),
        (runpod_body(images=None), "`input.images` is missing."),
        (runpod_body(images=PICTURE_URL), "`input.images` is not what belongs here."),
        (
            runpod_body(image=PICTURE_URL),
            "`input` has both `images` and `image`: one of them is meant.",
        ),
        (runpod_body(seed=42), "`input.seed` asks for what no provider can do."),
        (runpod_body(loras=[{"path": "x"}]), "`input.loras` asks for what no provider can do."),
        (runpod_body(size="1024*1024"), "`input.size` asks for what no provider can do."),
        ({**runpod_body(), "policy": {"ttl": 0}}, "`policy.ttl` must be at least 10000."),
        ({**runpod_body(), "policy": {"ttl": 9_999}}, "`policy.ttl` must be at least 10000."),
        (
            {**runpod_body(), "policy": {"executionTimeout": 4_999}},
            "`policy.executionTimeout` must be at least 5000.",
        ),
        ({**runpod_body(), "policy": {"ttl": "1"}}, "`policy.ttl` must be a number."),
        (
            {**runpod_body(), "s3Config": {"bucketName": "mine"}},
            "`s3Config` is not served: results are kept here, where the operator's policy says so.",
        ),
    ],
)
def test_what_is_no_run_is_told(body: object, detail: str) -> None:
    """In the client's own names, before anything is priced."""
    with pytest.raises(InvalidJob) as told:
        fields_of(order_of(body), SLUG, POLICY)

    assert told.value.detail == detail


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"input": {}, "input": {}}'])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    """Or has a name twice."""
    with pytest.raises(Malformed):
        read_order(body)
