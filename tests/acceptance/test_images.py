"""Images in and out, through the real router and the providers' stand-ins."""

import asyncio
import base64
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.pictures import a_picture, pixels_of
from tests.processes import EDIT, LOOPBACK, free_port, ran, running, until_ready

pytestmark = pytest.mark.slow

UPLOAD = "data:image/png;base64," + base64.b64encode(a_picture(size=(64, 36))).decode()
KEEPING = """
keep: {results: 30d}
"""


async def test_the_cheap_provider_serves_an_upload_as_jpeg_in_base64(tmp_path: Path) -> None:
    """It takes only addresses and makes only PNGs; a dead result is charged, told and claimed."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    variables = {"FAREBOX_PUBLIC_URL": url}
    arguments = ("serve", "--sandbox", "--speed", "20", "--port", str(port))
    edit = {**EDIT, "images": [UPLOAD], "output_format": "jpeg"}
    async with (
        running(*arguments, folder=tmp_path, variables=variables) as router,
        aiohttp.ClientSession() as session,
    ):
        await until_ready(session, url, router)

        async def bought(**fields: object) -> Any:
            async with session.post(f"{url}/v1/edits", json={**edit, **fields}) as reply:
                assert reply.status == 200, await reply.text()
                return await reply.json()

        whole, linked, plain = await asyncio.gather(
            bought(response="base64"), bought(), bought(output_format=None)
        )
        link = linked["images"][0]["url"]
        async with session.get(link) as reply:
            fetched, kind = await reply.read(), reply.content_type
        where = urlsplit(plain["images"][0]["url"])
        fault = {"fault": "dead_result_url", "provider": "shortapi"}
        async with session.post(f"http://{where.netloc}/_faults", json=fault) as reply:
            assert reply.ok
        dead = await bought(response="base64")
        claims, kept = await asyncio.gather(
            ran("claims", "--json", folder=tmp_path), ran("archive", "--json", folder=tmp_path)
        )
        ended = await router.stop()

    (image,) = whole["images"]
    assert (whole["provider"], whole["charged"]) == ("shortapi", "0.04")
    assert image["format"] == "jpeg"
    assert pixels_of(base64.b64decode(image["base64"]))[:2] == ("JPEG", (1360, 768))
    assert link.startswith(f"{url}/results/{linked['id']}-1.jpg?expires=")
    assert (kind, pixels_of(fetched)[0]) == ("image/jpeg", "JPEG")
    assert (dead["status"], dead["charged"]) == ("failed", "0.04")
    assert dead["error"]["code"] == "result_unavailable"
    document = json.loads(claims.out)
    assert [claim["job"] for claim in document["claims"]] == [dead["id"]]
    assert document["total"] == "0.04"
    assert json.loads(kept.out)["images"] == 2
    assert "Traceback" not in ended.err
    assert "signature" not in ended.err


async def test_a_result_outlives_its_provider(tmp_path: Path) -> None:
    """A policy that keeps results shows them when their makers, and a first router, are gone."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    policies = Path(__file__).parents[2] / "policies"
    policy = tmp_path / "policy.yaml"
    policy.write_text((policies / "cheapest-first.yaml").read_text("utf-8") + KEEPING, "utf-8")
    (tmp_path / "prices.yaml").write_text((policies / "prices.yaml").read_text("utf-8"), "utf-8")
    arguments = ("serve", "--sandbox", "--speed", "20", "--port", str(port), "--policy", policy)
    archive = tmp_path / "elsewhere"
    variables = {"FAREBOX_ARCHIVE": f"file://{archive}"}
    async with aiohttp.ClientSession() as session:
        async with running(*arguments, folder=tmp_path, variables=variables) as first:
            await until_ready(session, url, first)
            async with session.post(f"{url}/v1/edits", json=EDIT) as reply:
                edit = await reply.json()
            await first.kill()
        async with running(*arguments, folder=tmp_path, variables=variables) as second:
            await until_ready(session, url, second)
            async with session.get(f"{url}/v1/edits/{edit['id']}") as reply:
                again = await reply.json()
            async with session.get(edit["images"][0]["url"]) as reply:
                picture = await reply.read()

    assert again["images"] == edit["images"]
    assert pixels_of(picture)[0] == "PNG"
    assert len(list(archive.glob("*/local/*.png"))) == 1


async def test_what_is_too_large_for_one_door_of_runpod_goes_by_the_other(tmp_path: Path) -> None:
    """Without a public address: 16 MB are bought at once; what no provider takes is a 400."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    run = f"{url}/v2/google-nano-banana-2-edit/runsync"
    sizes = {"fits": 12_000_000, "exceeds": 16_000_000}
    uploads = {
        name: "data:image/png;base64,"
        + base64.b64encode(a_picture(size=(64, 36)).ljust(size, b"\0")).decode()
        for name, size in sizes.items()
    }
    async with (
        running("sandbox", "--port", "0", "--speed", "20", folder=tmp_path) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        emulators = (await sandbox.line("stand-ins listen on")).split()[5].rstrip(".")
        variables = {
            "SHORTAPI_KEY": "any",
            "RUNPOD_API_KEY": "any",
            "FAREBOX_SHORTAPI_URL": emulators,
            "FAREBOX_RUNPOD_URL": emulators,
        }
        serve = ("serve", "--port", str(port))
        async with running(*serve, folder=tmp_path, variables=variables) as router:
            await until_ready(session, url, router)
            answers: dict[str, Any] = {}
            headers = {"Content-Type": "application/json"}
            for name, upload in uploads.items():
                body = {"input": {"prompt": "make the sky green", "images": [upload]}}
                data = io.BytesIO(json.dumps(body).encode())
                async with session.post(run, data=data, headers=headers) as reply:
                    answers[name] = (reply.status, await reply.json())
            async with session.get(f"{emulators}/_truth") as reply:
                (create,) = (await reply.json())["creates"]

    assert answers["fits"][1]["status"] == "COMPLETED"
    assert create["path"].endswith("/runsync")
    assert create["body_bytes"] > 16_000_000
    status, refused = answers["exceeds"]
    assert status == 400
    assert "takes requests of at most 20000000 bytes" in refused["error"]
