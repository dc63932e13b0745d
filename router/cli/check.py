"""`farebox check`: are policies, price books and budgets sound, and do they keep their promises?"""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from router.cli.checking import Checked, check_file
from router.cli.mistakes import NO, Mistake
from router.cli.show import NONE, console, say, show_json, table, warn
from router.model.clock import SystemClock
from router.model.job import Resolution
from router.policy.policy import Policy
from router.policy.prices import PriceBook


def check(
    files: Annotated[
        list[Path], typer.Argument(help="Files, or folders of them.", show_default=False)
    ],
    *,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only say what is wrong.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """
    Check policies, price books and budgets, and hold the policies to their examples.

    Problems are written to stderr as FILE:LINE:COLUMN: MESSAGE.
    """
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
        if one.policy is not None and one.policy.prices not in shown:
            shown.append(one.policy.prices)
            console().print(_prices(one.policy, at))


def _prices(policy: Policy, at: datetime) -> object:
    """What an edit costs now, by the policy's price book."""
    rows: list[tuple[str, ...]] = []
    for model in policy.prices.models:
        priced = {size: policy.prices.offers(model, size, at) for size in Resolution}
        for index, first in enumerate(priced[Resolution.ONE_K]):
            prices = [priced[size][index].price for size in Resolution]
            rows.append(
                (
                    model,
                    first.row.provider,
                    *(price.usd if price else NONE for price in prices),
                    first.row.starts.date().isoformat(),
                    first.obstacle or "on",
                )
            )
    return table(
        ("model", "provider", *Resolution, "since", "state"),
        rows,
        title=f"Prices in force on {at.date().isoformat()}",
        amounts=tuple(Resolution),
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
