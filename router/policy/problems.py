"""What is wrong with a file, and where: told as `file:line:column: message`, all of it at once."""

from collections.abc import Iterable
from dataclasses import dataclass

_EXCERPT_MAX = 120


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend in a policy, price or budget file."""

    file: str
    line: int
    """From 1."""
    column: int
    """From 1."""
    message: str
    excerpt: str = ""
    """The line itself; empty where there is none to show."""

    @property
    def head(self) -> str:
        """On one line, without the excerpt."""
        return f"{self.file}:{self.line}:{self.column}: {self.message}"

    def __str__(self) -> str:
        if not self.excerpt.strip():
            return self.head
        shown = f"{self.head}\n    {self.excerpt[:_EXCERPT_MAX]}"
        if self.column > _EXCERPT_MAX:
            return shown
        return f"{shown}\n    {' ' * (self.column - 1)}^"


class PolicyError(Exception):
    """A policy, or a file that it names, cannot be used. Nothing of it is in force."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """
        Args:
            problems: At least one; kept in the order of the files and their lines.
        """
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Source:
    """One file's text, by lines, so that a place in it can be shown."""

    file: str
    lines: tuple[str, ...]

    def problem(self, line: int, column: int, message: str) -> Problem:
        """Say what is wrong at a line and column, both from 1."""
        excerpt = self.lines[line - 1] if line <= len(self.lines) else ""
        return Problem(self.file, line, column, message, excerpt)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file."""

    source: Source
    line: int
    column: int

    def problem(self, message: str) -> Problem:
        """Say what is wrong here."""
        return self.source.problem(self.line, self.column, message)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with what a file says rather than with how: found by its keys, not lines."""

    path: tuple[str | int, ...]
    """Keys and indices from the root: `("offers", 3, "until")`."""
    message: str
