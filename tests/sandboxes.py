"""The sandbox on a stage: a clock that moves when told, and requests in one line."""

import json
import random
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from router.sandbox import Answer, Clock, Request, Sandbox, Settings
from router.sandbox.money import dollars
from tests.fakes import FakeClock

SHORT_MODEL = "google/nano-banana-2/edit"
SLUG = "google-nano-banana-2-edit"
PICTURE_URL = "https://pictures.example/cat.png"
DOORBELL = "https://router.example/callbacks/any/token-7f"
LONG_S = 600.0
"""Longer than any job takes."""

_HEADERS = {"authorization": "Bearer key-1", "host": "sandbox.test"}


def edit_args(**overrides: Any) -> dict[str, Any]:
    """Write ShortAPI's `args` of a plain 1K edit; None leaves a field out."""
    args = {
        "prompt": "make the sky green",
        "image_urls": [PICTURE_URL],
        "aspect_ratio": "16:9",
        **overrides,
    }
    return {name: value for name, value in args.items() if value is not None}


def edit_input(**overrides: Any) -> dict[str, Any]:
    """Write Runpod's `input` of a plain 1k edit; None leaves a field out."""
    given = {"prompt": "make the sky green", "images": [PICTURE_URL], **overrides}
    return {name: value for name, value in given.items() if value is not None}


def body_of(answer: Answer) -> Any:
    """Parse an answer's body; money keeps its digits."""
    return json.loads(answer.body, parse_float=Decimal)


class Stage:
    """A sandbox, its clock, and short words for its requests."""

    def __init__(self, *, clock: Clock | None = None, seed: int = 7, **settings: Any) -> None:
        """Take the fields of `Settings`; without a `clock`, one that moves when told."""
        self.fake = FakeClock()
        self.sandbox = Sandbox(clock or self.fake, random.Random(seed), Settings(**settings))

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request with a good key; a body that is not bytes is sent as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
        return await self.sandbox.handle(
            Request(method, path, query or {}, _HEADERS if headers is None else headers, raw)
        )

    async def create(self, args: dict[str, Any] | None = None, **fields: Any) -> Answer:
        """Create a job at ShortAPI."""
        body = {"model": SHORT_MODEL, "args": edit_args() if args is None else args, **fields}
        return await self.ask("POST", "/api/v1/job/create", body)

    async def created(self, args: dict[str, Any] | None = None, **fields: Any) -> str:
        """Create a job at ShortAPI that must be taken; gives its id."""
        ref: str = body_of(await self.create(args, **fields))["data"]["job_id"]
        return ref

    async def query(self, ref: str) -> Answer:
        """Query a job at ShortAPI."""
        return await self.ask("GET", "/api/v1/job/query", query={"id": ref})

    async def data(self, ref: str) -> Any:
        """Query a job at ShortAPI that must be known; gives `data`."""
        return body_of(await self.query(ref))["data"]

    async def run(self, given: dict[str, Any] | None = None, **fields: Any) -> Answer:
        """Run a job at Runpod."""
        body = {"input": edit_input() if given is None else given, **fields}
        return await self.ask("POST", f"/v2/{SLUG}/run", body)

    async def ran(self, given: dict[str, Any] | None = None, **fields: Any) -> str:
        """Run a job at Runpod that must be taken; gives its id."""
        ref: str = body_of(await self.run(given, **fields))["id"]
        return ref

    async def at_runpod(self, verb: str, ref: str = "", method: str = "GET") -> Answer:
        """Ask for any other of Runpod's operations."""
        return await self.ask(method, f"/v2/{SLUG}/{verb}" + (f"/{ref}" if ref else ""))

    async def state(self, ref: str) -> Any:
        """Ask a job's state at Runpod, which must be known."""
        return body_of(await self.at_runpod("status", ref))

    async def fetch(self, url: str, **query: str) -> Answer:
        """Fetch a result by its URL."""
        return await self.ask("GET", "/" + url.split("/", 3)[3], query=query)

    def pass_s(self, seconds: float = LONG_S) -> None:
        """Let time pass: by default long enough for any job to end."""
        self.fake.advance(seconds)

    def net(self, provider: str | None = None) -> str:
        """Sum charges less refunds, in dollars."""
        return dollars(self.sandbox.truth.net_nanos(provider))

    def moves(self) -> Iterable[tuple[str, str, str]]:
        """List every charge and refund: provider, kind, dollars."""
        entries = self.sandbox.truth.entries
        return [(entry.provider, entry.kind, dollars(entry.amount_nanos)) for entry in entries]
