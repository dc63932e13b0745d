"""`farebox statements`: the bills by which the books were settled, and one that is taken back."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.loop import run
from router.cli.show import NONE, console, say, show_json, table, usd

_NAMES = ("id", "provider", "name", "from", "to", "lines", "who")

statements = typer.Typer(
    help="See by which bills the books were settled, and take one back.",
    no_args_is_help=True,
    epilog="Example: farebox statements list",
)


@statements.command("list", epilog="Example: farebox statements list --json")
def list_statements(
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the bills that were applied, the latest first."""
    found = run(_ask(Where.of(url, database, policy), "GET", "/v1/statements"))
    if as_json:
        show_json(found)
    elif found["statements"]:
        console().print(statements_table(found["statements"]))
    else:
        say("No bill was applied yet: farebox reconcile PROVIDER FILE --apply")


@statements.command(
    "withdraw", epilog='Example: farebox statements withdraw ID --reason "the wrong column"'
)
def withdraw(
    statement: Annotated[str, typer.Argument(help="Its id, as `statements list` shows it.")],
    reason: Annotated[str, typer.Option(help="Why, for whoever looks for it.")],
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    Take back a bill that was read wrongly: its lines count no more.

    What it has settled stays as it is, drift included, until the right bill is applied.
    """
    path = f"/v1/statements/{quote(statement, safe='')}/withdraw"
    found = run(_ask(Where.of(url, database, policy), "POST", path, {"reason": reason}))
    if as_json:
        show_json(found)
    else:
        console().print(statements_table([found]))


async def _ask(where: Where, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    async with reach(where) as door:
        return await door.ask(method, path, body=body)


def statements_table(found: list[dict[str, Any]]) -> object:
    """A row for each bill."""
    rows = [
        [*(str(one[name]) for name in _NAMES), usd(one["total"]), _withdrawn(one)] for one in found
    ]
    return table((*_NAMES, "total", "withdrawn"), rows, amounts=("lines", "total"))


def _withdrawn(statement: Mapping[str, Any]) -> str:
    taken_back = statement["withdrawn"]
    return NONE if taken_back is None else f"{taken_back['who']}: {taken_back['reason']}"
