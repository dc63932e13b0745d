import re
from pathlib import Path
from typing import Any

import pytest
import typer

from router.cli import BILLS, KEEPING, MONEY, POLICIES, RUNNING, app, main
from tests.commands import Commands

NAMES = sorted(
    [
        command.name or getattr(command.callback, "__name__", "")
        for command in app.registered_commands
    ]
    + [group.name or "" for group in app.registered_groups]
)
EVERY = NAMES + [
    f"{group.name} {command.name}"
    for group in app.registered_groups
    if group.typer_instance is not None
    for command in group.typer_instance.registered_commands
]

ROOT = Path(__file__).parents[3]
NAMING = [
    *(one for ending in ("*.py", "*.html") for one in (ROOT / "router").rglob(ending)),
    *(one for ending in ("*.md", "*.yaml", "*.json") for one in (ROOT / "deploy").rglob(ending)),
    ROOT / "README.md",
]
# A compose file's service of the name stands before the command there.
NAMED = re.compile(r"\bfarebox (?!farebox |python )([a-z]+[^`<\n\"|]*)")
OPTION = re.compile(r"--[a-z-]+")


@pytest.mark.parametrize("name", EVERY)
def test_every_command_explains_itself_with_an_example(farebox: Commands, name: str) -> None:
    """`--help` says what it does, and shows one line that works."""
    ran = farebox(*name.split(), "--help")

    assert ran.code == 0
    assert f"farebox {name}" in ran.out
    assert f"Example: farebox {name}" in ran.out


def test_every_command_that_is_named_anywhere_exists() -> None:
    """On pages, in errors, helps, alarms and guides: the command is there, and its options are."""
    command = typer.main.get_command(app)
    named = [(path, words) for path in NAMING for words in NAMED.findall(path.read_text("utf-8"))]

    assert len(named) > 100
    assert [
        (path.name, words) for path, words in named if not _is_there(command, words.split())
    ] == []


def _is_there(command: Any, words: list[str]) -> bool:
    for place, word in enumerate(words):
        below = getattr(command, "commands", {}).get(word.rstrip(".,:;)'"))
        if below is None:
            known = {name for one in command.params for name in one.opts} | {"--help"}
            options = {found[0] for one in words[place:] if (found := OPTION.match(one))}
            return place > 0 and options <= known
        command = below
    return True


def test_all_the_promised_commands_are_there() -> None:
    """The contract names them; none is missing, and none is there beside them."""
    assert (
        sorted(
            [
                *("demo", "serve", "sandbox", "check", "quote", "keys", "budget", "report"),
                *("archive", "backtest", "callbacks", "claims", "settle", "export", "account"),
                *("period", "balance", "prices", "reconcile", "statements", "alerts"),
            ]
        )
        == NAMES
    )


def test_finance_is_told_where_to_begin(farebox: Commands) -> None:
    """Commands stand by what they are for, and only the old word for one is left out."""
    told = farebox("--help").out
    panels = [told.index(name) for name in (RUNNING, MONEY, BILLS, POLICIES, KEEPING)]

    assert panels == sorted(panels)
    assert "For finance: begin with `farebox report`" in told
    assert all(f"│ {name} " in told for name in NAMES if name != "balance")
    assert "│ balance " not in told


def test_an_unknown_command_is_a_mistake_of_use(farebox: Commands) -> None:
    """It exits 2 and says so on stderr."""
    ran = farebox("serv")

    assert ran.code == 2
    assert ran.out == ""
    assert "serve" in ran.err


def test_a_mistake_is_told_without_a_traceback(farebox: Commands) -> None:
    """A setting that cannot be meant is one sentence that names it."""
    ran = farebox("serve", "--database", "mysql://somewhere")

    assert ran.code == 2
    assert ran.err == "farebox: --database 'mysql://somewhere' is not sqlite:///PATH\n"


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is not passed off as the user's doing."""

    def broken(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("router.cli.app", broken)

    with pytest.raises(ZeroDivisionError):
        main(["check"])
