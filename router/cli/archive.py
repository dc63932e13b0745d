"""`farebox archive`: how much is kept of results, whose it is, and until when."""

from typing import Any

from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.loop import run
from router.cli.show import console, say, show_json, table

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


def archive(
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    Show how many results are kept here, how large they are, and when the next of them is removed.

    How long they are kept, the policy says: `keep: {results: 30d}`. Where: FAREBOX_ARCHIVE.
    """
    found = run(_fetch(Where.of(url, database, policy)))
    if as_json:
        show_json(found)
        return
    say(f"Results are kept in {found['where']}{_for(found['keep_s'])}.")
    if not found["images"]:
        say("There are none.")
        return
    console().print(archive_table(found))
    say(f"The oldest came {found['oldest']}; the next is removed {found['next_removal']}.")


async def _fetch(where: Where) -> Any:
    async with reach(where) as door:
        return await door.ask("GET", "/v1/archive")


def _for(keep_s: float | None) -> str:
    """How long, as the policy in force has it."""
    if keep_s is None:
        return ", for a day where the client needs it: the policy does not say `keep: results`"
    return f" for {keep_s / 86_400:g} days"


def archive_table(found: dict[str, Any]) -> object:
    """One row for each tenant."""
    return table(
        ("tenant", "images", "size"),
        [(one["tenant"], str(one["images"]), size(one["bytes"])) for one in found["tenants"]],
        amounts=("images", "size"),
        total=("total", str(found["images"]), size(found["bytes"])),
    )


def size(count: int) -> str:
    """So many bytes, for people: `1.4 MiB`."""
    if count < _STEP:
        return f"{count} bytes"
    left = float(count)
    for unit in _UNITS[:-1]:
        if left < _STEP:
            return f"{left:.1f} {unit}"
        left /= _STEP
    return f"{left:.1f} {_UNITS[-1]}"
