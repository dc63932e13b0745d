"""The real thing: `farebox` as a process of its own on loopback, watched from outside."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from router.model.clock import SystemClock

ROOT = Path(__file__).parent.parent
FAREBOX = (sys.executable, "-m", "router")
PATIENCE_S = 30.0
"""For anything that is about to happen; a machine may be busy."""
POLL_S = 0.02
CLOCK = SystemClock()
LOOPBACK = "127.0.0.1"
EDIT: dict[str, Any] = {
    "prompt": "make the sky green",
    "images": ["https://pictures.example/cat.png"],
    "aspect_ratio": "16:9",
}
"""A plain 1k edit; its picture is fetched by nobody."""


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without what configures Farebox, and with what is given."""
    ours = ("FAREBOX_", "SHORTAPI_", "RUNPOD_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **variables}


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Ran:
    """A process that has ended."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Running:
    """A process under way, and what it has written up to now."""

    process: Process
    out: list[str] = field(default_factory=list[str])
    err: list[str] = field(default_factory=list[str])
    _readers: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def __post_init__(self) -> None:
        for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            assert stream is not None
            reader = asyncio.get_running_loop().create_task(_read(stream, lines))
            self._readers.append(reader)

    async def line(self, wanted: str, lines: list[str] | None = None) -> str:
        """Wait for the first line with a text in it: on stdout, or in other `lines`."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for line in self.out if lines is None else lines:
                    if wanted in line:
                        return line
                assert self.process.returncode is None, f"ended: {''.join(self.err[-20:])}"
                await CLOCK.sleep_s(POLL_S)

    async def ended(self) -> Ran:
        """The end, and all that was written."""
        async with asyncio.timeout(PATIENCE_S):
            code = await self.process.wait()
            await asyncio.gather(*self._readers)
        return Ran(code, "".join(self.out), "".join(self.err))

    async def stop(self) -> Ran:
        """Ask it to end, as a supervisor does."""
        if self.process.returncode is None:
            self.process.terminate()
        return await self.ended()

    async def kill(self) -> Ran:
        """End it without a word, as `kill -9` does."""
        if self.process.returncode is None:
            self.process.kill()
        return await self.ended()


async def _read(stream: asyncio.StreamReader, lines: list[str]) -> None:
    while line := await stream.readline():
        lines.append(line.decode())


async def start(
    *arguments: str | Path,
    folder: Path,
    program: tuple[str, ...] = FAREBOX,
    variables: Mapping[str, str] | None = None,
) -> Running:
    """Start `farebox` in a folder."""
    process = await asyncio.create_subprocess_exec(
        *program,
        *map(str, arguments),
        cwd=folder,
        env=environment(**(variables or {})),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    return Running(process)


@asynccontextmanager
async def running(
    *arguments: str | Path,
    folder: Path,
    program: tuple[str, ...] = FAREBOX,
    variables: Mapping[str, str] | None = None,
) -> AsyncIterator[Running]:
    """Have `farebox` run for a while; it is gone afterwards, whatever happens."""
    started = await start(*arguments, folder=folder, program=program, variables=variables)
    try:
        yield started
    finally:
        await started.kill()


async def ran(
    *arguments: str | Path,
    folder: Path,
    program: tuple[str, ...] = FAREBOX,
    variables: Mapping[str, str] | None = None,
) -> Ran:
    """Run `farebox` to its end."""
    async with running(*arguments, folder=folder, program=program, variables=variables) as started:
        return await started.ended()


async def until_ready(session: aiohttp.ClientSession, url: str, started: Running) -> None:
    """Wait until a router takes edits."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            assert started.process.returncode is None, f"ended: {''.join(started.err[-20:])}"
            try:
                async with session.get(f"{url}/readyz") as reply:
                    if reply.ok:
                        return
            except aiohttp.ClientError:
                pass
            await CLOCK.sleep_s(POLL_S)
