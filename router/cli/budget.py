"""`farebox budget`: what each budget allows, what of it is used, and what is left."""

from typing import Any

import typer

from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.loop import run
from router.cli.show import console, say, show_json, table, usd

AMOUNTS = ("limit", "posted", "presumed", "held", "in_doubt", "available")

budget = typer.Typer(
    help="See what budgets allow, and what of it is used.",
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


async def _fetch(where: Where) -> Any:
    async with reach(where) as door:
        return await door.ask("GET", "/v1/budgets")


def budget_table(lines: list[dict[str, Any]]) -> object:
    """One row for each budget's window of each scope."""
    return table(
        ("budget", "scope", *(name.replace("_", " ") for name in AMOUNTS), "until"),
        [
            (
                line["name"],
                line["scope"],
                *(usd(line[name]) for name in AMOUNTS),
                line["window_end"] or "for ever",
            )
            for line in lines
        ],
        amounts=[name.replace("_", " ") for name in AMOUNTS],
    )
