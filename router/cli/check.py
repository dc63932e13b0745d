"""`farebox check`: are policies, price books and budgets sound, and do they keep their promises?"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from router.cli.checking import Checked, check_file
from router.cli.mistakes import NO, Mistake
from router.cli.show import NONE, console, say, show_json, table, warn
from router.model.clock import SystemClock
from router.model.job import Resolution
from router.policy.price_rows import OfferRow
from router.policy.prices import PriceBook, PricedRow
from router.policy.schema import schema_text


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files, or folders of them.", show_default=False)
    ] = None,
    *,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only say what is wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
    schema: Annotated[
        Literal["policy", "prices", "budgets"] | None,
        typer.Option(help="Write this kind of file's JSON Schema, for editors, and check nothing."),
    ] = None,
) -> None:
    """
    Check policies, price books and budgets, and hold the policies to their examples.

    Problems are written to stderr as FILE:LINE:COLUMN: MESSAGE.
    """
    if schema is not None:
        say(schema_text(schema).rstrip("\n"))
        return
    if not files:
        raise Mistake("name the files to check, or a folder of them, as: farebox check policies")
    results = [check_file(path) for path in _expanded(files)]
    if as_json:
        show_json([_document(one) for one in results])
    else:
        _tell(results, quiet=quiet)
    if any(one.problems for one in results):
        raise typer.Exit(NO)


def _expanded(files: list[Path]) -> list[Path]:
    """Put a folder's files in its place."""
    found: list[Path] = []
    for path in files:
        inside = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not inside:
            raise Mistake(f"{path}: no *.yaml in this folder")
        found.extend(inside)
    return found


def _tell(results: list[Checked], *, quiet: bool) -> None:
    at = SystemClock().now()
    shown: list[PriceBook] = []
    for one in results:
        for problem in one.problems:
            warn(str(problem))
        if quiet or one.problems:
            continue
        say(f"{one.path}: {one.summary}")
        if one.book is not None and one.book not in shown:
            shown.append(one.book)
            console().print(_prices(one.book, at))


def _prices(book: PriceBook, at: datetime) -> object:
    """What an edit costs now, by a price book, and when that changes."""
    rows: list[tuple[str, ...]] = []
    for model in book.models:
        priced = {size: book.offers(model, size, at) for size in Resolution}
        for index, first in enumerate(priced[Resolution.ONE_K]):
            prices = [priced[size][index].price for size in Resolution]
            rows.append(
                (
                    model,
                    first.row.provider,
                    *(price.usd if price else NONE for price in prices),
                    first.row.starts.date().isoformat(),
                    _state(first),
                    _next_change(book, first.row, at),
                )
            )
    return table(
        ("model", "provider", *Resolution, "since", "state", "next change"),
        rows,
        title=f"Prices in force on {at.date().isoformat()}",
        amounts=tuple(Resolution),
    )


def _state(priced: PricedRow) -> str:
    if priced.obstacle is not None:
        return priced.obstacle
    return "on, contracted" if priced.row.contracted else "on"


def _next_change(book: PriceBook, row: OfferRow, at: datetime) -> str:
    """When the price changes, and to what: in the order of the resolutions."""
    found = book.next_change(row.provider, row.model, at)
    if found is None:
        return NONE
    day, following = found[0].date().isoformat(), found[1]
    if following is None:
        return f"{day}: ends"
    prices = {**following.per_image, **following.contracted}
    return (
        f"{day}: {', '.join(f'{size} {prices[size].usd}' for size in Resolution if size in prices)}"
    )


def _document(one: Checked) -> dict[str, object]:
    return {
        "file": str(one.path),
        "kind": one.kind,
        "ok": not one.problems,
        "problems": [
            {
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "message": problem.message,
            }
            for problem in one.problems
        ],
    }
