"""Commands under test: no environment but their own, and a folder of their own."""

import os
from pathlib import Path

import pytest

from tests.commands import Commands


@pytest.fixture
def farebox(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Commands:
    """`farebox("check", file)` runs a command; what this machine has set does not reach it."""
    for name in os.environ:
        if name.startswith(("FAREBOX_", "SHORTAPI_", "RUNPOD_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Commands(capsys, tmp_path)
