"""
Buys edits as a user of PyPI's `openai` does.

`python openai_sync.py HOST KEY SCENARIO OPTIONS` prints one line of JSON.
"""

import json
import sys
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import openai
from openai import OpenAI
from openai.types import ImagesResponse

HOST, KEY, SCENARIO = sys.argv[1:4]
OPTIONS = json.loads(sys.argv[4])
CLIENT = OpenAI(base_url=f"{HOST}/v1", api_key=KEY)
PICTURE = Path(OPTIONS["picture"])


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


def edit(client: OpenAI, resolution: str, **more: Any) -> ImagesResponse:
    """Buy an edit; what only Farebox knows goes by `extra_body`."""
    with PICTURE.open("rb") as picture:
        return client.images.edit(
            model="nano-banana-2-edit",
            image=picture,
            prompt=OPTIONS["prompt"],
            extra_body={"resolution": resolution, "aspect_ratio": "16:9"},
            **more,
        )


def buy() -> dict[str, Any]:
    """Buy an edit of each size."""
    replies = [edit(CLIENT, one) for one in OPTIONS["resolutions"]]
    usage = replies[0].usage
    return {
        "images": [image for reply in replies for image in shown(reply)],
        "usage": None if usage is None else usage.model_dump(),
    }


def several() -> dict[str, Any]:
    """Buy several images of one edit."""
    return {"images": shown(edit(CLIENT, OPTIONS["resolutions"][0], n=OPTIONS["n"]))}


def listed() -> dict[str, Any]:
    """Send raw bytes in a list, without a name or a type, and ask for a JPEG of a size."""
    reply = CLIENT.images.edit(
        model="nano-banana-2-edit",
        image=[PICTURE.read_bytes(), PICTURE.read_bytes()],
        prompt=OPTIONS["prompt"],
        size="1536x1024",
        quality="high",
        output_format="jpeg",
    )
    return {"images": shown(reply), "format": reply.output_format}


def linked() -> dict[str, Any]:
    """Ask for a link in place of the image itself."""
    return {"images": shown(edit(CLIENT, OPTIONS["resolutions"][0], response_format="url"))}


def hasty() -> dict[str, Any]:
    """Wait less than an edit takes; the package itself asks again."""
    client = CLIENT.with_options(timeout=OPTIONS["timeout_s"], max_retries=OPTIONS["retries"])
    return {"images": shown(edit(client, OPTIONS["resolutions"][0]))}


def masked() -> dict[str, Any]:
    """Ask for what no provider can do."""
    with PICTURE.open("rb") as mask:
        return {"images": shown(edit(CLIENT, OPTIONS["resolutions"][0], mask=mask))}


def models() -> dict[str, Any]:
    """List what can be bought."""
    return {"models": [model.id for model in CLIENT.models.list()]}


SCENARIOS: dict[str, Callable[[], dict[str, Any]]] = {
    "buy": buy,
    "several": several,
    "listed": listed,
    "linked": linked,
    "hasty": hasty,
    "masked": masked,
    "models": models,
}

try:
    told = SCENARIOS[SCENARIO]()
except openai.APIStatusError as refused:
    told = {
        "error": {
            "kind": type(refused).__name__,
            "status": refused.status_code,
            "code": refused.code,
            "text": refused.message,
        }
    }
except openai.APIConnectionError as lost:
    told = {"error": {"kind": type(lost).__name__}}
print(json.dumps(told))
