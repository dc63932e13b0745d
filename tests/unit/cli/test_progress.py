import sys
from io import StringIO

import pytest

from router.cli.progress import Progress


class Terminal(StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        """Somebody does."""
        return True


def test_elsewhere_a_line_tells_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """Every fifth of the way, each once."""
    with Progress("replaying") as progress:
        for done in (0, 1, 2, 3, 8, 9, 10, 10):
            progress.show(done, 10)

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == ["replaying: 20 %", "replaying: 80 %", "replaying: 100 %"]


def test_nothing_to_do_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    """All of nothing."""
    with Progress("replaying") as progress:
        progress.show(0, 0)

    assert capsys.readouterr().err == "replaying: 100 %\n"


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which goes when all is done."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    with Progress("replaying") as progress:
        progress.show(5, 10)

    written = terminal.getvalue()
    assert "replaying" in written
    assert "50%" in written
    assert "replaying: " not in written
