"""
Buys edits as a user of PyPI's `runpod` does under asyncio.

`python runpod_asyncio.py HOST KEY SCENARIO OPTIONS` prints one line of JSON.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

HOST, KEY, SCENARIO = sys.argv[1:4]
OPTIONS = json.loads(sys.argv[4])
PATIENCE_S = 60

# The package reads this when it is imported.
os.environ["RUNPOD_ENDPOINT_BASE_URL"] = f"{HOST}/v2"

import runpod  # noqa: E402
from runpod import AsyncioEndpoint, AsyncioJob  # noqa: E402
from runpod.http_client import ClientSession  # noqa: E402

runpod.api_key = KEY
SLUG = "google-nano-banana-2-edit"


def edit(resolution: str) -> dict[str, Any]:
    """What an edit takes; here the package puts it into `input` itself."""
    return {
        "prompt": OPTIONS["prompt"],
        "images": [OPTIONS["image"]],
        "resolution": resolution,
        "aspect_ratio": "16:9",
    }


async def buy(endpoint: AsyncioEndpoint) -> dict[str, Any]:
    """Start edits, and ask after all of them at once."""
    jobs = [await endpoint.run(edit(one)) for one in OPTIONS["resolutions"]]
    outputs = await asyncio.gather(*(job.output(timeout=PATIENCE_S) for job in jobs))
    return {"outputs": outputs, "status": await jobs[0].status()}


async def cancel(endpoint: AsyncioEndpoint) -> dict[str, Any]:
    """Start an edit, and call it off."""
    job = await endpoint.run(edit(OPTIONS["resolutions"][0]))
    return {"id": job.job_id, "answer": await job.cancel(), "status": await job.status()}


async def start(endpoint: AsyncioEndpoint) -> dict[str, Any]:
    """Start an edit, and leave."""
    job = await endpoint.run(edit(OPTIONS["resolutions"][0]))
    return {"id": job.job_id}


async def collect(endpoint: AsyncioEndpoint) -> dict[str, Any]:
    """Come back for an edit that was started by another process."""
    job = AsyncioJob(endpoint.endpoint_id, OPTIONS["id"], endpoint.session, endpoint.headers)
    output = await job.output(timeout=PATIENCE_S)
    return {"outputs": [output], "status": await job.status()}


async def health(endpoint: AsyncioEndpoint) -> dict[str, Any]:
    """Ask how the endpoint is."""
    return {"health": await endpoint.health()}


SCENARIOS: dict[str, Callable[[AsyncioEndpoint], Awaitable[dict[str, Any]]]] = {
    "buy": buy,
    "queue": buy,
    "cancel": cancel,
    "start": start,
    "collect": collect,
    "health": health,
}


async def main() -> dict[str, Any]:
    """Run the scenario. The package does not look at statuses: a refusal is a missing id."""
    async with ClientSession() as session:
        try:
            return await SCENARIOS[SCENARIO](AsyncioEndpoint(SLUG, session))
        except KeyError as error:
            return {"error": {"kind": "KeyError", "text": str(error)}}


print(json.dumps(asyncio.run(main())))
