"""
Buys edits as a user of PyPI's `openai` does under asyncio.

`python openai_asyncio.py HOST KEY SCENARIO OPTIONS` prints one line of JSON.
"""

import asyncio
import json
import sys
from base64 import b64decode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import openai
from openai import AsyncOpenAI
from openai.types import ImagesResponse

HOST, KEY, SCENARIO = sys.argv[1:4]
OPTIONS = json.loads(sys.argv[4])
PICTURE = Path(OPTIONS["picture"]).read_bytes()


def shown(reply: ImagesResponse) -> list[dict[str, Any]]:
    """What an answer's images are."""
    return [
        {"url": image.url}
        if image.b64_json is None
        else {
            "head": b64decode(image.b64_json)[:8].hex(),
            "digest": sha256(b64decode(image.b64_json)).hexdigest(),
        }
        for image in reply.data or []
    ]


async def edit(client: AsyncOpenAI, resolution: str, **more: Any) -> ImagesResponse:
    """Buy an edit; what only Farebox knows goes by `extra_body`."""
    return await client.images.edit(
        model="nano-banana-2-edit",
        image=("mug.png", PICTURE, "image/png"),
        prompt=OPTIONS["prompt"],
        extra_body={"resolution": resolution, "aspect_ratio": "16:9"},
        **more,
    )


async def buy(client: AsyncOpenAI) -> dict[str, Any]:
    """Buy an edit of each size, all at once."""
    replies = await asyncio.gather(*(edit(client, one) for one in OPTIONS["resolutions"]))
    usage = replies[0].usage
    return {
        "images": [image for reply in replies for image in shown(reply)],
        "usage": None if usage is None else usage.model_dump(),
    }


async def several(client: AsyncOpenAI) -> dict[str, Any]:
    """Buy several images of one edit."""
    return {"images": shown(await edit(client, OPTIONS["resolutions"][0], n=OPTIONS["n"]))}


async def hasty(client: AsyncOpenAI) -> dict[str, Any]:
    """Wait less than an edit takes; the package itself asks again."""
    impatient = client.with_options(timeout=OPTIONS["timeout_s"], max_retries=OPTIONS["retries"])
    return {"images": shown(await edit(impatient, OPTIONS["resolutions"][0]))}


SCENARIOS: dict[str, Callable[[AsyncOpenAI], Awaitable[dict[str, Any]]]] = {
    "buy": buy,
    "several": several,
    "hasty": hasty,
}


async def main() -> dict[str, Any]:
    """Run the scenario."""
    async with AsyncOpenAI(base_url=f"{HOST}/v1", api_key=KEY) as client:
        try:
            return await SCENARIOS[SCENARIO](client)
        except openai.APIStatusError as refused:
            return {
                "error": {
                    "kind": type(refused).__name__,
                    "status": refused.status_code,
                    "code": refused.code,
                    "text": refused.message,
                }
            }
        except openai.APIConnectionError as lost:
            return {"error": {"kind": type(lost).__name__}}


print(json.dumps(asyncio.run(main())))
