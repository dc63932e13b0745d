"""The ledger's SQL, in files: a schema per back end, and every query under its name."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_PART = "part_"
_COMMENT = re.compile(r"^ *--.*\n", re.MULTILINE)
_PARAMETER = re.compile(r"(?<!:):([a-z_][a-z0-9_]*)")

LONG = frozenset(
    {
        *("spending", "undelivered", "open_money", "ended_lately", "double_spending", "timed"),
        *("browse", "browse_tenant", "looked_to", "looked_to_tenant", "budget_hours"),
        *("bookings", "booked_late", "past_jobs", "paid_again", "spent_hours"),
        *("presumed_money", "presumed", "drifted", "open_attempts"),
        *("dearest_tags", "tags_offered", "names_offered", "names", "latest_posted"),
    }
)
"""Queries for people and exports: they may take long, and no edit waits for them."""


@cache
def queries(back_end: str) -> dict[str, str]:
    """
    The queries that both back ends share, and those of the back end's own file, by name.

    In the files each query stands under `-- name: …` with a sentence on what it answers. What is
    named `part_x` stands in others as `{x}`.
    """
    found: dict[str, str] = {}
    for file in ("statements.sql", "queries.sql", f"{back_end}/queries.sql"):
        text = resources.files(__name__).joinpath(file).read_text("utf-8")
        _, *parts = _NAME.split(text)
        found.update(zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True))
    shared = {
        name.removeprefix(_PART): _COMMENT.sub("", found.pop(name)).strip()
        for name in list(found)
        if name.startswith(_PART)
    }
    return {name: _made(query, shared) for name, query in found.items()}


def _made(query: str, parts: Mapping[str, str]) -> str:
    for name, part in parts.items():
        query = query.replace(f"{{{name}}}", part)
    return query


@cache
def migrations(back_end: str) -> tuple[tuple[int, str], ...]:
    """The numbered migrations of a back end, in order."""
    files = resources.files(__name__).joinpath(back_end).iterdir()
    numbered = [file for file in files if file.name[:4].isdigit()]
    return tuple(
        (int(file.name[:4]), file.read_text("utf-8"))
        for file in sorted(numbered, key=lambda file: file.name)
    )


@cache
def positional(query: str) -> tuple[str, tuple[str, ...]]:
    """A query with `$1`, `$2` for its named parameters, as PostgreSQL wants, and their names."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    return _PARAMETER.sub(number, query), tuple(names)
