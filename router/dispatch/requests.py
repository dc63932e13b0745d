"""A job's own fields as the text that its ledger row keeps, and back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.dispatch.ports import InputStore, Keeper
from router.ledger.rows import JobRow
from router.model.job import ClientCallback, Job, JobState, Resolution, Response
from router.model.money import Money
from router.model.offer import Decision
from router.policy.scopes import JobFacts

# Images of more than this many characters are kept beside the ledger, not in the row.
INLINE_MAX = 16_384
REFERENCE = "input:"


@dataclass(frozen=True, slots=True)
class Downshift:
    """That a budget had no room for what was asked for, and a smaller edit is bought instead."""

    asked: Resolution
    bought: Resolution
    budget: str
    """The last one that had no room."""


async def row_of(
    job: Job,
    decision: Decision,
    inputs: Keeper,
    downshift: Downshift | None = None,
    *,
    evidence: str | None = None,
) -> JobRow:
    """
    The row of a new job. Large images are durable beside the ledger when this returns.

    Args:
        job: As it is bought.
        decision: Why the plan is as it is.
        inputs: Keeps large images.
        downshift: Kept with the decision; None when it is bought as asked for.
        evidence: What the decision saw.

    Raises:
        OSError: An image could not be kept.
    """
    images = [await _kept(image, inputs, job.created_at) for image in job.images]
    request = {
        "prompt": job.prompt,
        "images": images,
        "aspect_ratio": job.aspect_ratio,
        "output_format": job.output_format,
        "price_max": str(job.price_max) if job.price_max is not None else None,
        "key_name": job.key_name,
        "key_budget": job.key_budget,
        "response": job.response.value,
        "callback": _told_at(job.callback),
    }
    return JobRow(
        id=job.id,
        tenant=job.tenant,
        key_id=job.key_id,
        model=job.model,
        resolution=job.resolution,
        tags=job.tags,
        request=json.dumps(request, ensure_ascii=False),
        decision=decision_text(decision, downshift),
        policy_hash=decision.policy_hash,
        state=JobState.QUEUED,
        created_at=job.created_at,
        deadline_at=job.deadline_at,
        fingerprint=job.fingerprint,
        batch=job.batch,
        evidence=evidence,
    )


async def _kept(image: str, inputs: Keeper, at: datetime) -> str:
    if len(image) <= INLINE_MAX:
        return image
    return REFERENCE + await inputs.put(image.encode(), at)


async def job_of(row: JobRow, inputs: InputStore) -> Job | None:
    """The job that a row keeps; None when one of its images is no longer at hand."""
    request = json.loads(row.request)
    images = await _restored(request["images"], inputs)
    if images is None:
        return None
    return _job(row, request, images)


def job_to_collect(row: JobRow) -> Job:
    """The job that a row keeps without its large images: enough to collect, not to send."""
    request = json.loads(row.request)
    return _job(row, request, tuple(request["images"]))


def _job(row: JobRow, request: dict[str, Any], images: tuple[str, ...]) -> Job:
    price_max = request["price_max"]
    return Job(
        id=row.id,
        tenant=row.tenant,
        key_id=row.key_id,
        model=row.model,
        prompt=request["prompt"],
        images=images,
        resolution=row.resolution,
        aspect_ratio=request["aspect_ratio"],
        output_format=request["output_format"],
        tags=row.tags,
        created_at=row.created_at,
        deadline_at=row.deadline_at,
        price_max=Money.parse(price_max) if price_max is not None else None,
        # Rows of the first version do not have it.
        key_name=request.get("key_name", ""),
        key_budget=request.get("key_budget"),
        response=Response(request.get("response", Response.URL)),
        callback=_callback(request.get("callback")),
        fingerprint=row.fingerprint,
        batch=row.batch,
    )


def _told_at(callback: ClientCallback | None) -> dict[str, str] | None:
    if callback is None:
        return None
    return {"url": callback.url, "dialect": callback.dialect, "origin": callback.origin}


def _callback(kept: dict[str, str] | None) -> ClientCallback | None:
    if kept is None:
        return None
    # Rows of earlier versions do not have the origin.
    origin = kept.get("origin", "")
    return ClientCallback(url=kept["url"], dialect=kept["dialect"], origin=origin)


def origin_of(row: JobRow) -> str:
    """Where the request came to that bought a job with a callback; empty where unknown."""
    callback = _callback(json.loads(row.request).get("callback"))
    return callback.origin if callback is not None else ""


def digests_of(row: JobRow) -> tuple[str, ...]:
    """By what a job's large images are known in the store of inputs."""
    images: list[str] = json.loads(row.request)["images"]
    return tuple(one.removeprefix(REFERENCE) for one in images if one.startswith(REFERENCE))


def facts_of(row: JobRow) -> JobFacts:
    """What of a stored job its budgets look at."""
    request = json.loads(row.request)
    return JobFacts(
        tenant=row.tenant,
        # As of a job: rows of the first version have only the key's id.
        key=request.get("key_name") or row.key_id,
        model=row.model,
        tags=row.tags,
        key_budget=request.get("key_budget"),
    )


async def _restored(images: Sequence[str], inputs: InputStore) -> tuple[str, ...] | None:
    restored: list[str] = []
    for image in images:
        if not image.startswith(REFERENCE):
            restored.append(image)
            continue
        data = await inputs.get(image.removeprefix(REFERENCE))
        if data is None:
            return None
        restored.append(data.decode())
    return tuple(restored)


def decision_text(decision: Decision, downshift: Downshift | None = None) -> str:
    """A decision as the JSON that the job's row keeps and the replies show."""
    downshifted = (
        {
            "from": downshift.asked.value,
            "to": downshift.bought.value,
            "budget": downshift.budget,
        }
        if downshift is not None
        else None
    )
    return json.dumps(
        {
            **decision.shown,
            **({"downshifted": downshifted} if downshifted is not None else {}),
        },
        ensure_ascii=False,
    )
