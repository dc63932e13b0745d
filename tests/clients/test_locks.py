"""The clients' lock files: what is installed is what was tried, from wherever it is got."""

import json
import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NODE: dict[str, Any] = json.loads((HERE / "node" / "package-lock.json").read_text())


def test_every_package_of_python_is_checked_by_its_hash() -> None:
    """A package that was changed where it is kept is refused."""
    lock = (HERE / "python" / "requirements.lock").read_text()
    pinned = re.findall(r"^\S+==\S+.*\\\n +--hash=sha256:", lock, re.MULTILINE)

    assert {"openai", "runpod", "requests"} <= {line.partition("==")[0] for line in pinned}
    assert len(pinned) == len(re.findall(r"^\S+==", lock, re.MULTILINE))


def test_every_package_of_node_is_checked_by_its_hash() -> None:
    """And so it is here."""
    packages = {path: row for path, row in NODE["packages"].items() if path}

    assert {"node_modules/ai", "node_modules/openai"} <= packages.keys()
    assert [path for path, row in packages.items() if not row.get("integrity")] == []


def test_no_package_of_node_says_where_it_came_from() -> None:
    """The address of one registry would bind everybody to it."""
    assert [path for path, row in NODE["packages"].items() if "resolved" in row] == []


def test_what_is_asked_for_is_what_is_locked() -> None:
    """An edit of `package.json` without a new lock would not be installed."""
    asked = json.loads((HERE / "node" / "package.json").read_text())["dependencies"]

    assert NODE["packages"][""]["dependencies"] == asked
