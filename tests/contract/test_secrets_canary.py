"""
No secret leaves the house: each of them goes in by every door, and all that is told is searched.

The whole router runs here, with providers that quote in their every answer what they were sent: the
prompt, the signed image, our key with them, the callback's address. What is searched is both logs,
all answers, the metrics, and the house's own words. What an edit's buyer is given by right is its
image's address, and nobody else has that.
"""

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, redirect_stderr
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from router.app import House
from router.cli.serving import event_log, serving
from router.settings import ProviderSettings, Settings
from tests.policy_files import POLICY, write_policy
from tests.processes import LOOPBACK, free_port
from tests.raw_server import RawServer, Visit
from tests.web_stage import PNG, an_edit

pytestmark = pytest.mark.slow

PROMPT = "a heron that nobody has seen yet\n in a velvet waistcoat, for the autumn campaign"
IMAGE = "https://pictures.example/{way}/{quoting}.png?X-Signature=imagesignaturecanary"
RESULT = "https://results.example/heron.png?X-Signature=resultsignaturecanary"
KEYS = {"shortapi": "shortapicanarykey", "runpod": "rpa_RUNPODCANARY4XK2M9QW"}
ADMIN_KEY = "admincanarykey"
ORDER = "ordercanary-1"
SECRETS = {
    "nobody has seen", "velvet waistcoat", "autumn campaign", "imagesignaturecanary",
    "resultsignaturecanary", *KEYS.values(), ADMIN_KEY, ORDER, "madeupcanary", "usercanary",
    PNG.rpartition(",")[2],
}  # fmt: skip
WAYS = ("delivers", "fails", "refuses", "forbids", "breaks")
QUOTED = ("prompt", "half", "tail", "image", "callback", "bearer", "key", "body", "head")
POLICY_TEXT = POLICY.replace(
    "budgets:\n", "budgets:\n  - {name: poor, who: {tenant: poor}, limit: $0.01, per: day}\n"
)


@dataclass
class Parrot:
    """A provider that says again what it was told, in each of its answers."""

    name: str
    callbacks: list[str] = field(default_factory=list[str])
    """The addresses at which it was asked to ring."""
    said: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """By the ids that it gave: how such a job ends, and its words."""

    async def behave(self, visit: Visit) -> None:
        """Answer all requests of a connection."""
        while True:
            await visit.read_request()
            head, body = visit.heads[-1], visit.bodies[-1]
            if head.startswith("POST"):
                status, told = self._create(head, body.decode())
            else:
                status, told = "200 OK", self._query(head.split()[1])
            answer = json.dumps(told).encode()
            await visit.send(
                f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer
            )

    def _create(self, head: str, body: str) -> tuple[str, Any]:
        document = json.loads(body)
        job = document.get("args") or document["input"]
        image = (job.get("image_urls") or job["images"])[0]
        callback = document.get("callback_url") or document["webhook"]
        self.callbacks.append(callback)
        way, quoting = re.findall(r"/(\w+)/(\w+)\.png", image)[0]
        prompt, key = job["prompt"], KEYS[self.name]
        quoted = {
            "prompt": prompt, "half": prompt[:50], "tail": prompt[28:], "image": image,
            "callback": callback, "bearer": f"Bearer {key}", "key": key, "body": body, "head": head,
        }[quoting]  # fmt: skip
        words = f"we were sent {quoted} and more"
        match way:
            case "refuses":
                return "422 No", {"message": words}
            case "forbids":
                return "401 No", {"error": {"message": words}}
            case "breaks":
                return "500 Oh", {"error": words}
            case _:
                ref = f"{self.name}-{len(self.said)}"
                self.said[ref] = way, words
                return "200 OK", {"id": ref, "status": "IN_QUEUE"} if self.name == "runpod" else {
                    "code": 0, "data": {"job_id": ref, "amount": words}
                }  # fmt: skip

    def _query(self, path: str) -> Any:
        ref = re.split(r"[=/]", path)[-1]
        way, words = self.said[ref]
        if self.name == "runpod":
            if way == "fails":
                return {"id": ref, "status": "FAILED", "error": words}
            return {"id": ref, "status": "COMPLETED", "output": {"result": RESULT, "cost": words}}
        if way == "fails":
            return {"code": 0, "data": {"job_id": ref, "status": 3, "error_message": words}}
        result = {"images": [RESULT]}
        return {"code": 0, "data": {"job_id": ref, "status": 2, "amount": words, "result": result}}


@dataclass
class Scene:
    """The router at its address, and everything that anybody has heard of it."""

    house: House
    session: aiohttp.ClientSession
    parrots: tuple[Parrot, ...]
    heard: dict[str, str] = field(default_factory=dict[str, str])
    """By who said it."""
    keys: dict[str, str] = field(default_factory=dict[str, str])
    """By tenant."""

    async def ask(
        self, what: str, method: str, path: str, *, key: str | None, **request: Any
    ) -> tuple[int, str]:
        """Send a request and remember the answer, head and body; gives status and body."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= request.pop("headers", {})
        async with self.session.request(method, path, headers=headers, **request) as response:
            text = await response.text()
        self.heard[f"{what} {len(self.heard)}"] = f"{response.headers!r}\n{text}"
        return response.status, text

    async def mint(self, tenant: str) -> None:
        """Make a key; the answer to that is the one place where it may stand."""
        body = {"tenant": tenant, "name": "a key", "role": "client"}
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        async with self.session.post("/v1/keys", json=body, headers=headers) as response:
            self.keys[tenant] = (await response.json())["key"]

    async def edit(self, way: str, quoting: str, resolution: str) -> tuple[int, str]:
        """Buy an edit that ends in some way, its provider quoting something."""
        body = an_edit(
            prompt=PROMPT,
            images=[IMAGE.format(way=way, quoting=quoting)],
            resolution=resolution,
        )
        headers = {"Idempotency-Key": f"{ORDER}-{quoting}-{resolution}", "Prefer": "wait=4"}
        return await self.ask(
            "edit", "POST", "/v1/edits", key=self.keys["acme"], json=body, headers=headers
        )

    def leaks(self) -> list[tuple[str, str]]:
        """Who told which secret."""
        tokens = {url.rpartition("/")[2] for one in self.parrots for url in one.callbacks}
        secrets = SECRETS | tokens | {key.rpartition("_")[2] for key in self.keys.values()}
        return [
            (who, secret)
            for who, text in self.heard.items()
            for secret in sorted(secrets)
            if secret in text and not (who.startswith("edit") and "resultsignature" in secret)
        ]


@asynccontextmanager
async def a_scene(folder: Path) -> AsyncIterator[tuple[Scene, list[io.StringIO]]]:
    """Have the whole router between its clients and two parrots, with a log of either style."""
    parrots = (Parrot("shortapi"), Parrot("runpod"))
    port = free_port()
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(RawServer(one.behave)) for one in parrots]
        settings = Settings(
            providers={
                parrot.name: ProviderSettings(url=server.url, key=KEYS[parrot.name])
                for parrot, server in zip(parrots, servers, strict=True)
            },
            policy=write_policy(folder, policy=POLICY_TEXT),
            database=f"sqlite:///{folder / 'farebox.db'}",
            port=port,
            public_url=f"http://{LOOPBACK}:{port}",
            admin_key=ADMIN_KEY,
        )
        logs, observers = [io.StringIO(), io.StringIO()], []
        for stream, style in zip(logs, ("json", "text"), strict=True):
            with redirect_stderr(stream):
                observers.append(stack.enter_context(event_log(replace(settings, log=style))))
        house = await stack.enter_async_context(serving(settings, *observers))
        session = aiohttp.ClientSession(f"http://{LOOPBACK}:{port}")
        scene = Scene(house, await stack.enter_async_context(session), parrots)
        scene.heard["settings"] = repr(settings)
        scene.heard["services"] = repr(house.services)
        for tenant in ("acme", "poor"):
            await scene.mint(tenant)
        yield scene, logs


async def look_around(scene: Scene) -> None:
    """Read everything that is there to be read, as the operator and as nobody."""
    for path in (
        "/v1/spend?by=provider,tenant,resolution,model,day", "/v1/budgets", "/v1/attempts",
        "/v1/attempts?state=in_doubt", "/v1/keys", "/metrics", "/readyz?verbose", "/nowhere",
        "/v1/exports/focus", "/v1/exports/focus?version=1.4", "/v1/periods",
        "/v1/accounts/shortapi/events",
    ):  # fmt: skip
        for key in (ADMIN_KEY, None):
            await scene.ask("look", "GET", path, key=key)


@pytest.mark.parametrize("way", WAYS)
async def test_no_secret_is_told_however_an_edit_ends(tmp_path: Path, way: str) -> None:
    """Whatever providers quote, neither logs nor answers nor metrics say it again."""
    async with a_scene(tmp_path) as (scene, logs):
        wanted = [(quoting, resolution) for quoting in QUOTED for resolution in ("1k", "4k")]
        answers = await asyncio.gather(*(scene.edit(way, *one) for one in wanted))
        for parrot in scene.parrots:
            for url in parrot.callbacks[:3]:
                path = "/" + url.split("/", 3)[3]
                told = {"id": PROMPT, "data": {"job_id": "heard-1", "error": PROMPT}}
                await scene.ask("ring", "POST", path, key=None, json=told)
                await scene.ask("ring", "POST", path[:-1] + "?", key=None, json=told)
        for status, text in answers:
            assert status in {200, 202, 422, 502}, text
            job_id = json.loads(text).get("id") or json.loads(text)["job_id"]
            await scene.ask("edit", "GET", f"/v1/edits/{job_id}", key=scene.keys["acme"])
        await look_around(scene)
    scene.heard |= {"json log": logs[0].getvalue(), "text log": logs[1].getvalue()}

    assert all(parrot.callbacks for parrot in scene.parrots)
    assert [log.getvalue().count("attempt_settled") >= len(wanted) for log in logs] == [True] * 2
    assert "we were sent" in "".join(scene.heard.values())
    assert scene.leaks() == []


async def test_no_secret_is_told_of_what_is_refused(tmp_path: Path) -> None:
    """A full budget, a wrong key, broken HTTP and all kinds of malformed requests quote nothing."""
    edit = an_edit(prompt=PROMPT, images=[IMAGE.format(way="delivers", quoting="body")])
    async with a_scene(tmp_path) as (scene, logs):
        acme, poor = scene.keys["acme"], scene.keys["poor"]
        asked: list[tuple[str | None, dict[str, Any]]] = [
            (poor, {"json": edit}),
            (None, {"json": edit}),
            ("madeupcanary", {"json": edit}),
            (acme[:-1], {"json": edit}),
            (None, {"json": edit, "headers": {"Authorization": f"Digest {acme}"}}),
            (None, {"json": edit, "headers": {"X-Api-Key": acme, "Cookie": f"key={acme}"}}),
            (acme, {"json": {**edit, PROMPT: 1}}),
            (acme, {"json": {**edit, "prompt": [PROMPT]}}),
            (acme, {"json": {**edit, "prompt": {"text": PROMPT}}}),
            (acme, {"json": {**edit, "images": PROMPT}}),
            (acme, {"json": {**edit, "images": ["ftp://usercanary@host/" + PROMPT]}}),
            (acme, {"json": {**edit, "images": ["https://u:usercanary@pictures.example/a.png"]}}),
            (acme, {"json": {**edit, "images": [PNG, "data:text/html;base64," + PNG[-90:]]}}),
            (acme, {"json": {**edit, "images": ["http://127.0.0.1/" + edit["images"][0]]}}),
            (acme, {"json": {**edit, "resolution": PROMPT}}),
            (acme, {"json": {**edit, "model": PROMPT}}),
            (acme, {"json": {**edit, "aspect_ratio": PROMPT}}),
            (acme, {"json": {**edit, "output_format": PROMPT}}),
            (acme, {"json": {**edit, "price_max": PROMPT}}),
            (acme, {"json": {**edit, "tags": {PROMPT: PROMPT}}}),
            (acme, {"json": {**edit, "tags": PROMPT}}),
            (acme, {"json": {**edit, "deadline_s": PROMPT}}),
            (acme, {"json": {**edit, "callback_url": f"http://usercanary@x/?{ORDER}"}}),
            (acme, {"json": edit, "headers": {"Idempotency-Key": f"{ORDER} {'x' * 300}"}}),
            (acme, {"json": edit, "headers": {"Content-Encoding": "usercanary"}}),
            (acme, {"json": PROMPT}),
            (acme, {"data": json.dumps(edit)[:-9].encode()}),
            (acme, {"data": (PROMPT + "\udcff").encode(errors="surrogateescape")}),
        ]
        statuses = [
            (await scene.ask("refusal", "POST", "/v1/edits", key=key, **request))[0]
            for key, request in asked
        ]
        for path in (
            f"/v1/edits/{acme}",
            f"/{acme}",
            f"/v1/edits?after={ORDER}",
            f"/v1/edits/{PROMPT}",
            "/v1/edits?status=usercanary",
            "/v1/spend?from=usercanary",
        ):
            await scene.ask("refusal", "GET", path, key=acme)
        scene.heard["broken HTTP"] = await broken_http(scene, acme)
        await look_around(scene)
    scene.heard |= {"json log": logs[0].getvalue(), "text log": logs[1].getvalue()}

    assert scene.leaks() == []
    refused = {400, 401, 402, 403, 413, 415, 422}
    taken = [(asked[n], status) for n, status in enumerate(statuses) if status not in refused]
    assert taken == []
    assert {400, 401, 402, 422} <= set(statuses)


async def broken_http(scene: Scene, key: str) -> str:
    """Send what is not HTTP, with secrets in it; gives all that is answered."""
    address = scene.session._base_url
    assert address is not None
    said = b""
    for request in (
        f"POST /v1/edits?{ORDER} HTTP/1.1\r\nAuthorization Bearer {key}\r\n\r\n",
        f"{key} madeupcanary\r\n\r\n",
        f"POST /v1/edits HTTP/1.1\r\nHost: x\r\nContent-Length: usercanary\r\nX: {key}\r\n\r\n",
        f"POST /v1/edits HTTP/1.1\r\nHost: x\r\nX-Key: {key}\0\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(request.encode())
        async with asyncio.timeout(10):
            said += await reader.read()
        writer.close()
    assert len(re.findall(rb"HTTP/1.[01] 400", said)) == 4
    assert said.count(b"Content-Type: application/problem+json\r\n") == 4
    assert said.count(b"Server: farebox\r\n") == 4
    return said.decode()
