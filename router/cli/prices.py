"""`farebox prices`: what is charged beside the price book, and rows for what has changed."""

from collections.abc import Iterator
from typing import Any

import typer

from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.loop import run
from router.cli.show import NONE, console, say, show_json, table, usd

prices = typer.Typer(
    help="See whether providers charge what the price book says.",
    no_args_is_help=True,
    epilog="Example: farebox prices drift",
)


@prices.command("drift", epilog="Example: farebox prices drift --json")
def drift(
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    Show how the latest charges of each offer keep to its price.

    With --json each attempt's amounts as well: the price that was pinned, what the provider named
    when it took the job, and what it said in the end.
    """
    found = run(_fetch(Where.of(url, database, policy)))
    if as_json:
        show_json(found)
    elif found["drift"]:
        console().print(drift_table(found["drift"]))
    else:
        say(f"Nothing was charged within {found['since_days']} days.")
    if not as_json:
        for line in _remarks(found):
            say(line)


@prices.command("propose", epilog="Example: farebox prices propose >> policies/prices.yaml")
def propose(
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
) -> None:
    """
    Write rows for the price book where several charges in a row were of one other amount, or where
    charges above its price have stopped an offer.

    They stand at the end of its `offers:`. None is in force before you have put it there, and
    `verified: true` into it.
    """
    typer.echo(run(_fetch(Where.of(url, database, policy)))["proposal"], nl=False)


async def _fetch(where: Where) -> Any:
    async with reach(where) as door:
        return await door.ask("GET", "/v1/prices/drift")


def drift_table(found: list[dict[str, Any]]) -> object:
    """A row for each offer at each resolution."""
    return table(
        ("provider", "model", "size", "price", "exact", "over", "under", "last", "changed to"),
        [
            (
                one["provider"],
                one["model"],
                one["resolution"],
                usd(one["pinned"]),
                f"{one['exact']} of {one['charges']}",
                usd(one["over"]),
                usd(one["under"]),
                one["last_seen"] or NONE,
                _changed(one),
            )
            for one in found
        ],
        amounts=("price", "over", "under"),
    )


def _remarks(found: dict[str, Any]) -> Iterator[str]:
    """What stands under the table, in whole sentences."""
    for one in found["drift"]:
        if one["stopped"] is not None:
            charged = ", ".join(usd(amount) for amount in one["stopped"]["charged"])
            yield f"{one['stopped']['words']}. Charged last: {charged}."
        if one["withdrawn"]:
            yield (
                f"{one['provider']} {one['model']} {one['resolution']}: {one['withdrawn']} of its "
                "charges beside the price are known by a bill that was withdrawn; they count "
                "until a right bill says otherwise."
            )
    for one in found["named"]:
        yield f"{one['words']}."


def _changed(one: dict[str, Any]) -> str:
    if one["stopped"] is not None:
        return "stopped"
    if one["changed_to"] is None:
        return NONE
    return f"{usd(one['changed_to'])} since {one['changed_at']}"
