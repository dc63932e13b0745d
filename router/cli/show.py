"""How commands talk: tables and JSON on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

NONE = "-"
"""In a cell where there is no amount."""
PIPE_COLUMNS = 160
"""Where nobody looks, nothing is wrapped to a terminal's width."""


def console(*, stderr: bool = False, columns: int = PIPE_COLUMNS) -> Console:
    """A console on stdout or stderr as they are now; so many columns wide if it is no terminal."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else columns
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)


def say(text: str = "") -> None:
    """Write a line on stdout, as it is."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """Write a line on stderr, as it is."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def show_json(document: Any) -> None:
    """Write a document for a program."""
    say(json.dumps(document, indent=2, ensure_ascii=False))


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    title: str | None = None,
    amounts: Sequence[str] = (),
    total: Sequence[str | Text] | None = None,
    whole: Sequence[str] = (),
) -> Table:
    """
    Lay out a table.

    Args:
        columns: Their headings.
        rows: As many cells as there are columns; text is shown as it is, without markup.
        title: Above it.
        amounts: Headings of the columns that line up on the right.
        total: A last row, set apart.
        whole: Headings of the columns whose cells stay on one line, however narrow it gets.
    """
    made = Table(title=title, title_justify="left", title_style="bold", show_footer=False)
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in amounts else "left"
        made.add_column(column, justify=justify, overflow="fold", no_wrap=column in whole)
    for row in rows:
        made.add_row(*map(_cell, row))
    if total is not None:
        made.add_section()
        made.add_row(*map(_cell, total), style="bold")
    return made


def _cell(content: str | Text) -> Text:
    return content if isinstance(content, Text) else Text(content)


def counted(count: int, what: str) -> str:
    """So many of something: `1 line`, `2 lines`."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def minute(instant: str) -> str:
    """An instant as JSON has it, for people: `2026-11-20 09:00Z`, in UTC; nothing stays nothing."""
    return f"{instant[:10]} {instant[11:16]}Z" if instant else ""


def usd(amount: str | None) -> str:
    """An amount as JSON has it, for people: `$0.0875`; a dash where there is none."""
    if amount is None:
        return NONE
    return f"-${amount[1:]}" if amount.startswith("-") else f"${amount}"
