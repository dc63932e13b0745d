"""A job as the text of its row, and back."""

import json
from dataclasses import replace
from pathlib import Path

from router.dispatch.requests import INLINE_MAX, REFERENCE, job_of, job_to_collect, row_of
from router.ledger.executor import InlineExecutor
from router.ledger.inputs import Inputs
from router.model.job import ClientCallback, JobState, Response
from router.model.offer import Candidate, Decision
from tests.fakes import a_job
from tests.ledger_kit import usd

LARGE = "data:image/png;base64," + "A" * INLINE_MAX
DECISION = Decision(
    policy="thrift",
    policy_hash="5eed",
    rule="lowest price",
    candidates=(Candidate(provider="shortapi", price=usd("0.04"), verdict="chosen"),),
)


def inputs(folder: Path) -> Inputs:
    """Open a folder of large inputs."""
    return Inputs(folder / "inputs", InlineExecutor())


async def test_a_job_comes_back_as_it_went(tmp_path: Path) -> None:
    """Row and large inputs together are the whole job, to the last field."""
    job = a_job(
        images=("https://pictures.example/cat.png", LARGE),
        aspect_ratio="16:9",
        output_format="png",
        price_max=usd("0.13"),
        tags=(("team", "art"),),
        prompt="ein grüner Himmel",
        response=Response.BASE64,
        callback=ClientCallback(
            url="https://app.example/hooks", dialect="runpod", origin="http://router.example"
        ),
    )
    kept = inputs(tmp_path)
    row = await row_of(job, DECISION, kept)
    assert (row.state, row.policy_hash) == (JobState.QUEUED, "5eed")
    assert await job_of(row, kept) == job


async def test_a_row_of_an_earlier_version_is_read_as_it_was_meant(tmp_path: Path) -> None:
    """Rows written before clients could be called back name no callback, and want addresses."""
    kept = inputs(tmp_path)
    row = await row_of(a_job(), DECISION, kept)
    fields = json.loads(row.request)
    del fields["response"], fields["callback"]

    job = await job_of(replace(row, request=json.dumps(fields)), kept)

    assert job is not None
    assert (job.response, job.callback) == (Response.URL, None)


async def test_large_images_are_kept_beside_the_ledger(tmp_path: Path) -> None:
    """The row holds a reference to what is large, and what is small itself."""
    row = await row_of(a_job(images=("https://a.example/b", LARGE)), DECISION, inputs(tmp_path))
    small, large = json.loads(row.request)["images"]
    assert small == "https://a.example/b"
    assert large.startswith(REFERENCE)
    assert "AAAA" not in row.request


async def test_a_job_whose_image_is_gone_can_only_be_collected(tmp_path: Path) -> None:
    """Without its inputs a job cannot be sent; its other fields are still there to collect it."""
    row = await row_of(a_job(images=(LARGE,)), DECISION, inputs(tmp_path / "here"))
    assert await job_of(row, inputs(tmp_path / "elsewhere")) is None
    collected = job_to_collect(row)
    assert collected.prompt == a_job().prompt
    assert collected.images[0].startswith(REFERENCE)


async def test_the_decision_is_kept_as_the_replies_show_it(tmp_path: Path) -> None:
    """Policy, rule and every candidate with its price and verdict stand in the row."""
    row = await row_of(a_job(), DECISION, inputs(tmp_path))
    assert json.loads(row.decision) == {
        "policy": "thrift",
        "rule": "lowest price",
        "candidates": [
            {
                "provider": "shortapi",
                "price": "0.04",
                "verdict": "chosen",
                "latency": None,
                "failing": 0.0,
                "state": "serving",
            }
        ],
    }
