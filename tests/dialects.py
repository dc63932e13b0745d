"""How each dialect is spoken: what its clients send, and where they find what they look for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.web_stage import PICTURE_URL, Answer, Front

SLUG = "google-nano-banana-2-edit"
PROMPT = "make the sky green"


@dataclass(frozen=True, kw_only=True)
class Tongue:
    """One way of asking for an edit, and of asking after it."""

    name: str
    path: str
    body: dict[str, Any]
    reads: str
    """Where a job is asked after; `{id}` is its id."""
    id_of: Callable[[Any], str]
    """Where the answer to a purchase has its id."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    says: dict[str, Any]
    """By outcome, what is answered to the purchase and then to the question after it: a status and,
    by the path of its keys, what the body has there."""

    async def buys(self, front: Front, body: object = None, **how: Any) -> Answer:
        """Ask for an edit."""
        sent = self.body if body is None else body
        return await front.ask("POST", self.path, sent, self.headers, **how)

    async def asks(self, front: Front, job_id: str, **how: Any) -> Answer:
        """Ask after one."""
        return await front.ask("GET", self.reads.format(id=job_id), **how)


@dataclass(frozen=True)
class Said:
    """What an answer has to say."""

    status: int
    has: dict[str, object] = field(default_factory=dict[str, object])
    """By path, as `data.status`; `...` for anything at all, and None for nothing."""


def found_in(body: Any, path: str) -> object:
    """What stands at a path of a body; None where there is nothing."""
    for part in path.split("."):
        if isinstance(body, list):
            body = body[int(part)] if int(part) < len(body) else None
        else:
            body = body.get(part) if isinstance(body, dict) else None
    return body


def check_said(answer: Answer, said: Said) -> None:
    """Hold an answer to what it has to say."""
    told = {path: found_in(answer.json, path) for path in said.has}
    told = {
        path: ... if said.has[path] is ... and one is not None else one
        for path, one in told.items()
    }
    assert (answer.status, told) == (said.status, said.has), answer.text


def shortapi_body(**args: Any) -> dict[str, Any]:
    """Write a create as ShortAPI's documents do; None leaves an argument out."""
    given = {"prompt": PROMPT, "image_urls": [PICTURE_URL], "aspect_ratio": "16:9", **args}
    return {
        "model": "google/nano-banana-2/edit",
        "args": {name: value for name, value in given.items() if value is not None},
    }


def runpod_body(**fields: Any) -> dict[str, Any]:
    """Write a run as Runpod's documents do; None leaves a field out."""
    given = {"prompt": PROMPT, "images": [PICTURE_URL], "aspect_ratio": "16:9", **fields}
    return {"input": {name: value for name, value in given.items() if value is not None}}
