"""Commands in a test: in this process, with their exit code and what they wrote."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from router.cli import main


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


class Commands:
    """Runs `farebox …` in this process, in a folder of its own."""

    def __init__(self, captured: pytest.CaptureFixture[str], folder: Path) -> None:
        self._captured = captured
        self.folder = folder

    def __call__(self, *arguments: str | Path) -> Ran:
        """Run one command."""
        self._captured.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        written = self._captured.readouterr()
        return Ran(int(ended.value.code or 0), written.out, written.err)
