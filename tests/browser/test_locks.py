"""What drives the browser is what was tried, from wherever it is got."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOCK: dict[str, Any] = json.loads((HERE / "package-lock.json").read_text())


def test_every_package_is_checked_by_its_hash() -> None:
    """And none says where it came from, which would bind everybody to one registry."""
    packages = {path: row for path, row in LOCK["packages"].items() if path}

    assert packages.keys() == {"node_modules/axe-core", "node_modules/playwright-core"}
    assert all(row.get("integrity") and "resolved" not in row for row in packages.values())


def test_what_is_asked_for_is_what_is_locked() -> None:
    """An edit of `package.json` without a new lock would not be installed."""
    asked = json.loads((HERE / "package.json").read_text())["dependencies"]

    assert LOCK["packages"][""]["dependencies"] == asked
