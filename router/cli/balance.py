"""`farebox account balance`: how much credit is left at providers, and until when."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from router.cli.client import DatabaseOption, JsonOption, PolicyOption, UrlOption, Where, reach
from router.cli.loop import run
from router.cli.show import NONE, console, minute, say, show_json, table, usd

_NOBODY = (
    "No credit was read, and nobody asked for is prepaid: farebox reconcile PROVIDER --balance "
    "AMOUNT records what an account shows."
)


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

    It is what was read last, topped up and credited since, less what was charged since. What is
    open was sent since and is not settled: so much of what is left may be gone. What lies between
    two readings is compared with the books. A prepaid provider that was never read is named.
    """
    query = {} if provider is None else {"provider": provider}
    say_balances(run(_fetch(Where.of(url, database, policy), query)), as_json=as_json)


async def _fetch(where: Where, query: dict[str, str]) -> Any:
    async with reach(where) as door:
        return await door.ask("GET", "/v1/balances", query=query)


def say_balances(found: dict[str, Any], *, as_json: bool) -> None:
    """Show what is left, what the readings say of the books, and whose credit nobody has read."""
    if as_json:
        show_json(found)
        return
    if found["balances"]:
        console().print(_credits(found["balances"]))
    elif not found["unread"]:
        say(_NOBODY)
    for one in found["unread"]:
        say(_unread(one))
    for one in found["between"]:
        if one["difference"] != "0.00":
            say(
                f"{one['provider']}, {minute(one['from'])} to {minute(one['to'])}: "
                f"{usd(one['spent'])} are gone by the readings, {usd(one['posted'])} by the books: "
                f"{usd(one['difference'])} of difference."
            )


_ROWS: Mapping[str, Callable[[dict[str, Any]], str]] = {
    "read at": lambda one: minute(one["read_at"]),
    "read": lambda one: usd(one["read"]),
    "topped up since": lambda one: usd(one["topped_up"]),
    "credited since": lambda one: usd(one["credited"]),
    "charged since": lambda one: usd(one["posted"]),
    "left": lambda one: usd(one["left"]),
    "open": lambda one: usd(one["open"]),
    "charged in a day": lambda one: usd(one["per_day"]),
    "gone at": lambda one: NONE if one["gone_at"] is None else minute(one["gone_at"]),
    "low": lambda one: "LOW" if one["low"] else "no",
}


def _credits(balances: list[dict[str, Any]]) -> object:
    """A column for each provider: there are few, and what is said of each is much."""
    names = [one["provider"] for one in balances]
    rows = [(what, *(cell(one) for one in balances)) for what, cell in _ROWS.items()]
    return table(("credit", *names), rows, amounts=names, whole=("credit", *names))


def _unread(one: dict[str, Any]) -> str:
    came = [
        f"{usd(one[name])} was {words}"
        for name, words in (("topped_up", "topped up"), ("credited", "credited"))
        if one[name] != "0.00"
    ]
    came.append(f"{usd(one['posted'])} was charged")
    return (
        f"{one['provider']}: its credit was never read, so what is left is not known "
        f"({', '.join(came)} by these books). Look there, and record it: "
        f"farebox reconcile {one['provider']} --balance AMOUNT"
    )
