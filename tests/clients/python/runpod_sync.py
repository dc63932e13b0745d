"""
Buys edits as a user of PyPI's `runpod` does, one after the other.

`python runpod_sync.py HOST KEY SCENARIO OPTIONS` prints one line of JSON.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import requests
import runpod
from runpod.endpoint.runner import Job

HOST, KEY, SCENARIO = sys.argv[1:4]
OPTIONS = json.loads(sys.argv[4])
PATIENCE_S = 60

runpod.endpoint_url_base = f"{HOST}/v2"
runpod.api_key = KEY
ENDPOINT = runpod.Endpoint("google-nano-banana-2-edit")


def edit(resolution: str) -> dict[str, Any]:
    """What an edit takes."""
    return {
        "input": {
            "prompt": OPTIONS["prompt"],
            "images": [OPTIONS["image"]],
            "resolution": resolution,
            "aspect_ratio": "16:9",
        }
    }


def buy() -> dict[str, Any]:
    """Wait for each edit in its own request, and ask after it when that was not enough."""
    return {"outputs": [ENDPOINT.run_sync(edit(one)) for one in OPTIONS["resolutions"]]}


def queue() -> dict[str, Any]:
    """Start an edit, and ask after it until it has ended."""
    job = ENDPOINT.run(edit(OPTIONS["resolutions"][0]))
    output = job.output(timeout=PATIENCE_S)
    return {"id": job.job_id, "outputs": [output], "status": job.status()}


def cancel() -> dict[str, Any]:
    """Start an edit, and call it off."""
    job = ENDPOINT.run(edit(OPTIONS["resolutions"][0]))
    return {"id": job.job_id, "answer": job.cancel(), "status": job.status()}


def start() -> dict[str, Any]:
    """Start an edit, and leave."""
    return {"id": ENDPOINT.run(edit(OPTIONS["resolutions"][0])).job_id}


def collect() -> dict[str, Any]:
    """Come back for an edit that was started by another process."""
    job = Job(ENDPOINT.endpoint_id, OPTIONS["id"], ENDPOINT.rp_client)
    return {"outputs": [job.output(timeout=PATIENCE_S)], "status": job.status()}


def health() -> dict[str, Any]:
    """Ask how the endpoint is."""
    return {"health": ENDPOINT.health()}


SCENARIOS: dict[str, Callable[[], dict[str, Any]]] = {
    "buy": buy,
    "queue": queue,
    "cancel": cancel,
    "start": start,
    "collect": collect,
    "health": health,
}

try:
    told = SCENARIOS[SCENARIO]()
except requests.HTTPError as refused:
    status = None if refused.response is None else refused.response.status_code
    told = {"error": {"kind": "HTTPError", "status": status}}
except RuntimeError as error:
    told = {"error": {"kind": type(error).__name__, "text": str(error)}}
print(json.dumps(told))
