import pytest

from router.sandbox import RunpodSettings
from tests.sandboxes import DOORBELL, SLUG, Stage, body_of, edit_input

SLOW = {"fault": "slow_job", "provider": "runpod", "factor": "100"}


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, "job timed out after 1 retries"),
        (edit_input(resolution="1K"), "resolution must be one of 1k, 2k, 4k"),
        (edit_input(resolution=2), "resolution must be one of 1k, 2k, 4k"),
        (edit_input(prompt=None), "prompt is required"),
        (edit_input(images=None), "images is required"),
        (edit_input(images=["data:image/png;base64,@@"]), "Invalid image URL in images array"),
        (edit_input(images=["aGVsbG8="]), "Invalid image URL in images array"),
        (edit_input(images=["https://pictures.example/a.png"] * 15), "at most 14 images"),
        (edit_input(output_format="webp"), "output_format must be png or jpeg"),
        ({"input": edit_input()}, "prompt is required"),
    ],
)
async def test_an_input_that_is_no_good_is_taken_and_fails_for_free(
    given: dict[str, object], error: str
) -> None:
    """The endpoint takes it; the worker does not."""
    stage = Stage()
    ref = await stage.ran(given)
    stage.pass_s()

    state = await stage.state(ref)

    assert (state["status"], state["error"]) == ("FAILED", error)
    assert (stage.net(), stage.sandbox.truth.creates[0].accepted) == ("0", True)


async def test_an_unknown_aspect_ratio_fails() -> None:
    """And an unhashable one too."""
    stage = Stage()
    refs = [await stage.ran(edit_input(aspect_ratio=ratio)) for ratio in ("auto", ["1:1"])]
    stage.pass_s()

    states = [await stage.state(ref) for ref in refs]

    assert [state["status"] for state in states] == ["FAILED", "FAILED"]
    assert "aspect_ratio" in states[1]["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        {"prompt": "no input"},
        {"input": []},
        {"input": {"a": 1}, "webhook": "bell"},
        {"input": {"a": 1}, "policy": {"ttl": 9_999}},
        {"input": {"a": 1}, "policy": {"ttl": "60000"}},
        {"input": {"a": 1}, "policy": {"executionTimeout": 4_999}},
        {"input": {"a": 1}, "policy": {"executionTimeout": 8 * 86_400_000}},
    ],
)
async def test_what_is_no_job_is_400(body: object) -> None:
    """No id, no charge, and the create is known not to be accepted."""
    stage = Stage()

    answer = await stage.ask("POST", f"/v2/{SLUG}/run", body)

    assert answer.status == 400
    assert set(body_of(answer)) == {"error"}
    assert not stage.sandbox.truth.creates[0].accepted
    assert stage.sandbox.truth.creates[0].note


@pytest.mark.parametrize(("verb", "limit"), [("run", 10_000_000), ("runsync", 20_000_000)])
async def test_a_body_above_the_limit_is_413(verb: str, limit: int) -> None:
    """10 MB for run, 20 MB for runsync, of the whole body."""
    stage = Stage()
    path = f"/v2/{SLUG}/{verb}"

    above = await stage.ask("POST", path, b" " * (limit + 1))
    at = await stage.ask("POST", path, b" " * limit)

    assert (above.status, at.status) == (413, 400)


async def test_a_wait_that_is_no_number_is_400_and_buys_nothing() -> None:
    """Refused before the job is taken."""
    stage = Stage()

    answer = await stage.ask(
        "POST", f"/v2/{SLUG}/runsync", {"input": edit_input()}, query={"wait": "1e3"}
    )
    stage.pass_s()

    assert (answer.status, stage.net()) == (400, "0")


async def test_policy_may_be_deaf() -> None:
    """Whether public endpoints heed it is not known."""
    stage = Stage(runpod=RunpodSettings(policy_acts=False))
    stage.sandbox.faults.load(SLOW)
    ref = await stage.ran(policy={"ttl": 10_000, "executionTimeout": 5000})

    stage.pass_s(2000)

    assert (await stage.state(ref))["status"] == "COMPLETED"


async def test_the_truth_of_a_create_has_its_facts() -> None:
    """Slug, resolution, ratio, format, images, and the webhook's token."""
    stage = Stage()
    await stage.run(edit_input(resolution="4k", output_format="jpeg"), webhook=DOORBELL)

    facts = stage.sandbox.truth.creates[0].facts

    assert (facts.model, facts.resolution, facts.output_format) == (SLUG, "4k", "jpeg")
    assert (facts.images, facts.aspect_ratio, facts.callback_token) == (1, None, "token-7f")
