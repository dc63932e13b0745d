"""`farebox export`: every charge as a row, in a form that other programs read."""

import tempfile
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from router.cli.client import DatabaseOption, PolicyOption, UrlOption, Where, reach
from router.cli.filtering import (
    ModelOption,
    ProviderOption,
    ResolutionOption,
    TagOption,
    TenantOption,
    filters,
    nothing_of,
)
from router.cli.loop import run
from router.cli.mistakes import Mistake
from router.cli.show import say

PATH = "/v1/exports/focus"
METADATA = ".metadata.json"
_PARQUET = b"PAR1"

export = typer.Typer(
    help="Write every charge as a row, for other finance tools (FOCUS).",
    no_args_is_help=True,
    epilog="Example: farebox export focus --version 1.4 --from 2026-11-01 --to 2026-12-01 -o f.csv",
)


@export.callback()
def _group() -> None:
    """Keep `focus` a word of its own, though it is the only one."""


@export.command(
    "focus",
    epilog="Example: farebox export focus --version 1.4 --from 2026-11-01 --to 2026-12-01 -o f.csv",
)
def export_focus(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    version: Annotated[Literal["1.2", "1.4"], typer.Option(help="Of FOCUS.")] = "1.2",
    form: Annotated[Literal["csv", "parquet"], typer.Option("--format")] = "csv",
    since: Annotated[
        str | None, typer.Option("--from", help="A day or an RFC 3339 instant, inclusive.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="A day or an instant, exclusive.")
    ] = None,
    tenant: TenantOption = None,
    provider: ProviderOption = None,
    model: ModelOption = None,
    resolution: ResolutionOption = None,
    tag: TagOption = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
) -> None:
    """
    Write a FOCUS file, and beside it FILE.metadata.json, which says what its columns are.

    EffectiveCost adds up to what `farebox report` calls posted, credits apart; BilledCost to what
    is on invoices: nothing for what is drawn from a prepaid balance. What is held, in doubt or
    presumed is in no row. The same books give the same bytes. Of a tenant, a model, a resolution or
    a tag, the file has edits alone: top-ups and credits are of none, and are left out.
    """
    query: dict[str, str] = {"version": version, "format": form}
    query |= {name: text for name, text in (("from", since), ("to", until)) if text}
    query |= filters(
        {
            "tenant": tenant,
            "provider": provider,
            "model": model,
            "resolution": resolution,
            "tag": tag,
        }
    )
    if not output.parent.is_dir():
        raise Mistake(f"{output.parent}: there is no such folder")
    beside = output.with_name(output.name + METADATA)
    size = run(_write(Where.of(url, database, policy), query, output, beside))
    say(f"{output}: {size} bytes. {beside} says what its columns are.")
    if not has_rows(output):
        say(f"No charge is in it. {nothing_of(query)}")


async def _write(where: Where, query: dict[str, str], output: Path, beside: Path) -> int:
    """Both files, or neither: what is not whole replaces nothing."""
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".farebox-") as folder:
        data, described = Path(folder) / "data", Path(folder) / "metadata"
        async with reach(where) as door:
            await door.save(PATH, described, query={**query, "part": "metadata"})
            size = await door.save(PATH, data, query=query)
        described.replace(beside)
        data.replace(output)
    return size


def has_rows(file: Path) -> bool:
    """
    Whether an export has anything but its columns' names. Reads neither all of it nor its rows.

    Of Parquet it can be told only where the extra is installed that reads it; else it counts as so.
    """
    with file.open("rb") as data:
        if data.read(len(_PARQUET)) != _PARQUET:
            data.seek(0)
            data.readline()
            return data.read(1) != b""
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        return True
    return bool(parquet.read_metadata(file).num_rows)
