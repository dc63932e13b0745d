import json

import pytest
from rich.text import Text

from router.cli.show import console, counted, minute, say, show_json, table, usd, warn


def test_a_table_shows_its_cells_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """A tenant called [red] is not a colour, and amounts line up on the right."""
    made = table(
        ("who", "spent"),
        [("[red]", "$0.04"), (Text("acme"), "$10.0875")],
        amounts=("spent",),
        total=("all", "$10.1275"),
    )
    console().print(made)

    out = capsys.readouterr().out
    assert "[red]" in out
    assert "│    $0.04 │" in out
    assert "│ all   │ $10.1275 │" in out


def test_what_is_piped_is_not_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    """A long cell stays in one line when nobody looks."""
    console().print(table(("why",), [("word " * 25,)]))

    assert ("word " * 25).strip() in capsys.readouterr().out


def test_answers_and_diagnostics_are_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """Answers go to stdout, what is about them to stderr."""
    say("the answer")
    warn("about it")

    assert capsys.readouterr() == ("the answer\n", "about it\n")


def test_json_keeps_its_letters(capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads it back as it was."""
    show_json({"tenant": "müller", "posted": "0.0875"})

    out = capsys.readouterr().out
    assert "müller" in out
    assert json.loads(out) == {"tenant": "müller", "posted": "0.0875"}


@pytest.mark.parametrize(
    ("amount", "shown"), [("0.0875", "$0.0875"), ("-1.50", "-$1.50"), (None, "-")]
)
def test_amounts_are_written_for_people(amount: str | None, shown: str) -> None:
    """With the sign before the dollar, and a dash for none."""
    assert usd(amount) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 lines"), (1, "1 line"), (2, "2 lines"), (1200, "1,200 lines")]
)
def test_things_are_counted_as_people_do(count: int, shown: str) -> None:
    """One of them is one."""
    assert counted(count, "line") == shown


def test_instants_are_shown_to_the_minute() -> None:
    """With their zone; where there is none, nothing is shown."""
    assert minute("2026-11-20T09:00:59.123456Z") == "2026-11-20 09:00Z"
    assert minute("") == ""
