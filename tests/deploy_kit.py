"""What is deployed beside Farebox: its files, and the tools that judge them from outside."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes import ROOT

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "rules"
PACKAGES = {
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "amtool": "prometheus-alertmanager",
}
"""The Debian package that each tool comes with."""
PROMETHEUS_WORDS = frozenset({"up", "ALERTS"})


def tool(name: str) -> str:
    """
    Find a tool.

    Where it is missing the test is skipped, and says what to install; but never on CI.
    """
    found = shutil.which(name)
    if found is None:
        message = f"no {name} here: apt-get install {PACKAGES[name]}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def judged(name: str, *arguments: str | Path, given: bytes | None = None) -> str:
    """What a tool says of our files, which it must find good."""
    done = subprocess.run(
        [tool(name), *map(str, arguments)], input=given, capture_output=True, check=False
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


def checked(module: str, *arguments: str | Path) -> tuple[int, str]:
    """What a judge that was installed as a Python package says: its exit code, and its words."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)], capture_output=True, check=False
    )
    return done.returncode, (done.stdout + done.stderr).decode()


def load(path: Path) -> Any:
    """Read a YAML file."""
    return yaml.safe_load(path.read_text("utf-8"))


def rules() -> Iterator[dict[str, Any]]:
    """Every rule, recording and alerting."""
    for path in sorted(RULES.glob("*.yaml")):
        for group in load(path)["groups"]:
            yield from group["rules"]


def metrics_in(expression: str) -> set[str]:
    """The names of metrics, also of recorded ones, in an expression."""
    bare = re.sub(r'"[^"]*"|#[^\n]*', "", expression)
    return set(re.findall(r"\b(?:\w+:)?farebox_\w+(?::\w+)?", bare))


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """A dashboard's panels without its headings."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]
