"""`farebox account balance`: how much credit is left at providers, and until when."""

from typing import Annotated, Any

import typer

from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.loop import run
from router.cli.show import NONE, console, say, show_json, table, usd

_NOBODY = "No credit was read yet: farebox reconcile PROVIDER --balance AMOUNT says what is left."


def balance(
    provider: Annotated[str | None, typer.Argument(help="Only this one's.")] = None,
    url: UrlOption = None,
    database: DatabaseOption = None,
    policy: PolicyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """
    Show how much credit is left at providers, and when it is gone at the pace of the last day.

    It is what was read last, and topped up since, less what was charged since. What is open was
    sent since and is not settled: so much of what is left may be gone. What lies between two
    readings is compared with the books.
    """
    query = {} if provider is None else {"provider": provider}
    say_balances(run(_fetch(Where.of(url, database, policy), query)), as_json=as_json)


async def _fetch(where: Where, query: dict[str, str]) -> Any:
    async with reach(where) as door:
        return await door.ask("GET", "/v1/balances", query=query)


def say_balances(found: dict[str, Any], *, as_json: bool) -> None:
    """Show what is left, and what the readings say of the books."""
    if as_json:
        show_json(found)
        return
    if not found["balances"]:
        say(_NOBODY)
        return
    console().print(_credits(found["balances"]))
    for one in found["between"]:
        if one["difference"] != "0.00":
            say(
                f"{one['provider']}, {one['from']} to {one['to']}: {usd(one['spent'])} are gone "
                f"by the readings, {usd(one['posted'])} by the books: "
                f"{usd(one['difference'])} of difference."
            )


def _credits(balances: list[dict[str, Any]]) -> object:
    names = ("read", "topped_up", "posted", "left", "open", "per_day")
    return table(
        ("provider", "read at", *(name.replace("_", " ") for name in names), "gone at", ""),
        [
            (
                one["provider"],
                one["read_at"],
                *(usd(one[name]) for name in names),
                one["gone_at"] or NONE,
                "LOW" if one["low"] else "",
            )
            for one in balances
        ],
        amounts=tuple(name.replace("_", " ") for name in names),
    )
