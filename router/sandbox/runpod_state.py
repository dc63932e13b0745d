"""
How Runpod writes a job's state: only the keys that exist, never null, times in milliseconds.

Source: Runpod docs, "Job states"; captured replies for workerId, retries and the failed output.
"""

import base64
from typing import Any

from router.sandbox.jobs import Ending, Job, Stage
from router.sandbox.money import dollars
from router.sandbox.settings import RunpodSettings

_NAMES = {
    Stage.QUEUED: "IN_QUEUE",
    Stage.RUNNING: "IN_PROGRESS",
    Stage.SUCCEEDED: "COMPLETED",
    Stage.FAILED: "FAILED",
    Stage.CANCELLED: "CANCELLED",
}
_GARBAGE: dict[str, object] = {
    "nan": float("nan"),
    "negative": -0.0875,
    "huge": 1e30,
    "text": "free of charge",
}
_OUTPUT_KEYS = {
    "result": ("result",),
    "image_url": ("image_url",),
    "both": ("result", "image_url"),
}
_FORGED_URL = "https://forged.example/picture.png"

State = dict[str, Any]


def write_state(
    job: Job, stage: Stage, settings: RunpodSettings, image: bytes | None = None
) -> State:
    """
    Write a job's state.

    Args:
        job: It is known to whoever asks.
        stage: What they are told; not `GONE`.
        settings: Which output key, and how base64 looks.
        image: The result itself, when it was asked for as base64.
    """
    state: State = {"id": job.ref, "status": _NAMES.get(stage, settings.unknown_status)}
    if job.retries:
        state["retries"] = job.retries
    if stage in {Stage.RUNNING, Stage.SUCCEEDED, Stage.FAILED}:
        state["delayTime"] = round(job.plan.queue_s * 1000)
        state["workerId"] = job.worker
    if stage in {Stage.SUCCEEDED, Stage.FAILED}:
        state["executionTime"] = round((job.ended_s - job.started_s) * 1000)
    if stage is Stage.SUCCEEDED:
        state["output"] = _output(job, settings, image)
    if stage is Stage.FAILED:
        state["error"] = "executionTimeout exceeded" if job.timed_out else job.plan.error
        if not job.timed_out and not job.retries:
            state["output"] = {"status": "failed"}
    return dict(sorted(state.items()))


def forged_state(job: Job, settings: RunpodSettings) -> State:
    """Write a lie: the job is done, costs nothing, and its result is somewhere else."""
    output: State = {"cost": 0, **dict.fromkeys(_OUTPUT_KEYS[settings.output_key], _FORGED_URL)}
    return {"id": job.ref, "output": output, "status": "COMPLETED"}


def _output(job: Job, settings: RunpodSettings, image: bytes | None) -> State:
    output: State = {"cost": _cost(job)}
    if job.plan.ending is Ending.IMAGE:
        value = job.picture_url if image is None else _base64(job, image, settings)
        output.update(dict.fromkeys(_OUTPUT_KEYS[settings.output_key], value))
    return output


def _cost(job: Job) -> object:
    """Say what it cost: a JSON number, as theirs is. The books hold the exact amount."""
    if job.plan.garbage:
        return _GARBAGE[job.plan.garbage]
    return float(dollars(job.plan.charge_nanos))


def _base64(job: Job, image: bytes, settings: RunpodSettings) -> str:
    text = base64.b64encode(image).decode()
    kind = "image/jpeg" if job.picture_url.endswith(".jpg") else "image/png"
    return f"data:{kind};base64,{text}" if settings.base64 == "data_url" else text
