"""`farebox budget`: what each budget allows, what of it is used, and what is left."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.keys import instant
from router.cli.loop import run
from router.cli.mistakes import Mistake
from router.cli.show import console, say, show_json, table, usd
from router.model.money import Money, NotMoney

AMOUNTS = ("limit", "posted", "presumed", "held", "in_doubt", "available")

budget = typer.Typer(
    help="See what budgets allow and what of it is used, and raise a limit for a while.",
    no_args_is_help=True,
    epilog="Example: farebox budget list --json",
)


@budget.command("list", epilog="Example: farebox budget list --json")
def list_budgets(
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    List every budget's window as it stands: posted, presumed, held and in doubt all count.

    A budget of each tenant has a line for each one that has spent in its window.
    """
    document = run(_fetch(Where.of(url, database, policy)))
    if as_json:
        show_json(document)
    elif document["budgets"]:
        console().print(budget_table(document["budgets"]))
    else:
        say("The policy has no budgets: nothing limits what is spent.")


@budget.command(
    "raise",
    epilog=(
        "Example: farebox budget raise everyone-monthly --by 100 --until 2026-12-01 "
        '--reason "the winter sale"'
    ),
)
def raise_budget(
    name: Annotated[str, typer.Argument(help="The budget's name, as `budget list` shows it.")],
    by: Annotated[str, typer.Option(metavar="AMOUNT", help="By how much, in dollars.")],
    until: Annotated[
        str, typer.Option(metavar="DATE", help="A day in UTC or an instant: not in force then.")
    ],
    reason: Annotated[str, typer.Option(help="Why, for the ledger.")],
    scope: Annotated[
        str | None,
        typer.Option(help="Only this account of the budget, as `budget list` shows it."),
    ] = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    Raise a budget's limit for a while. It is an entry of the ledger, with your name.

    No file is changed: on that date the limit is the file's again. Of a budget of each tenant, the
    limit of each is raised, unless --scope names one.
    """
    body = {"by": read_by(by), "until": instant(until, "--until"), "reason": reason}
    if scope is not None:
        body["scope"] = scope
    made = run(_raise(Where.of(url, database, policy), name, body))
    if as_json:
        show_json(made)
    else:
        say(f"{made['budget']}: {usd(made['by'])} more until {made['until']}.")


def read_by(text: str) -> str:
    """
    Read by how much: dollars, more than none.

    Raises:
        Mistake: It is no such amount.
    """
    try:
        amount = Money.parse(text)
    except NotMoney as error:
        raise Mistake(f"--by: {error}") from error
    if amount <= Money.ZERO:
        raise Mistake("--by: a limit is raised by more than nothing")
    return str(amount)


async def _raise(where: Where, name: str, body: dict[str, str]) -> Any:
    async with reach(where) as door:
        return await door.ask("POST", f"/v1/budgets/{quote(name, safe='')}/raise", body=body)


async def _fetch(where: Where) -> Any:
    async with reach(where) as door:
        return await door.ask("GET", "/v1/budgets")


def budget_table(lines: list[dict[str, Any]]) -> object:
    """One row for each budget's window of each scope."""
    return table(
        (
            "budget",
            "scope",
            *(name.replace("_", " ") for name in AMOUNTS),
            "until",
            "raised by",
            "reached",
        ),
        [
            (
                line["name"],
                line["scope"],
                *(usd(line[name]) for name in AMOUNTS),
                line["window_end"] or "for ever",
                ", ".join(f"{usd(one['by'])} until {one['until']}" for one in line["raises"]),
                _reached(line["thresholds"]),
            )
            for line in lines
        ],
        amounts=[name.replace("_", " ") for name in AMOUNTS],
    )


def _reached(thresholds: list[dict[str, Any]]) -> str:
    """The highest threshold that was told of, or the lowest, if none was."""
    reached = [one for one in thresholds if one["reached_at"] is not None]
    if reached:
        return f"{reached[-1]['percent']}% on {reached[-1]['reached_at']}"
    return f"not yet {thresholds[0]['percent']}%" if thresholds else ""
