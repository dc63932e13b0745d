"""A router on its emulators, both processes of their own, and the bill that the emulators write."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.processes import EDIT, LOOPBACK, ROOT, Ran, free_port, ran, running, until_ready

POLICY = """\
policy: billed
summary: ShortAPI alone, so that each edit is one attempt.
prefer: lowest_price
failover: {providers_max: 1}
prices: prices.yaml
examples:
  - {job: 4k, expect: shortapi at $0.09}
"""


@dataclass
class Emulators:
    """Both providers' stand-ins, which know what they charged."""

    session: aiohttp.ClientSession
    url: str
    folder: Path

    async def truth(self) -> Any:
        """What really happened."""
        async with self.session.get(f"{self.url}/_truth") as reply:
            return await reply.json(content_type=None)

    async def breaks(self, *rules: dict[str, Any]) -> None:
        """Script what goes wrong from now on."""
        async with self.session.post(f"{self.url}/_faults", json=list(rules)) as reply:
            assert reply.ok, await reply.text()

    @asynccontextmanager
    async def router(self) -> AsyncIterator["House"]:
        """Have a router on them, with the folder's ledger."""
        port = free_port()
        url = f"http://{LOOPBACK}:{port}"
        variables = {
            "SHORTAPI_KEY": "ak-any",
            "RUNPOD_API_KEY": "rpa-any",
            "FAREBOX_SHORTAPI_URL": self.url,
            "FAREBOX_RUNPOD_URL": self.url,
        }
        serve = ("serve", "--policy", "policy.yaml", "--port", str(port))
        async with running(*serve, folder=self.folder, variables=variables) as started:
            await until_ready(self.session, url, started)
            yield House(self.session, url, self.folder)


@dataclass
class House:
    """A router that runs."""

    session: aiohttp.ClientSession
    url: str
    folder: Path

    async def edit(self, **fields: Any) -> Any:
        """Ask for one edit and wait for its end; gives its body."""
        async with self.session.post(f"{self.url}/v1/edits", json={**EDIT, **fields}) as reply:
            return await reply.json(content_type=None)

    async def get(self, path: str) -> Any:
        """Read JSON."""
        async with self.session.get(f"{self.url}{path}") as reply:
            return await reply.json(content_type=None)

    async def command(self, *arguments: str | Path) -> Ran:
        """Run a command about it."""
        return await ran(*arguments, "--url", self.url, folder=self.folder)


@asynccontextmanager
async def emulators(folder: Path) -> AsyncIterator[Emulators]:
    """Start the emulators beside a policy and a price book."""
    (folder / "policy.yaml").write_text(POLICY, "utf-8")
    (folder / "prices.yaml").write_bytes((ROOT / "policies" / "prices.yaml").read_bytes())
    port = free_port()
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        running("sandbox", "--port", str(port), "--speed", "90", folder=folder) as started,
    ):
        await started.line(str(port))
        yield Emulators(session, f"http://{LOOPBACK}:{port}", folder)


def usage_csv(truth: Mapping[str, Any], provider: str, *more: Mapping[str, str]) -> str:
    """
    Write what a provider charged and refunded, as a provider might.

    Args:
        truth: The emulators'.
        provider: Whose bill.
        more: Further lines, with the same columns: `Job`, `Kind`, `Cost`, `Created`.
    """
    lines = [
        {
            "Job": entry["ref"],
            "Kind": entry["kind"],
            "Cost": f"{'-' * (entry['kind'] == 'refund')}{entry['amount']}",
            "Created": entry["at"],
        }
        for entry in truth["entries"]
        if entry["provider"] == provider
    ]
    return write_csv([*lines, *more])


def write_csv(lines: Iterable[Mapping[str, str]]) -> str:
    """Write lines of a bill."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ("Job", "Kind", "Cost", "Created"))
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()
