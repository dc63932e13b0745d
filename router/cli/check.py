"""`farebox check`: are policies, price books and budgets sound, and do they keep their promises?"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from router.cli.checking import Checked, check_file
from router.cli.mistakes import NO, Mistake
from router.cli.show import NONE, console, say, show_json, table, warn
from router.model.clock import SystemClock, rfc3339
from router.model.job import Resolution
from router.model.money import Money
from router.policy.price_rows import OfferRow
from router.policy.prices import PriceBook, PricedRow
from router.policy.schema import schema_text


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files, or folders: of all that is in them.", show_default=False),
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

    A folder stands for each *.yaml and *.yml in it and below it that is not hidden. Problems
    are written to stderr as FILE:LINE:COLUMN: MESSAGE.

    Of what is sound, the prices in force now are printed, with when they change next; --json has
    them too, --quiet leaves them out.
    """
    if schema is not None:
        say(schema_text(schema).rstrip("\n"))
        return
    if not files:
        raise Mistake("name the files to check, or a folder of them, as: farebox check policies")
    results = [check_file(path) for path in _expanded(files)]
    if as_json:
        at = SystemClock().now()
        show_json([_document(one, at) for one in results])
    else:
        _tell(results, quiet=quiet)
    if any(one.problems for one in results):
        raise typer.Exit(NO)


def _expanded(files: list[Path]) -> list[Path]:
    """Put a folder's files in its place, and those of the folders in it."""
    found: list[Path] = []
    for path in files:
        inside = sorted(_inside(path)) if path.is_dir() else [path]
        if not inside:
            raise Mistake(f"{path}: no *.yaml in this folder")
        found.extend(inside)
    return found


def _inside(folder: Path) -> Iterator[Path]:
    """Find a folder's files; hidden ones are copies, of editors and of mounted configurations."""
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.endswith((".yaml", ".yml")) and not name.startswith("."):
                yield Path(place, name)


def _refuse(error: OSError) -> None:
    """What cannot be looked into was not checked, and must not pass for sound."""
    raise Mistake(f"{error.filename}: {error.strerror}") from error


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


def _priced(book: PriceBook, at: datetime) -> Iterator[tuple[PricedRow, dict[Resolution, Money]]]:
    """What an edit costs at an instant, by a price book: a row for each model at each provider."""
    for model in book.models:
        priced = {size: book.offers(model, size, at) for size in Resolution}
        for index, first in enumerate(priced[Resolution.ONE_K]):
            prices = {size: priced[size][index].price for size in Resolution}
            yield first, {size: price for size, price in prices.items() if price is not None}


def _prices(book: PriceBook, at: datetime) -> object:
    """What an edit costs now, by a price book, and when that changes."""
    rows = [
        (
            first.row.model,
            first.row.provider,
            *(prices[size].usd if size in prices else NONE for size in Resolution),
            first.row.starts.date().isoformat(),
            _state(first),
            _next_change(book, first.row, at),
        )
        for first, prices in _priced(book, at)
    ]
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
    prices = _of_row(following)
    return f"{day}: {', '.join(f'{size} {price.usd}' for size, price in prices.items())}"


def _of_row(row: OfferRow) -> dict[Resolution, Money]:
    """A row's prices, in the order of the resolutions."""
    prices = {**row.per_image, **row.contracted}
    return {size: prices[size] for size in Resolution if size in prices}


def _document(one: Checked, at: datetime) -> dict[str, object]:
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
        "prices": None if one.problems or one.book is None else _price_documents(one.book, at),
    }


def _price_documents(book: PriceBook, at: datetime) -> list[dict[str, object]]:
    """The table of the prices in force, for a program."""
    return [
        {
            "model": first.row.model,
            "provider": first.row.provider,
            "per_image": {size: str(price) for size, price in prices.items()},
            "since": rfc3339(first.row.starts),
            "obstacle": first.obstacle,
            "contracted": sorted(first.row.contracted),
            "next_change": _change_document(
                book.next_change(first.row.provider, first.row.model, at)
            ),
        }
        for first, prices in _priced(book, at)
    ]


def _change_document(found: tuple[datetime, OfferRow | None] | None) -> dict[str, object] | None:
    """When a price changes, and to what; to null where the offer ends."""
    if found is None:
        return None
    at, row = found
    prices = None if row is None else {size: str(price) for size, price in _of_row(row).items()}
    return {"at": rfc3339(at), "per_image": prices}
